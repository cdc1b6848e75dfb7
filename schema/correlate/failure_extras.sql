-- Host named by a record of a log server (and which host of the case that is), and peers known by name only.
SELECT x.event_id, x.host, hn.host_id, x.source_host FROM event_extra x
LEFT JOIN string xh ON xh.string_id = x.host LEFT JOIN temp.host_name hn ON hn.name = lower(xh.value)
WHERE x.host IS NOT NULL OR x.source_host IS NOT NULL ORDER BY x.event_id
