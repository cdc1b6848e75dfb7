-- What the correlation works out about files, for the questions to join. Derived: cleared and made anew.

-- Runs of the package manager: what is born or changed inside explains itself.
CREATE TABLE package_run(
  host_id INTEGER NOT NULL, from_ts INTEGER NOT NULL, to_ts INTEGER NOT NULL,
  first_event INTEGER NOT NULL, last_event INTEGER NOT NULL,
  PRIMARY KEY(host_id, from_ts)) STRICT, WITHOUT ROWID;

-- Minutes in which so many files were born that it was an installer, a restore or the set-up, not a person.
CREATE TABLE birth_burst(host_id INTEGER NOT NULL, minute INTEGER NOT NULL, n INTEGER NOT NULL,
  PRIMARY KEY(host_id, minute)) STRICT, WITHOUT ROWID;

-- Files that no package explains and that could be somebody's tool: programs, scripts, archives, libraries, odd names.
CREATE TABLE suspect_file(
  file_id INTEGER PRIMARY KEY,
  host_id INTEGER NOT NULL,
  path TEXT NOT NULL, name TEXT NOT NULL,
  uid INTEGER, mode INTEGER, size INTEGER NOT NULL, deleted INTEGER NOT NULL,
  kind TEXT NOT NULL,                      -- setuid, odd-name, device-folder, web-script, stream, program, script, library, archive
  place TEXT NOT NULL,                     -- temporary, web, system, home, device, drive-root, recycler, other
  birth_event INTEGER NOT NULL,            -- row of the timeline that dates it best
  birth_ts INTEGER NOT NULL,
  birth_basis TEXT NOT NULL,               -- created, fn-created, changed
  modified_ts INTEGER,
  login_id INTEGER,                        -- session that was open and may write there
  by_request INTEGER, by_upload INTEGER,   -- event of a request or an upload that explains its birth
  in_bad_session INTEGER NOT NULL DEFAULT 0) STRICT;

-- Scripts in web roots that look like somebody's back door.
CREATE TABLE web_shell(
  file_id INTEGER PRIMARY KEY, host_id INTEGER NOT NULL, path TEXT NOT NULL, uid INTEGER,
  score INTEGER NOT NULL, reasons TEXT NOT NULL,
  requests INTEGER NOT NULL, addresses INTEGER NOT NULL, first_address TEXT,
  first_ts INTEGER, last_ts INTEGER) STRICT;
CREATE TABLE web_shell_request(file_id INTEGER NOT NULL, event_id INTEGER NOT NULL, ts INTEGER NOT NULL,
  PRIMARY KEY(file_id, event_id)) STRICT, WITHOUT ROWID;
