-- title: {file_path}: {what}
-- meaning: Places from which something is started again or somebody is let in again - cron, keys, units, init scripts, preload,
--   sudoers, profiles - that were made or changed after the set-up and outside package runs, with the session.
-- phase: persistence
-- severity: info
-- confidence: 60
-- attack: T1053.003
-- needs: File times.
-- wrong-when: Administrators add jobs and keys every day: without a bad session it is only worth a look.
-- sentence: {file_path} ({what}) was {made} at {first_ts}[, {how}].
-- finding: yes
WITH place AS MATERIALIZED (
  SELECT v.host_id AS host_id, f.file_id AS file_id, $PATH(d.path, f.name) AS path, f.uid AS uid, f.name AS name,
    CASE
      WHEN d.path GLOB '/etc/cron*' OR d.path GLOB '/var/spool/cron*' OR (d.path = '/etc' AND f.name IN ('crontab', 'anacrontab'))
        OR d.path GLOB '/var/spool/at*' THEN 'a scheduled job'
      WHEN f.name IN ('authorized_keys', 'authorized_keys2', '.rhosts', '.shosts') OR (d.path = '/etc' AND f.name IN ('hosts.equiv', 'shosts.equiv'))
        THEN 'who may log in without a password'
      WHEN d.path GLOB '/etc/systemd/system*' OR d.path GLOB '/usr/local/lib/systemd*' OR d.path GLOB '*/.config/systemd/user*' THEN 'a service unit'
      WHEN d.path GLOB '/etc/init.d*' OR d.path GLOB '/etc/rc*' OR (d.path = '/etc' AND f.name IN ('rc.local', 'inittab', 'inetd.conf'))
        OR d.path GLOB '/etc/xinetd.d*' OR d.path GLOB '/etc/init' THEN 'started at boot or by the network'
      WHEN d.path = '/etc' AND f.name = 'ld.so.preload' THEN 'loaded into every program'
      WHEN d.path GLOB '/etc/sudoers.d*' OR (d.path = '/etc' AND f.name = 'sudoers') THEN 'who may act as root'
      WHEN d.path GLOB '/etc/pam.d*' OR d.path GLOB '/lib*/security' OR d.path GLOB '/usr/lib*/security' THEN 'part of how logins are checked'
      WHEN d.path = '/etc/ssh' AND f.name GLOB 'sshd_config*' THEN 'the rules of the ssh server'
      ELSE 'run at every login' END AS what
  FROM file f JOIN dir d ON d.dir_id = f.dir_id JOIN volume v ON v.volume_id = d.volume_id
  WHERE f.type = 1 AND f.state & 8 = 0 AND v.host_id IS NOT NULL AND (d.path GLOB '/etc*' OR d.path GLOB '/var/spool/*' OR d.path GLOB '/home/*'
      OR d.path GLOB '/root*' OR d.path GLOB '/var/lib/*/.ssh' OR d.path GLOB '/var/www/.ssh' OR d.path GLOB '*/.ssh' OR d.path GLOB '/usr/l*')
    AND (d.path GLOB '/etc/cron*' OR d.path GLOB '/var/spool/cron*' OR d.path GLOB '/var/spool/at*'
      OR (d.path = '/etc' AND f.name IN ('crontab', 'anacrontab', 'hosts.equiv', 'shosts.equiv', 'rc.local', 'inittab', 'inetd.conf',
        'ld.so.preload', 'sudoers', 'profile'))
      OR f.name IN ('authorized_keys', 'authorized_keys2', '.rhosts', '.shosts')
      OR d.path GLOB '/etc/systemd/system*' OR d.path GLOB '/usr/local/lib/systemd*' OR d.path GLOB '*/.config/systemd/user*'
      OR d.path GLOB '/etc/init.d*' OR d.path GLOB '/etc/rc*' OR d.path GLOB '/etc/xinetd.d*' OR d.path = '/etc/init'
      OR d.path GLOB '/etc/sudoers.d*' OR d.path GLOB '/etc/pam.d*' OR d.path GLOB '/lib*/security' OR d.path GLOB '/usr/lib*/security'
      OR (d.path = '/etc/ssh' AND f.name GLOB 'sshd_config*')
      OR d.path GLOB '/etc/profile.d*'
      OR ((d.path GLOB '/home/*' OR d.path = '/root') AND f.name IN ('.bashrc', '.bash_profile', '.profile', '.bash_login', '.zshrc'))) LIMIT -1),
