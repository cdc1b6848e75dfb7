-- Rows that a finding cites, those that carry it first.
WITH cited AS MATERIALIZED (
  SELECT x.event_id AS id, x.role AS role, CASE x.role WHEN 'trigger' THEN 0 WHEN 'cause' THEN 1 WHEN 'effect' THEN 2
    WHEN 'against' THEN 3 ELSE 4 END AS weight
  FROM finding_event x WHERE x.finding_id = ?1 ORDER BY weight, x.event_id LIMIT ?2)
SELECT c.role, t.event_id, t.ts, t.message, t.log_path, t.log_record, t.event_category, t.event_action
FROM cited c JOIN timeline t ON t.event_id = c.id ORDER BY t.ts, t.ts_ns, t.event_id
