-- All that the correlation makes. The analyst's own word (finding_decision) stays.
DELETE FROM boot;
DELETE FROM login;
DELETE FROM login_event;
DELETE FROM coverage_note;
DELETE FROM gap;
DELETE FROM finding_event;
DELETE FROM finding;
DELETE FROM incident;
DELETE FROM attack_source;
DELETE FROM act;
DELETE FROM suspicion;
DELETE FROM failure_cover;
DELETE FROM log_sign;
DELETE FROM account_first_file;
DELETE FROM account WHERE source IN ('log only', 'file owner only');
UPDATE account SET created_ts = NULL, created_basis = NULL, created_earliest = NULL, created_latest = NULL,
  created_by = NULL, created_from_ip = NULL, created_event = NULL, first_login = NULL, last_login = NULL,
  failed_logins = NULL, deleted_ts = NULL;
DELETE FROM problem WHERE code LIKE 'question-%' AND stage = 'store';
