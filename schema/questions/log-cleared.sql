-- title: {log_path} was cleared or edited
-- meaning: A record that says a log was cleared (517, 1102, 104); a text log that is empty though it was in use; a log
--   that was changed long after its last line, or made anew later than its first line; several logs changed in one second;
--   a log daemon that stopped without a shutdown.
-- phase: defense-evasion
-- severity: medium
-- confidence: 70
-- attack: T1070.002
-- needs: The log files on a disk image (a copied folder has the times of the copy), or the event log itself.
-- wrong-when: Somebody restored the log from a backup or edited it for a good reason; a full disk cut it; a program that
--   writes whole blocks late.
-- sentence: {log_path} on {host} {details}.[ Open then: {who}.]
-- finding: yes
WITH signs AS MATERIALIZED (
  SELECT s.host_id, s.log_path, s.sign, s.ts, s.event_id, s.other_event, s.score, s.detail
  FROM log_sign s WHERE s.sign IN ('cleared', 'emptied', 'edited', 'rewritten', 'same-second', 'logger-stopped')),
grouped AS MATERIALIZED (
  SELECT host_id, log_path, max(score) AS strongest, sum(score) AS score, max(sign = 'cleared') AS cleared, min(ts) AS first_ts,
    max(ts) AS last_ts FROM signs GROUP BY host_id, log_path)
SELECT g.log_path AS subject, g.host_id, h.name AS host, g.log_path AS log_path, g.log_path AS file_path,
  (SELECT group_concat(detail, '; it ') FROM (SELECT s.detail FROM signs s WHERE s.host_id = g.host_id AND s.log_path = g.log_path
    ORDER BY s.score DESC, s.ts, s.event_id LIMIT 4)) AS details,
  (SELECT group_concat(who, ', ') FROM (SELECT DISTINCT coalesce(l.user_name, '?') || coalesce(' from ' || l.source_ip, '') AS who
    FROM login l WHERE l.host_id = g.host_id AND l.login_ts <= g.last_ts AND l.until_ts >= g.first_ts AND l.kind = 'user'
      AND l.login_ts > g.first_ts - 604800000000 ORDER BY 1 LIMIT 5)) AS who,
  CASE WHEN g.cleared OR g.score >= 60 THEN 'high' WHEN g.score >= 40 THEN 'medium' ELSE 'low' END AS severity,
  min(95, 30 + g.score) AS confidence, g.first_ts AS first_ts, g.last_ts AS last_ts,
  (SELECT json_group_array(event_id) FROM (SELECT DISTINCT s.event_id FROM signs s WHERE s.host_id = g.host_id
    AND s.log_path = g.log_path)) AS cite_trigger,
  (SELECT json_group_array(e) FROM (SELECT s.other_event AS e FROM signs s WHERE s.host_id = g.host_id AND s.log_path = g.log_path
      AND s.other_event IS NOT NULL
    UNION SELECT l.first_event FROM login l WHERE l.host_id = g.host_id AND l.login_ts <= g.last_ts AND l.until_ts >= g.first_ts
      AND l.kind = 'user' AND l.login_ts > g.first_ts - 604800000000 LIMIT 50)) AS cite_context
FROM grouped g JOIN host h ON h.host_id = g.host_id
ORDER BY g.first_ts, g.log_path
