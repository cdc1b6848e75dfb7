-- Files that tell against a session: programs born in folders for scratch, and system programs that are not what their
-- package shipped, changed while it was open.
DROP TABLE IF EXISTS temp.odd_file;
CREATE TEMP TABLE odd_file(host_id INTEGER, ts INTEGER, event_id INTEGER PRIMARY KEY, path TEXT, uid INTEGER, what TEXT);
INSERT OR IGNORE INTO temp.odd_file
  SELECT q.host_id, ft.ts, ft.event_id, q.path, q.uid, 'scratch'
  FROM (SELECT v.host_id AS host_id, f.file_id AS file_id, $PATH(d.path, f.name) AS path, f.uid AS uid
      FROM dir d JOIN volume v ON v.volume_id = d.volume_id JOIN file f ON f.dir_id = d.dir_id
      WHERE (d.path IN ('/tmp', '/var/tmp', '/dev/shm') OR d.path GLOB '/tmp/*' OR d.path GLOB '/var/tmp/*' OR d.path GLOB '/dev/shm/*')
        AND f.type = 1 AND f.mode & 73 AND f.size > 0 AND v.host_id IS NOT NULL LIMIT -1) q
  JOIN file_time ft ON ft.event_id >= q.file_id * 8 AND ft.event_id < q.file_id * 8 + 8
  WHERE ft.macb & 8 OR (ft.macb & 4 AND NOT EXISTS (SELECT 1 FROM file_time b WHERE b.event_id >= q.file_id * 8
    AND b.event_id < q.file_id * 8 + 8 AND b.macb & 8));
INSERT OR IGNORE INTO temp.odd_file
  SELECT v.host_id, ft.ts, ft.event_id, p.path, f.uid, 'replaced'
  FROM package_file p
  JOIN volume v ON v.host_id = p.host_id
  JOIN dir d ON d.volume_id = v.volume_id AND d.path = coalesce(nullif(rtrim(rtrim(p.path, replace(p.path, '/', '')), '/'), ''), '/')
  JOIN file f ON f.dir_id = d.dir_id AND f.name = substr(p.path, length(rtrim(p.path, replace(p.path, '/', ''))) + 1)
  JOIN file_time ft ON ft.event_id >= f.file_id * 8 AND ft.event_id < f.file_id * 8 + 8
  WHERE p.md5_found IS NOT NULL AND p.md5 IS NOT NULL AND p.md5_found <> p.md5 AND p.conffile = 0 AND f.state & 7 = 0 AND ft.macb & 4
    AND (p.path GLOB '*/bin/*' OR p.path GLOB '*/sbin/*' OR p.path GLOB '*/lib*/*.so*');
INSERT OR IGNORE INTO suspicion SELECT l.login_id, 'scratch-program', 40, 'a program appeared in ' || min(o.path) || ' while it was open', min(o.event_id)
  FROM temp.odd_file o JOIN login l ON l.host_id = o.host_id AND l.login_ts <= o.ts + 1000000 AND l.until_ts >= o.ts - 1000000
  LEFT JOIN account a ON a.host_id = l.host_id AND a.user_name = l.user_name AND a.source = 'passwd'
  WHERE o.what = 'scratch' AND l.kind IN ('user', 'ftp') AND (CAST(a.account_id AS INTEGER) = o.uid OR (o.uid = 0 AND l.is_admin = 1))
    AND l.until_ts - l.login_ts < 172800000000
  GROUP BY l.login_id;
INSERT OR IGNORE INTO suspicion SELECT l.login_id, 'replaced-program', 60, min(o.path) || ' was replaced while it was open', min(o.event_id)
  FROM temp.odd_file o JOIN login l ON l.host_id = o.host_id AND l.login_ts <= o.ts + 1000000 AND l.until_ts >= o.ts - 1000000
  WHERE o.what = 'replaced' AND l.kind = 'user' AND l.is_admin = 1 AND l.until_ts - l.login_ts < 172800000000
  GROUP BY l.login_id;

-- Changes of the files that let keys in, by account.
DROP TABLE IF EXISTS temp.key_file;
CREATE TEMP TABLE key_file(host_id INTEGER, user_name TEXT, ts INTEGER, event_id INTEGER);
INSERT INTO temp.key_file
  SELECT q.host_id, a.user_name, ft.ts, ft.event_id
  FROM (SELECT v.host_id AS host_id, d.path AS path, f.file_id AS file_id
      FROM dir d JOIN volume v ON v.volume_id = d.volume_id JOIN file f ON f.dir_id = d.dir_id
      WHERE d.path GLOB '*/.ssh' AND f.name IN ('authorized_keys', 'authorized_keys2') AND v.host_id IS NOT NULL LIMIT -1) q
  JOIN account a ON a.host_id = q.host_id AND a.source = 'passwd' AND a.home || '/.ssh' = q.path
  JOIN file_time ft ON ft.event_id >= q.file_id * 8 AND ft.event_id < q.file_id * 8 + 8
  WHERE ft.macb & 13;
