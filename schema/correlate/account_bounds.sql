-- Where no record tells of the creation: it was there by the time it was first used or owned something; and not yet there
-- when an older copy of the account file was written that lacks it (host_note account-not-in-backup, by the profile), or
-- before the system was installed.
DROP TABLE IF EXISTS temp.account_sign;
CREATE TEMP TABLE account_sign(host_id INTEGER NOT NULL, user_name TEXT NOT NULL, source TEXT NOT NULL, sign TEXT NOT NULL,
  ts INTEGER NOT NULL, event_id INTEGER NOT NULL);
INSERT INTO temp.account_sign
  SELECT a.host_id, a.user_name, a.source, 'first login', l.login_ts, l.first_event FROM account a
  JOIN login l ON l.host_id = a.host_id AND l.login_ts = a.first_login AND l.user_name = a.user_name
  WHERE a.created_ts IS NULL AND a.first_login IS NOT NULL GROUP BY a.host_id, a.user_name, a.source;
-- The home folder's birth. Skeleton files in it keep the dates of /etc/skel and prove nothing.
INSERT INTO temp.account_sign
  SELECT a.host_id, a.user_name, a.source, 'home folder', min(ft.ts), ft.event_id
  FROM account a JOIN volume v ON v.host_id = a.host_id
  JOIN dir d ON d.volume_id = v.volume_id
    AND d.path = coalesce(nullif(rtrim(rtrim(a.home, replace(a.home, '/', '')), '/'), ''), '/')
  JOIN file f ON f.dir_id = d.dir_id AND f.name = substr(a.home, length(rtrim(a.home, replace(a.home, '/', ''))) + 1)
  JOIN file_time ft ON ft.event_id >= f.file_id * 8 AND ft.event_id < f.file_id * 8 + 8
  WHERE a.created_ts IS NULL AND a.home LIKE '/_%' AND f.state & 7 = 0 AND f.type = 2 AND ft.macb & 8
    AND f.uid = CAST(a.account_id AS INTEGER)
  GROUP BY a.host_id, a.user_name, a.source;
-- The first file it owned: births and inode changes; the date of its content may be any.
DROP TABLE IF EXISTS temp.asked_owner;
CREATE TEMP TABLE asked_owner(uid INTEGER, host_id INTEGER, user_name TEXT, source TEXT, PRIMARY KEY(uid, host_id, user_name, source))
  WITHOUT ROWID;
INSERT OR IGNORE INTO temp.asked_owner SELECT CAST(account_id AS INTEGER), host_id, user_name, source FROM account
  WHERE account_id GLOB '[0-9]*' AND CAST(account_id AS INTEGER) >= 100;
DROP TABLE IF EXISTS temp.owned_first;
CREATE TEMP TABLE owned_first AS
  SELECT q.host_id AS host_id, q.user_name AS user_name, q.source AS source, min(ft.ts) AS ts, ft.event_id AS event_id
  FROM (SELECT f.file_id AS file_id, o.host_id AS host_id, o.user_name AS user_name, o.source AS source
      FROM file f JOIN temp.asked_owner o ON o.uid = f.uid JOIN dir d ON d.dir_id = f.dir_id
      JOIN volume v ON v.volume_id = d.volume_id AND v.host_id = o.host_id
      WHERE f.state & 7 = 0 LIMIT -1) q
  JOIN file_time ft ON ft.event_id >= q.file_id * 8 AND ft.event_id < q.file_id * 8 + 8
  WHERE ft.macb & 12
  GROUP BY q.host_id, q.user_name, q.source;
INSERT OR IGNORE INTO account_first_file SELECT host_id, user_name, event_id, ts FROM temp.owned_first ORDER BY ts;
INSERT INTO temp.account_sign SELECT o.host_id, o.user_name, o.source, 'first file owned', o.ts, o.event_id
  FROM temp.owned_first o JOIN account a ON a.host_id = o.host_id AND a.user_name = o.user_name AND a.source = o.source
  WHERE a.created_ts IS NULL;
UPDATE account SET
  created_latest = (SELECT min(s.ts) FROM temp.account_sign s WHERE s.host_id = account.host_id
    AND s.user_name = account.user_name AND s.source = account.source),
  created_earliest = coalesce((SELECT max(CAST(n.value AS INTEGER)) FROM host_note n WHERE n.host_id = account.host_id
      AND n.key = 'account-not-in-backup ' || account.user_name),
    (SELECT h.installed FROM host h WHERE h.host_id = account.host_id))
  WHERE created_ts IS NULL;
-- Bounds that cross say nothing.
UPDATE account SET created_earliest = NULL WHERE created_ts IS NULL AND created_earliest > created_latest;
UPDATE account SET created_basis = CASE WHEN created_earliest IS NOT NULL AND created_latest IS NOT NULL THEN 'between'
    WHEN created_latest IS NOT NULL THEN 'before' WHEN created_earliest IS NOT NULL THEN 'after' END
  WHERE created_ts IS NULL;
