-- Logs that this kind of host keeps and that are not there; and what the logs that are there do not record.
DROP TABLE IF EXISTS temp.expected;
CREATE TEMP TABLE expected(family TEXT, path TEXT, parser TEXT, marker TEXT, other TEXT);
INSERT INTO temp.expected VALUES
  -- marker: a folder or file that shows that this system keeps the log; other: the log's name elsewhere.
  ('linux', '/var/log/auth.log', 'syslog', '/var/lib/dpkg', '/var/log/secure'),
  ('linux', '/var/log/syslog', 'syslog', '/var/lib/dpkg', '/var/log/messages'),
  ('linux', '/var/log/dpkg.log', 'dpkg', '/var/lib/dpkg', NULL),
  ('linux', '/var/log/apt/history.log', 'apt_history', '/var/lib/apt', NULL),
  ('linux', '/var/log/secure', 'syslog', '/var/lib/rpm', '/var/log/auth.log'),
  ('linux', '/var/log/messages', 'syslog', '/var/lib/rpm', '/var/log/syslog'),
  ('linux', '/var/log/cron', 'syslog', '/var/lib/rpm', NULL),
  ('linux', '/var/log/maillog', 'syslog', '/var/lib/rpm', '/var/log/mail.log'),
  ('linux', '/var/log/wtmp', 'utmp', NULL, '/var/adm/wtmp'),
  ('linux', '/var/log/btmp', 'utmp', NULL, '/var/adm/btmp'),
  ('linux', '/var/log/lastlog', 'lastlog', NULL, '/var/adm/lastlog'),
  ('linux', '/var/log/apache2/access.log', 'apache_access', '/etc/apache2', NULL),
  ('linux', '/var/log/apache2/error.log', 'apache_error', '/etc/apache2', NULL),
  ('linux', '/var/log/httpd/access_log', 'apache_access', '/etc/httpd', NULL),
  ('linux', '/var/log/httpd/error_log', 'apache_error', '/etc/httpd', NULL),
  ('linux', '/var/log/vsftpd.log', 'vsftpd', '/etc/vsftpd.conf', '/var/log/xferlog'),
  ('linux', '/var/log/vsftpd.log', 'vsftpd', '/etc/vsftpd/vsftpd.conf', '/var/log/xferlog'),
  ('linux', '/var/log/mysql/error.log', 'mysql_error', '/etc/mysql', '/var/log/mysqld.log'),
  ('windows', 'SecEvent.Evt', 'evt', NULL, 'Security.evtx'),
  ('windows', 'SysEvent.Evt', 'evt', NULL, 'System.evtx'),
  ('windows', 'AppEvent.Evt', 'evt', NULL, 'Application.evtx');
-- Hosts whose disks were walked. A system without a name for its family that has /var/log is taken for a Unix one.
DROP TABLE IF EXISTS temp.walked_host;
CREATE TEMP TABLE walked_host AS
  SELECT h.host_id AS host_id, h.name AS name,
    CASE WHEN h.os_family = 'windows' THEN 'windows' WHEN h.os_family IN ('bsd', 'macos', 'solaris') THEN h.os_family ELSE 'linux' END AS family,
    coalesce(h.os_version, '') AS version,
    EXISTS (SELECT 1 FROM dir d JOIN volume v ON v.volume_id = d.volume_id WHERE v.host_id = h.host_id AND d.path = '/var/log')
      AS has_var_log,
    EXISTS (SELECT 1 FROM dir d JOIN volume v ON v.volume_id = d.volume_id WHERE v.host_id = h.host_id AND d.path = '/etc') AS has_root,
    EXISTS (SELECT 1 FROM dir d JOIN volume v ON v.volume_id = d.volume_id WHERE v.host_id = h.host_id
      AND (d.path GLOB '/var/log/journal/*' OR d.path = '/var/log/journal')) AS has_journal,
    EXISTS (SELECT 1 FROM dir d JOIN volume v ON v.volume_id = d.volume_id JOIN file f ON f.dir_id = d.dir_id
      WHERE v.host_id = h.host_id AND d.path IN ('/usr/sbin', '/sbin') AND f.name IN ('rsyslogd', 'syslog-ng', 'syslogd')
        AND f.state & 7 = 0) AS has_syslogd
  FROM host h
  WHERE EXISTS (SELECT 1 FROM volume v WHERE v.host_id = h.host_id AND v.walked & 3 = 3 AND v.fs_type IS NOT NULL)
    AND (h.os_family IS NOT NULL AND h.os_family NOT IN ('unknown') OR EXISTS (SELECT 1 FROM dir d JOIN volume v ON v.volume_id = d.volume_id
      WHERE v.host_id = h.host_id AND d.path IN ('/var/log', '/etc')));
