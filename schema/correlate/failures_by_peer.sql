-- Failed tries peer by peer in time order; the index gives the order.
SELECT f.host_id, f.peer, f.is_ip, f.class, f.parser, f.service, f.user, f.ts, f.n, f.event_id
FROM temp.failure f WHERE f.peer <> 0 ORDER BY f.host_id, f.peer, f.ts, f.event_id
