CREATE VIEW activity AS
SELECT h.name AS host_name, s.log_path AS log_path, s.parser AS parser, k.category AS event_category,
  k.action AS event_action, date(c.day * 86400, 'unixepoch') AS day, sum(c.n) AS n
FROM activity_count c JOIN source s ON s.source_id = c.source_id JOIN host h ON h.host_id = s.host_id
JOIN kind k ON k.kind_id = c.kind
GROUP BY h.name, s.log_path, s.parser, k.category, k.action, c.day;

CREATE VIEW event_sources AS
SELECT e.event_id AS event_id, ev.label AS evidence, s.log_path AS log_path, e.log_offset AS log_offset,
  CAST(nullif(coalesce(e.record, e.event_id & 4294967295), 0) AS INTEGER) AS log_record,
  CASE s.file_state WHEN 0 THEN 'allocated' WHEN 1 THEN 'deleted' WHEN 2 THEN 'orphan' WHEN 3 THEN 'recovered' END
    AS state, s.parser AS parser
FROM event e JOIN source s ON s.source_id = e.event_id >> 32 JOIN evidence ev ON ev.evidence_id = s.evidence_id
WHERE s.log_path IS NOT NULL
UNION ALL
SELECT x.event_id, ev.label, s.log_path, x.log_offset, nullif(x.record, 0),
  CASE s.file_state WHEN 0 THEN 'allocated' WHEN 1 THEN 'deleted' WHEN 2 THEN 'orphan' WHEN 3 THEN 'recovered' END,
  s.parser
FROM event_source x JOIN source s ON s.source_id = x.source_id JOIN evidence ev ON ev.evidence_id = s.evidence_id;

CREATE VIEW files AS
SELECT h.name AS host_name, ev.label AS evidence, v.name AS volume, $PATH(d.path, f.name) AS file_path, f.name AS name,
  f.inode AS inode, f.mft_sequence AS mft_sequence,
  CASE f.type WHEN 1 THEN 'regular' WHEN 2 THEN 'directory' WHEN 3 THEN 'symlink' WHEN 4 THEN 'character'
    WHEN 5 THEN 'block' WHEN 6 THEN 'fifo' WHEN 7 THEN 'socket' WHEN 8 THEN 'whiteout' WHEN 9 THEN 'metadata' END AS type,
  f.mode AS mode, f.uid AS uid, f.gid AS gid,
  coalesce(o.value, (SELECT ac.user_name FROM account ac WHERE ac.host_id = v.host_id
    AND ac.account_id = CAST(f.uid AS TEXT) AND ac.source = 'passwd' ORDER BY ac.user_name LIMIT 1)) AS owner,
  f.size AS size,
  CASE f.state & 7 WHEN 0 THEN 'allocated' WHEN 1 THEN 'deleted' WHEN 2 THEN 'orphan' ELSE 'recovered' END AS state,
  f.target AS target, f.flags AS attributes_flags, g.sha256 AS sha256,
  $FILETIME(1, 0) AS modified, $FILETIME(2, 0) AS accessed, $FILETIME(4, 0) AS changed, $FILETIME(8, 0) AS created,
  $FILETIME(0, 0) AS deleted,
  $FILETIME(1, 2) AS fn_modified, $FILETIME(2, 2) AS fn_accessed, $FILETIME(4, 2) AS fn_changed,
  $FILETIME(8, 2) AS fn_created,
  f.file_id AS file_id
FROM file f JOIN dir d ON d.dir_id = f.dir_id JOIN volume v ON v.volume_id = d.volume_id
JOIN evidence ev ON ev.evidence_id = v.evidence_id LEFT JOIN host h ON h.host_id = v.host_id
LEFT JOIN string o ON o.string_id = f.owner_sid LEFT JOIN file_digest g ON g.file_id = f.file_id;

