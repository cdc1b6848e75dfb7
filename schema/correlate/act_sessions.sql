-- Sessions that can be behind an act, in time order; for su and sudo the command, where the log has it.
SELECT l.login_id, l.host_id, l.kind, l.user_name, l.by_user, l.tty, l.login_ts, coalesce(l.until_ts, l.login_ts),
  CASE WHEN l.kind = 'sudo' THEN (SELECT c.value FROM login_event le JOIN event_extra x ON x.event_id = le.event_id
    JOIN string c ON c.string_id = x.command WHERE le.login_id = l.login_id ORDER BY le.event_id LIMIT 1) END,
  EXISTS (SELECT 1 FROM account a WHERE a.host_id = l.host_id AND a.user_name = l.user_name AND a.account_id = '0'),
  l.logout_ts
FROM login l
WHERE l.login_ts IS NOT NULL AND l.kind IN ('user', 'su', 'sudo', 'ftp')
ORDER BY l.host_id, l.login_ts, l.login_id
