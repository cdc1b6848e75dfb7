-- Folders, with the mount point in front: as the machine saw them.
CREATE TABLE dir(dir_id INTEGER PRIMARY KEY, volume_id INTEGER NOT NULL, path TEXT NOT NULL,
  UNIQUE(path, volume_id)) STRICT;

-- One row per name (or nameless inode, or alternate stream).
CREATE TABLE file(
  file_id INTEGER PRIMARY KEY,             -- source_id << 29 | number within the source
  dir_id INTEGER NOT NULL,
  name TEXT NOT NULL,                      -- displayed; empty for a root directory
  raw_name BLOB,                           -- the bytes, where they are not the displayed text
  inode INTEGER NOT NULL, mft_sequence INTEGER, attribute_id INTEGER,
  type INTEGER NOT NULL,                   -- FileType
  mode INTEGER, uid INTEGER, gid INTEGER, owner_sid INTEGER,
  size INTEGER NOT NULL,
  state INTEGER NOT NULL,                  -- FileState; +8 name deleted and inode reallocated; +16 content intact
  target TEXT, flags TEXT) STRICT;

-- Its times, equal ones together: event_id = file_id << 3 | slot.
-- macb: bits 0-3 m a c b (all 0: time of deletion), 4-6 source (inode si fn dir usn i30 journal), 7-9 basis,
-- 10-12 precision.
CREATE TABLE file_time(event_id INTEGER PRIMARY KEY, ts INTEGER NOT NULL, ns INTEGER NOT NULL, macb INTEGER NOT NULL)
  STRICT;

CREATE TABLE file_digest(file_id INTEGER PRIMARY KEY, md5 TEXT, sha256 TEXT) STRICT;

-- The image's own package database (dpkg): which file belongs to whom, with the digest it was shipped with.
CREATE TABLE package(
  host_id INTEGER NOT NULL, name TEXT NOT NULL, version TEXT, installed INTEGER,
  PRIMARY KEY(host_id, name)) STRICT, WITHOUT ROWID;
CREATE TABLE package_file(
  host_id INTEGER NOT NULL, path TEXT NOT NULL, package TEXT NOT NULL, md5 TEXT, conffile INTEGER NOT NULL,
  md5_found TEXT,                          -- of the file on the disk, where it was read
  PRIMARY KEY(host_id, path)) STRICT, WITHOUT ROWID;
