-- Rows from logs. Unused lookups vanish when a query uses few columns; every join is a LEFT JOIN on a primary key.
CREATE VIEW event_row AS
SELECT e.event_id AS event_id,
  $TIME(e.ts) AS time_utc,
  e.ts AS ts, e.ns AS ts_ns,
  CAST(CASE e.flags & 7 WHEN 0 THEN 'utc' WHEN 1 THEN 'offset' WHEN 2 THEN 'zone' WHEN 3 THEN 'assumed'
    WHEN 4 THEN 'boot' ELSE 'bounded' END AS TEXT) AS time_basis,
  CAST(CASE (e.flags >> 3) & 7 WHEN 0 THEN 'ns' WHEN 1 THEN 'us' WHEN 2 THEN 'ms' WHEN 3 THEN 's' WHEN 4 THEN '2s'
    WHEN 5 THEN 'min' ELSE 'day' END AS TEXT) AS time_precision,
  CAST((e.flags >> 6) & 1 AS INTEGER) AS year_inferred,
  CAST(CASE WHEN x.earliest IS NOT NULL THEN $TIME(x.earliest) END AS TEXT) AS time_earliest_utc,
  CAST(CASE WHEN x.latest IS NOT NULL THEN $TIME(x.latest) END AS TEXT) AS time_latest_utc,
  CAST(coalesce(xh.value, h.name) AS TEXT) AS host_name,
  CAST((SELECT b.boot_no FROM boot b WHERE b.host_id = s.host_id AND b.start_ts <= e.ts
    ORDER BY b.start_ts DESC LIMIT 1) AS INTEGER) AS boot_id,
  k.category AS event_category, k.action AS event_action, k.outcome AS event_outcome,
  u.value AS user_name, t.value AS user_target_name,
  a.value AS source_ip, e.port AS source_port, sh.value AS source_host,
  da.value AS destination_ip, x.dest_port AS destination_port, dh.value AS destination_host,
  m.value AS auth_method, se.value AS session_id, p.value AS process_name, e.pid AS process_pid,
  c.value AS process_command_line, sv.value AS service_name,
  hm.value AS http_method, ur.value AS url, e.status AS http_status, e.bytes AS http_bytes, ag.value AS user_agent,
  pa.value AS file_path, x.file_size AS file_size, CAST(NULL AS INTEGER) AS file_inode, v.name AS volume,
  CAST(NULL AS TEXT) AS macb, CAST(NULL AS INTEGER) AS macb_bits, CAST(NULL AS TEXT) AS macb_source,
  CAST(CASE s.file_state WHEN 0 THEN 'allocated' WHEN 1 THEN 'deleted' WHEN 2 THEN 'orphan' WHEN 3 THEN 'recovered' END
    AS TEXT) AS state,
  CAST(CASE
    WHEN e.text IS NOT NULL THEN e.text
    WHEN e.template IS NOT NULL THEN printf(tp.fmt, u.value, t.value, coalesce(a.value, sh.value), e.port, m.value,
      p.value, e.pid, pa.value, sv.value, c.value)
    WHEN e.url IS NOT NULL OR e.http_method IS NOT NULL THEN
      coalesce(a.value, sh.value, '-') || ' "' || coalesce(hm.value || ' ', '') || coalesce(ur.value, '-') || '" '
      || coalesce(e.status, '-') || ' ' || coalesce(e.bytes, '-')
    ELSE k.category || ' ' || k.action END AS TEXT) AS message,
  s.parser AS parser, ev.label AS evidence, s.log_path AS log_path, e.log_offset AS log_offset,
  CAST(nullif(coalesce(e.record, e.event_id & 4294967295), 0) AS INTEGER) AS log_record,
  CAST(CASE WHEN s.log_path IS NOT NULL THEN CASE s.remote WHEN 1 THEN 'remote' ELSE 'local' END END AS TEXT)
    AS log_origin,
  CAST(1 + (SELECT count(*) FROM event_source es WHERE es.event_id = e.event_id) AS INTEGER) AS sources,
  e.attr AS attributes,
  e.kind AS kind
FROM event e
LEFT JOIN source s ON s.source_id = e.event_id >> 32
LEFT JOIN host h ON h.host_id = s.host_id
LEFT JOIN evidence ev ON ev.evidence_id = s.evidence_id
LEFT JOIN volume v ON v.volume_id = s.volume_id
LEFT JOIN kind k ON k.kind_id = e.kind
LEFT JOIN event_extra x ON x.event_id = e.event_id
LEFT JOIN string xh ON xh.string_id = x.host
LEFT JOIN string u ON u.string_id = e.user
LEFT JOIN string t ON t.string_id = e.target
LEFT JOIN string a ON a.string_id = e.addr
LEFT JOIN string sh ON sh.string_id = x.source_host
LEFT JOIN string da ON da.string_id = x.dest_addr
LEFT JOIN string dh ON dh.string_id = x.dest_host
LEFT JOIN string m ON m.string_id = e.method
LEFT JOIN string se ON se.string_id = e.session
LEFT JOIN string p ON p.string_id = e.process
LEFT JOIN string c ON c.string_id = x.command
LEFT JOIN string sv ON sv.string_id = e.service
LEFT JOIN string hm ON hm.string_id = e.http_method
LEFT JOIN string ur ON ur.string_id = e.url
LEFT JOIN string ag ON ag.string_id = e.agent
LEFT JOIN string pa ON pa.string_id = e.path
LEFT JOIN template tp ON tp.template_id = e.template;

