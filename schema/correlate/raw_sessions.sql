SELECT raw_id, host_id, family, kind, user_name, by_user, source_ip, source_host, service_name, auth_method, logon_type,
  tty, session_id, key_fingerprint, pid, login_ts, logout_ts, basis, until_ts, first_event, last_event
FROM temp.raw_session WHERE login_id IS NULL
ORDER BY host_id, coalesce(login_ts, logout_ts), family, raw_id
