-- title: Account {user_name} without a record of its creation
-- meaning: An account of a person (or a second one with the powers of root) that is on the system, was logged in with, or
--   owns files, although no record tells of its creation and the log of that time was kept. Between when it was made
--   follows from older copies of the account file, its home folder, its first file and its first login.
-- phase: persistence
-- severity: medium
-- confidence: 60
-- attack: T1136.001
-- parameter: install_hours = 24 : accounts made so soon after installation belong to it
-- needs: The account file, and the log of account management of the time when the account was made.
-- wrong-when: Accounts of a directory service (LDAP, a domain) are in no local file; a restored or cloned system brings
--   accounts along; adduser of some systems logs nothing; files from archives keep the owner numbers of another machine.
-- sentence: The account {user_name}[ (id {account_id})] on {host} {what}[; it was made between {earliest_ts} and {latest_ts}]{bound}.[
--   Logged in {logins} times, last at {login_last_ts}.]
-- finding: yes
WITH kept AS MATERIALIZED (
  -- Since when, and until when, this host's log of account management was kept.
  SELECT s.host_id, min(s.first_ts) AS from_ts, max(s.last_ts) AS to_ts
  FROM source s
  WHERE s.kind = 0 AND s.remote = 0 AND s.first_ts IS NOT NULL AND ((s.parser = 'syslog' AND (s.log_path LIKE '%/auth.log%'
      OR s.log_path LIKE '%/secure%' OR s.log_path LIKE '%/messages%' OR s.log_path LIKE '%/syslog%'))
    OR (s.parser IN ('evt', 'evtx') AND s.log_path LIKE '%Sec%')) GROUP BY s.host_id),
known AS MATERIALIZED (
  SELECT h.host_id, EXISTS (SELECT 1 FROM account a WHERE a.host_id = h.host_id AND a.source IN ('passwd', 'SAM')) AS has_file,
    EXISTS (SELECT 1 FROM dir d JOIN volume v ON v.volume_id = d.volume_id WHERE v.host_id = h.host_id
      AND d.path IN ('/var/lib/sss', '/etc/sssd', '/var/lib/samba/winbindd_privileged', '/etc/ldap', '/etc/openldap')) AS has_directory,
    (SELECT count(*) FROM act a WHERE a.host_id = h.host_id AND a.what = 'iam-user-created') AS creations
  FROM host h),
asked AS MATERIALIZED (
  SELECT a.*, CAST(a.account_id AS INTEGER) AS uid, h.name AS host, h.installed AS installed, h.os_family AS os, k.from_ts AS kept_from,
    k.to_ts AS kept_to, n.has_file, n.has_directory, n.creations,
    (SELECT l.first_event FROM login l WHERE l.host_id = a.host_id AND l.login_ts = a.first_login AND l.user_name = a.user_name LIMIT 1)
      AS login_event,
    (SELECT count(*) FROM login l WHERE l.host_id = a.host_id AND l.user_name = a.user_name AND l.kind IN ('user', 'ftp', 'network')) AS logins,
    f.event_id AS file_event, f.ts AS file_ts
  FROM account a JOIN host h ON h.host_id = a.host_id LEFT JOIN kept k ON k.host_id = a.host_id
  JOIN known n ON n.host_id = a.host_id
  LEFT JOIN account_first_file f ON f.host_id = a.host_id AND f.user_name = a.user_name
  WHERE a.created_ts IS NULL),
odd AS MATERIALIZED (
  -- In the account file, made while the log was kept, and not in it.
  SELECT *, 'is in the account file, but no record tells of its creation although the log of that time was kept' AS what,
    CASE WHEN uid = 0 THEN 'high' WHEN created_earliest IS NOT NULL AND created_earliest >= kept_from THEN 'medium'
      WHEN created_latest >= kept_from + 86400000000 THEN 'medium' ELSE 'low' END AS severity
  FROM asked
  WHERE source IN ('passwd') AND (uid BETWEEN 1000 AND 65533 OR (uid = 0 AND user_name NOT IN ('root', 'toor'))
      OR (uid BETWEEN 500 AND 999 AND logins > 0 AND shell NOT LIKE '%nologin' AND shell NOT LIKE '%false'))
    AND ((kept_from IS NOT NULL AND coalesce(created_latest, 0) > kept_from + 3600000000
        AND coalesce(created_latest, 0) > coalesce(installed, 0) + :install_hours * 3600000000)
      OR (uid = 0 AND user_name NOT IN ('root', 'toor')))
  UNION ALL
  -- Logged in with, and in no account file.
  SELECT *, CASE WHEN user_name GLOB 'uid [0-9]*' THEN 'is an owner number that logged in, and no account has it'
      ELSE 'logged in, but is in no account file, and no record tells that it was deleted' END,
    CASE WHEN NOT has_file OR has_directory THEN 'low' ELSE 'medium' END
  FROM asked WHERE source = 'log only' AND deleted_ts IS NULL AND logins > 0 AND os IS NOT 'windows'
    AND (user_name NOT GLOB 'uid [0-9]*' OR CAST(substr(user_name, 5) AS INTEGER) >= 100 OR has_file)
    AND user_name NOT IN ('root', 'ftp', 'anonymous', 'reboot', 'shutdown', 'runlevel', 'LOGIN')
    AND (has_file OR user_name GLOB 'uid [0-9]*')
  UNION ALL
  SELECT *, 'owns files, and no account has this number', 'low'
  FROM asked WHERE source = 'file owner only' AND has_file AND file_event IS NOT NULL AND os IS NOT 'windows')
SELECT o.user_name || ' ' || o.source AS subject, o.host_id, o.host AS host, o.user_name AS user_name, o.account_id AS account_id,
  o.source AS source, o.what AS what, o.created_earliest AS earliest_ts, o.created_latest AS latest_ts,
  $TIME(o.created_earliest) AS earliest_utc, $TIME(o.created_latest) AS latest_utc,
  CASE WHEN o.created_earliest IS NULL AND o.created_latest IS NOT NULL
    THEN '; it was there by ' || substr($TIME(o.created_latest), 1, 19) || 'Z' ELSE '' END AS bound,
  nullif(o.logins, 0) AS logins, o.last_login AS login_last_ts,
  CASE WHEN EXISTS (SELECT 1 FROM bad_session b JOIN login l ON l.login_id = b.login_id WHERE l.host_id = o.host_id
    AND l.user_name = o.user_name) THEN 'high' ELSE o.severity END AS severity,
  coalesce(o.created_earliest, o.created_latest, o.first_login, o.file_ts) AS first_ts,
  coalesce(o.created_latest, o.first_login, o.file_ts) AS last_ts,
  coalesce((SELECT json_group_array(e) FROM (SELECT o.login_event AS e UNION SELECT o.file_event) WHERE e IS NOT NULL), '[]') AS cite_effect,
  (SELECT json_array(ft.event_id) FROM dir d JOIN volume v ON v.volume_id = d.volume_id AND v.host_id = o.host_id
    JOIN file f ON f.dir_id = d.dir_id AND f.name = 'passwd'
    JOIN file_time ft ON ft.event_id >= f.file_id * 8 AND ft.event_id < f.file_id * 8 + 8
    WHERE d.path = '/etc' AND f.state & 7 = 0 AND ft.macb & 1 AND o.source = 'passwd' LIMIT 1) AS cite_trigger
FROM odd o
ORDER BY o.host_id, o.user_name, o.source
