INSERT INTO attack_source(host_id, source_ip, source_host, service_name, basis, parser, first_ts, last_ts, failures, users, first_event,
  last_event, users_sample) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
