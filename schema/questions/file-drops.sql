-- title: {path_shown}: a {kind} nobody's package brought
-- meaning: A program, script, archive, library, setuid file or oddly named file that no package owns, that was not born with
--   the set-up, an installer or a package run, in a place where tools are dropped; with the session, request or upload that
--   explains it.
-- phase: execution
-- severity: medium
-- confidence: 60
-- attack: T1105
-- needs: File times with a time of birth (ext4, NTFS) or of the last change of the inode; the package database where there is one.
-- wrong-when: Software was installed by hand or from a tarball; a developer works on this machine; on ext2 and ext3 only the
--   last change of the inode is known, which a chmod renews.
-- sentence: {path_shown} ({kind}, {size} bytes) appeared at {birth_ts}[, {how}]{owner_text}{deleted_text}.
-- finding: yes
WITH f AS MATERIALIZED (
  SELECT s.*, l.user_name AS session_user, l.source_ip AS session_ip, l.first_event AS session_event, b.reasons AS reasons,
    l.verdict AS verdict, e.addr AS request_addr
  FROM suspect_file s LEFT JOIN login l ON l.login_id = s.login_id LEFT JOIN bad_session b ON b.login_id = s.login_id
  LEFT JOIN event e ON e.event_id = coalesce(s.by_request, s.by_upload)
  WHERE NOT EXISTS (SELECT 1 FROM web_shell w WHERE w.file_id = s.file_id))
SELECT f.path || ' ' || f.file_id AS subject, f.host_id AS host_id, f.path AS path_shown, f.path AS file_path, f.size AS size,
  CASE f.kind WHEN 'odd-name' THEN 'file with a name that hides it' WHEN 'device-folder' THEN 'regular file among the devices'
    WHEN 'setuid' THEN 'setuid program' WHEN 'stream' THEN 'hidden data stream' WHEN 'web-script' THEN 'script in the web root'
    ELSE f.kind END AS kind,
  CASE
    WHEN f.in_bad_session THEN 'high'
    WHEN f.kind = 'setuid' AND f.login_id IS NULL THEN 'high'
    WHEN f.login_id IS NOT NULL AND f.verdict IN ('known', 'key', 'console', 'unknown') THEN CASE WHEN f.kind IN ('setuid', 'odd-name', 'device-folder')
      THEN 'low' ELSE 'info' END
    WHEN f.by_request IS NOT NULL AND f.place <> 'web' THEN 'medium'
    WHEN f.by_upload IS NOT NULL THEN 'info'
    WHEN f.kind IN ('odd-name', 'device-folder', 'setuid') THEN 'medium'
    WHEN f.place IN ('drive-root', 'recycler') AND f.kind IN ('program', 'script', 'library') THEN 'medium'
    WHEN f.place = 'temporary' AND f.kind IN ('program', 'script', 'library') THEN 'medium'
    WHEN f.place = 'system' AND f.kind IN ('program', 'library', 'stream') AND EXISTS (SELECT 1 FROM package p WHERE p.host_id = f.host_id)
      THEN 'medium'
    ELSE 'low' END AS severity,
  CASE WHEN f.in_bad_session THEN 85 WHEN f.birth_basis = 'changed' THEN 45 ELSE 60 END AS confidence,
  CASE WHEN f.in_bad_session THEN 'in the session of ' || f.session_user || coalesce(' from ' || f.session_ip, '') || ' (' || f.reasons || ')'
    WHEN f.by_request IS NOT NULL THEN 'within seconds of a web request' || coalesce(' from ' || a.value, '')
    WHEN f.by_upload IS NOT NULL THEN 'uploaded by ftp' || coalesce(' from ' || a.value, '')
    WHEN f.login_id IS NOT NULL THEN 'while ' || f.session_user || ' was logged on' || coalesce(' from ' || f.session_ip, '')
    ELSE 'while nobody was logged on who could have written it' END AS how,
  CASE WHEN f.uid IS NULL THEN '' ELSE ', owned by ' || coalesce((SELECT c.user_name FROM account c WHERE c.host_id = f.host_id
    AND c.account_id = CAST(f.uid AS TEXT) AND c.source = 'passwd' LIMIT 1), 'uid ' || f.uid) END AS owner_text,
  CASE WHEN f.deleted THEN '; it was deleted later' ELSE '' END AS deleted_text,
  f.session_user AS user_name, coalesce(f.session_ip, a.value) AS source_ip, f.birth_ts AS birth_ts, f.birth_ts AS first_ts,
  (SELECT max(t.ts) FROM file_time t WHERE t.event_id >= f.file_id * 8 AND t.event_id < f.file_id * 8 + 8 AND t.macb & 13) AS last_ts,
  $TIME(f.birth_ts) AS born_utc,
  f.birth_event AS cite_trigger, json_array(f.session_event, f.by_request, f.by_upload) AS cite_cause,
  (SELECT json_group_array(t.event_id) FROM file_time t WHERE t.event_id >= f.file_id * 8 AND t.event_id < f.file_id * 8 + 8
    AND t.event_id <> f.birth_event) AS cite_effect
FROM f LEFT JOIN string a ON a.string_id = f.request_addr
ORDER BY f.birth_ts, f.file_id
LIMIT 2000
