-- Facts about the case itself: program version, options of each ingest, state of the run.
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

-- A machine. Volumes of one ingest that belong together are one host.
CREATE TABLE host(
  host_id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  os_family TEXT,
  os_version TEXT,
  time_zone TEXT,
  time_zone_source TEXT NOT NULL,          -- file it was read from, or why there is none
  zone_tzif BLOB,                          -- the zone's rules as the image holds them
  clock_offset_s REAL,
  clock_offset_source TEXT,
  installed INTEGER,                       -- µs
  installed_source TEXT,
  last_seen INTEGER,                       -- µs; last sign of life on its disks
  stopped_how TEXT,
  machine_id TEXT) STRICT;

CREATE TABLE host_alias(host_id INTEGER NOT NULL, name TEXT NOT NULL, PRIMARY KEY(host_id, name)) STRICT, WITHOUT ROWID;
CREATE TABLE host_address(host_id INTEGER NOT NULL, address TEXT NOT NULL, PRIMARY KEY(host_id, address))
  STRICT, WITHOUT ROWID;
CREATE TABLE host_note(host_id INTEGER NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, source_path TEXT) STRICT;

-- What was given on the command line: an image, a directory, a log file.
CREATE TABLE evidence(
  evidence_id INTEGER PRIMARY KEY,
  label TEXT NOT NULL UNIQUE,
  path TEXT NOT NULL,
  mount TEXT,                              -- EVIDENCE=MOUNT
  media_offset INTEGER,                    -- --offset
  format TEXT,
  bytes INTEGER,
  segments TEXT,                           -- JSON array of all its files
  facts TEXT,                              -- JSON object: what the container says of the acquisition
  md5_stored TEXT,
  sha1_stored TEXT,
  sha256 TEXT,                             -- of the media
  verified INTEGER,
  acquired INTEGER,
  opened INTEGER,
  ingest_no INTEGER NOT NULL,              -- evidence of one ingest is looked at together
  stage INTEGER NOT NULL DEFAULT 0,        -- ledger: 1 surveyed, 2 profiled
  status TEXT NOT NULL) STRICT;            -- open, unreadable, verified, changed

CREATE TABLE volume(
  volume_id INTEGER PRIMARY KEY,
  evidence_id INTEGER NOT NULL,
  host_id INTEGER,
  name TEXT NOT NULL,
  offset INTEGER,
  length INTEGER,
  type TEXT,
  label TEXT,
  content TEXT,
  state TEXT,
  mount_point TEXT,
  fs_type TEXT,                            -- NULL: no filesystem that was opened
  block_size INTEGER,
  fs_label TEXT,
  fs_uuid TEXT,
  fs_state TEXT,
  created INTEGER, mounted INTEGER, checked INTEGER, written INTEGER,   -- superblock times, µs
  walked INTEGER NOT NULL DEFAULT 0,       -- ledger: 1 its names are in the case, 2 logs were looked for
  UNIQUE(evidence_id, name)) STRICT;

-- Ledger and coverage in one: whatever gives events with ids of its own. A log, a block of a walk, a superblock.
-- event_id = source_id << 32 | number, so one source is one range of ids.
CREATE TABLE source(
  source_id INTEGER PRIMARY KEY,
  kind INTEGER NOT NULL,                   -- 0 log, 1 walk, 2 superblock, 3 derived
  host_id INTEGER NOT NULL,
  evidence_id INTEGER NOT NULL,
  volume_id INTEGER,
  parser TEXT NOT NULL,
  log_path TEXT,
  file_id INTEGER,                         -- the log's row in file
  inode INTEGER,
  sequence INTEGER,
  attribute_id INTEGER,
  tree_path TEXT,                          -- directory evidence: path below its root
  file_state INTEGER,
  size INTEGER,
  modified INTEGER,
  compression TEXT,
  remote INTEGER NOT NULL DEFAULT 0,
  done INTEGER NOT NULL DEFAULT 0,         -- 0: its rows, if any, are thrown away when the run resumes
  status TEXT,                             -- coverage.status
  reason TEXT,
  first_ts INTEGER, last_ts INTEGER,
  events INTEGER, records_read INTEGER, records_unparsed INTEGER, bytes_read INTEGER,
  zone_basis TEXT,
  merge_no INTEGER) STRICT;                -- number of the merge of copies that it took part in first

-- What should be there and is not, or was seen and not read: coverage rows without a source.
CREATE TABLE coverage_note(
  host_id INTEGER NOT NULL, evidence_id INTEGER, log_path TEXT NOT NULL, parser TEXT,
  status TEXT NOT NULL, reason TEXT NOT NULL, first_ts INTEGER, last_ts INTEGER) STRICT;

CREATE TABLE gap(
  host_id INTEGER NOT NULL, log_path TEXT NOT NULL, gap_from INTEGER NOT NULL, gap_to INTEGER NOT NULL,
  expected_interval_s REAL, reason TEXT NOT NULL, before_event INTEGER, after_event INTEGER) STRICT;

CREATE TABLE problem(
  problem_id INTEGER PRIMARY KEY,
  host_id INTEGER, evidence_id INTEGER, volume_id INTEGER,
  source_id INTEGER,                       -- thrown away with its source when the run resumes
  file_path TEXT, offset INTEGER, length INTEGER,
  stage TEXT NOT NULL, code TEXT NOT NULL, severity TEXT NOT NULL, parser TEXT, what TEXT NOT NULL,
  repeats INTEGER NOT NULL DEFAULT 1) STRICT;
CREATE INDEX problem_place ON problem(source_id, code, file_path);

-- Files that the walk of a volume took for logs; become rows of source, in a fixed order, when all walks are done.
CREATE TABLE candidate(
  volume_id INTEGER NOT NULL, file_number INTEGER NOT NULL, inode INTEGER NOT NULL, sequence INTEGER NOT NULL,
  attribute_id INTEGER NOT NULL, tree_path TEXT NOT NULL, path TEXT NOT NULL, parser TEXT NOT NULL,
  compression TEXT NOT NULL, file_state INTEGER NOT NULL, size INTEGER NOT NULL, modified INTEGER,
  reason TEXT NOT NULL) STRICT;