CREATE VIEW hosts AS
SELECT h.name AS host_name, h.os_family AS os_family, h.os_version AS os_version, h.time_zone AS time_zone,
  h.time_zone_source AS time_zone_source, h.clock_offset_s AS clock_offset_s,
  h.clock_offset_source AS clock_offset_source,
  CASE WHEN h.installed IS NOT NULL THEN $TIME(h.installed) END AS installed_utc,
  CASE WHEN h.last_seen IS NOT NULL THEN $TIME(h.last_seen) END AS last_seen_utc, h.stopped_how AS stopped_how,
  (SELECT group_concat(address, ' ') FROM (SELECT address FROM host_address a WHERE a.host_id = h.host_id
    ORDER BY address)) AS ip_addresses,
  h.machine_id AS machine_id
FROM host h;

CREATE VIEW evidence_items AS
SELECT label, path, format, bytes, md5_stored, sha1_stored, sha256,
  CASE WHEN verified IS NOT NULL THEN $TIME(verified) END AS verified_utc,
  CASE WHEN acquired IS NOT NULL THEN $TIME(acquired) END AS acquired_utc,
  CASE WHEN opened IS NOT NULL THEN $TIME(opened) END AS opened_utc, status
FROM evidence;

CREATE VIEW volumes AS
SELECT ev.label AS evidence, v.name AS volume, v.offset AS offset, v.length AS length, v.type AS type,
  coalesce(v.label, v.fs_label) AS label, v.mount_point AS mount_point, v.state AS state, v.content AS content
FROM volume v JOIN evidence ev ON ev.evidence_id = v.evidence_id;

CREATE VIEW filesystems AS
SELECT ev.label AS evidence, v.name AS volume, v.fs_type AS type, v.block_size AS block_size, v.fs_label AS label,
  v.mount_point AS mount_point, v.fs_state AS state,
  CASE WHEN v.created IS NOT NULL THEN $TIME(v.created) END AS created_utc,
  CASE WHEN v.mounted IS NOT NULL THEN $TIME(v.mounted) END AS mounted_utc,
  CASE WHEN v.checked IS NOT NULL THEN $TIME(v.checked) END AS checked_utc,
  CASE WHEN v.written IS NOT NULL THEN $TIME(v.written) END AS written_utc
FROM volume v JOIN evidence ev ON ev.evidence_id = v.evidence_id WHERE v.fs_type IS NOT NULL;

CREATE VIEW coverage AS
SELECT h.name AS host_name, ev.label AS evidence, s.log_path AS log_path, nullif(s.parser, '') AS parser, s.status AS status,
  s.reason AS reason, CASE WHEN s.first_ts IS NOT NULL THEN $TIME(s.first_ts) END AS first_utc,
  CASE WHEN s.last_ts IS NOT NULL THEN $TIME(s.last_ts) END AS last_utc, s.events AS events,
  s.records_read AS records_read, s.records_unparsed AS records_unparsed, s.bytes_read AS bytes_read,
  s.zone_basis AS zone_basis
FROM source s JOIN host h ON h.host_id = s.host_id JOIN evidence ev ON ev.evidence_id = s.evidence_id
WHERE s.kind = 0 AND s.status IS NOT NULL
UNION ALL
SELECT h.name, ev.label, n.log_path, n.parser, n.status, n.reason,
  CASE WHEN n.first_ts IS NOT NULL THEN $TIME(n.first_ts) END, CASE WHEN n.last_ts IS NOT NULL THEN $TIME(n.last_ts) END,
  0, 0, 0, 0, NULL
FROM coverage_note n JOIN host h ON h.host_id = n.host_id LEFT JOIN evidence ev ON ev.evidence_id = n.evidence_id;

CREATE VIEW gaps AS
SELECT h.name AS host_name, g.log_path AS log_path, $TIME(g.gap_from) AS gap_from_utc, $TIME(g.gap_to) AS gap_to_utc,
  g.expected_interval_s AS expected_interval_s, g.reason AS reason
FROM gap g JOIN host h ON h.host_id = g.host_id;

CREATE VIEW problems AS
SELECT h.name AS host_name, ev.label AS evidence, p.file_path AS file_path, p.offset AS offset, p.length AS length,
  p.stage AS stage, p.code AS code, p.severity AS severity, p.parser AS parser, p.what AS what, p.repeats AS repeats
FROM problem p LEFT JOIN host h ON h.host_id = p.host_id LEFT JOIN evidence ev ON ev.evidence_id = p.evidence_id;
