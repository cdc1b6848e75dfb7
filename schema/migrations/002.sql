-- Version 1 kept a row for each run of failed tries: two million for a long log. Now one for each address.
CREATE TABLE attack_source(
  attack_id INTEGER PRIMARY KEY,
  host_id INTEGER NOT NULL,
  source_ip TEXT, source_host TEXT,
  service_name TEXT,
  basis TEXT NOT NULL,                     -- login, invalid-user, message, probe: what was counted
  parser TEXT NOT NULL,
  first_ts INTEGER NOT NULL, last_ts INTEGER NOT NULL,
  failures INTEGER NOT NULL, users INTEGER NOT NULL,
  first_event INTEGER NOT NULL, last_event INTEGER NOT NULL,
  users_sample TEXT) STRICT;               -- the first few names that were tried

INSERT INTO attack_source(host_id, source_ip, source_host, service_name, basis, parser, first_ts, last_ts, failures, users, first_event,
  last_event, users_sample)
SELECT host_id, source_ip, source_host, max(service_name), basis, parser, min(first_ts), max(last_ts), sum(failures), max(users),
  min(first_event), max(last_event), min(users_sample)
FROM attack_wave GROUP BY host_id, source_ip, source_host, basis, parser;
DROP TABLE attack_wave;
