-- Times the machine was off, where a shutdown and the next boot say so.
INSERT INTO gap
  SELECT b.host_id, '(all)', b.end_ts, n.start_ts, NULL, 'machine off: shut down, and booted again', b.event_id, n.event_id
  FROM boot b JOIN boot n ON n.host_id = b.host_id AND n.boot_no = b.boot_no + 1
  WHERE b.ended_how = 'shutdown' AND n.start_ts - b.end_ts > 3600000000;
