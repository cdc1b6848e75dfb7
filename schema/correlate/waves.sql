-- Runs of failed tries by peer: a pause over six hours ends one.
INSERT INTO attack_wave(host_id, source_ip, source_host, service_name, basis, parser, first_ts, last_ts, failures, users,
  first_event, last_event, users_sample)
WITH marked AS MATERIALIZED (
  SELECT host_id, peer, is_ip, class, parser, service, user, ts, n, event_id,
    sum(starts) OVER (PARTITION BY host_id, peer, class, parser ORDER BY ts, event_id) AS wave
  FROM (SELECT *, CASE WHEN ts - lag(ts) OVER (PARTITION BY host_id, peer, class, parser ORDER BY ts, event_id)
      <= 21600000000 THEN 0 ELSE 1 END AS starts
    FROM temp.failure WHERE peer <> 0)),
waves AS (
  SELECT host_id, peer, max(is_ip) AS is_ip, class, parser, max(service) AS service, min(ts) AS first_ts, max(ts) AS last_ts,
    sum(n) AS failures, count(DISTINCT user) AS users, min(event_id) AS low, max(event_id) AS high, wave
  FROM marked GROUP BY host_id, peer, class, parser, wave)
SELECT w.host_id, CASE WHEN w.is_ip THEN p.value END, CASE WHEN NOT w.is_ip THEN p.value END, sv.value,
  CASE w.class WHEN 1 THEN 'login' WHEN 2 THEN 'invalid-user' WHEN 3 THEN 'message' ELSE 'probe' END,
  w.parser, w.first_ts, w.last_ts, w.failures, w.users,
  (SELECT f.event_id FROM temp.failure f WHERE f.host_id = w.host_id AND f.peer = w.peer AND f.ts >= w.first_ts
    AND f.class = w.class AND f.parser = w.parser ORDER BY f.ts, f.event_id LIMIT 1),
  (SELECT f.event_id FROM temp.failure f WHERE f.host_id = w.host_id AND f.peer = w.peer AND f.ts <= w.last_ts
    AND f.class = w.class AND f.parser = w.parser ORDER BY f.ts DESC, f.event_id DESC LIMIT 1),
  (SELECT group_concat(value, ', ') FROM (SELECT DISTINCT u.value AS value FROM (SELECT f.user FROM temp.failure f
    WHERE f.host_id = w.host_id AND f.peer = w.peer AND f.ts BETWEEN w.first_ts AND w.last_ts AND f.class = w.class
      AND f.user IS NOT NULL LIMIT 400) q JOIN string u ON u.string_id = q.user LIMIT 6))
FROM waves w JOIN string p ON p.string_id = w.peer LEFT JOIN string sv ON sv.string_id = w.service
ORDER BY w.host_id, w.first_ts, w.peer, w.class, w.parser;

-- Where failed tries would be seen: by log and service, with how many there are. Windows and btmp name no service.
INSERT OR REPLACE INTO failure_cover
SELECT s.host_id, s.parser, l.log || coalesce(' ' || sv.value, ''), min(s.first_ts), max(s.last_ts), sum(q.n)
FROM (SELECT event_id >> 32 AS source_id, service, count(*) AS n FROM temp.failure WHERE class <= 3 GROUP BY 1, 2) q
JOIN source s ON s.source_id = q.source_id JOIN temp.log_of_source l ON l.source_id = s.source_id
LEFT JOIN string sv ON sv.string_id = q.service
GROUP BY s.host_id, s.parser, l.log, sv.value;