-- Rows from the walk: MACE times and times of deletion.
CREATE VIEW file_row AS
SELECT ft.event_id AS event_id,
  $TIME(ft.ts) AS time_utc,
  ft.ts AS ts, ft.ns AS ts_ns,
  CAST(CASE (ft.macb >> 7) & 7 WHEN 0 THEN 'utc' WHEN 2 THEN 'zone' WHEN 3 THEN 'assumed' ELSE 'offset' END AS TEXT)
    AS time_basis,
  CAST(CASE (ft.macb >> 10) & 7 WHEN 0 THEN 'ns' WHEN 1 THEN 'us' WHEN 2 THEN 'ms' WHEN 3 THEN 's' WHEN 4 THEN '2s'
    WHEN 5 THEN 'min' ELSE 'day' END AS TEXT) AS time_precision,
  CAST(0 AS INTEGER) AS year_inferred,
  CAST(NULL AS TEXT) AS time_earliest_utc, CAST(NULL AS TEXT) AS time_latest_utc,
  CAST(h.name AS TEXT) AS host_name,
  CAST((SELECT b.boot_no FROM boot b WHERE b.host_id = s.host_id AND b.start_ts <= ft.ts
    ORDER BY b.start_ts DESC LIMIT 1) AS INTEGER) AS boot_id,
  CAST('file' AS TEXT) AS event_category,
  CAST(CASE WHEN ft.macb & 15 THEN 'times' ELSE 'deleted' END AS TEXT) AS event_action,
  CAST(NULL AS TEXT) AS event_outcome,
  CAST(NULL AS TEXT) AS user_name, CAST(NULL AS TEXT) AS user_target_name,
  CAST(NULL AS TEXT) AS source_ip, CAST(NULL AS INTEGER) AS source_port, CAST(NULL AS TEXT) AS source_host,
  CAST(NULL AS TEXT) AS destination_ip, CAST(NULL AS INTEGER) AS destination_port,
  CAST(NULL AS TEXT) AS destination_host,
  CAST(NULL AS TEXT) AS auth_method, CAST(NULL AS TEXT) AS session_id, CAST(NULL AS TEXT) AS process_name,
  CAST(NULL AS INTEGER) AS process_pid, CAST(NULL AS TEXT) AS process_command_line, CAST(NULL AS TEXT) AS service_name,
  CAST(NULL AS TEXT) AS http_method, CAST(NULL AS TEXT) AS url, CAST(NULL AS INTEGER) AS http_status,
  CAST(NULL AS INTEGER) AS http_bytes, CAST(NULL AS TEXT) AS user_agent,
  CAST($PATH(d.path, f.name) AS TEXT) AS file_path,
  f.size AS file_size, f.inode AS file_inode, v.name AS volume,
  CAST(CASE WHEN ft.macb & 15 THEN $MACB(ft.macb) END AS TEXT) AS macb,
  CAST(CASE WHEN ft.macb & 15 THEN ft.macb & 15 END AS INTEGER) AS macb_bits,
  CAST($MACBSOURCE(ft.macb) AS TEXT) AS macb_source,
  CAST(CASE f.state & 7 WHEN 0 THEN 'allocated' WHEN 1 THEN 'deleted' WHEN 2 THEN 'orphan' ELSE 'recovered' END AS TEXT)
    AS state,
  CAST(CASE WHEN ft.macb & 15 THEN $MACB(ft.macb) || CASE (ft.macb >> 4) & 7 WHEN 2 THEN ' $FILE_NAME ' ELSE ' ' END
    ELSE 'deleted ' END || $PATH(d.path, f.name)
    || CASE WHEN f.state & 8 THEN ' (deleted name, inode in use again)' WHEN f.state & 7 = 1 THEN ' (deleted)' ELSE '' END
    AS TEXT) AS message,
  s.parser AS parser, ev.label AS evidence, CAST(NULL AS TEXT) AS log_path, CAST(NULL AS INTEGER) AS log_offset,
  CAST(NULL AS INTEGER) AS log_record, CAST(NULL AS TEXT) AS log_origin, CAST(1 AS INTEGER) AS sources,
  CAST(NULL AS TEXT) AS attributes,
  CAST(46 AS INTEGER) AS kind
FROM file_time ft
LEFT JOIN file f ON f.file_id = ft.event_id >> 3
  AND ft.event_id >= f.file_id * 8 AND ft.event_id < f.file_id * 8 + 8
LEFT JOIN dir d ON d.dir_id = f.dir_id
LEFT JOIN source s ON s.source_id = ft.event_id >> 32
LEFT JOIN host h ON h.host_id = s.host_id
LEFT JOIN evidence ev ON ev.evidence_id = s.evidence_id
LEFT JOIN volume v ON v.volume_id = s.volume_id;

-- The super-timeline: one row per thing that happened at a time.
CREATE VIEW timeline AS
SELECT $TIMELINE_COLUMNS FROM event_row
UNION ALL
SELECT $TIMELINE_COLUMNS FROM file_row;

-- The timeline without the mass kinds (requests, plain messages, failures, MACE rows).
CREATE VIEW notable AS
SELECT $TIMELINE_COLUMNS FROM event_row WHERE kind >= 128;
