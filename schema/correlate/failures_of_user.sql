-- ?1 host, ?2 user, ?3 from, ?4 to: failed tries of one account and from how many peers.
SELECT sum(n), count(DISTINCT peer) FROM (
  SELECT n, peer FROM temp.failure WHERE host_id = ?1 AND user = ?2 AND class = 1 AND user IS NOT NULL
    AND ts >= ?3 AND ts <= ?4 ORDER BY ts DESC LIMIT 50000)
