-- title: Guessed password: {user_name} from {peer}
-- meaning: Failed logins from one address (or of one account from many addresses) in the 24 hours before a successful
--   login by the same. Counted are tries since the last login from there that was no guess; the same try in several
--   logs counts once.
-- phase: initial-access
-- severity: high
-- confidence: 85
-- attack: T1110.001
-- needs: A log of failed and of successful logins (auth.log, secure, btmp and wtmp; the Security log with failures audited).
-- wrong-when: Somebody forgot a password and tried on from an address the account never used before; or several people
--   share the address. Guessing slower than three tries a day is not seen.
-- sentence: {user_name} logged in to {host} from {peer} at {first_ts} with a guessed password: {why}.[ It was used {logins}
--   times, last at {last_ts}.][ The tries went for: {tried}.]
-- finding: yes
WITH won AS MATERIALIZED (
  SELECT l.login_id, l.host_id, l.user_name, coalesce(l.source_ip, l.source_host) AS peer, l.source_ip, l.source_host, l.service_name,
    l.login_ts, l.first_event, l.last_event, l.verdict_why, l.failures_before, l.users_tried, l.is_admin,
    row_number() OVER (PARTITION BY l.host_id, l.user_name, coalesce(l.source_ip, l.source_host) ORDER BY l.login_ts, l.login_id)
      AS nth,
    count(*) OVER (PARTITION BY l.host_id, l.user_name, coalesce(l.source_ip, l.source_host)) AS logins,
    max(l.login_ts) OVER (PARTITION BY l.host_id, l.user_name, coalesce(l.source_ip, l.source_host)) AS last_ts
  FROM login l WHERE l.verdict = 'guessed')
SELECT w.user_name || ' from ' || w.peer AS subject, w.host_id, h.name AS host, w.user_name AS user_name, w.source_ip AS source_ip,
  w.peer AS peer, w.service_name AS service, $TIME(w.login_ts) AS login_utc, w.failures_before AS failures,
  w.users_tried AS users_tried, 'guessed' AS verdict, w.verdict_why AS why, w.login_ts AS first_ts, w.last_ts AS last_ts,
  CASE WHEN w.logins > 1 THEN w.logins END AS logins,
  CASE WHEN w.is_admin = 1 THEN 'critical' ELSE 'high' END AS severity,
  CASE WHEN w.source_ip IS NULL THEN (SELECT a.users_sample FROM attack_source a WHERE a.host_id = w.host_id
      AND a.source_host = w.source_host AND a.basis <> 'probe' ORDER BY a.users DESC, a.attack_id LIMIT 1)
    ELSE (SELECT group_concat(u.value, ', ') FROM (SELECT DISTINCT e.user AS user FROM event e
      JOIN source s ON s.source_id = e.event_id >> 32 AND s.host_id = w.host_id
      JOIN kind k ON k.kind_id = e.kind AND k.action IN ('login', 'invalid-user') AND k.outcome IS NOT 'success'
      WHERE e.addr = (SELECT string_id FROM string WHERE value = w.source_ip) AND e.user IS NOT NULL
        AND e.ts BETWEEN w.login_ts - 86400000000 AND w.login_ts LIMIT 6) t JOIN string u ON u.string_id = t.user) END AS tried,
  json_array(w.first_event) AS cite_trigger,
  -- By an address the tries themselves are cited, below.
  (SELECT json_group_array(e) FROM (SELECT a.first_event AS e FROM attack_source a WHERE a.host_id = w.host_id
      AND a.source_host = w.source_host AND w.source_ip IS NULL AND a.first_ts BETWEEN w.login_ts - 86400000000 AND w.login_ts
    UNION SELECT a.last_event FROM attack_source a WHERE a.host_id = w.host_id AND a.source_host = w.source_host
      AND w.source_ip IS NULL AND a.last_ts BETWEEN w.login_ts - 86400000000 AND w.login_ts)) AS cite_cause,
  (SELECT json_group_array(o.first_event) FROM won o WHERE o.host_id = w.host_id AND o.user_name = w.user_name AND o.peer = w.peer
    AND o.nth > 1) AS cite_effect
FROM won w JOIN host h ON h.host_id = w.host_id
WHERE w.nth = 1
ORDER BY w.login_ts, w.login_id

-- events:
-- The tries themselves: those next before the login and the first ones, so that a long attack is shown by both its ends.
WITH won AS MATERIALIZED (
  SELECT l.host_id, l.user_name, l.source_ip, coalesce(l.source_ip, l.source_host) AS peer, min(l.login_ts) AS ts, s.string_id AS addr
  FROM login l JOIN string s ON s.value = l.source_ip WHERE l.verdict = 'guessed' GROUP BY 1, 2, 4),
tries AS MATERIALIZED (
  SELECT w.host_id, w.user_name, w.peer, e.event_id, e.ts,
    row_number() OVER (PARTITION BY w.host_id, w.user_name, w.peer ORDER BY e.ts DESC, e.event_id DESC) AS late,
    row_number() OVER (PARTITION BY w.host_id, w.user_name, w.peer ORDER BY e.ts, e.event_id) AS early
  FROM won w JOIN event e ON e.addr = w.addr AND e.ts BETWEEN w.ts - 86400000000 AND w.ts
  JOIN kind k ON k.kind_id = e.kind AND k.action IN ('login', 'invalid-user') AND k.outcome IS NOT 'success'
  JOIN source s ON s.source_id = e.event_id >> 32 AND s.host_id = w.host_id)
SELECT host_id, user_name || ' from ' || peer AS subject, event_id, 'cause' AS role FROM tries WHERE late <= 40 OR early <= 20
