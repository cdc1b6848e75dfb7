-- Sessions that findings are about.
SELECT l.login_id, h.name AS host_name, l.user_name, coalesce(l.source_ip, l.source_host) AS source, l.service_name,
  l.auth_method, l.login_ts, l.logout_ts, l.logout_basis, l.verdict, l.failures_before, l.sources
FROM login l JOIN host h ON h.host_id = l.host_id
WHERE l.kind IN ('user', 'ftp', 'database') AND (l.first_event IN (SELECT x.event_id FROM finding_event x
  JOIN finding f ON f.finding_id = x.finding_id WHERE f.severity IN ('medium', 'high', 'critical')
  AND x.role <> 'against'))
ORDER BY coalesce(l.login_ts, l.logout_ts), l.login_id LIMIT 200
