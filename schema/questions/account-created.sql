-- title: Account {user_name} created[ by {creator}]
-- meaning: A record of a new account, the session in which it was made, its powers, its first login and the first file it
--   owned.
-- phase: persistence
-- severity: low
-- confidence: 80
-- attack: T1136.001
-- parameter: install_hours = 24 : accounts made so soon after installation belong to it
-- needs: A log of account management (auth.log, secure; 624 or 4720 in the Security log, audited).
-- wrong-when: Administrators and packages make accounts too. Who did it is known by logon id on Windows; on Unix it is the
--   session with the power to do so that was open then, which another may have shared.
-- sentence: The account {user_name}[ (uid {uid})] was created on {host} at {first_ts}[ by {creator}][ from {source_ip}]{how}.[
--   It can act as administrator: {powers}.][ First login at {login_ts}{login_from}.]
-- finding: yes
WITH made AS MATERIALIZED (
  SELECT a.event_id, a.host_id, a.ts, a.target_name AS name, a.user_name AS actor, a.login_id, a.via_login_id, a.basis,
    json_extract(e.attr, '$.uid') AS uid, s.log_path
  FROM act a JOIN event e ON e.event_id = a.event_id JOIN source s ON s.source_id = a.event_id >> 32
  WHERE a.what = 'iam-user-created' AND a.target_name IS NOT NULL),
-- adduser and useradd, or two logs, tell of one creation.
once AS MATERIALIZED (
  SELECT *, row_number() OVER (PARTITION BY host_id, name, ts / 60000000 ORDER BY ts, event_id) AS nth FROM made),
told AS MATERIALIZED (
  SELECT m.*, h.name AS host, h.installed AS installed, l.user_name AS creator, l.source_ip AS source_ip, l.first_event AS login_event,
    b.score AS score, b.reasons AS reasons, v.first_event AS via_event,
    (SELECT n.login_id FROM login n WHERE n.host_id = m.host_id AND n.login_ts >= m.ts AND n.user_name = m.name
      ORDER BY n.login_ts, n.login_id LIMIT 1) AS next_login,
    coalesce((SELECT ac.admin_reason FROM account ac WHERE ac.host_id = m.host_id AND ac.user_name = m.name AND ac.is_admin = 1 LIMIT 1),
      (SELECT 'added to ' || g.target FROM (SELECT coalesce(json_extract(ge.attr, '$.group'), t2.value) AS target
        FROM act ga JOIN event ge ON ge.event_id = ga.event_id LEFT JOIN string t2 ON t2.string_id = ge.target
        WHERE ga.host_id = m.host_id AND ga.what = 'iam-member-added' AND ga.target_name = m.name AND ga.ts >= m.ts) g
        WHERE g.target IN ('sudo', 'wheel', 'root', 'admin', 'adm', 'Administrators') LIMIT 1)) AS powers,
    (SELECT count(*) FROM act p WHERE p.host_id = m.host_id AND p.what IN ('package-installed', 'package-upgraded')
      AND p.ts BETWEEN m.ts - 300000000 AND m.ts + 300000000 LIMIT 1) AS packages,
    EXISTS (SELECT 1 FROM gap g WHERE g.host_id = m.host_id AND m.ts BETWEEN g.gap_from AND g.gap_to) AS in_gap
  FROM once m JOIN host h ON h.host_id = m.host_id
  LEFT JOIN login l ON l.login_id = m.login_id LEFT JOIN login v ON v.login_id = m.via_login_id
  LEFT JOIN bad_session b ON b.login_id = m.login_id
  WHERE m.nth = 1)
SELECT t.name || ' at ' || substr($TIME(t.ts), 1, 16) AS subject, t.host_id, t.host AS host, t.name AS user_name, t.uid AS uid,
  $TIME(t.ts) AS created_utc, coalesce(t.creator, t.actor) AS creator, t.source_ip AS source_ip, t.powers AS powers,
  CASE WHEN t.score IS NOT NULL THEN ', in a session that is not to be trusted (' || t.reasons || ')'
    WHEN t.basis = 'sudo-command' THEN ' with sudo'
    WHEN t.basis IN ('sudo-session', 'su-session', 'root-session') THEN ' (the session with the power to do so that was open then)'
    WHEN t.login_id IS NULL AND t.actor IS NULL THEN '; no session with the power to do so is on record' ELSE '' END AS how,
  n.login_ts AS login_ts, coalesce(' from ' || n.source_ip, '') AS login_from, t.ts AS first_ts, t.ts AS last_ts,
  CASE WHEN t.score IS NOT NULL OR (t.uid = 0 AND t.name <> 'root') THEN 'high'
    WHEN t.installed IS NOT NULL AND t.ts <= t.installed + :install_hours * 3600000000 THEN 'info'
    WHEN t.uid < 1000 AND t.packages > 0 THEN 'info'
    WHEN nb.score IS NOT NULL THEN 'high'
    WHEN t.login_id IS NULL AND t.actor IS NULL AND t.uid >= 1000
      AND EXISTS (SELECT 1 FROM login x WHERE x.host_id = t.host_id AND x.kind = 'user') THEN 'medium'
    ELSE 'low' END AS severity,
  CASE WHEN t.basis IN ('same-session', 'sudo-command') THEN 90 WHEN t.login_id IS NOT NULL THEN 75 ELSE 60 END AS confidence,
  json_array(t.event_id) AS cite_trigger,
  (SELECT json_group_array(e) FROM (SELECT t.login_event AS e UNION SELECT t.via_event) WHERE e IS NOT NULL) AS cite_cause,
  (SELECT json_group_array(e) FROM (
    SELECT n.first_event AS e WHERE n.first_event IS NOT NULL
    UNION SELECT a.event_id FROM act a WHERE a.host_id = t.host_id AND a.target_name = t.name AND a.ts BETWEEN t.ts AND t.ts + 3600000000
      AND a.what IN ('iam-member-added', 'iam-password-changed', 'iam-password-reset', 'iam-user-enabled', 'iam-user-changed')
    UNION SELECT ac.event_id FROM account_first_file ac WHERE ac.host_id = t.host_id AND ac.user_name = t.name AND ac.ts >= t.ts - 2000000))
    AS cite_effect,
  (SELECT json_group_array(m.event_id) FROM made m WHERE m.host_id = t.host_id AND m.name = t.name AND m.ts / 60000000 = t.ts / 60000000
    AND m.event_id <> t.event_id) AS cite_context
FROM told t LEFT JOIN login n ON n.login_id = t.next_login LEFT JOIN bad_session nb ON nb.login_id = t.next_login
ORDER BY t.ts, t.event_id
