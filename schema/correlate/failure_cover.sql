-- Where failed tries would be seen: by log and service, with how many there are. Windows and btmp name no service.
INSERT OR REPLACE INTO failure_cover
SELECT s.host_id, s.parser, l.log || coalesce(' ' || sv.value, ''), min(s.first_ts), max(s.last_ts), sum(q.n)
FROM (SELECT event_id >> 32 AS source_id, service, count(*) AS n FROM temp.failure WHERE class <= 3 GROUP BY 1, 2) q
JOIN source s ON s.source_id = q.source_id JOIN temp.log_of_source l ON l.source_id = s.source_id
LEFT JOIN string sv ON sv.string_id = q.service
GROUP BY s.host_id, s.parser, l.log, sv.value;
-- How often each account was tried; the log that has most counts.
DROP TABLE IF EXISTS temp.failed_of;
CREATE TEMP TABLE failed_of(host_id INTEGER NOT NULL, user_name TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY(host_id, user_name))
  WITHOUT ROWID;
INSERT OR REPLACE INTO temp.failed_of
  SELECT q.host_id, u.value, max(q.n) FROM (SELECT host_id, user, parser, sum(n) AS n FROM temp.failure
    WHERE class = 1 AND user IS NOT NULL GROUP BY 1, 2, 3) q
  JOIN string u ON u.string_id = q.user GROUP BY 1, 2;
