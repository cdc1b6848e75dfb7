-- title: {file_path} carries a time that is older than itself
-- meaning: Files whose content claims to be days older than the file is, although neither a package, an archive that was unpacked
--   nor the set-up explains it. With a fraction of exactly zero beside times that have one, a program set the time.
-- phase: defense-evasion
-- severity: low
-- confidence: 50
-- attack: T1070.006
-- parameter: days = 7 : how much older it must claim to be
-- needs: A time of birth (ext4) or a change time, which touch cannot set.
-- wrong-when: cp -p, rsync, tar, unzip and scp -p keep the times of their source: alone it is a lead, not a verdict.
-- sentence: {file_path} claims to be from {modified_ts}, but was born at {birth_ts}[, {sign}][, {how}].
-- finding: yes
SELECT f.path AS subject, f.host_id AS host_id, f.path AS file_path, f.modified_ts AS modified_ts, f.birth_ts AS birth_ts,
  f.birth_ts AS first_ts, f.birth_ts AS last_ts, $TIME(f.modified_ts) AS modified_utc, $TIME(f.birth_ts) AS born_utc,
  CASE WHEN f.modified_ts % 1000000 = 0 AND f.birth_ts % 1000000 <> 0 THEN 'the fraction of its second is exactly zero' END AS sign,
  CASE WHEN f.in_bad_session THEN 'high' WHEN f.login_id IS NOT NULL OR f.by_upload IS NOT NULL THEN 'info' ELSE 'low' END AS severity,
  CASE WHEN f.in_bad_session THEN 80 ELSE 40 END AS confidence,
  CASE WHEN l.login_id IS NOT NULL THEN 'in the session of ' || l.user_name || coalesce(' from ' || l.source_ip, '')
    || coalesce(' (' || b.reasons || ')', '') END AS how,
  l.user_name AS user_name, l.source_ip AS source_ip, f.birth_event AS cite_trigger,
  (SELECT json_group_array(t.event_id) FROM file_time t WHERE t.event_id >= f.file_id * 8 AND t.event_id < f.file_id * 8 + 8 AND t.macb & 1)
    AS cite_effect, json_array(l.first_event) AS cite_cause
FROM suspect_file f LEFT JOIN login l ON l.login_id = f.login_id LEFT JOIN bad_session b ON b.login_id = f.login_id
WHERE f.modified_ts IS NOT NULL AND f.modified_ts < f.birth_ts - :days * 86400000000
ORDER BY f.birth_ts LIMIT 500
