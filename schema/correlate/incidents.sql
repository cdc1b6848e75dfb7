-- One incident a host: what its findings from medium on are together.
INSERT INTO incident(title, host_names, first_ts, last_ts, severity, confidence, summary)
  SELECT 'What happened on ' || h.name, h.name, min(f.first_ts), max(f.last_ts),
    CASE max(instr('info low medium high critical', f.severity)) WHEN 1 THEN 'info' WHEN 6 THEN 'low' WHEN 10 THEN 'medium'
      WHEN 17 THEN 'high' ELSE 'critical' END,
    max(f.confidence),
    count(*) || ' findings from medium on: ' || (SELECT group_concat(t, '; ') FROM (SELECT x.title AS t FROM finding x
      WHERE x.host_id = f.host_id AND x.severity IN ('medium', 'high', 'critical')
      ORDER BY instr('info low medium high critical', x.severity) DESC, x.first_ts, x.finding_id LIMIT 6))
      || CASE WHEN count(*) > 6 THEN '; and ' || (count(*) - 6) || ' more' ELSE '' END
  FROM finding f JOIN host h ON h.host_id = f.host_id
  WHERE f.severity IN ('medium', 'high', 'critical')
    -- What the analyst dismissed makes no incident.
    AND NOT EXISTS (SELECT 1 FROM finding_decision d WHERE d.rule = f.rule AND d.host_name = h.name AND d.subject = f.subject
      AND d.status = 'dismissed')
  GROUP BY f.host_id ORDER BY min(f.first_ts), f.host_id;
UPDATE finding SET incident_id = (SELECT i.incident_id FROM incident i JOIN host h ON h.name = i.host_names
  WHERE h.host_id = finding.host_id LIMIT 1)
  WHERE severity IN ('medium', 'high', 'critical');
