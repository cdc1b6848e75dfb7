-- title: {user_name} uploaded {name} by ftp from {source_ip}
-- meaning: Uploads by ftp, with the file they made and who sent it.
-- phase: initial-access
-- severity: info
-- confidence: 80
-- attack: T1105
-- needs: The log of the ftp server (vsftpd, xferlog).
-- wrong-when: The file was replaced by another of the same name later; ordinary deliveries are uploads too.
-- sentence: {user_name} uploaded {name} by ftp from {source_ip} at {first_ts}[, {size} bytes][; {why}].
-- finding: yes
WITH up AS MATERIALIZED (
  SELECT e.event_id AS event_id, e.ts AS ts, s.host_id AS host_id, u.value AS user_name, a.value AS source_ip, p.value AS path,
    x.file_size AS size, coalesce(k.login_id, (SELECT le.login_id FROM login_event le WHERE le.event_id = e.event_id LIMIT 1)) AS login_id
  FROM event e JOIN source s ON s.source_id = e.event_id >> 32 LEFT JOIN event_extra x ON x.event_id = e.event_id
  LEFT JOIN string u ON u.string_id = e.user LEFT JOIN string a ON a.string_id = e.addr LEFT JOIN string p ON p.string_id = e.path
  LEFT JOIN act k ON k.event_id = e.event_id
  WHERE e.kind >= 128 AND e.kind IN (SELECT kind_id FROM kind WHERE category = 'ftp' AND action = 'upload' AND outcome IS NOT 'failure'))
SELECT up.path || ' ' || up.ts AS subject, up.host_id AS host_id, coalesce(up.user_name, 'somebody') AS user_name, up.source_ip AS source_ip,
  up.path AS name, f.path AS file_path, up.size AS size, up.ts AS first_ts, up.ts AS last_ts, $TIME(up.ts) AS time_utc,
  CASE WHEN b.login_id IS NOT NULL OR w.file_id IS NOT NULL THEN 'high' ELSE 'info' END AS severity,
  CASE WHEN w.file_id IS NOT NULL THEN 'it is the web shell ' || w.path WHEN b.login_id IS NOT NULL THEN b.reasons END AS why,
  up.event_id AS cite_trigger, json_array(f.birth_event) AS cite_effect, json_array(l.first_event) AS cite_cause
FROM up LEFT JOIN suspect_file f ON f.by_upload = up.event_id LEFT JOIN web_shell w ON w.file_id = f.file_id
LEFT JOIN login l ON l.login_id = up.login_id LEFT JOIN bad_session b ON b.login_id = up.login_id
WHERE b.login_id IS NOT NULL OR f.file_id IS NOT NULL OR (SELECT count(*) FROM up) <= 200
ORDER BY up.ts LIMIT 500
