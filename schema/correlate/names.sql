-- Temporary tables hold what is counted per failure and per file: their cache is as small as 2 MiB unless it is asked for.
PRAGMA temp.cache_size = -65536;
-- Names by which records of a log server may call a host of this case.
CREATE TEMP TABLE IF NOT EXISTS host_name(name TEXT PRIMARY KEY, host_id INTEGER NOT NULL) WITHOUT ROWID;
DELETE FROM temp.host_name;
INSERT OR IGNORE INTO temp.host_name SELECT lower(name), host_id FROM host ORDER BY host_id;
INSERT OR IGNORE INTO temp.host_name SELECT lower(name), host_id FROM host_alias ORDER BY host_id;
INSERT OR IGNORE INTO temp.host_name
  SELECT substr(lower(name), 1, instr(name, '.') - 1), host_id FROM host WHERE instr(name, '.') > 1 ORDER BY host_id;
