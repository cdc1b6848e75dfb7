-- Signs at the log files themselves. Only where the evidence is a disk: copied folders have the copy's times.
DROP TABLE IF EXISTS temp.log_file;
CREATE TEMP TABLE log_file(source_id INTEGER PRIMARY KEY, host_id INTEGER NOT NULL, log_path TEXT NOT NULL, log TEXT NOT NULL,
  parser TEXT NOT NULL, folder TEXT, is_live INTEGER NOT NULL, first_ts INTEGER, last_ts INTEGER, unparsed INTEGER, events INTEGER,
  m_ts INTEGER, m_event INTEGER, b_ts INTEGER, b_event INTEGER, c_ts INTEGER, c_event INTEGER, assumed INTEGER, last_event INTEGER,
  first_event INTEGER);
INSERT INTO temp.log_file(source_id, host_id, log_path, log, parser, folder, is_live, first_ts, last_ts, unparsed, events, assumed)
  SELECT s.source_id, s.host_id, s.log_path, l.log, s.parser,
    rtrim(s.log_path, replace(s.log_path, '/', '')), s.log_path = l.log AND s.compression IS NULL, s.first_ts, s.last_ts,
    coalesce(s.records_unparsed, 0), coalesce(s.events, 0), coalesce(s.zone_basis, '') LIKE 'assumed%'
  FROM source s JOIN temp.log_of_source l ON l.source_id = s.source_id JOIN evidence ev ON ev.evidence_id = s.evidence_id
  WHERE s.kind = 0 AND s.remote = 0 AND s.file_id IS NOT NULL AND s.file_state = 0 AND s.log_path IS NOT NULL
    AND coalesce(ev.format, '') NOT IN ('directory', 'file');
UPDATE temp.log_file AS o SET
  m_event = (SELECT ft.event_id FROM file_time ft, source s WHERE s.source_id = o.source_id AND ft.event_id >= s.file_id * 8
    AND ft.event_id < s.file_id * 8 + 8 AND ft.macb & 1 AND (ft.macb >> 4) & 7 <> 2 LIMIT 1),
  c_event = (SELECT ft.event_id FROM file_time ft, source s WHERE s.source_id = o.source_id AND ft.event_id >= s.file_id * 8
    AND ft.event_id < s.file_id * 8 + 8 AND ft.macb & 4 AND (ft.macb >> 4) & 7 <> 2 LIMIT 1),
  b_event = (SELECT ft.event_id FROM file_time ft, source s WHERE s.source_id = o.source_id AND ft.event_id >= s.file_id * 8
    AND ft.event_id < s.file_id * 8 + 8 AND ft.macb & 8 AND (ft.macb >> 4) & 7 <> 2 LIMIT 1);
UPDATE temp.log_file AS o SET
  m_ts = (SELECT ts FROM file_time WHERE event_id = o.m_event), c_ts = (SELECT ts FROM file_time WHERE event_id = o.c_event),
  b_ts = (SELECT ts FROM file_time WHERE event_id = o.b_event),
  last_event = (SELECT e.event_id FROM event e WHERE e.event_id >= o.source_id << 32 AND e.event_id < (o.source_id + 1) << 32
    ORDER BY e.event_id DESC LIMIT 1),
  first_event = (SELECT e.event_id FROM event e WHERE e.event_id >= o.source_id << 32 AND e.event_id < (o.source_id + 1) << 32
    ORDER BY e.event_id LIMIT 1);
-- Logs whose last line comes from what they hold: written line by line, so the file's time is that of its last line.
DROP TABLE IF EXISTS temp.late;
CREATE TEMP TABLE late AS
  SELECT * FROM temp.log_file WHERE is_live AND events > 0 AND NOT assumed AND last_ts IS NOT NULL AND m_ts IS NOT NULL
    AND (parser IN ('syslog', 'vsftpd', 'vixie_cron') OR (parser LIKE 'utmp%' AND log_path LIKE '%wtmp'));
