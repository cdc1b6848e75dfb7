-- title: {user_name}: {power}
-- meaning: Accounts with more power than their name says: a second account with user id 0, an account without a password,
--   members of the groups that may become root or administrator, and when they came there.
-- phase: persistence
-- severity: info
-- confidence: 85
-- attack: T1098
-- parameter: install_hours = 24 : what was so soon after installation belongs to it
-- needs: The account files (passwd, shadow, group, sudoers; SAM); records of group changes.
-- wrong-when: toor on BSD and service accounts with user id 0 on appliances are made by the system; accounts without a
--   password may be locked in other ways (PAM, sshd).
-- sentence: {user_name} on {host}: {power}[ ({reason})][, since {since_ts}][, in a session that is not to be trusted: {reasons}].
-- finding: yes
WITH files AS MATERIALIZED (
  -- The time of the file that says so: what a finding without any record can cite.
  SELECT v.host_id, f.name AS name, max(ft.event_id) AS event_id, max(ft.ts) AS ts
  FROM dir d JOIN volume v ON v.volume_id = d.volume_id JOIN file f ON f.dir_id = d.dir_id
  JOIN file_time ft ON ft.event_id >= f.file_id * 8 AND ft.event_id < f.file_id * 8 + 8
  WHERE d.path = '/etc' AND f.name IN ('passwd', 'shadow', 'group', 'sudoers') AND f.state & 7 = 0 AND ft.macb & 1 GROUP BY 1, 2),
added AS MATERIALIZED (
  SELECT a.host_id, a.event_id, a.ts, a.target_name, a.login_id, coalesce(json_extract(e.attr, '$.group'), t.value) AS grp,
    b.reasons AS reasons, l.first_event AS login_event
  FROM act a JOIN event e ON e.event_id = a.event_id LEFT JOIN string t ON t.string_id = e.target
  LEFT JOIN bad_session b ON b.login_id = a.login_id LEFT JOIN login l ON l.login_id = a.login_id
  WHERE a.what = 'iam-member-added')
SELECT a.user_name || ' uid 0' AS subject, a.host_id, h.name AS host, a.user_name AS user_name, 'has the powers of root (user id 0)' AS power,
  a.admin_reason AS reason, a.created_ts AS since_ts, NULL AS reasons, 'high' AS severity, coalesce(a.created_ts, f.ts) AS first_ts,
  coalesce(a.created_ts, f.ts) AS last_ts,
  json_array(a.created_event, f.event_id, (SELECT l.first_event FROM login l WHERE l.host_id = a.host_id AND l.user_name = a.user_name
    AND l.login_ts = a.first_login LIMIT 1)) AS cite_trigger, NULL AS cite_cause
FROM account a JOIN host h ON h.host_id = a.host_id LEFT JOIN files f ON f.host_id = a.host_id AND f.name = 'passwd'
WHERE a.source = 'passwd' AND a.account_id = '0' AND a.user_name NOT IN ('root', 'toor')
UNION ALL
SELECT a.user_name || ' no password', a.host_id, h.name, a.user_name, 'needs no password', NULL, a.password_set_ts, NULL,
  CASE WHEN a.shell LIKE '%nologin' OR a.shell LIKE '%false' OR a.enabled = 0 THEN 'info' WHEN a.account_id = '0' THEN 'high' ELSE 'medium' END,
  coalesce(a.password_set_ts, f.ts), coalesce(a.password_set_ts, f.ts),
  json_array(f.event_id, p.event_id, (SELECT l.first_event FROM login l WHERE l.host_id = a.host_id AND l.user_name = a.user_name
    AND l.login_ts = a.last_login LIMIT 1)), NULL
FROM account a JOIN host h ON h.host_id = a.host_id LEFT JOIN files f ON f.host_id = a.host_id AND f.name = 'shadow'
LEFT JOIN files p ON p.host_id = a.host_id AND p.name = 'passwd'
WHERE a.empty_password = 1 AND a.source IN ('passwd', 'SAM')
UNION ALL
SELECT a.target_name || ' to ' || a.grp || ' at ' || substr($TIME(a.ts), 1, 16), a.host_id, h.name, a.target_name, 'was added to ' || a.grp, NULL, a.ts,
  a.reasons, CASE WHEN a.reasons IS NOT NULL THEN 'high' WHEN a.ts <= h.installed + :install_hours * 3600000000 THEN 'info' ELSE 'low' END,
  a.ts, a.ts, json_array(a.event_id), CASE WHEN a.login_event IS NOT NULL THEN json_array(a.login_event) END
FROM added a JOIN host h ON h.host_id = a.host_id
WHERE a.grp IN ('sudo', 'wheel', 'root', 'admin', 'adm', 'docker', 'lxd', 'disk', 'shadow', 'Administrators', 'Domain Admins',
    'Enterprise Admins', 'Backup Operators', 'Remote Desktop Users') OR a.reasons IS NOT NULL
UNION ALL
SELECT a.user_name || ' admin', a.host_id, h.name, a.user_name, 'may act as administrator', a.admin_reason, NULL, NULL, 'info', f.ts, f.ts,
  json_array(f.event_id), json_array((SELECT l.first_event FROM login l WHERE l.host_id = a.host_id AND l.user_name = a.user_name
    AND l.login_ts = a.last_login LIMIT 1))
FROM account a JOIN host h ON h.host_id = a.host_id
LEFT JOIN files f ON f.host_id = a.host_id AND f.name = CASE WHEN a.admin_reason LIKE '%sudoers%' THEN 'sudoers' ELSE 'group' END
WHERE a.is_admin = 1 AND a.account_id <> '0' AND a.source = 'passwd' AND (f.event_id IS NOT NULL OR a.last_login IS NOT NULL)
