-- Last log record of a host before a moment.
SELECT e.ts, e.event_id FROM event e JOIN source s ON s.source_id = e.event_id >> 32
WHERE e.ts < ?2 AND s.host_id = ?1 AND s.kind = 0 AND s.remote = 0 AND e.flags & 7 NOT IN (3, 5)
ORDER BY e.ts DESC, e.ns DESC LIMIT 1
