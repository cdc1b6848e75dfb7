SELECT l.login_id, l.host_id, l.kind, l.user_name, coalesce(l.source_ip, l.source_host), l.service_name, l.auth_method,
  l.logon_type, l.tty, l.login_ts, p.string_id, u.string_id, l.source_ip IS NOT NULL,
  EXISTS (SELECT 1 FROM login_event e JOIN source s ON s.source_id = e.event_id >> 32
    WHERE e.login_id = l.login_id AND s.parser NOT LIKE 'utmp%' AND s.parser NOT LIKE 'wtmp%' AND s.parser NOT LIKE 'lastlog%')
FROM login l
LEFT JOIN string p ON p.value = coalesce(l.source_ip, l.source_host)
LEFT JOIN string u ON u.value = l.user_name
WHERE l.login_ts IS NOT NULL AND l.kind IN ('user', 'ftp', 'network', 'database')
ORDER BY l.host_id, l.login_ts, l.login_id
