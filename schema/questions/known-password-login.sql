-- title: First login of {user_name} from {source_ip} ({shown})
-- meaning: A successful login from an address that this account never used before, with at most three failed tries. Says
--   whether a known password, a key, or nothing that can be determined stands behind it. Accounts that come from many
--   addresses are told of once, together.
-- phase: initial-access
-- severity: low
-- confidence: 40
-- attack: T1078
-- parameter: many = 6 : addresses from which on an account is told of once, together
-- needs: A log of successful logins with addresses; a log of failed ones, else the verdict is "not determinable".
-- wrong-when: People travel, change providers and work from home: most first logins are ordinary. At the beginning of a
--   log every address is new.
-- sentence: {user_name} logged in to {host} from {source_ip} for the first time at {first_ts}: {saying}.[ {because}.]
-- finding: yes
WITH pairs AS MATERIALIZED (
  SELECT l.host_id, l.user_name, l.source_ip, l.login_id, l.login_ts, l.first_event, l.last_event, l.verdict, l.verdict_why, l.is_admin,
    l.service_name, l.auth_method,
    row_number() OVER (PARTITION BY l.host_id, l.user_name, l.source_ip ORDER BY l.login_ts, l.login_id) AS nth,
    count(*) OVER (PARTITION BY l.host_id, l.user_name, l.source_ip) AS uses,
    min(l.login_ts) OVER (PARTITION BY l.host_id, l.user_name) AS account_since
  FROM login l
  WHERE l.kind IN ('user', 'ftp', 'database') AND l.source_ip IS NOT NULL AND l.user_name IS NOT NULL AND l.login_ts IS NOT NULL
    AND l.source_ip NOT IN ('127.0.0.1', '::1')),
firsts AS MATERIALIZED (
  SELECT p.*, count(*) OVER (PARTITION BY p.host_id, p.user_name) AS addresses, b.score AS score, b.reasons AS reasons,
    (SELECT sum(s.score) FROM suspicion s WHERE s.login_id = p.login_id) AS doubt
  FROM pairs p LEFT JOIN bad_session b ON b.login_id = p.login_id WHERE p.nth = 1)
SELECT f.user_name || ' from ' || f.source_ip AS subject, f.host_id, h.name AS host, f.user_name AS user_name,
  f.source_ip AS source_ip, f.service_name AS service, $TIME(f.login_ts) AS login_utc,
  CASE f.verdict WHEN 'key' THEN 'with a key' WHEN 'known' THEN 'known password' ELSE 'not determinable' END AS shown, f.uses AS logins,
  CASE f.verdict WHEN 'key' THEN 'with a key'
    WHEN 'known' THEN 'the password was known to whoever came (' || f.verdict_why || ')'
    ELSE 'whether the password was known or guessed is not determinable (' || f.verdict_why || ')' END AS saying,
  CASE WHEN f.score IS NOT NULL THEN 'This session is not to be trusted: ' || f.reasons
    WHEN f.login_ts = f.account_since THEN 'It is the first login of this account on record' END AS because,
  CASE WHEN f.score IS NOT NULL THEN 'high' WHEN f.doubt >= 40 THEN 'medium' WHEN f.login_ts = f.account_since THEN 'info' ELSE 'low' END
    AS severity,
  CASE WHEN f.score IS NOT NULL THEN min(95, f.score) WHEN f.login_ts = f.account_since THEN 20 ELSE 40 END AS confidence,
  f.login_ts AS first_ts, f.login_ts AS last_ts,
  json_array(f.first_event) AS cite_trigger, json_array(f.last_event) AS cite_context,
  NULL AS title, NULL AS summary
FROM firsts f JOIN host h ON h.host_id = f.host_id
WHERE f.verdict <> 'guessed' AND (f.addresses < :many OR f.score IS NOT NULL OR f.doubt >= 40)
UNION ALL
SELECT f.user_name || ' from many addresses', f.host_id, h.name, f.user_name, NULL, NULL, $TIME(min(f.login_ts)), '', count(*),
  NULL, NULL, 'info', 30, min(f.login_ts), max(f.login_ts), json_array(min(f.first_event)),
  (SELECT json_group_array(x.first_event) FROM (SELECT o.first_event FROM firsts o WHERE o.host_id = f.host_id
    AND o.user_name = f.user_name AND o.score IS NULL AND o.verdict <> 'guessed' ORDER BY o.login_ts LIMIT 100) x),
  f.user_name || ' comes from many addresses',
  f.user_name || ' logged in to ' || h.name || ' from ' || count(*) || ' addresses, none of them in doubt; new ones are usual for it.'
FROM firsts f JOIN host h ON h.host_id = f.host_id
WHERE f.verdict <> 'guessed' AND f.addresses >= :many AND f.score IS NULL AND coalesce(f.doubt, 0) < 40
GROUP BY f.host_id, f.user_name
