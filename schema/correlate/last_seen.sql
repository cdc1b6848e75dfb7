-- Last sign of life: the last log record, change of a file or write of a filesystem, none later than the moment the
-- evidence was taken or opened (a clock may have run wild). Times of a copied directory are the copy's.
CREATE TEMP TABLE IF NOT EXISTS host_end(host_id INTEGER PRIMARY KEY, cap INTEGER, log_ts INTEGER, file_ts INTEGER,
  fs_ts INTEGER);
DELETE FROM temp.host_end;
INSERT INTO temp.host_end(host_id, cap)
  SELECT h.host_id, coalesce((SELECT max(coalesce(ev.acquired, ev.opened)) FROM evidence ev WHERE ev.evidence_id IN
    (SELECT evidence_id FROM source WHERE host_id = h.host_id UNION SELECT evidence_id FROM volume
     WHERE host_id = h.host_id)), 9223372036854775807 - 86400000000) + 86400000000
  FROM host h;
UPDATE temp.host_end SET log_ts = (SELECT max(s.last_ts) FROM source s WHERE s.host_id = host_end.host_id
  AND s.kind = 0 AND s.remote = 0 AND s.last_ts <= host_end.cap);
UPDATE temp.host_end SET file_ts = (SELECT ft.ts FROM file_time ft
    JOIN source s ON s.source_id = ft.event_id >> 32 JOIN evidence ev ON ev.evidence_id = s.evidence_id
    WHERE ft.ts <= host_end.cap AND ft.macb & 12 AND (ft.macb >> 4) & 7 <> 2 AND s.host_id = host_end.host_id
      AND coalesce(ev.format, '') NOT IN ('directory', 'file')
    ORDER BY ft.ts DESC LIMIT 1)
  WHERE EXISTS (SELECT 1 FROM source s WHERE s.host_id = host_end.host_id AND s.kind = 1);
UPDATE temp.host_end SET fs_ts = (SELECT max(max(coalesce(v.written, v.mounted), coalesce(v.mounted, v.written)))
  FROM volume v WHERE v.host_id = host_end.host_id AND coalesce(v.written, v.mounted) <= host_end.cap);
UPDATE host SET
  last_seen = (SELECT max(x) FROM (SELECT log_ts AS x FROM temp.host_end e WHERE e.host_id = host.host_id
    UNION ALL SELECT file_ts FROM temp.host_end e WHERE e.host_id = host.host_id
    UNION ALL SELECT fs_ts FROM temp.host_end e WHERE e.host_id = host.host_id)),
  stopped_how = NULL;
UPDATE host SET stopped_how = coalesce((
  SELECT CASE
    WHEN b.ended_how = 'shutdown' AND b.end_ts >= coalesce(e.log_ts, b.end_ts) - 120000000 THEN 'shut down in order'
    WHEN b.ended_how = 'shutdown' THEN 'records go on after its last recorded shutdown: started again without a record, or a clock was changed'
    ELSE 'no shutdown recorded after its last boot: power cut, or imaged while running' END
  FROM boot b JOIN temp.host_end e ON e.host_id = b.host_id
  WHERE b.host_id = host.host_id ORDER BY b.start_ts DESC LIMIT 1),
  'unknown: no log tells of a boot or shutdown');
