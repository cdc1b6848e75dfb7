-- Accounts: what their own entry does not say comes from sessions, failures and account records; names and ids that
-- nothing explains become rows of their own.
-- Names as sessions and records use them, per host.
DROP TABLE IF EXISTS temp.named;
CREATE TEMP TABLE named(host_id INTEGER NOT NULL, user_name TEXT NOT NULL, first_login INTEGER, last_login INTEGER,
  created_event INTEGER, created_ts INTEGER, deleted_ts INTEGER, PRIMARY KEY(host_id, user_name)) WITHOUT ROWID;
-- DOMAIN\name and name are one account of this machine when the machine has it.
INSERT INTO temp.named(host_id, user_name, first_login, last_login)
  SELECT host_id, CASE WHEN EXISTS (SELECT 1 FROM account a WHERE a.host_id = l.host_id AND instr(l.user_name, '\')
      AND a.user_name = substr(l.user_name, instr(l.user_name, '\') + 1))
    THEN substr(l.user_name, instr(l.user_name, '\') + 1) ELSE l.user_name END AS name,
    min(l.login_ts), max(l.login_ts)
  FROM login l WHERE l.user_name IS NOT NULL AND l.user_name <> '' AND l.login_ts IS NOT NULL
    AND l.kind IN ('user', 'ftp', 'network') GROUP BY 1, 2;
DROP TABLE IF EXISTS temp.account_record;
CREATE TEMP TABLE account_record(host_id INTEGER NOT NULL, user_name TEXT NOT NULL, action TEXT NOT NULL, ts INTEGER NOT NULL,
  event_id INTEGER NOT NULL, new_name TEXT, account_id TEXT);
INSERT INTO temp.account_record
  SELECT s.host_id, t.value, k.action, e.ts, e.event_id, json_extract(e.attr, '$.new_name'),
    coalesce(json_extract(e.attr, '$.uid'), json_extract(e.attr, '$.target_sid'), json_extract(e.attr, '$.TargetSid'))
  FROM event e JOIN source s ON s.source_id = e.event_id >> 32 JOIN kind k ON k.kind_id = e.kind
  JOIN string t ON t.string_id = e.target
  WHERE e.kind >= 128 AND e.kind IN (SELECT kind_id FROM kind WHERE category = 'iam' AND action IN
      ('user-created', 'user-deleted', 'user-renamed', 'password-changed', 'password-reset', 'member-added', 'user-changed',
       'user-enabled', 'user-disabled') AND coalesce(outcome, 'success') = 'success')
    AND s.remote = 0 AND e.flags & 7 <> 5
  ORDER BY s.host_id, e.ts, e.event_id;
CREATE INDEX temp.account_record_name ON account_record(host_id, user_name, ts);
INSERT INTO temp.named(host_id, user_name, created_ts, created_event)
  SELECT host_id, user_name, max(ts), max(event_id) FROM temp.account_record WHERE action = 'user-created' GROUP BY 1, 2
  ON CONFLICT DO UPDATE SET created_ts = excluded.created_ts, created_event = excluded.created_event;
-- The event of the latest creation (an account may have been made, deleted and made again).
UPDATE temp.named SET created_event = (SELECT r.event_id FROM temp.account_record r WHERE r.host_id = named.host_id
  AND r.user_name = named.user_name AND r.action = 'user-created' ORDER BY r.ts DESC, r.event_id DESC LIMIT 1)
  WHERE created_ts IS NOT NULL;
INSERT INTO temp.named(host_id, user_name, deleted_ts)
  SELECT host_id, user_name, max(ts) FROM temp.account_record WHERE action = 'user-deleted' GROUP BY 1, 2
  ON CONFLICT DO UPDATE SET deleted_ts = excluded.deleted_ts;
-- A later creation undoes a deletion.
UPDATE temp.named SET deleted_ts = NULL WHERE created_ts > deleted_ts;

INSERT OR IGNORE INTO account(host_id, user_name, account_id, source)
  SELECT n.host_id, n.user_name,
    CASE WHEN n.user_name GLOB 'uid [0-9]*' THEN substr(n.user_name, 5) ELSE (SELECT r.account_id FROM temp.account_record r
      WHERE r.event_id = n.created_event) END,
    'log only'
  FROM temp.named n
  WHERE NOT EXISTS (SELECT 1 FROM account a WHERE a.host_id = n.host_id AND a.user_name = n.user_name)
    AND NOT EXISTS (SELECT 1 FROM account a WHERE a.host_id = n.host_id AND instr(n.user_name, '\')
      AND a.user_name = substr(n.user_name, instr(n.user_name, '\') + 1))
    AND NOT EXISTS (SELECT 1 FROM account a WHERE a.host_id = n.host_id AND n.user_name = 'uid ' || a.account_id)
  ORDER BY 1, 2;

UPDATE account SET
  first_login = (SELECT n.first_login FROM temp.named n WHERE n.host_id = account.host_id AND n.user_name = account.user_name),
  last_login = (SELECT n.last_login FROM temp.named n WHERE n.host_id = account.host_id AND n.user_name = account.user_name),
  created_ts = (SELECT n.created_ts FROM temp.named n WHERE n.host_id = account.host_id AND n.user_name = account.user_name),
  created_event = (SELECT n.created_event FROM temp.named n WHERE n.host_id = account.host_id
    AND n.user_name = account.user_name),
  deleted_ts = (SELECT n.deleted_ts FROM temp.named n WHERE n.host_id = account.host_id AND n.user_name = account.user_name),
  failed_logins = coalesce((SELECT f.n FROM temp.failed_of f WHERE f.host_id = account.host_id
    AND f.user_name = account.user_name), 0);
UPDATE account SET created_basis = 'recorded', created_earliest = created_ts, created_latest = created_ts
  WHERE created_ts IS NOT NULL;
UPDATE account SET
  created_by = (SELECT coalesce(l.user_name, ac.user_name) FROM act ac LEFT JOIN login l ON l.login_id = ac.login_id
    WHERE ac.event_id = account.created_event),
  created_from_ip = (SELECT l.source_ip FROM act ac JOIN login l ON l.login_id = ac.login_id
    WHERE ac.event_id = account.created_event)
  WHERE created_event IS NOT NULL;
-- Windows: a password set after its creation; Unix: /etc/shadow has the day already.
UPDATE account SET password_set_ts = (SELECT max(r.ts) FROM temp.account_record r WHERE r.host_id = account.host_id
    AND r.user_name = account.user_name AND r.action IN ('password-changed', 'password-reset', 'user-created'))
  WHERE password_set_ts IS NULL AND source <> 'passwd';
