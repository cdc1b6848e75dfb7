-- Which of temp.candidate_file stand out by their birth too, and which of them are web shells.
DELETE FROM package_run; DELETE FROM suspect_file; DELETE FROM web_shell; DELETE FROM web_shell_request;

-- Package events no further apart than five minutes are one run; a run works on for a while after its last line.
INSERT INTO package_run
WITH p AS MATERIALIZED (
  SELECT s.host_id AS host_id, e.ts AS ts, e.event_id AS event_id FROM event e JOIN source s ON s.source_id = e.event_id >> 32
  WHERE e.kind >= 128 AND e.kind IN (SELECT kind_id FROM kind WHERE category = 'package' AND action <> 'message')
    AND e.flags & 7 <> 5),
marked AS (SELECT host_id, ts, event_id,
  CASE WHEN ts - lag(ts) OVER (PARTITION BY host_id ORDER BY ts, event_id) <= 300000000 THEN 0 ELSE 1 END AS starts FROM p),
grouped AS (SELECT host_id, ts, event_id, sum(starts) OVER (PARTITION BY host_id ORDER BY ts, event_id) AS run FROM marked)
SELECT host_id, min(ts) - 30000000, max(ts) + 120000000, min(event_id), max(event_id) FROM grouped GROUP BY host_id, run;

-- The best credible time of birth: $FILE_NAME's on NTFS, crtime, else the last change of the inode.
INSERT OR IGNORE INTO suspect_file(file_id, host_id, path, name, uid, mode, size, deleted, kind, place, birth_event, birth_ts, birth_basis,
  modified_ts)
SELECT c.file_id, c.host_id, c.path, c.name, c.uid, c.mode, c.size, c.deleted, c.kind, c.place, b.event_id, b.ts,
  CASE WHEN b.macb & 8 THEN CASE WHEN (b.macb >> 4) & 7 = 2 THEN 'fn-created' ELSE 'created' END ELSE 'changed' END,
  (SELECT m.ts FROM file_time m WHERE m.event_id >= c.file_id * 8 AND m.event_id < c.file_id * 8 + 8 AND m.macb & 1 AND (m.macb >> 4) & 7 <> 2)
FROM temp.candidate_file c
JOIN file_time b ON b.event_id = (SELECT t.event_id FROM file_time t WHERE t.event_id >= c.file_id * 8 AND t.event_id < c.file_id * 8 + 8
  AND t.macb & 12 ORDER BY (t.macb & 8 AND (t.macb >> 4) & 7 = 2) DESC, (t.macb & 8) DESC, t.event_id LIMIT 1)
JOIN host h ON h.host_id = c.host_id
-- Set-up, packages and installers explain what is born in them.
WHERE NOT EXISTS (SELECT 1 FROM birth_burst x WHERE x.host_id = c.host_id AND x.minute = b.ts / 60000000)
  AND (c.kind IN ('setuid', 'odd-name', 'device-folder', 'web-script') OR NOT EXISTS (SELECT 1 FROM package_run r
    WHERE r.host_id = c.host_id AND r.from_ts <= b.ts AND r.to_ts >= b.ts))
  AND (h.installed IS NULL OR b.ts > h.installed + 3600000000);

-- Requests and transfers that explain a birth: the same name within seconds, or a write request when the server's own
-- account made the file.
UPDATE suspect_file SET by_upload = (
  SELECT e.event_id FROM event e JOIN source s ON s.source_id = e.event_id >> 32 JOIN string p ON p.string_id = e.path
  WHERE e.kind >= 128 AND e.kind IN (SELECT kind_id FROM kind WHERE category = 'ftp' AND action = 'upload')
    AND s.host_id = suspect_file.host_id AND e.ts BETWEEN suspect_file.birth_ts - 5000000 AND suspect_file.birth_ts + 600000000
    AND (p.value = suspect_file.path OR p.value = suspect_file.name OR substr(p.value, -length(suspect_file.name) - 1) = '/' || suspect_file.name)
  ORDER BY e.ts LIMIT 1);
UPDATE suspect_file SET by_request = (
  SELECT e.event_id FROM event e JOIN source s ON s.source_id = e.event_id >> 32 JOIN string m ON m.string_id = e.http_method
  WHERE e.ts BETWEEN suspect_file.birth_ts - 3000000 AND suspect_file.birth_ts + 2000000 AND s.host_id = suspect_file.host_id
    AND m.value IN ('POST', 'PUT', 'MOVE') AND coalesce(e.status, 200) < 400
  ORDER BY e.ts LIMIT 1)
WHERE uid IN (SELECT CAST(a.account_id AS INTEGER) FROM account a WHERE a.host_id = suspect_file.host_id
  AND a.user_name IN ('www-data', 'apache', 'httpd', 'nginx', 'wwwrun', 'http', 'nobody', 'www', 'daemon', '_www'))
  OR (place = 'web' AND by_upload IS NULL);

-- Requests for scripts that are suspect: by the name behind the last slash.
DROP TABLE IF EXISTS temp.shell_url;
CREATE TEMP TABLE shell_url AS
SELECT u.string_id AS url, f.file_id AS file_id, f.birth_ts AS birth_ts, f.host_id AS host_id, u.value AS value
FROM suspect_file f JOIN string u ON instr(u.value, '/' || f.name) > 0
  AND substr(u.value, instr(u.value, '/' || f.name) + length(f.name) + 1, 1) IN ('', '?', '/', ' ', '#')
WHERE f.place = 'web' AND f.kind = 'web-script';
INSERT OR IGNORE INTO web_shell_request
SELECT u.file_id, e.event_id, e.ts FROM temp.shell_url u JOIN event e ON e.url = u.url JOIN source s ON s.source_id = e.event_id >> 32
WHERE (SELECT count(*) FROM temp.shell_url) > 0 AND s.host_id = u.host_id AND e.ts >= u.birth_ts - 2000000 AND coalesce(e.status, 200) < 400;

