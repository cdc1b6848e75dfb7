-- After the sessions are judged: which session was open when a suspect file was born, and may write what it is owned by.
DROP TABLE IF EXISTS temp.file_login;
CREATE TEMP TABLE file_login AS
SELECT file_id, login_id FROM (
  SELECT f.file_id AS file_id, l.login_id AS login_id, row_number() OVER (PARTITION BY f.file_id ORDER BY (b.login_id IS NOT NULL) DESC,
    (CAST(a.account_id AS INTEGER) = f.uid) DESC, l.login_ts DESC, l.login_id) AS nth
  FROM suspect_file f
  JOIN login l ON l.host_id = f.host_id AND l.kind IN ('user', 'ftp') AND l.login_ts <= f.birth_ts + 5000000
    AND coalesce(l.until_ts, l.login_ts) >= f.birth_ts - 5000000
  LEFT JOIN account a ON a.host_id = l.host_id AND a.user_name = l.user_name AND a.source = 'passwd'
  LEFT JOIN bad_session b ON b.login_id = l.login_id
  WHERE f.by_request IS NULL AND (f.uid IS NULL OR CAST(a.account_id AS INTEGER) = f.uid OR (f.uid = 0 AND l.is_admin = 1)
    OR a.account_id IS NULL))
WHERE nth = 1;
UPDATE suspect_file SET login_id = (SELECT t.login_id FROM temp.file_login t WHERE t.file_id = suspect_file.file_id)
WHERE file_id IN (SELECT file_id FROM temp.file_login);
DROP TABLE temp.file_login;
UPDATE suspect_file SET login_id = (
  SELECT le.login_id FROM login_event le JOIN login l ON l.login_id = le.login_id WHERE le.event_id = suspect_file.by_upload LIMIT 1)
WHERE by_upload IS NOT NULL AND EXISTS (SELECT 1 FROM login_event le WHERE le.event_id = suspect_file.by_upload);
UPDATE suspect_file SET login_id = (SELECT a.login_id FROM act a WHERE a.event_id = suspect_file.by_upload)
WHERE by_upload IS NOT NULL AND login_id IS NULL;
UPDATE suspect_file SET in_bad_session = 1 WHERE login_id IN (SELECT login_id FROM bad_session);
