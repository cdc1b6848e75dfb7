-- What people did, host by host in time order: accounts, rights, packages, services, jobs, logs, transfers, commands.
SELECT e.event_id, e.ts, s.host_id, k.category, k.action, k.outcome, u.value, coalesce(t.value, json_extract(e.attr, '$.group')),
  p.value, json_extract(e.attr, '$.tty'), c.value, coalesce(e.session, 0), json_extract(e.attr, '$.requested_by')
FROM event e
JOIN source s ON s.source_id = e.event_id >> 32
JOIN kind k ON k.kind_id = e.kind
LEFT JOIN event_extra x ON x.event_id = e.event_id
LEFT JOIN string u ON u.string_id = e.user
LEFT JOIN string t ON t.string_id = e.target
LEFT JOIN string p ON p.string_id = e.process
LEFT JOIN string c ON c.string_id = x.command
WHERE e.kind >= 128 AND e.kind IN (SELECT kind_id FROM kind WHERE
    category = 'iam' AND action <> 'message'
    OR category = 'authentication' AND action IN ('sudo', 'su', 'explicit-credentials')
    OR category = 'package' AND action IN ('installed', 'upgraded', 'removed')
    OR category = 'service' AND action IN ('installed', 'stopped', 'changed')
    OR category = 'configuration' AND action IN ('task-created', 'audit-policy-changed', 'firewall-changed')
    OR category = 'host' AND action IN ('log-cleared', 'time-changed', 'shutdown')
    OR category = 'ftp' AND action IN ('upload', 'download', 'delete', 'rename', 'mkdir', 'rmdir')
    OR category = 'process' AND action IN ('command')
    OR category = 'malware' AND action = 'protection-disabled')
  AND e.flags & 7 <> 5 AND s.remote = 0
ORDER BY s.host_id, e.ts, e.ns, e.event_id
