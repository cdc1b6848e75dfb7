-- First login of each account from each address.
DROP TABLE IF EXISTS temp.first_pair;
CREATE TEMP TABLE first_pair(host_id INTEGER, user_name TEXT, source_ip TEXT, login_id INTEGER, login_ts INTEGER,
  PRIMARY KEY(host_id, user_name, source_ip)) WITHOUT ROWID;
INSERT OR IGNORE INTO temp.first_pair
  SELECT host_id, user_name, source_ip, login_id, login_ts FROM login
  WHERE user_name IS NOT NULL AND source_ip IS NOT NULL AND login_ts IS NOT NULL AND kind IN ('user', 'ftp', 'network', 'database')
  ORDER BY host_id, login_ts, login_id;
CREATE INDEX temp.first_pair_login ON first_pair(login_id);
DROP TABLE IF EXISTS temp.bad_address;
CREATE TEMP TABLE bad_address(source_ip TEXT, login_id INTEGER, PRIMARY KEY(source_ip, login_id)) WITHOUT ROWID;
