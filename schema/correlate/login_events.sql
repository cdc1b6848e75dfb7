-- Rows that were taken into another one follow it; then the events of each session, and how many logs tell of it.
UPDATE temp.raw_session AS o SET login_id = (SELECT r.login_id FROM temp.raw_session r WHERE r.raw_id = -o.login_id)
  WHERE login_id < 0;
INSERT OR IGNORE INTO login_event
  SELECT r.login_id, e.event_id FROM temp.raw_event e JOIN temp.raw_session r ON r.raw_id = e.raw_id
  WHERE r.login_id IS NOT NULL ORDER BY 1, 2;
UPDATE login SET sources = max(1, (SELECT count(DISTINCT f.log) FROM login_event e
    JOIN temp.log_of_source f ON f.source_id IN (SELECT e.event_id >> 32 UNION ALL
      SELECT x.source_id FROM event_source x WHERE x.event_id = e.event_id)
    WHERE e.login_id = login.login_id));
