SELECT ts, event_id FROM event INDEXED BY event_ts ORDER BY ts, ns, event_id
