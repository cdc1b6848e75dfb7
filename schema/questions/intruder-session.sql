-- title: Session of {user} from {place}: not to be trusted
-- meaning: Each session that is not to be trusted, with its beginning and end and everything done in it: sudo and su,
--   accounts, passwords, groups, packages, transfers. What the address and the accounts it made did elsewhere is context.
-- phase: initial-access
-- severity: high
-- confidence: 70
-- attack: T1078
-- needs: Logs of logins; the more of them, the more acts are found.
-- wrong-when: The reasons are wrong (see them); an act of another session with the same powers at the same time is
--   counted here too.
-- sentence: {user} was logged in to {host} from {place}[, {login_ts} to {ended}]: {reasons}.[ Done in it: {done}.]{open}
-- finding: yes
WITH bad AS MATERIALIZED (
  SELECT b.login_id, b.score, b.all_reasons AS reasons, l.host_id, l.kind, l.user_name, l.source_ip, l.source_host, l.tty, l.login_ts, l.logout_ts,
    l.until_ts, l.logout_basis, l.first_event, l.last_event
  FROM bad_session b JOIN login l ON l.login_id = b.login_id WHERE l.kind NOT IN ('su', 'sudo'))
SELECT coalesce(b.user_name, '?') || ' from ' || coalesce(b.source_ip, b.source_host, b.tty, '?') || ' at '
    || substr($TIME(coalesce(b.login_ts, b.logout_ts)), 1, 19) || ' ' || b.kind AS subject,
  b.host_id, h.name AS host, coalesce(b.user_name, 'somebody') AS user, b.user_name AS user_name, b.source_ip AS source_ip,
  coalesce(b.source_ip, b.source_host, b.tty, 'an unknown place') AS place, $TIME(b.login_ts) AS login_utc,
  b.kind AS kind, b.login_ts AS login_ts, CASE WHEN b.logout_ts IS NOT NULL THEN substr($TIME(b.logout_ts), 1, 19) || 'Z' ELSE 'an unknown end' END AS ended,
  b.reasons AS reasons,
  (SELECT group_concat(n || ' ' || what, ', ') FROM (SELECT replace(replace(a.what, 'authentication-', ''), 'iam-', '') AS what, count(*) AS n
    FROM act a WHERE a.login_id = b.login_id GROUP BY 1 ORDER BY 1)) AS done,
  CASE WHEN b.login_ts IS NULL THEN ' Its login was taken out of the log.' WHEN b.logout_basis IN ('open', 'image-end')
    THEN ' No record ends it.' ELSE '' END AS open,
  coalesce(b.login_ts, b.logout_ts) AS first_ts, coalesce(b.logout_ts, b.login_ts) AS last_ts,
  CASE WHEN b.score >= 70 THEN 'high' ELSE 'medium' END AS severity, min(95, b.score) AS confidence,
  CASE WHEN b.logout_basis = 'recorded' THEN json_array(b.first_event, b.last_event) ELSE json_array(b.first_event) END AS cite_trigger,
  (SELECT json_group_array(s.event_id) FROM suspicion s WHERE s.login_id = b.login_id AND s.event_id IS NOT NULL) AS cite_cause
FROM bad b JOIN host h ON h.host_id = b.host_id
ORDER BY coalesce(b.login_ts, b.logout_ts), b.login_id

-- events:
WITH bad AS MATERIALIZED (
  SELECT b.login_id, l.host_id, l.login_ts, l.logout_ts, l.until_ts, l.source_ip,
    coalesce(l.user_name, '?') || ' from ' || coalesce(l.source_ip, l.source_host, l.tty, '?') || ' at '
    || substr($TIME(coalesce(l.login_ts, l.logout_ts)), 1, 19) || ' ' || l.kind AS subject,
    row_number() OVER (PARTITION BY l.host_id, l.source_ip ORDER BY coalesce(l.login_ts, l.logout_ts), l.login_id) AS nth
  FROM bad_session b JOIN login l ON l.login_id = b.login_id WHERE l.kind NOT IN ('su', 'sudo')),
records AS MATERIALIZED (
  SELECT b.host_id, b.subject, e.event_id, 'effect' AS role FROM bad b JOIN login_event e ON e.login_id = b.login_id
  UNION ALL
  SELECT b.host_id, b.subject, a.event_id, 'effect' FROM bad b JOIN act a ON a.login_id = b.login_id
  UNION ALL
  SELECT b.host_id, b.subject, e.event_id, 'effect' FROM bad b JOIN login v ON v.parent_login = b.login_id
    JOIN login_event e ON e.login_id = v.login_id),
-- Other rows of the address, told once: at its first bad session.
elsewhere AS MATERIALIZED (
  SELECT b.host_id, b.subject, e.event_id, row_number() OVER (PARTITION BY b.login_id ORDER BY e.ts, e.event_id) AS n
  FROM bad b JOIN string s ON s.value = b.source_ip JOIN event e ON e.addr = s.string_id
  WHERE b.nth = 1 LIMIT 200000)
SELECT host_id, subject, event_id, role FROM records
UNION ALL SELECT host_id, subject, event_id, 'context' FROM elsewhere WHERE n <= 500
