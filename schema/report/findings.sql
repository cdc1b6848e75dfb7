SELECT f.finding_id, f.severity, f.confidence, coalesce(d.status, 'open') AS status, f.title, f.summary, f.rule, f.phase,
  f.first_ts, f.last_ts, f.user_name, f.source_ip, f.file_path, f.attack_technique, h.name AS host_name, d.why
FROM finding f LEFT JOIN host h ON h.host_id = f.host_id
LEFT JOIN finding_decision d ON d.rule = f.rule AND d.host_name = coalesce(h.name, '') AND d.subject = f.subject
ORDER BY coalesce(f.first_ts, f.last_ts), f.finding_id
