-- title: Files made or changed in the session of {user_name}
-- meaning: What a bad session wrote - files of its account, and of root where it had the powers - born, changed or written between its
--   two ends. Logs that daemons write all the time are left out.
-- phase: execution
-- severity: medium
-- confidence: 60
-- attack: none
-- needs: Sessions and file times.
-- wrong-when: Another session or a daemon of the same owner wrote in the same minutes; a later change hides the earlier one.
-- sentence: While {user_name} was logged on[ from {source_ip}] ({reasons}), {files} files were made or changed[, among them {example}].
-- finding: yes
WITH bad AS MATERIALIZED (
  SELECT l.login_id AS login_id, l.host_id AS host_id, l.user_name AS user_name, l.source_ip AS source_ip, l.login_ts AS login_ts,
    coalesce(l.logout_ts, min(coalesce(l.until_ts, l.login_ts), l.login_ts + 86400000000)) AS until_ts, l.first_event AS first_event, b.reasons AS reasons,
    CAST(a.account_id AS INTEGER) AS uid, l.is_admin AS is_admin
  FROM bad_session b JOIN login l ON l.login_id = b.login_id
  LEFT JOIN account a ON a.host_id = l.host_id AND a.user_name = l.user_name AND a.source = 'passwd'
  WHERE l.login_ts IS NOT NULL AND l.kind IN ('user', 'ftp') GROUP BY l.login_id),
wrote AS MATERIALIZED (
  SELECT s.login_id AS login_id, t.event_id AS event_id, t.ts AS ts, $PATH(d.path, f.name) AS path, f.type AS type
  FROM bad s JOIN file_time t ON t.ts BETWEEN s.login_ts - 5000000 AND s.until_ts + 5000000
  JOIN file f ON f.file_id = t.event_id >> 3 JOIN dir d ON d.dir_id = f.dir_id
  JOIN volume v ON v.volume_id = d.volume_id AND v.host_id = s.host_id
  WHERE t.macb & 13 AND f.type IN (1, 3) AND (f.uid = s.uid OR s.uid IS NULL OR s.is_admin = 1)
    -- Daemons write logs all the time; a log that is born anew was put in another one's place.
    AND (d.path NOT GLOB '/var/log*' OR t.macb & 8) AND d.path NOT GLOB '/var/lib/dpkg*' AND d.path NOT GLOB '/var/cache/*' AND d.path NOT GLOB '/run*'
    AND d.path NOT GLOB '/var/run*' AND d.path NOT GLOB '/var/lib/mysql*' AND d.path NOT GLOB '/var/lib/logrotate*'
    AND NOT EXISTS (SELECT 1 FROM package_file p WHERE p.host_id = s.host_id AND p.path = $PATH(d.path, f.name)
      AND (p.md5_found IS NULL OR p.md5_found = p.md5))
  LIMIT 20000)
SELECT b.user_name || ' ' || b.login_ts AS subject, b.host_id AS host_id, b.user_name AS user_name, b.source_ip AS source_ip,
  b.reasons AS reasons, count(DISTINCT w.path) AS files, min(w.path) AS example, min(w.ts) AS first_ts, max(w.ts) AS last_ts,
  json_group_array(w.event_id) AS cite_trigger, json_array(b.first_event) AS cite_cause
FROM bad b JOIN wrote w ON w.login_id = b.login_id GROUP BY b.login_id ORDER BY first_ts