dated AS MATERIALIZED (
  SELECT p.*, t.ts AS ts, t.event_id AS event_id, t.macb & 8 AS born
  FROM place p JOIN file_time t ON t.event_id >= p.file_id * 8 AND t.event_id < p.file_id * 8 + 8 AND t.macb & 13),
fresh AS MATERIALIZED (
  SELECT d.*, row_number() OVER (PARTITION BY d.file_id ORDER BY d.ts DESC, d.event_id) AS nth
  FROM dated d JOIN host h ON h.host_id = d.host_id
  WHERE (h.installed IS NULL OR d.ts > h.installed + 3600000000)
    AND NOT EXISTS (SELECT 1 FROM birth_burst x WHERE x.host_id = d.host_id AND x.minute = d.ts / 60000000)
    AND NOT EXISTS (SELECT 1 FROM package_run r WHERE r.host_id = d.host_id AND r.from_ts <= d.ts AND r.to_ts >= d.ts)),
told AS MATERIALIZED (
  SELECT f.*, (SELECT s.login_id FROM login s LEFT JOIN bad_session x ON x.login_id = s.login_id
      LEFT JOIN account a ON a.host_id = s.host_id AND a.user_name = s.user_name AND a.source = 'passwd'
    WHERE s.host_id = f.host_id AND s.kind IN ('user', 'ftp') AND s.login_ts <= f.ts + 5000000
      AND coalesce(s.until_ts, s.login_ts) >= f.ts - 5000000
      AND (s.is_admin = 1 OR CAST(a.account_id AS INTEGER) = f.uid OR x.login_id IS NOT NULL)
    ORDER BY (x.login_id IS NOT NULL) DESC, s.login_ts DESC LIMIT 1) AS login_id
  FROM fresh f),
one AS MATERIALIZED (
  -- One row a file: the change that a bad session made, else the last.
  SELECT t.*, row_number() OVER (PARTITION BY t.file_id ORDER BY (b.login_id IS NOT NULL) DESC, t.nth) AS pick, b.reasons AS reasons
  FROM told t LEFT JOIN bad_session b ON b.login_id = t.login_id)
SELECT o.path || ' ' || o.ts AS subject, o.host_id AS host_id, o.path AS file_path, o.what AS what,
  CASE WHEN o.born THEN 'made' ELSE 'changed' END AS made, o.ts AS first_ts, o.ts AS last_ts, $TIME(o.ts) AS time_utc,
  CASE WHEN o.reasons IS NOT NULL THEN 'high' WHEN o.what = 'loaded into every program' THEN 'medium'
    WHEN o.login_id IS NULL AND o.what IN ('who may log in without a password', 'who may act as root') THEN 'low' ELSE 'info' END AS severity,
  CASE WHEN o.reasons IS NOT NULL THEN 80 ELSE 40 END AS confidence,
  CASE WHEN o.login_id IS NULL THEN 'while nobody was logged on who could have done it'
    ELSE 'in the session of ' || l.user_name || coalesce(' from ' || l.source_ip, '') || coalesce(' (' || o.reasons || ')', '') END AS how,
  l.user_name AS user_name, l.source_ip AS source_ip,
  o.event_id AS cite_trigger, json_array(l.first_event) AS cite_cause,
  (SELECT json_group_array(t.event_id) FROM file_time t WHERE t.event_id >= o.file_id * 8 AND t.event_id < o.file_id * 8 + 8
    AND t.event_id <> o.event_id AND t.macb & 13) AS cite_effect
FROM one o LEFT JOIN login l ON l.login_id = o.login_id
WHERE o.pick = 1
ORDER BY o.ts, o.path LIMIT 1000
