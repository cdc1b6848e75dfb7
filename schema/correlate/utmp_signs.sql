-- Signs in wtmp and its kin.
-- Records overwritten with zeros; at the very end a crash leaves such too.
INSERT OR IGNORE INTO log_sign(host_id, log_path, sign, ts, until_ts, event_id, other_event, score, detail)
  SELECT s.host_id, s.log_path, 'zeroed', x.earliest, x.latest, e.event_id, NULL,
    CASE WHEN json_extract(e.attr, '$.at_end') = 1 THEN 20 ELSE 60 END,
    'holds ' || coalesce(json_extract(e.attr, '$.records'), 1) || ' record(s) overwritten with zeros'
      || CASE WHEN json_extract(e.attr, '$.at_end') = 1 THEN ' at its end (a crash leaves such too)' ELSE '' END
  FROM source s JOIN event e ON e.event_id >= s.source_id << 32 AND e.event_id < (s.source_id + 1) << 32
  LEFT JOIN event_extra x ON x.event_id = e.event_id
  WHERE s.kind = 0 AND s.parser LIKE 'utmp%' AND s.remote = 0 AND e.attr IS NOT NULL
    AND json_extract(e.attr, '$.tampered') = 'zeroed';
-- Time going back between neighbours, where no clock was set around it.
INSERT OR IGNORE INTO log_sign(host_id, log_path, sign, ts, until_ts, event_id, other_event, score, detail)
  SELECT s.host_id, s.log_path, 'back-in-time', e.ts, NULL, e.event_id, NULL, 30,
    'steps back by ' || json_extract(e.attr, '$.time_went_back_s') || ' s at record ' || coalesce(e.record, e.event_id & 4294967295)
  FROM source s JOIN event e ON e.event_id >= s.source_id << 32 AND e.event_id < (s.source_id + 1) << 32
  WHERE s.kind = 0 AND s.parser LIKE 'utmp%' AND s.remote = 0 AND e.attr IS NOT NULL
    AND json_extract(e.attr, '$.time_went_back_s') > 60
    AND NOT EXISTS (SELECT 1 FROM event c JOIN source cs ON cs.source_id = c.event_id >> 32
      WHERE c.kind >= 128 AND c.kind IN (SELECT kind_id FROM kind WHERE category = 'host' AND action IN ('time-changed', 'boot'))
        AND cs.host_id = s.host_id AND c.ts BETWEEN e.ts - 600000000
          AND e.ts + json_extract(e.attr, '$.time_went_back_s') * 1000000 + 600000000);
-- wtmp without the boot that other logs of the machine tell of.
INSERT OR IGNORE INTO log_sign(host_id, log_path, sign, ts, until_ts, event_id, other_event, score, detail)
  SELECT w.host_id, w.log, 'boot-missing', b.start_ts, w.first_ts, b.event_id, w.first_event, 40,
    'does not hold the boot of ' || substr($TIME(b.start_ts), 1, 19) || 'Z; its first record is of ' || substr($TIME(w.first_ts), 1, 19) || 'Z'
  FROM (SELECT g.host_id AS host_id, g.log AS log, g.first_ts AS first_ts,
      (SELECT e.event_id FROM event e WHERE e.event_id >= g.source_id << 32 ORDER BY e.event_id LIMIT 1) AS first_event
    FROM (SELECT s.host_id AS host_id, l.log AS log, min(s.first_ts) AS first_ts, s.source_id AS source_id
      FROM source s JOIN temp.log_of_source l ON l.source_id = s.source_id
      WHERE s.kind = 0 AND s.parser LIKE 'utmp%' AND l.log LIKE '%wtmp' AND s.events > 0 AND s.remote = 0 GROUP BY 1, 2) g) w
  JOIN boot b ON b.host_id = w.host_id
  WHERE NOT EXISTS (SELECT 1 FROM event e JOIN source s ON s.source_id = e.event_id >> 32
      JOIN temp.log_of_source l ON l.source_id = s.source_id
      WHERE e.kind >= 128 AND e.kind IN (SELECT kind_id FROM kind WHERE category = 'host' AND action = 'boot')
        AND e.ts BETWEEN b.start_ts - 600000000 AND b.start_ts + 600000000 AND s.host_id = w.host_id AND l.log = w.log)
    -- The boot during which its first record was written, or a later one: rotation keeps that one.
    AND b.boot_no >= (SELECT max(o.boot_no) FROM boot o WHERE o.host_id = w.host_id AND o.start_ts <= w.first_ts)
    -- A fresh file after a rotation starts without a boot: then an older part, or none at all, is there.
    AND NOT EXISTS (SELECT 1 FROM source s JOIN temp.log_of_source l ON l.source_id = s.source_id
      WHERE s.host_id = w.host_id AND l.log = w.log AND s.log_path <> w.log)
    AND NOT EXISTS (SELECT 1 FROM host h WHERE h.host_id = w.host_id AND h.os_family = 'windows');