DROP TABLE IF EXISTS temp.missing;
CREATE TEMP TABLE missing AS
  SELECT DISTINCT h.host_id AS host_id, h.family AS family, e.path AS path, e.parser AS parser, h.version AS version, h.has_var_log AS has_var_log,
    h.has_root AS has_root, h.has_journal AS has_journal, h.has_syslogd AS has_syslogd,
    rtrim(rtrim(e.path, replace(e.path, '/', '')), '/') AS folder, substr(e.path, length(rtrim(e.path, replace(e.path, '/', ''))) + 1) AS name
  FROM temp.walked_host h JOIN temp.expected e ON e.family = h.family
  WHERE (e.marker IS NULL OR EXISTS (SELECT 1 FROM dir d JOIN volume v ON v.volume_id = d.volume_id WHERE v.host_id = h.host_id AND d.path = e.marker)
      OR EXISTS (SELECT 1 FROM dir d JOIN volume v ON v.volume_id = d.volume_id JOIN file f ON f.dir_id = d.dir_id
        WHERE v.host_id = h.host_id AND f.state & 7 = 0 AND $PATH(d.path, f.name) = e.marker
          AND d.path = coalesce(nullif(rtrim(rtrim(e.marker, replace(e.marker, '/', '')), '/'), ''), '/')))
    AND NOT EXISTS (SELECT 1 FROM source s JOIN temp.log_of_source l ON l.source_id = s.source_id
      WHERE s.host_id = h.host_id AND s.kind = 0 AND s.file_state IS NOT 1
        AND (coalesce(s.events, 0) > 0 OR s.status = 'skipped')
        AND (l.log IN (e.path, e.other) OR (h.family = 'windows' AND (lower(l.log) GLOB '*/' || lower(e.path) OR lower(l.log) GLOB '*/' || lower(e.other)))));
INSERT INTO coverage_note(host_id, evidence_id, log_path, parser, status, reason, first_ts, last_ts)
  SELECT m.host_id, NULL, m.path, m.parser, 'absent',
    CASE
      WHEN m.family = 'linux' AND m.folder GLOB '/var/*' AND NOT m.has_var_log THEN CASE WHEN m.has_root
        THEN 'there is no /var/log on the disks: the volume that holds it is not among the evidence, or it was removed'
        ELSE 'the volume that holds /var is not among the evidence' END
      WHEN EXISTS (SELECT 1 FROM dir d JOIN volume v ON v.volume_id = d.volume_id JOIN file f ON f.dir_id = d.dir_id
        WHERE v.host_id = m.host_id AND d.path = m.folder AND f.name = m.name AND f.state & 7 = 0 AND f.size = 0)
        THEN 'the file is there but empty' || coalesce((SELECT ', since ' || substr($TIME(max(ft.ts)), 1, 19) || 'Z'
          FROM dir d JOIN volume v ON v.volume_id = d.volume_id JOIN file f ON f.dir_id = d.dir_id
          JOIN file_time ft ON ft.event_id >= f.file_id * 8 AND ft.event_id < f.file_id * 8 + 8
          WHERE v.host_id = m.host_id AND d.path = m.folder AND f.name = m.name AND f.state & 7 = 0 AND ft.macb & 1), '')
      WHEN EXISTS (SELECT 1 FROM dir d JOIN volume v ON v.volume_id = d.volume_id JOIN file f ON f.dir_id = d.dir_id
        WHERE v.host_id = m.host_id AND d.path = m.folder AND f.name = m.name AND f.state & 7 = 0)
        THEN 'the file is there, but nothing in it could be read as this log'
      WHEN EXISTS (SELECT 1 FROM dir d JOIN volume v ON v.volume_id = d.volume_id JOIN file f ON f.dir_id = d.dir_id
        WHERE v.host_id = m.host_id AND d.path = m.folder AND f.name = m.name AND f.state & 7 <> 0)
        THEN 'the file was deleted; its name is still on the disk' || coalesce((SELECT ' (inode ' || f.inode || ')' FROM dir d
          JOIN volume v ON v.volume_id = d.volume_id JOIN file f ON f.dir_id = d.dir_id
          WHERE v.host_id = m.host_id AND d.path = m.folder AND f.name = m.name AND f.state & 7 <> 0 LIMIT 1), '')
      WHEN m.parser = 'syslog' AND m.has_journal AND NOT m.has_syslogd
        THEN 'this system writes to the systemd journal only (/var/log/journal)'
      WHEN m.name = 'btmp' THEN 'no file of failed logins is on the disk: never kept, or removed'
      ELSE 'this kind of system keeps it, but it is not on the disk: never kept here, or removed' END,
    NULL, NULL
  FROM temp.missing m WHERE m.has_var_log OR m.has_root OR m.family = 'windows'
  ORDER BY m.host_id, m.path;

