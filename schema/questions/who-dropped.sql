-- title: Who can have made {path}
-- meaning: For one path - its times of birth and change, and the sessions, uploads, requests and package runs that cover them, best
--   explanation first.
-- phase: context
-- severity: info
-- confidence: 50
-- attack: none
-- parameter: path = '/tmp/*' : path as the machine saw it; * and ? are wildcards
-- needs: File times, and whatever logs tell of sessions, transfers and requests.
-- wrong-when: Several sessions were open; the time of birth is not kept (ext2, ext3) and a chmod renewed the change time.
-- sentence: {path}: {explanation}.
-- finding: no
WITH born AS MATERIALIZED (
  SELECT q.*, t.ts AS ts, t.event_id AS event_id,
    CASE WHEN t.macb & 8 THEN 'born' WHEN t.macb & 4 THEN 'inode changed' ELSE 'written' END AS what
  FROM (SELECT v.host_id AS host_id, f.file_id AS file_id, $PATH(d.path, f.name) AS path, f.name AS name, f.uid AS uid
      FROM dir d JOIN volume v ON v.volume_id = d.volume_id JOIN file f ON f.dir_id = d.dir_id
      WHERE $PATH(d.path, f.name) GLOB :path AND v.host_id IS NOT NULL LIMIT -1) q
  JOIN file_time t ON t.event_id >= q.file_id * 8 AND t.event_id < q.file_id * 8 + 8
  WHERE t.macb & 13 LIMIT 2000),
why AS (
  SELECT b.*, 1 AS rank, 'package run' AS explanation, NULL AS user_name, NULL AS source_ip, r.first_event AS because
  FROM born b JOIN package_run r ON r.host_id = b.host_id AND r.from_ts <= b.ts AND r.to_ts >= b.ts
  UNION ALL
  SELECT b.*, 0, 'upload', u.value, a.value, e.event_id FROM born b JOIN suspect_file s ON s.file_id = b.file_id
    JOIN event e ON e.event_id = s.by_upload LEFT JOIN string u ON u.string_id = e.user LEFT JOIN string a ON a.string_id = e.addr
  UNION ALL
  SELECT b.*, 0, 'web request', NULL, a.value, e.event_id FROM born b JOIN suspect_file s ON s.file_id = b.file_id
    JOIN event e ON e.event_id = s.by_request LEFT JOIN string a ON a.string_id = e.addr
  UNION ALL
  SELECT b.*, CASE WHEN CAST(c.account_id AS INTEGER) = b.uid THEN 1 WHEN l.is_admin = 1 THEN 2 ELSE 3 END,
    'session open' || CASE WHEN CAST(c.account_id AS INTEGER) = b.uid THEN ', owner of the file' WHEN l.is_admin = 1 THEN ', had the powers of root'
      ELSE ', without rights to it' END, l.user_name, l.source_ip, l.first_event
  FROM born b JOIN login l ON l.host_id = b.host_id AND l.kind IN ('user', 'ftp') AND l.login_ts <= b.ts + 5000000
    AND coalesce(l.until_ts, l.login_ts) >= b.ts - 5000000
  LEFT JOIN account c ON c.host_id = l.host_id AND c.user_name = l.user_name AND c.source = 'passwd'
  UNION ALL
  SELECT b.*, 9, 'nothing recorded explains it', NULL, NULL, NULL FROM born b)
SELECT path AS path, what AS what, $TIME(ts) AS time_utc, explanation AS explanation, user_name AS user_name, source_ip AS source_ip,
  uid AS owner_uid, event_id AS event_id, because AS because_event
FROM why ORDER BY path, ts, event_id, rank, because LIMIT 5000
