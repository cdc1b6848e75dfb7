SELECT host_name, evidence, log_path, parser, status, first_utc, last_utc, events, records_read, records_unparsed,
  zone_basis FROM coverage WHERE status IN ('complete', 'partial') ORDER BY host_name, log_path, evidence
