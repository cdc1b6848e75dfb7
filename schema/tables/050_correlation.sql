-- What the correlation works out on the way, for the questions to join. All of it is derived: cleared and made anew.

-- Failed tries from one address (or, without one, one peer name), by what told of them. A case with very many addresses
-- may have several rows for one of them: add them up.
CREATE TABLE attack_source(
  attack_id INTEGER PRIMARY KEY,
  host_id INTEGER NOT NULL,
  source_ip TEXT, source_host TEXT,
  service_name TEXT,
  basis TEXT NOT NULL,                     -- login, invalid-user, message, probe: what was counted
  parser TEXT NOT NULL,
  first_ts INTEGER NOT NULL, last_ts INTEGER NOT NULL,
  failures INTEGER NOT NULL, users INTEGER NOT NULL,
  first_event INTEGER NOT NULL, last_event INTEGER NOT NULL,
  users_sample TEXT) STRICT;               -- the first few names that were tried

-- Who did what stands in no log by itself: an act (account, password, group, package, audit change) and the session it
-- was done in, with the reason for saying so.
CREATE TABLE act(
  event_id INTEGER PRIMARY KEY,
  host_id INTEGER NOT NULL, ts INTEGER NOT NULL,
  what TEXT NOT NULL,                      -- category-action
  user_name TEXT, target_name TEXT,
  login_id INTEGER,                        -- the session of a person (not the sudo in it); NULL: unknown
  via_login_id INTEGER,                    -- the su or sudo session in between
  basis TEXT) STRICT;                      -- logon-id, actor, sudo-command, su-session, root-session, address

-- Why a session is not to be trusted. The sum of its scores decides: from 60 on it is a bad session.
CREATE TABLE suspicion(
  login_id INTEGER NOT NULL, reason TEXT NOT NULL, score INTEGER NOT NULL, detail TEXT, event_id INTEGER,
  PRIMARY KEY(login_id, reason)) STRICT, WITHOUT ROWID;

-- Whether failed logins can be seen at all: spans of time in which a log that records them was kept.
CREATE TABLE failure_cover(
  host_id INTEGER NOT NULL, parser TEXT NOT NULL, log TEXT NOT NULL, from_ts INTEGER NOT NULL, to_ts INTEGER NOT NULL,
  failures INTEGER NOT NULL, PRIMARY KEY(host_id, parser, log, from_ts)) STRICT, WITHOUT ROWID;

-- Signs that a log was touched by somebody else than its daemon. The questions weigh them.
CREATE TABLE log_sign(
  host_id INTEGER NOT NULL, log_path TEXT NOT NULL,
  sign TEXT NOT NULL,                      -- cleared, emptied, edited, rewritten, same-second, logger-stopped, zeroed,
                                           -- back-in-time, orphan-logout, boot-missing, chain-broken, numbers-missing
  ts INTEGER, until_ts INTEGER,            -- when it was done, or the span that is in doubt
  event_id INTEGER NOT NULL,               -- the row that shows it
  other_event INTEGER,                     -- the row it stands against
  score INTEGER NOT NULL, detail TEXT NOT NULL, login_id INTEGER,
  PRIMARY KEY(host_id, log_path, sign, event_id)) STRICT, WITHOUT ROWID;

-- The first file an account owned (born, or its inode changed), for accounts of people.
CREATE TABLE account_first_file(host_id INTEGER NOT NULL, user_name TEXT NOT NULL, event_id INTEGER NOT NULL, ts INTEGER NOT NULL,
  PRIMARY KEY(host_id, user_name)) STRICT, WITHOUT ROWID;
