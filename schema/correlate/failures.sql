-- Every failed try, probe and refusal with its peer (string ids), in a table of their own: they are a mass kind, and
-- each login asks for those before it. class: 1 failed login, 2 unknown user, 3 other refusal, 4 probe.
DROP TABLE IF EXISTS temp.failure;
CREATE TEMP TABLE failure(host_id INTEGER NOT NULL, peer INTEGER NOT NULL, is_ip INTEGER NOT NULL, class INTEGER NOT NULL,
  parser TEXT NOT NULL, service INTEGER, user INTEGER, ts INTEGER NOT NULL, n INTEGER NOT NULL, event_id INTEGER NOT NULL);
INSERT INTO temp.failure
SELECT CASE WHEN x.host IS NULL THEN s.host_id ELSE coalesce(hn.host_id, s.host_id) END,
  coalesce(e.addr, x.source_host, 0), e.addr IS NOT NULL, c.class, s.parser, e.service, e.user, e.ts,
  CASE WHEN e.attr IS NULL THEN 1 ELSE max(1, min(100000, coalesce(json_extract(e.attr, '$.repeat_count'), 1))) END,
  e.event_id
FROM event e
JOIN temp.failure_kind c ON c.kind = e.kind
JOIN source s ON s.source_id = e.event_id >> 32
LEFT JOIN event_extra x ON x.event_id = e.event_id
LEFT JOIN string xh ON xh.string_id = x.host
LEFT JOIN temp.host_name hn ON hn.name = lower(xh.value)
WHERE e.flags & 7 <> 5 AND (x.host IS NULL OR hn.host_id IS NOT NULL)
-- Lie together what is asked for together.
ORDER BY 1, 2, 8;
CREATE INDEX temp.failure_peer ON failure(host_id, peer, ts);
CREATE INDEX temp.failure_user ON failure(host_id, user, ts) WHERE user IS NOT NULL AND class = 1;
