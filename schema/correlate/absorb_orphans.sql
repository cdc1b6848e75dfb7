-- A logout without login in one log belongs to the session of another log that ends with it (that log lost the login).
DROP INDEX IF EXISTS temp.raw_end;
CREATE INDEX temp.raw_end ON raw_session(host_id, logout_ts) WHERE login_ts IS NOT NULL AND logout_ts IS NOT NULL;
UPDATE temp.raw_session AS o SET login_id = -(
  SELECT near.raw_id FROM (SELECT r.raw_id AS raw_id, abs(r.logout_ts - o.logout_ts) AS apart FROM temp.raw_session r
  WHERE r.host_id = o.host_id AND r.login_ts IS NOT NULL AND r.logout_ts IS NOT NULL
    AND r.logout_ts BETWEEN o.logout_ts - 3000000 AND o.logout_ts + 3000000
    AND r.family <> o.family AND r.kind = o.kind
    AND (r.user_name = o.user_name OR r.user_name IS NULL OR o.user_name IS NULL)
    AND (r.source_ip = o.source_ip OR r.source_ip IS NULL OR o.source_ip IS NULL)
    AND (r.tty = o.tty OR r.tty IS NULL OR o.tty IS NULL)) near
  ORDER BY near.apart, near.raw_id LIMIT 1)
WHERE login_ts IS NULL;
