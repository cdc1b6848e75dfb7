-- Where failed tries would be seen: by log and service, with how many there are. Windows and btmp name no service.
INSERT OR REPLACE INTO failure_cover
SELECT s.host_id, s.parser, l.log || coalesce(' ' || sv.value, ''), min(s.first_ts), max(s.last_ts), sum(q.n)
FROM temp.failure_log q JOIN source s ON s.source_id = q.source_id JOIN temp.log_of_source l ON l.source_id = s.source_id
LEFT JOIN string sv ON sv.string_id = q.service
GROUP BY s.host_id, s.parser, l.log, sv.value;