-- Logs whose parts end before the machine does are gaps; a log of which only older parts are left is told of here.
INSERT INTO coverage_note(host_id, evidence_id, log_path, parser, status, reason, first_ts, last_ts)
  SELECT s.host_id, NULL, l.log, s.parser, 'absent',
    'its older parts are there, the log itself is not: deleted, or rotated away just then', min(s.first_ts), max(s.last_ts)
  FROM source s JOIN temp.log_of_source l ON l.source_id = s.source_id
  WHERE s.kind = 0 AND s.remote = 0 AND s.file_id IS NOT NULL AND s.file_state = 0 AND s.status IN ('complete', 'partial')
    AND l.log GLOB '/var/log/*' AND coalesce(s.events, 0) > 0
  GROUP BY s.host_id, l.log
  HAVING sum(s.log_path = l.log) = 0 AND NOT EXISTS (SELECT 1 FROM dir d JOIN volume v ON v.volume_id = d.volume_id
    JOIN file f ON f.dir_id = d.dir_id WHERE v.host_id = s.host_id AND f.state & 7 = 0
      AND d.path = rtrim(rtrim(l.log, replace(l.log, '/', '')), '/')
      AND f.name = substr(l.log, length(rtrim(l.log, replace(l.log, '/', ''))) + 1))
  ORDER BY 1, 3;

-- Failed logins that would not be seen: a service whose successes are on record, by password, and no failure ever.
INSERT INTO coverage_note(host_id, evidence_id, log_path, parser, status, reason, first_ts, last_ts)
  SELECT q.host_id, NULL, q.log, q.parser, 'not-audited',
    'holds ' || q.n || ' successful login(s) of ' || q.service || ' and not one failed: failed tries are not recorded here, so whether passwords were guessed cannot be known',
    q.first_ts, q.last_ts
  FROM (SELECT l.host_id AS host_id, g.log AS log, min(s.parser) AS parser, coalesce(l.service_name, 'the system') AS service, count(*) AS n,
      min(l.login_ts) AS first_ts, max(l.login_ts) AS last_ts
    FROM login l JOIN source s ON s.source_id = l.first_event >> 32 JOIN temp.log_of_source g ON g.source_id = s.source_id
    WHERE l.kind IN ('user', 'ftp', 'network') AND l.login_ts IS NOT NULL AND coalesce(l.source_ip, l.source_host) IS NOT NULL
      AND s.parser NOT LIKE 'utmp%' AND s.parser <> 'lastlog' AND l.verdict = 'unknown' AND l.verdict_why LIKE 'failed logins of this service%'
    GROUP BY 1, 2, 4) q
  ORDER BY q.host_id, q.log, q.service;
-- Windows: kinds of records that a Security log never has.
INSERT INTO coverage_note(host_id, evidence_id, log_path, parser, status, reason, first_ts, last_ts)
  SELECT s.host_id, NULL, min(s.log_path), min(s.parser), 'not-audited', c.reason, min(s.first_ts), max(s.last_ts)
  FROM source s JOIN (
      SELECT 'login' AS what, 'has no record of a logon: logons are not audited, or were cleared away' AS reason
      UNION ALL SELECT 'failure', 'has no failed logon: failures are not audited (the default of member servers), so guessing would not be seen'
      UNION ALL SELECT 'iam', 'has no record of account management: not audited (the default of member servers), so new accounts would not be seen') c
  WHERE s.kind = 0 AND s.remote = 0 AND s.parser IN ('evt', 'evtx') AND coalesce(s.events, 0) > 0
    AND (lower(s.log_path) GLOB '*secevent*' OR lower(s.log_path) GLOB '*security*')
  GROUP BY s.host_id, c.what
  HAVING NOT EXISTS (SELECT 1 FROM activity_count a JOIN source t ON t.source_id = a.source_id JOIN kind k ON k.kind_id = a.kind
    WHERE t.host_id = s.host_id AND t.parser IN ('evt', 'evtx') AND (
      c.what = 'login' AND k.category = 'authentication' AND k.action = 'login' AND k.outcome = 'success'
      OR c.what = 'failure' AND k.category = 'authentication' AND k.action = 'login' AND k.outcome = 'failure'
      OR c.what = 'iam' AND k.category = 'iam' AND k.action <> 'message'))
  ORDER BY 1, 6;
