-- Category, action, outcome of an event by number. Below 128 the mass kinds, from 128 what is rare (view `notable`).
CREATE TABLE kind(kind_id INTEGER PRIMARY KEY, category TEXT NOT NULL, action TEXT NOT NULL, outcome TEXT) STRICT;

-- Repeated texts: users, addresses, URLs, agents, services, methods.
CREATE TABLE string(string_id INTEGER PRIMARY KEY, value TEXT NOT NULL UNIQUE) STRICT;

-- Message templates: printf() formats over a fixed order of columns (docs/schema.md).
CREATE TABLE template(template_id INTEGER PRIMARY KEY, fmt TEXT NOT NULL UNIQUE) STRICT;

-- One row per thing a log says happened.
CREATE TABLE event(
  event_id INTEGER PRIMARY KEY,            -- source_id << 32 | number within the source, from 1
  ts INTEGER NOT NULL,                     -- µs since 1970-01-01 UTC
  ns INTEGER NOT NULL,                     -- 0-999 below it
  kind INTEGER NOT NULL,
  flags INTEGER NOT NULL,                  -- bits 0-2 basis, 3-5 precision, 6 year inferred, 7 ambiguous, 8 skipped
  log_offset INTEGER,
  log_length INTEGER,
  record INTEGER,                          -- NULL: same as the number in event_id
  user INTEGER, target INTEGER, addr INTEGER, port INTEGER, service INTEGER, process INTEGER, pid INTEGER,
  method INTEGER, template INTEGER, text TEXT,
  session INTEGER, path INTEGER, attr TEXT,
  http_method INTEGER, url INTEGER, status INTEGER, bytes INTEGER, agent INTEGER) STRICT;

-- What few events have.
CREATE TABLE event_extra(
  event_id INTEGER PRIMARY KEY,
  earliest INTEGER, latest INTEGER,        -- bounds, µs
  host INTEGER,                            -- string: host named by a record of a log server
  source_host INTEGER, dest_addr INTEGER, dest_port INTEGER, dest_host INTEGER,
  command INTEGER, file_size INTEGER) STRICT;

-- Further places that hold the same record (copies, rotations, a second log). The first place is the event's own.
CREATE TABLE event_source(
  event_id INTEGER NOT NULL, source_id INTEGER NOT NULL, log_offset INTEGER NOT NULL, record INTEGER,
  PRIMARY KEY(event_id, source_id, log_offset)) STRICT, WITHOUT ROWID;

-- Raw bytes (up to 4 KiB) of every event that a finding cites.
CREATE TABLE event_raw(event_id INTEGER PRIMARY KEY, bytes BLOB NOT NULL, cut INTEGER NOT NULL) STRICT;

-- Counts kept by the writer.
CREATE TABLE activity_count(
  source_id INTEGER NOT NULL, kind INTEGER NOT NULL, day INTEGER NOT NULL, n INTEGER NOT NULL,
  PRIMARY KEY(source_id, kind, day)) STRICT, WITHOUT ROWID;

-- Times of a boot on a host, in order; computed by the correlation.
CREATE TABLE boot(
  host_id INTEGER NOT NULL, start_ts INTEGER NOT NULL, boot_no INTEGER NOT NULL, end_ts INTEGER, ended_how TEXT,
  event_id INTEGER, PRIMARY KEY(host_id, start_ts)) STRICT, WITHOUT ROWID;
