-- title: Hole in {log_path}
-- meaning: A silence of a log far beyond its own habit while the machine was on, a missing part of a rotated log, or
--   record numbers that are left out.
-- phase: defense-evasion
-- severity: low
-- confidence: 50
-- attack: T1070.002
-- needs: Some weeks of the log, to know its habit; other logs of the same machine, to know that it was on.
-- wrong-when: Holidays, a daemon that was off, a service that nobody used.
-- sentence: {log_path} on {host} {detail}[, from {first_ts} to {last_ts}].[ Its pauses are usually not longer than {usual}.][
--   Sessions inside the hole: {sessions}.]
-- finding: yes
WITH holes AS MATERIALIZED (
  SELECT g.host_id, g.log_path, g.gap_from, g.gap_to, g.expected_interval_s AS habit, g.reason, g.before_event, g.after_event,
    (g.gap_to - g.gap_from) / 1000000.0 AS seconds, g.reason LIKE 'silent while%' AS others_go_on,
    (g.log_path LIKE '%/auth.log' OR g.log_path LIKE '%/secure' OR g.log_path LIKE '%/messages' OR g.log_path LIKE '%/syslog'
      OR g.log_path LIKE '%Evt' OR g.log_path LIKE '%evtx' OR g.log_path LIKE '%/cron') AS is_steady
  FROM gap g WHERE g.log_path <> '(all)' AND g.expected_interval_s IS NOT NULL)
SELECT o.log_path || ' ' || substr($TIME(o.gap_from), 1, 19) AS subject, o.host_id, h.name AS host, o.log_path AS log_path,
  o.log_path AS file_path, 'has no record: ' || o.reason AS detail, $TIME(o.gap_from) AS from_utc, $TIME(o.gap_to) AS to_utc,
  CASE WHEN o.habit >= 7200 THEN CAST(o.habit / 3600 AS INTEGER) || ' hours' WHEN o.habit >= 120 THEN CAST(o.habit / 60 AS INTEGER)
    || ' minutes' ELSE CAST(o.habit AS INTEGER) || ' seconds' END AS usual,
  (SELECT group_concat(who, ', ') FROM (SELECT DISTINCT coalesce(l.user_name, '?') || coalesce(' from ' || l.source_ip, '') AS who
    FROM login l WHERE l.host_id = o.host_id AND l.login_ts BETWEEN o.gap_from AND o.gap_to AND l.kind = 'user' LIMIT 5)) AS sessions,
  CASE WHEN o.others_go_on AND o.is_steady AND o.seconds >= 6 * o.habit AND o.seconds >= 3600 THEN 'medium' ELSE 'low' END AS severity,
  o.gap_from AS first_ts, o.gap_to AS last_ts, json_array(o.before_event, o.after_event) AS cite_trigger
FROM holes o JOIN host h ON h.host_id = o.host_id
UNION ALL
SELECT s.log_path || ' ' || s.sign || ' ' || substr($TIME(coalesce(s.ts, s.until_ts)), 1, 19), s.host_id, h.name, s.log_path, s.log_path, s.detail, $TIME(s.ts), $TIME(s.until_ts),
  NULL, NULL, CASE WHEN s.score >= 40 THEN 'medium' ELSE 'low' END, s.ts, s.until_ts, json_array(s.event_id, s.other_event)
FROM log_sign s JOIN host h ON h.host_id = s.host_id WHERE s.sign IN ('chain-broken', 'numbers-missing')
