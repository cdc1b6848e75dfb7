-- Births (created, or modified and changed in one) in time order, with the host.
SELECT t.ts / 60000000, s.host_id FROM file_time t INDEXED BY file_time_ts CROSS JOIN source s ON s.source_id = t.event_id >> 32
WHERE t.macb & 8 OR (t.macb & 4 AND t.macb & 1) ORDER BY t.ts