-- A logout whose login is gone. wtmp must hold the login when it has older records, or when it was made anew (the boot is
-- missing); where its older part was rotated away, a session over the border looks the same.
INSERT OR IGNORE INTO log_sign(host_id, log_path, sign, ts, until_ts, event_id, other_event, score, detail, login_id)
  SELECT l.host_id, s.log_path, 'orphan-logout', l.logout_ts, NULL, l.first_event, NULL,
    CASE WHEN EXISTS (SELECT 1 FROM source w JOIN temp.log_of_source g ON g.source_id = w.source_id
        WHERE w.host_id = l.host_id AND w.kind = 0 AND g.log LIKE '%wtmp' AND w.first_ts < l.logout_ts - 60000000) THEN 60
      WHEN EXISTS (SELECT 1 FROM log_sign b WHERE b.host_id = l.host_id AND b.sign = 'boot-missing') THEN 60
      ELSE 20 END,
    'has a logout on ' || coalesce(l.tty, '?') || ' at ' || substr($TIME(l.logout_ts), 1, 19) || 'Z whose login is not there'
      || coalesce(' (from ' || coalesce(l.source_ip, l.source_host) || ')', ''),
    l.login_id
  FROM login l JOIN source s ON s.source_id = l.first_event >> 32
  WHERE l.login_ts IS NULL AND s.parser LIKE 'utmp%' AND s.remote = 0;

-- Sessions that one of two logs has lost. Which books each session stands in:
DROP TABLE IF EXISTS temp.login_book;
CREATE TEMP TABLE login_book AS
  SELECT l.login_id AS login_id, l.host_id AS host_id, l.login_ts AS ts, l.service_name AS service,
    max(s.parser LIKE 'utmp%' AND g.log LIKE '%wtmp') AS in_wtmp, max(s.parser NOT LIKE 'utmp%' AND s.parser <> 'lastlog') AS in_log
  FROM login l JOIN login_event e ON e.login_id = l.login_id JOIN source s ON s.source_id = e.event_id >> 32
  JOIN temp.log_of_source g ON g.source_id = s.source_id
  WHERE l.kind = 'user' AND l.login_ts IS NOT NULL AND s.remote = 0 GROUP BY l.login_id;
-- Only where the two usually agree: else a clock, a zone or a daemon that does not write wtmp is the reason.
DROP TABLE IF EXISTS temp.book_pair;
CREATE TEMP TABLE book_pair AS
  SELECT host_id, sum(in_wtmp AND in_log) AS both, sum(in_wtmp AND NOT in_log) AS wtmp_only, sum(in_log AND NOT in_wtmp) AS log_only,
    min(CASE WHEN in_log THEN ts END) AS log_from, max(CASE WHEN in_log THEN ts END) AS log_to
  FROM temp.login_book GROUP BY host_id;
INSERT OR IGNORE INTO log_sign(host_id, log_path, sign, ts, until_ts, event_id, other_event, score, detail, login_id)
  SELECT l.host_id, q.log_path, 'login-missing', l.login_ts, NULL, l.first_event, NULL, 60,
    'has no line of the session of ' || coalesce(l.user_name, '?') || ' at ' || substr($TIME(l.login_ts), 1, 19)
      || 'Z that wtmp holds' || coalesce(' (from ' || coalesce(l.source_ip, l.source_host) || ')', ''), l.login_id
  FROM temp.login_book b JOIN temp.book_pair p ON p.host_id = b.host_id JOIN login l ON l.login_id = b.login_id
  JOIN (SELECT s.host_id AS host_id, s.log_path AS log_path, s.first_ts AS first_ts, s.last_ts AS last_ts FROM source s
      WHERE s.kind = 0 AND s.remote = 0 AND s.parser = 'syslog' AND EXISTS (SELECT 1 FROM temp.login_book o
        JOIN login_event e ON e.login_id = o.login_id WHERE o.in_wtmp AND o.in_log AND e.event_id >> 32 = s.source_id LIMIT 1)) q
    ON q.host_id = l.host_id AND l.login_ts BETWEEN q.first_ts AND q.last_ts
  WHERE b.in_wtmp AND NOT b.in_log AND p.both >= 2 AND p.both >= 2 * p.wtmp_only;