-- Whole folders whose times all come later than their lines were copied or restored: no sign of anything.
DROP TABLE IF EXISTS temp.copied;
CREATE TEMP TABLE copied AS
  SELECT host_id, folder FROM temp.late GROUP BY host_id, folder
  HAVING count(*) >= 3 AND sum(m_ts > last_ts + 90000000) >= 0.8 * count(*)
    AND max(m_ts) - min(m_ts) > 60000000 OR count(*) >= 3 AND sum(m_ts > last_ts + 90000000) = count(*)
    AND max(m_ts) - min(m_ts) <= 60000000 AND max(m_ts) - max(last_ts) > 86400000000;

INSERT OR IGNORE INTO log_sign(host_id, log_path, sign, ts, until_ts, event_id, other_event, score, detail)
  SELECT l.host_id, l.log_path, 'edited', l.m_ts, NULL, l.m_event, l.last_event, 40,
    'was changed at ' || substr($TIME(l.m_ts), 1, 19) || 'Z, but its last line is of ' || substr($TIME(l.last_ts), 1, 19) || 'Z'
  FROM temp.late l
  WHERE l.m_ts > l.last_ts + 90000000 AND l.unparsed = 0
    AND NOT EXISTS (SELECT 1 FROM temp.copied c WHERE c.host_id = l.host_id AND c.folder = l.folder);

-- Written anew: the file is younger than its first line (sed -i, grep -v > copy). A rotation makes the file first.
INSERT OR IGNORE INTO log_sign(host_id, log_path, sign, ts, until_ts, event_id, other_event, score, detail)
  SELECT l.host_id, l.log_path, 'rewritten', l.b_ts, NULL, l.b_event, l.first_event, 40,
    'the file was made at ' || substr($TIME(l.b_ts), 1, 19) || 'Z, later than its first line of ' || substr($TIME(l.first_ts), 1, 19) || 'Z'
  FROM temp.late l
  WHERE l.b_ts > l.first_ts + 120000000
    -- Not when most logs of the folder are so: restored, moved to a new disk, or a filesystem made later.
    AND 2 * (SELECT sum(o.b_ts > o.first_ts + 120000000) FROM temp.late o WHERE o.host_id = l.host_id AND o.folder = l.folder)
      <= (SELECT count(*) + 1 FROM temp.late o WHERE o.host_id = l.host_id AND o.folder = l.folder);

-- Emptied: a log that was in use and has no byte left, though nothing rotated it then.
DROP TABLE IF EXISTS temp.empty_log;
CREATE TEMP TABLE empty_log AS
  SELECT v.host_id AS host_id, $PATH(d.path, f.name) AS path, f.name AS name, d.path AS folder, f.file_id AS file_id,
    (SELECT ft.event_id FROM file_time ft WHERE ft.event_id >= f.file_id * 8 AND ft.event_id < f.file_id * 8 + 8 AND ft.macb & 1
      LIMIT 1) AS m_event
  FROM dir d JOIN volume v ON v.volume_id = d.volume_id JOIN evidence ev ON ev.evidence_id = v.evidence_id
  JOIN file f ON f.dir_id = d.dir_id
  WHERE d.path IN ('/var/log', '/var/log/apache2', '/var/log/httpd', '/var/adm') AND f.size = 0 AND f.type = 1
    AND f.state & 7 = 0 AND coalesce(ev.format, '') NOT IN ('directory', 'file') AND v.host_id IS NOT NULL
    AND (f.name NOT GLOB '*.[0-9]*' AND f.name NOT GLOB '*-20[0-9]*');
