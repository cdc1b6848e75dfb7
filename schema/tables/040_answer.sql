-- Sessions, put together from all logs by the correlation. Times in µs.
CREATE TABLE login(
  login_id INTEGER PRIMARY KEY,
  host_id INTEGER NOT NULL,
  kind TEXT NOT NULL,                      -- user, ftp, database, network, service, su, sudo
  user_name TEXT,                          -- su, sudo: who one became
  source_ip TEXT, source_host TEXT, service_name TEXT, auth_method TEXT, logon_type INTEGER,
  tty TEXT, session_id TEXT, key_fingerprint TEXT,
  login_ts INTEGER, logout_ts INTEGER,
  logout_basis TEXT,
  until_ts INTEGER,                        -- logout, or the latest moment it can have lasted
  by_user TEXT, parent_login INTEGER,      -- su, sudo: who did it, and in which session
  verdict TEXT, verdict_why TEXT, failures_before INTEGER, users_tried INTEGER, is_admin INTEGER,
  sources INTEGER NOT NULL,                -- how many logs tell of it
  first_event INTEGER NOT NULL, last_event INTEGER) STRICT;
-- All events of a session, its ends included.
CREATE TABLE login_event(login_id INTEGER NOT NULL, event_id INTEGER NOT NULL, PRIMARY KEY(login_id, event_id))
  STRICT, WITHOUT ROWID;

CREATE TABLE account(
  host_id INTEGER NOT NULL,
  user_name TEXT NOT NULL,
  account_id TEXT,                         -- uid or SID
  source TEXT NOT NULL,                    -- passwd, SAM, log only, file owner only
  is_admin INTEGER, admin_reason TEXT, enabled INTEGER, empty_password INTEGER,
  gid INTEGER, home TEXT, shell TEXT, gecos TEXT,
  created_ts INTEGER, created_basis TEXT, created_earliest INTEGER, created_latest INTEGER,
  created_by TEXT, created_from_ip TEXT, created_event INTEGER,
  password_set_ts INTEGER, first_login INTEGER, last_login INTEGER, failed_logins INTEGER, deleted_ts INTEGER,
  PRIMARY KEY(host_id, user_name, source)) STRICT, WITHOUT ROWID;
CREATE TABLE account_group(host_id INTEGER NOT NULL, group_name TEXT NOT NULL, gid INTEGER, member TEXT NOT NULL,
  PRIMARY KEY(host_id, group_name, member)) STRICT, WITHOUT ROWID;

CREATE TABLE incident(incident_id INTEGER PRIMARY KEY, title TEXT NOT NULL, host_names TEXT, first_ts INTEGER,
  last_ts INTEGER, severity TEXT, confidence INTEGER, summary TEXT) STRICT;
CREATE TABLE finding(
  finding_id INTEGER PRIMARY KEY,
  incident_id INTEGER,
  phase TEXT, rule TEXT NOT NULL,
  subject TEXT NOT NULL,                   -- what makes it the same finding when the analysis runs again
  severity TEXT NOT NULL, confidence INTEGER NOT NULL,
  title TEXT NOT NULL, summary TEXT NOT NULL,
  host_id INTEGER, first_ts INTEGER, last_ts INTEGER, user_name TEXT, source_ip TEXT, file_path TEXT,
  attack_technique TEXT,
  UNIQUE(rule, host_id, subject)) STRICT;
CREATE TABLE finding_event(finding_id INTEGER NOT NULL, event_id INTEGER NOT NULL, role TEXT NOT NULL,
  PRIMARY KEY(finding_id, event_id)) STRICT, WITHOUT ROWID;
-- The analyst's word, kept over `correlate`.
CREATE TABLE finding_decision(rule TEXT NOT NULL, host_name TEXT NOT NULL, subject TEXT NOT NULL, status TEXT NOT NULL,
  why TEXT NOT NULL, decided INTEGER, PRIMARY KEY(rule, host_name, subject)) STRICT, WITHOUT ROWID;
