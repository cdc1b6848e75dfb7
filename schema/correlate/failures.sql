-- Every failed try, probe and refusal as it lies, in the order of event ids.
SELECT event_id, kind, ts, addr, user, service, CASE WHEN attr IS NULL THEN 1 ELSE coalesce(json_extract(attr, '$.repeat_count'), 1) END
FROM event WHERE +kind IN (SELECT kind FROM temp.failure_kind) AND flags & 7 <> 5 ORDER BY event_id