INSERT OR IGNORE INTO log_sign(host_id, log_path, sign, ts, until_ts, event_id, other_event, score, detail)
  SELECT q.host_id, q.path, 'emptied', ft.ts, NULL, ft.event_id,
    (SELECT l.last_event FROM temp.log_file l WHERE l.host_id = q.host_id AND l.log = q.path ORDER BY l.last_ts DESC LIMIT 1),
    CASE WHEN q.name IN ('auth.log', 'secure', 'messages', 'syslog', 'wtmp') THEN 50 ELSE 30 END,
    'is empty since ' || substr($TIME(ft.ts), 1, 19) || 'Z'
    || CASE WHEN EXISTS (SELECT 1 FROM temp.log_file l WHERE l.host_id = q.host_id AND l.log = q.path)
       THEN ', though its older parts show that it was in use' ELSE ', though this kind of system always writes to it' END
  FROM temp.empty_log q JOIN file_time ft ON ft.event_id = q.m_event
  WHERE (q.name IN ('auth.log', 'secure', 'messages', 'syslog', 'wtmp')
      OR EXISTS (SELECT 1 FROM temp.log_file l WHERE l.host_id = q.host_id AND l.log = q.path AND l.events > 0))
    -- A rotation: an older part got its present name at the same time, or the neighbours were rotated then.
    AND NOT EXISTS (SELECT 1 FROM temp.log_file l WHERE l.host_id = q.host_id AND l.log = q.path AND l.log_path <> q.path
      AND abs(l.c_ts - ft.ts) <= 600000000)
    -- A system that never used it: nothing else of the folder was written after it was made.
    AND (EXISTS (SELECT 1 FROM temp.log_file l WHERE l.host_id = q.host_id AND l.log = q.path)
      OR EXISTS (SELECT 1 FROM temp.log_file l WHERE l.host_id = q.host_id AND l.folder = q.folder || '/' AND l.parser IN ('syslog', 'utmp')
        AND l.last_ts > ft.ts AND l.first_ts < ft.ts));
-- Emptied together with logs that were edited (any log, in use or not).
INSERT OR IGNORE INTO log_sign(host_id, log_path, sign, ts, until_ts, event_id, other_event, score, detail)
  SELECT q.host_id, q.path, 'emptied', ft.ts, NULL, ft.event_id, s.event_id, 20,
    'is empty since the second in which ' || s.log_path || ' was changed'
  FROM temp.empty_log q JOIN file_time ft ON ft.event_id = q.m_event
  JOIN log_sign s ON s.host_id = q.host_id AND s.sign IN ('edited', 'rewritten') AND s.ts / 1000000 = ft.ts / 1000000
  WHERE s.log_path <> q.path GROUP BY q.path;

-- Several logs changed in one second, one of them at least not by its daemon.
INSERT OR IGNORE INTO log_sign(host_id, log_path, sign, ts, until_ts, event_id, other_event, score, detail)
  SELECT s.host_id, s.log_path, 'same-second', s.ts, NULL, s.event_id, NULL, 20,
    'changed in one second with ' || (SELECT group_concat(path, ', ') FROM (SELECT DISTINCT o.log_path AS path FROM log_sign o
      WHERE o.host_id = s.host_id AND o.ts / 1000000 = s.ts / 1000000 AND o.log_path <> s.log_path ORDER BY 1))
  FROM log_sign s
  WHERE s.sign IN ('edited', 'emptied') AND (SELECT count(DISTINCT o.log_path) FROM log_sign o WHERE o.host_id = s.host_id
    AND o.sign IN ('edited', 'emptied') AND o.ts / 1000000 = s.ts / 1000000) >= 2;

-- Records that say it: 517, 1102, 104.
INSERT OR IGNORE INTO log_sign(host_id, log_path, sign, ts, until_ts, event_id, other_event, score, detail)
  SELECT s.host_id, coalesce(s.log_path, '?'), 'cleared', e.ts, NULL, e.event_id, NULL, 60,
    'was cleared at ' || substr($TIME(e.ts), 1, 19) || 'Z' || coalesce(' by ' || u.value, '')
  FROM event e JOIN source s ON s.source_id = e.event_id >> 32 LEFT JOIN string u ON u.string_id = e.user
  WHERE e.kind >= 128 AND e.kind IN (SELECT kind_id FROM kind WHERE category = 'host' AND action = 'log-cleared') AND s.remote = 0;

