-- ?1 host, ?2 peer, ?3 from, ?4 to (excluded): tries of one peer by what counted them. The same try is often told of by
-- several logs and lines: the reader takes the largest count, not the sum. Bounded, as a peer may have tried for days.
SELECT class, parser, sum(n), count(DISTINCT user), min(ts), max(ts), min(event_id) FROM (
  SELECT class, parser, n, user, ts, event_id FROM temp.failure WHERE host_id = ?1 AND peer = ?2 AND ts >= ?3 AND ts <= ?4
  ORDER BY ts DESC LIMIT 50000)
GROUP BY class, parser
