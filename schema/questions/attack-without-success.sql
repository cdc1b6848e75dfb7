-- title: Tried and failed: {who}
-- meaning: Failed logins, refused connections and probes of addresses that never got a session. Each address that tried
--   hard is told of by itself, the many others together. Says whether a success would have been logged.
-- phase: attempt
-- severity: info
-- confidence: 75
-- attack: T1110
-- parameter: alone = 15 : how many addresses are told of one by one
-- needs: A log of failed logins.
-- wrong-when: The success is in a log that was wiped or never kept, or came from another address.
-- sentence: {tries} failed tries on {host} ({service}) between {first_ts} and {last_ts} from {who}, and no session of
--   {them} follows: not the way in, as far as {would}.
-- finding: yes
WITH counted AS MATERIALIZED (
  SELECT a.host_id, coalesce(a.source_ip, a.source_host) AS peer, a.source_ip, a.basis, a.parser, sum(a.failures) AS n,
    min(a.first_ts) AS first_ts, max(a.last_ts) AS last_ts, min(a.first_event) AS first_event, max(a.last_event) AS last_event,
    max(a.users) AS users, max(a.service_name) AS service
  FROM attack_source a GROUP BY 1, 2, a.basis, a.parser),
-- The same try is told of by several lines and logs: the clearest kind of line counts, in the log that has most.
tried AS MATERIALIZED (
  SELECT host_id, peer, max(source_ip) AS source_ip, min(first_ts) AS first_ts, max(last_ts) AS last_ts,
    min(first_event) AS first_event, max(last_event) AS last_event, max(users) AS users, max(service) AS service,
    coalesce(max(CASE WHEN basis = 'login' THEN n END), max(CASE WHEN basis = 'invalid-user' THEN n END),
      max(CASE WHEN basis = 'message' THEN (n + 1) / 2 END), max(n)) AS tries
  FROM counted GROUP BY host_id, peer),
lost AS MATERIALIZED (
  SELECT t.*, row_number() OVER (PARTITION BY t.host_id ORDER BY t.tries DESC, t.peer) AS place
  FROM tried t
  WHERE (t.host_id, t.peer) NOT IN (SELECT host_id, source_ip FROM login WHERE source_ip IS NOT NULL
    UNION SELECT host_id, source_host FROM login WHERE source_host IS NOT NULL)),
would AS MATERIALIZED (
  SELECT h.host_id, CASE WHEN EXISTS (SELECT 1 FROM login l WHERE l.host_id = h.host_id AND l.kind = 'user' AND l.source_ip IS NOT NULL)
    THEN 'successful logins are recorded on this host, and the log was kept'
    ELSE 'the logs can say: no successful login over the network is on record at all, so one might not have been recorded' END AS says
  FROM host h)
SELECT t.peer AS subject, t.host_id, h.name AS host, t.source_ip AS source_ip, t.peer AS who, coalesce(t.service, 'login') AS service,
  t.tries AS tries, t.users AS users_tried, 'it' AS them, w.says AS would, t.first_ts AS first_ts, t.last_ts AS last_ts,
  $TIME(t.first_ts) AS first_utc, $TIME(t.last_ts) AS last_utc,
  CASE WHEN t.tries >= 100 THEN 'low' ELSE 'info' END AS severity,
  json_array(t.first_event, t.last_event) AS cite_trigger
FROM lost t JOIN host h ON h.host_id = t.host_id JOIN would w ON w.host_id = t.host_id
WHERE t.place <= :alone AND t.tries >= 5
UNION ALL
SELECT 'others', t.host_id, h.name, NULL, count(*) || ' further addresses', 'login', sum(t.tries), NULL, 'them', w.says,
  min(t.first_ts), max(t.last_ts), $TIME(min(t.first_ts)), $TIME(max(t.last_ts)), 'info',
  json_array(min(t.first_event), max(t.last_event))
FROM lost t JOIN host h ON h.host_id = t.host_id JOIN would w ON w.host_id = t.host_id
WHERE t.place > :alone OR t.tries < 5
GROUP BY t.host_id
