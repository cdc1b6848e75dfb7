-- Everything sessions are made of, host by host in time order. Undated records (basis 5) open and close nothing.
SELECT e.event_id, e.ts, e.kind,
  CASE WHEN x.host IS NULL THEN s.host_id ELSE hn.host_id END AS host,
  s.parser, u.value, t.value, a.value, sh.value, sv.value, p.value, e.pid, e.port, m.value, se.value,
  coalesce(json_extract(e.attr, '$.tty'), json_extract(e.attr, '$.line')),
  json_extract(e.attr, '$.logon_type'), json_extract(e.attr, '$.key_fingerprint'), json_extract(e.attr, '$.by'),
  json_extract(e.attr, '$.uid')
FROM event e
JOIN source s ON s.source_id = e.event_id >> 32
LEFT JOIN event_extra x ON x.event_id = e.event_id
LEFT JOIN string xh ON xh.string_id = x.host
LEFT JOIN temp.host_name hn ON hn.name = lower(xh.value)
LEFT JOIN string u ON u.string_id = e.user
LEFT JOIN string t ON t.string_id = e.target
LEFT JOIN string a ON a.string_id = e.addr
LEFT JOIN string sh ON sh.string_id = x.source_host
LEFT JOIN string sv ON sv.string_id = e.service
LEFT JOIN string p ON p.string_id = e.process
LEFT JOIN string m ON m.string_id = e.method
LEFT JOIN string se ON se.string_id = e.session
WHERE e.kind >= 128 AND e.kind IN (SELECT kind_id FROM kind WHERE
    category = 'authentication' AND action IN ('login', 'logout', 'sudo', 'su', 'explicit-credentials',
      'privilege-assigned')
    OR category IN ('session', 'iam', 'process')
    OR category = 'ftp'
    OR category = 'database' AND action IN ('login', 'logout')
    OR category = 'service' AND action = 'installed'
    OR category = 'host' AND action IN ('log-cleared', 'time-changed', 'shutdown')
    OR category = 'configuration' AND action IN ('audit-policy-changed', 'task-created', 'firewall-changed'))
  AND e.flags & 7 <> 5 AND (x.host IS NULL OR hn.host_id IS NOT NULL)
ORDER BY host, e.ts, e.ns, e.event_id
