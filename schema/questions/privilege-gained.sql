-- title: {by_user} became {target} {often}
-- meaning: sudo and su: who became whom, how often, and in which sessions; refused tries too. In a bad session each is an
--   act of the intruder.
-- phase: privilege-escalation
-- severity: info
-- confidence: 90
-- attack: T1548.003
-- needs: sudo and su lines of auth.log, secure or messages.
-- wrong-when: Administrators do it all day: without a bad session it says only who has the power.
-- sentence: {by_user} became {target} on {host} {often}, from {first_ts} to {last_ts}[, refused {refused} times][, in a
--   session that is not to be trusted ({reasons})][: {commands}].
-- finding: yes
WITH used AS MATERIALIZED (
  SELECT a.host_id, a.user_name AS by_user, coalesce(a.target_name, 'root') AS target, a.event_id, a.ts, a.what LIKE '%-failed' AS refused,
    b.login_id AS bad_login, b.reasons AS reasons, c.value AS command
  FROM act a LEFT JOIN bad_session b ON b.login_id = a.login_id
  LEFT JOIN event_extra x ON x.event_id = a.event_id LEFT JOIN string c ON c.string_id = x.command
  WHERE a.what IN ('authentication-sudo', 'authentication-su', 'authentication-sudo-failed', 'authentication-su-failed')
    -- `sudo su` is told of twice: the second step is from root to root.
    AND a.user_name IS NOT NULL AND a.user_name <> coalesce(a.target_name, 'root')),
groups AS MATERIALIZED (
  SELECT host_id, by_user, target, bad_login, max(reasons) AS reasons, sum(NOT refused) AS times, sum(refused) AS refused,
    min(ts) AS first_ts, max(ts) AS last_ts, min(event_id) AS first_event
  FROM used GROUP BY host_id, by_user, target, bad_login)
SELECT g.by_user || ' to ' || g.target || coalesce(' in session of ' || substr($TIME(l.login_ts), 1, 19), '') AS subject, g.host_id,
  h.name AS host, g.by_user AS by_user, g.target AS target, g.by_user AS user_name, l.source_ip AS source_ip, g.times AS times,
  CASE g.times WHEN 0 THEN 'in no try' WHEN 1 THEN 'once' ELSE g.times || ' times' END AS often,
  nullif(g.refused, 0) AS refused, g.reasons AS reasons, g.first_ts AS first_ts, g.last_ts AS last_ts,
  (SELECT group_concat(command, ' · ') FROM (SELECT DISTINCT u.command FROM used u WHERE u.host_id = g.host_id AND u.by_user = g.by_user
    AND u.target = g.target AND u.bad_login IS g.bad_login AND u.command IS NOT NULL ORDER BY u.ts LIMIT 5)) AS commands,
  CASE WHEN g.bad_login IS NOT NULL THEN 'high' WHEN g.refused >= 3 THEN 'low' ELSE 'info' END AS severity,
  (SELECT json_group_array(event_id) FROM (SELECT u.event_id FROM used u WHERE u.host_id = g.host_id AND u.by_user = g.by_user
    AND u.target = g.target AND u.bad_login IS g.bad_login ORDER BY u.ts, u.event_id LIMIT 300)) AS cite_trigger,
  CASE WHEN l.first_event IS NOT NULL THEN json_array(l.first_event) END AS cite_cause
FROM groups g JOIN host h ON h.host_id = g.host_id LEFT JOIN login l ON l.login_id = g.bad_login
ORDER BY g.first_ts, g.first_event