-- The reverse: an interactive session (it has a terminal, or is a console login) that wtmp lacks.
INSERT OR IGNORE INTO log_sign(host_id, log_path, sign, ts, until_ts, event_id, other_event, score, detail, login_id)
  SELECT l.host_id, w.log_path, 'session-missing', l.login_ts, NULL, l.first_event, NULL, 20,
    'has no record of the session of ' || coalesce(l.user_name, '?') || ' at ' || substr($TIME(l.login_ts), 1, 19)
      || 'Z that ' || s.log_path || ' tells of (sessions without a terminal leave none)', l.login_id
  FROM temp.login_book b JOIN temp.book_pair p ON p.host_id = b.host_id JOIN login l ON l.login_id = b.login_id
  JOIN source s ON s.source_id = l.first_event >> 32
  JOIN (SELECT host_id, log_path, first_ts, last_ts FROM source WHERE kind = 0 AND remote = 0 AND parser LIKE 'utmp%'
    AND log_path LIKE '%wtmp') w ON w.host_id = l.host_id AND l.login_ts BETWEEN w.first_ts AND w.last_ts
  WHERE b.in_log AND NOT b.in_wtmp AND p.both >= 3 AND p.both >= 4 * p.log_only AND l.auth_method IS NOT NULL
    AND (l.logout_ts IS NULL OR l.logout_ts - l.login_ts > 60000000);

-- Lines taken out one by one: the service's `session opened` (and closed) is there, the `Accepted` of the same process that
-- comes before it is not. Only where the service nearly always writes both.
DROP TABLE IF EXISTS temp.half_told;
CREATE TEMP TABLE half_told AS
  SELECT l.login_id AS login_id, l.host_id AS host_id, coalesce(l.service_name, '') AS service,
    max(k.category = 'authentication' AND k.action = 'login') AS accepted, min(CASE WHEN k.category = 'session' THEN e.event_id END) AS opened
  FROM login l JOIN login_event le ON le.login_id = l.login_id JOIN event e ON e.event_id = le.event_id
  JOIN kind k ON k.kind_id = e.kind JOIN source s ON s.source_id = e.event_id >> 32
  WHERE l.kind = 'user' AND l.login_ts IS NOT NULL AND s.parser NOT LIKE 'utmp%' AND s.parser <> 'lastlog' AND s.remote = 0
    AND l.service_name IN ('sshd', 'login', 'dropbear')
  GROUP BY l.login_id;
INSERT OR IGNORE INTO log_sign(host_id, log_path, sign, ts, until_ts, event_id, other_event, score, detail, login_id)
  SELECT h.host_id, s.log_path, 'lines-missing', e.ts, NULL, h.opened, l.first_event, 60,
    'tells that a session of ' || coalesce(l.user_name, '?') || ' was opened at ' || substr($TIME(e.ts), 1, 19)
      || 'Z, but the line of ' || h.service || ' before it that says from where is gone'
      || coalesce(' (wtmp says ' || coalesce(l.source_ip, l.source_host) || ')', ''), h.login_id
  FROM temp.half_told h JOIN login l ON l.login_id = h.login_id JOIN event e ON e.event_id = h.opened
  JOIN source s ON s.source_id = h.opened >> 32
  JOIN (SELECT host_id, service, count(*) AS n, sum(accepted) AS whole FROM temp.half_told GROUP BY 1, 2) u
    ON u.host_id = h.host_id AND u.service = h.service
  WHERE NOT h.accepted AND u.whole >= 5 AND u.whole >= 0.8 * u.n
    -- Not the first seconds of a log whose older part is gone.
    AND e.ts > s.first_ts + 5000000;
