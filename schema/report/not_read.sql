SELECT host_name, log_path, parser, status, reason, first_utc, last_utc, events, records_unparsed FROM coverage
WHERE status <> 'complete' ORDER BY status, host_name, log_path, parser
