-- title: {files} files were deleted in the session of {user_name}
-- meaning: Files that were deleted while a bad session was open and that its account, or root on its behalf, could delete. Where the
--   filesystem keeps a time of deletion it is that; else the last change of the inode, which is then the deletion.
-- phase: defense-evasion
-- severity: medium
-- confidence: 65
-- attack: T1070.004
-- needs: A filesystem that keeps deleted inodes (ext2/3/4: time of deletion; NTFS: entries that are not reused).
-- wrong-when: Daemons and cron jobs delete files of their own at any time; what they delete in the same minutes is counted too.
-- sentence: While {user_name} was logged on[ from {source_ip}] ({reasons}), {files} files were deleted[, among them {example}].
-- finding: yes
WITH bad AS MATERIALIZED (
  SELECT l.login_id AS login_id, l.host_id AS host_id, l.user_name AS user_name, l.source_ip AS source_ip, l.login_ts AS login_ts,
    coalesce(l.logout_ts, min(coalesce(l.until_ts, l.login_ts), l.login_ts + 86400000000)) AS until_ts, l.first_event AS first_event, b.reasons AS reasons,
    CAST(a.account_id AS INTEGER) AS uid, l.is_admin AS is_admin
  FROM bad_session b JOIN login l ON l.login_id = b.login_id
  LEFT JOIN account a ON a.host_id = l.host_id AND a.user_name = l.user_name AND a.source = 'passwd'
  WHERE l.login_ts IS NOT NULL AND l.kind = 'user' GROUP BY l.login_id),
gone AS MATERIALIZED (
  SELECT s.login_id AS login_id, t.event_id AS event_id, t.ts AS ts, $PATH(d.path, f.name) AS path
  FROM bad s JOIN file_time t ON t.ts BETWEEN s.login_ts - 5000000 AND s.until_ts + 5000000
  JOIN file f ON f.file_id = t.event_id >> 3 JOIN dir d ON d.dir_id = f.dir_id
  JOIN volume v ON v.volume_id = d.volume_id AND v.host_id = s.host_id
  WHERE t.macb & 15 = 0 AND f.state & 7 <> 0 AND f.type = 1 AND (f.uid = s.uid OR s.is_admin = 1 OR f.uid = 0)
    AND d.path NOT GLOB '/var/lib/dpkg*' AND d.path NOT GLOB '/var/cache/*' AND d.path NOT GLOB '/run*')
SELECT b.user_name || ' ' || b.login_ts AS subject, b.host_id AS host_id, b.user_name AS user_name, b.source_ip AS source_ip,
  b.reasons AS reasons, count(*) AS files, min(CASE WHEN g.path NOT GLOB '*OrphanFiles*' THEN g.path END) AS example,
  min(g.ts) AS first_ts, max(g.ts) AS last_ts, json_group_array(g.event_id) AS cite_trigger, json_array(b.first_event) AS cite_cause
FROM bad b JOIN gone g ON g.login_id = b.login_id GROUP BY b.login_id ORDER BY first_ts
