-- Sessions as one log tells them, before logs are put together.
DROP TABLE IF EXISTS temp.raw_session;
DROP TABLE IF EXISTS temp.raw_event;
CREATE TEMP TABLE raw_session(
  raw_id INTEGER PRIMARY KEY, host_id INTEGER NOT NULL, family INTEGER NOT NULL, kind TEXT NOT NULL,
  user_name TEXT, by_user TEXT, source_ip TEXT, source_host TEXT, service_name TEXT, auth_method TEXT,
  logon_type INTEGER, tty TEXT, session_id TEXT, key_fingerprint TEXT, pid INTEGER,
  login_ts INTEGER, logout_ts INTEGER, basis TEXT, until_ts INTEGER, first_event INTEGER NOT NULL, last_event INTEGER,
  login_id INTEGER);
CREATE TEMP TABLE raw_event(raw_id INTEGER NOT NULL, event_id INTEGER NOT NULL, PRIMARY KEY(raw_id, event_id)) WITHOUT ROWID;
