-- title: First use of each address
-- meaning: For each address, and each account with each address: first and last login, how many, failed tries from there.
-- phase: context
-- severity: info
-- confidence: 100
-- attack: none
-- parameter: user = '' : only this account
-- needs: A log of logins with addresses.
-- wrong-when: The log begins later than the first use.
-- sentence: {user_name} came from {source_ip} {logins} times, first at {first_utc}.
-- finding: no
WITH pairs AS MATERIALIZED (
  SELECT l.host_id, l.user_name, l.source_ip, min(l.login_ts) AS first_ts, max(l.login_ts) AS last_ts, count(*) AS logins,
    sum(l.verdict = 'guessed') AS guessed, min(l.first_event) AS event
  FROM login l
  WHERE l.source_ip IS NOT NULL AND l.login_ts IS NOT NULL AND l.kind IN ('user', 'ftp', 'network', 'database')
    AND (:user = '' OR l.user_name = :user)
  GROUP BY 1, 2, 3)
SELECT h.name AS host_name, p.source_ip, p.user_name, $TIME(p.first_ts) AS first_utc, $TIME(p.last_ts) AS last_utc, p.logins,
  p.guessed, p.first_ts = min(p.first_ts) OVER (PARTITION BY p.host_id, p.source_ip) AS address_is_new,
  (SELECT coalesce(sum(a.failures), 0) FROM attack_source a WHERE a.host_id = p.host_id AND a.source_ip = p.source_ip
    AND a.basis = 'login') AS failures,
  json_array(p.event) AS cite_trigger
FROM pairs p JOIN host h ON h.host_id = p.host_id
ORDER BY p.first_ts, p.source_ip, p.user_name