INSERT INTO web_shell
WITH asked AS MATERIALIZED (
  SELECT r.file_id AS file_id, count(*) AS n, count(DISTINCT e.addr) AS addresses, min(r.ts) AS first_ts, max(r.ts) AS last_ts,
    min(r.event_id) AS first_event,
    max(CASE WHEN lower(u.value) GLOB '*[?&]cmd=*' OR lower(u.value) GLOB '*[?&]c=*' OR lower(u.value) GLOB '*[?&]exec=*'
      OR lower(u.value) GLOB '*[?&]command=*' OR lower(u.value) GLOB '*[?&]act=*' OR lower(u.value) GLOB '*[?&]e=*'
      OR lower(u.value) GLOB '*[?&]x=*' OR lower(u.value) GLOB '*[?&]run=*' OR lower(u.value) GLOB '*[?&]q=*%20*'
      OR lower(u.value) GLOB '*=id' OR lower(u.value) GLOB '*=uname*' OR lower(u.value) GLOB '*=whoami*' OR lower(u.value) GLOB '*=ls*'
      OR lower(u.value) GLOB '*wget*' OR lower(u.value) GLOB '*curl*' OR lower(u.value) GLOB '*cat*passwd*' THEN 1 ELSE 0 END) AS commands,
    sum(CASE WHEN m.value = 'POST' THEN 1 ELSE 0 END) AS posts
  FROM web_shell_request r JOIN event e ON e.event_id = r.event_id LEFT JOIN string u ON u.string_id = e.url
  LEFT JOIN string m ON m.string_id = e.http_method GROUP BY r.file_id),
scored AS (
  SELECT f.file_id, f.host_id, f.path, f.uid, coalesce(a.n, 0) AS n, coalesce(a.addresses, 0) AS addresses,
    (SELECT p.value FROM event x JOIN string p ON p.string_id = x.addr WHERE x.event_id = a.first_event) AS first_address, a.first_ts,
    a.last_ts,
    f.by_request IS NOT NULL AS by_request,
    f.uid IN (SELECT CAST(c.account_id AS INTEGER) FROM account c WHERE c.host_id = f.host_id
      AND c.user_name IN ('www-data', 'apache', 'httpd', 'nginx', 'wwwrun', 'http', 'www', '_www')) AS by_server,
    coalesce(a.commands, 0) AS commands, coalesce(a.posts, 0) * 2 > coalesce(a.n, 0) AND coalesce(a.n, 0) > 1 AS mostly_posts,
    f.path GLOB '*/upload*/*' OR f.path GLOB '*/images/*' OR f.path GLOB '*/img/*' OR f.path GLOB '*/cache/*' OR f.path GLOB '*/tmp/*'
      OR f.path GLOB '*/files/*' OR f.path GLOB '*/avatars/*' OR f.path GLOB '*/media/*' AS odd_folder,
    f.by_upload IS NOT NULL AND NOT EXISTS (SELECT 1 FROM event x JOIN event y ON y.addr = x.addr AND y.event_id <> x.event_id
      AND y.ts < x.ts - 86400000000 WHERE x.event_id = f.by_upload) AS new_uploader
  FROM suspect_file f LEFT JOIN asked a ON a.file_id = f.file_id WHERE f.place = 'web' AND f.kind = 'web-script')
SELECT file_id, host_id, path, uid,
  40 * by_request + 20 * by_server + 40 * commands + 15 * mostly_posts + 20 * odd_folder + 25 * new_uploader
    + CASE WHEN n > 0 AND addresses <= 3 THEN 20 ELSE 0 END,
  rtrim(CASE WHEN by_request THEN 'written within seconds of a request that sends data; ' ELSE '' END
    || CASE WHEN by_server THEN 'owned by the web server''s own account; ' ELSE '' END
    || CASE WHEN commands THEN 'asked for with commands as parameters; ' ELSE '' END
    || CASE WHEN mostly_posts THEN 'mostly sent data; ' ELSE '' END
    || CASE WHEN odd_folder THEN 'a script in a folder for uploads; ' ELSE '' END
    || CASE WHEN new_uploader THEN 'uploaded from an address never seen before; ' ELSE '' END
    || CASE WHEN n > 0 AND addresses <= 3 THEN 'asked for by ' || addresses || ' address' || CASE addresses WHEN 1 THEN '' ELSE 'es' END
      || ' only; ' ELSE '' END, '; '),
  n, addresses, first_address, first_ts, last_ts
FROM scored
WHERE 40 * by_request + 20 * by_server + 40 * commands + 15 * mostly_posts + 20 * odd_folder + 25 * new_uploader
  + CASE WHEN n > 0 AND addresses <= 3 THEN 20 ELSE 0 END >= 60;
-- The session of whoever uses a web shell is not to be trusted.
INSERT OR IGNORE INTO suspicion
SELECT l.login_id, 'web-shell', 70, 'came from ' || l.source_ip || ', which used ' || w.path, l.first_event
FROM web_shell w JOIN web_shell_request r ON r.file_id = w.file_id JOIN event e ON e.event_id = r.event_id
JOIN string a ON a.string_id = e.addr JOIN login l ON l.host_id = w.host_id AND l.source_ip = a.value
WHERE w.addresses <= 3 AND l.kind IN ('user', 'ftp') AND NOT EXISTS (SELECT 1 FROM login p WHERE p.host_id = l.host_id
  AND p.source_ip = l.source_ip AND p.login_ts < w.first_ts - 604800000000);
