-- Records of boots and stops, host by host in time order; the last column says whether the zone was known.
SELECT s.host_id, e.ts, e.event_id, k.action, s.source_id, s.parser, e.flags & 7
FROM event e JOIN source s ON s.source_id = e.event_id >> 32 JOIN kind k ON k.kind_id = e.kind
WHERE e.kind >= 128 AND e.kind IN (SELECT kind_id FROM kind WHERE category = 'host'
    AND action IN ('boot', 'shutdown', 'unexpected-shutdown'))
  AND s.remote = 0 AND e.flags & 7 <> 5
ORDER BY s.host_id, e.ts, e.ns, e.event_id
