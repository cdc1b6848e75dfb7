-- title: {log_path} was tampered with
-- meaning: Signs inside the books of logins that records were taken out or overwritten: a logout without its login, records
--   of zeros, time going back, a boot that is not there, sessions that another log holds and it has not (and the reverse),
--   and single lines of a session that were cut out of auth.log.
-- phase: defense-evasion
-- severity: high
-- confidence: 75
-- attack: T1070.006
-- needs: wtmp or utmp; for sessions lost by one log, both wtmp and auth.log or secure.
-- wrong-when: A crash leaves zeros at the end; a clock that was set without a record steps back; sessions without a
--   terminal never stand in wtmp; a log whose older part was deleted by rotation looks as if it lost logins.
-- sentence: {log_path} on {host} {details}.
-- finding: yes
WITH signs AS MATERIALIZED (
  SELECT s.host_id, s.log_path, s.sign, s.ts, s.event_id, s.other_event, s.score, s.detail, s.login_id
  FROM log_sign s WHERE s.sign IN ('zeroed', 'back-in-time', 'boot-missing', 'orphan-logout', 'login-missing', 'session-missing',
    'lines-missing')),
grouped AS MATERIALIZED (
  SELECT host_id, log_path, max(score) AS strongest, sum(score) AS score, count(*) AS n, min(ts) AS first_ts, max(ts) AS last_ts
  FROM signs GROUP BY host_id, log_path)
SELECT g.log_path AS subject, g.host_id, h.name AS host, g.log_path AS log_path, g.log_path AS file_path, g.n AS signs,
  (SELECT group_concat(detail, '; it ') FROM (SELECT s.detail FROM signs s WHERE s.host_id = g.host_id AND s.log_path = g.log_path
    ORDER BY s.score DESC, s.ts, s.event_id LIMIT 5)) || CASE WHEN g.n > 5 THEN '; and ' || (g.n - 5) || ' more' ELSE '' END AS details,
  CASE WHEN g.strongest >= 60 THEN 'high' WHEN g.strongest >= 40 THEN 'medium' WHEN g.score >= 60 AND g.strongest >= 30 THEN 'medium'
    WHEN g.strongest >= 30 OR g.n >= 5 THEN 'low' ELSE 'info' END AS severity,
  min(90, 30 + g.score / 2) AS confidence, g.first_ts AS first_ts, g.last_ts AS last_ts,
  (SELECT json_group_array(event_id) FROM (SELECT s.event_id FROM signs s WHERE s.host_id = g.host_id AND s.log_path = g.log_path
    ORDER BY s.score DESC, s.ts LIMIT 200)) AS cite_trigger,
  (SELECT json_group_array(other_event) FROM (SELECT s.other_event FROM signs s WHERE s.host_id = g.host_id
    AND s.log_path = g.log_path AND s.other_event IS NOT NULL LIMIT 50)) AS cite_context
FROM grouped g JOIN host h ON h.host_id = g.host_id
ORDER BY g.first_ts, g.log_path
