-- Logs that are written as things happen. lastlog and btmp have no pauses of their own; a package log is silent for weeks.
SELECT s.source_id, s.host_id, l.log, s.parser = 'syslog' FROM source s JOIN temp.log_of_source l ON l.source_id = s.source_id
WHERE s.kind = 0 AND s.remote = 0 AND s.log_path IS NOT NULL
  AND s.parser NOT IN ('lastlog', 'dpkg', 'apt_history', 'apt', 'yum') AND s.log_path NOT LIKE '%btmp%'
  AND s.log_path NOT LIKE '%utmp' AND s.parser NOT LIKE 'dpkg%'