-- The log daemon stopped, and neither the machine stopped nor the daemon began again.
INSERT OR IGNORE INTO log_sign(host_id, log_path, sign, ts, until_ts, event_id, other_event, score, detail)
  SELECT q.host_id, q.log_path, 'logger-stopped', q.ts, NULL, q.event_id, NULL, 30,
    q.program || ' stopped at ' || substr($TIME(q.ts), 1, 19) || 'Z without a shutdown, and no start follows'
  FROM (SELECT s.host_id AS host_id, coalesce(s.log_path, '?') AS log_path, e.ts AS ts, e.event_id AS event_id,
      coalesce(p.value, sv.value) AS program
    FROM event e JOIN source s ON s.source_id = e.event_id >> 32 LEFT JOIN string p ON p.string_id = e.process
    LEFT JOIN string sv ON sv.string_id = e.service
    WHERE e.kind >= 128 AND e.kind IN (SELECT kind_id FROM kind WHERE category = 'service' AND action = 'stopped')
      AND s.remote = 0 AND coalesce(p.value, sv.value) IN ('syslogd', 'rsyslogd', 'syslog-ng', 'auditd') LIMIT -1) q
  WHERE NOT EXISTS (SELECT 1 FROM boot b WHERE b.host_id = q.host_id
      AND (b.end_ts BETWEEN q.ts - 300000000 AND q.ts + 300000000 OR b.start_ts BETWEEN q.ts - 60000000 AND q.ts + 600000000))
    AND NOT EXISTS (SELECT 1 FROM event e JOIN source s ON s.source_id = e.event_id >> 32
      LEFT JOIN string p ON p.string_id = e.process LEFT JOIN string sv ON sv.string_id = e.service
      WHERE e.kind >= 128 AND e.kind IN (SELECT kind_id FROM kind WHERE category = 'service' AND action = 'started')
        AND e.ts BETWEEN q.ts AND q.ts + 60000000 AND s.host_id = q.host_id AND coalesce(p.value, sv.value) = q.program);

-- Parts of a rotated log that are missing in the middle: .1 and .3 without .2.
INSERT OR IGNORE INTO log_sign(host_id, log_path, sign, ts, until_ts, event_id, other_event, score, detail)
  SELECT q.host_id, q.log || '.' || (q.n - 1), 'chain-broken', a.last_ts, q.first_ts, q.first_event, a.last_event, 20,
    'is missing between ' || a.log_path || ' and ' || q.log_path
  FROM (SELECT *, CAST(replace(substr(replace(replace(replace(log_path, '.gz', ''), '.xz', ''), '.bz2', ''), length(log) + 2), '.', '')
      AS INTEGER) AS n FROM temp.log_file WHERE log_path GLOB log || '.[0-9]*' AND events > 0) q
  JOIN (SELECT *, CAST(replace(substr(replace(replace(replace(log_path, '.gz', ''), '.xz', ''), '.bz2', ''), length(log) + 2), '.', '')
      AS INTEGER) AS n FROM temp.log_file WHERE log_path GLOB log || '.[0-9]*' AND events > 0) a
    ON a.host_id = q.host_id AND a.log = q.log AND a.n = q.n - 2
  WHERE q.n >= 2 AND a.n >= 0 AND NOT EXISTS (SELECT 1 FROM temp.log_file m WHERE m.host_id = q.host_id
    AND (m.log_path = q.log || '.' || (q.n - 1) OR m.log_path GLOB q.log || '.' || (q.n - 1) || '.*'));

-- Event logs number their records: numbers that are left out were taken out, or lost by damage.
INSERT OR IGNORE INTO log_sign(host_id, log_path, sign, ts, until_ts, event_id, other_event, score, detail)
  SELECT host_id, log_path, 'numbers-missing', before_ts, ts, event_id, before_event, 40,
    'lacks ' || (record - before - 1) || ' records between number ' || before || ' and ' || record
  FROM (SELECT s.host_id AS host_id, s.log_path AS log_path, e.ts AS ts, e.event_id AS event_id,
      coalesce(e.record, e.event_id & 4294967295) AS record,
      lag(coalesce(e.record, e.event_id & 4294967295)) OVER w AS before, lag(e.ts) OVER w AS before_ts,
      lag(e.event_id) OVER w AS before_event
    FROM source s JOIN event e ON e.event_id >= s.source_id << 32 AND e.event_id < (s.source_id + 1) << 32
    WHERE s.parser IN ('evt', 'evtx') AND s.kind = 0 AND coalesce(json_extract(e.attr, '$.recovered'), 0) = 0
    WINDOW w AS (PARTITION BY s.source_id ORDER BY coalesce(e.record, e.event_id & 4294967295)))
  WHERE record > before + 1 AND ts >= before_ts;
