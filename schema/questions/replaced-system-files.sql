-- title: {file_path} is not the file that {package} brought
-- meaning: Programs and libraries whose content differs from the digest that the package database holds, with when their inode was
--   last changed and in whose session.
-- phase: persistence
-- severity: high
-- confidence: 85
-- attack: T1554
-- needs: The package database with digests (dpkg).
-- wrong-when: An administrator replaced the program on purpose (own build, dpkg-divert by hand); prelink rewrites programs; a package
--   was being upgraded when the machine stopped.
-- sentence: {file_path} of the package {package} has the md5 {md5_found}, not {md5}; its inode was last changed at {first_ts}[, {how}].
-- finding: yes
WITH odd AS MATERIALIZED (
  SELECT p.host_id AS host_id, p.path AS path, p.package AS package, p.md5 AS md5, p.md5_found AS md5_found, f.file_id AS file_id
  FROM package_file p JOIN volume v ON v.host_id = p.host_id
  JOIN dir d ON d.volume_id = v.volume_id AND d.path = coalesce(nullif(rtrim(rtrim(p.path, replace(p.path, '/', '')), '/'), ''), '/')
  JOIN file f ON f.dir_id = d.dir_id AND f.name = substr(p.path, length(rtrim(p.path, replace(p.path, '/', ''))) + 1)
  WHERE p.md5_found IS NOT NULL AND p.md5 IS NOT NULL AND p.md5_found <> p.md5 AND p.conffile = 0 AND f.state & 7 = 0),
dated AS MATERIALIZED (
  SELECT o.*, t.ts AS ts, t.event_id AS event_id FROM odd o
  JOIN file_time t ON t.event_id >= o.file_id * 8 AND t.event_id < o.file_id * 8 + 8 AND t.macb & 4)
SELECT o.path AS subject, o.host_id AS host_id, o.path AS file_path, o.package AS package, o.md5 AS md5, o.md5_found AS md5_found,
  o.ts AS first_ts, o.ts AS last_ts, $TIME(o.ts) AS changed_utc,
  CASE WHEN EXISTS (SELECT 1 FROM package_run r WHERE r.host_id = o.host_id AND r.from_ts <= o.ts AND r.to_ts >= o.ts)
    THEN 'low' ELSE 'high' END AS severity,
  CASE WHEN l.login_id IS NULL THEN 'while nobody was logged on who could have done it'
    ELSE 'in the session of ' || l.user_name || coalesce(' from ' || l.source_ip, '') || coalesce(' (' || b.reasons || ')', '') END AS how,
  l.user_name AS user_name, l.source_ip AS source_ip,
  o.event_id AS cite_trigger, json_array(l.first_event) AS cite_cause,
  (SELECT json_group_array(t.event_id) FROM file_time t WHERE t.event_id >= o.file_id * 8 AND t.event_id < o.file_id * 8 + 8
    AND t.event_id <> o.event_id) AS cite_effect
FROM dated o LEFT JOIN login l ON l.login_id = (SELECT s.login_id FROM login s LEFT JOIN bad_session x ON x.login_id = s.login_id
  WHERE s.host_id = o.host_id AND s.kind = 'user' AND s.login_ts <= o.ts + 5000000 AND coalesce(s.until_ts, s.login_ts) >= o.ts - 5000000
    AND s.is_admin = 1 ORDER BY (x.login_id IS NOT NULL) DESC, s.login_ts DESC LIMIT 1)
LEFT JOIN bad_session b ON b.login_id = l.login_id
ORDER BY o.ts, o.path LIMIT 1000
