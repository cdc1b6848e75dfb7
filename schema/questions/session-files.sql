-- title: Files that the sessions touched
-- meaning: For each session of an account: files of its owner (and of root, where it had the powers) made, changed or deleted between
--   its two ends, give or take five seconds.
-- phase: context
-- severity: info
-- confidence: 50
-- attack: none
-- parameter: user = '' : one account; empty for all
-- parameter: session = 0 : one session (login_id of necropsy logins); 0 for all
-- needs: Sessions and file times.
-- wrong-when: Daemons and other sessions of the same owner write at the same time; only the last change of a file has a time.
-- sentence: {user_name}: {macb} {file_path}.
-- finding: no
WITH s AS MATERIALIZED (
  SELECT l.login_id AS login_id, l.host_id AS host_id, l.user_name AS user_name, l.source_ip AS source_ip, l.login_ts AS login_ts,
    coalesce(l.logout_ts, min(coalesce(l.until_ts, l.login_ts), l.login_ts + 86400000000)) AS until_ts, CAST(a.account_id AS INTEGER) AS uid,
    l.is_admin AS is_admin
  FROM login l LEFT JOIN account a ON a.host_id = l.host_id AND a.user_name = l.user_name AND a.source = 'passwd'
  WHERE l.login_ts IS NOT NULL AND l.kind IN ('user', 'ftp') AND (:user = '' OR l.user_name = :user)
    AND (:session = 0 OR l.login_id = :session) GROUP BY l.login_id)
SELECT s.login_id AS login_id, s.user_name AS user_name, s.source_ip AS source_ip, $TIME(t.ts) AS time_utc,
  CASE WHEN t.macb & 15 THEN $MACB(t.macb) ELSE 'deleted' END AS macb, $PATH(d.path, f.name) AS file_path, f.uid AS uid, f.size AS size,
  t.event_id AS event_id
FROM s JOIN file_time t ON t.ts BETWEEN s.login_ts - 5000000 AND s.until_ts + 5000000
JOIN file f ON f.file_id = t.event_id >> 3 JOIN dir d ON d.dir_id = f.dir_id
JOIN volume v ON v.volume_id = d.volume_id AND v.host_id = s.host_id
WHERE (t.macb & 13 OR t.macb & 15 = 0) AND (s.uid IS NULL OR f.uid = s.uid OR (f.uid = 0 AND s.is_admin = 1))
ORDER BY s.login_id, t.ts, t.event_id
LIMIT 100000
