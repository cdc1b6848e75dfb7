-- ?1 host, ?2 from, ?3 to, ?4 the silent log, ?5 at most: records of other logs in a span, and of how many logs. Times of
-- a local zone that is not known (basis 3) and undated ones prove nothing here.
SELECT count(*), count(DISTINCT log) FROM (
  SELECT l.log AS log FROM event e JOIN source s ON s.source_id = e.event_id >> 32
  JOIN temp.log_of_source l ON l.source_id = s.source_id
  WHERE e.ts BETWEEN ?2 AND ?3 AND s.host_id = ?1 AND s.remote = 0 AND s.kind = 0 AND l.log <> ?4 AND s.parser <> 'lastlog'
    AND e.flags & 7 NOT IN (3, 5)
  LIMIT ?5)
