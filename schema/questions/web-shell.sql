-- title: {file_path} looks like a web shell
-- meaning: A script in a web root that no package owns, and that came or is used as back doors are - written by a request or an
--   unknown uploader, owned by the server's own account, asked for by few addresses, with commands as parameters.
-- phase: initial-access
-- severity: high
-- confidence: 75
-- attack: T1505.003
-- needs: Access logs of the web server, and file times.
-- wrong-when: An administrator's own upload form or status page that few people use; a new page of a site with few visitors.
-- sentence: {file_path} is {reasons}[; {requests} requests from {addresses} addresses between {first_ts} and {last_ts}][, first by {source_ip}].
-- finding: yes
SELECT w.path AS subject, w.host_id AS host_id, w.path AS file_path, w.reasons AS reasons, nullif(w.requests, 0) AS requests,
  w.addresses AS addresses, w.first_address AS source_ip, coalesce(w.first_ts, f.birth_ts) AS first_ts, coalesce(w.last_ts, f.birth_ts) AS last_ts,
  CASE WHEN w.score >= 100 OR f.in_bad_session THEN 'high' WHEN w.score >= 80 THEN 'medium' ELSE 'low' END AS severity,
  min(95, 40 + w.score / 3) AS confidence, $TIME(f.birth_ts) AS born_utc
FROM web_shell w JOIN suspect_file f ON f.file_id = w.file_id ORDER BY f.birth_ts
-- events:
WITH shell AS MATERIALIZED (SELECT w.path AS subject, w.host_id AS host_id, w.file_id AS file_id, w.uid AS uid, f.birth_event AS birth_event,
    f.birth_ts AS birth_ts, f.by_request AS by_request, f.by_upload AS by_upload
  FROM web_shell w JOIN suspect_file f ON f.file_id = w.file_id),
asked AS MATERIALIZED (SELECT s.subject AS subject, s.host_id AS host_id, r.event_id AS event_id, r.ts AS ts, s.uid AS uid
  FROM shell s JOIN web_shell_request r ON r.file_id = s.file_id LIMIT 5000)
SELECT subject, host_id, birth_event AS event_id, 'trigger' AS role FROM shell
UNION ALL SELECT subject, host_id, by_request, 'cause' FROM shell WHERE by_request IS NOT NULL
UNION ALL SELECT subject, host_id, by_upload, 'cause' FROM shell WHERE by_upload IS NOT NULL
UNION ALL SELECT s.subject, s.host_id, t.event_id, 'effect' FROM shell s CROSS JOIN file_time t ON t.event_id >= s.file_id * 8
  AND t.event_id < s.file_id * 8 + 8 AND t.event_id <> s.birth_event
UNION ALL SELECT subject, host_id, event_id, 'effect' FROM asked
-- What the server's account wrote within seconds of a request for the script.
UNION ALL SELECT a.subject, a.host_id, t.event_id, 'effect' FROM asked a
  CROSS JOIN file_time t ON t.ts BETWEEN a.ts - 1000000 AND a.ts + 5000000 AND t.macb & 13
  CROSS JOIN file f ON f.file_id = t.event_id >> 3 AND f.uid = a.uid AND f.type = 1 AND a.uid <> 0
  JOIN dir d ON d.dir_id = f.dir_id JOIN volume v ON v.volume_id = d.volume_id AND v.host_id = a.host_id
  WHERE d.path NOT GLOB '/var/log*'
