CREATE VIEW logins AS
SELECT l.login_id AS login_id, h.name AS host_name, l.user_name AS user_name, l.source_ip AS source_ip,
  l.source_host AS source_host, l.service_name AS service_name, l.auth_method AS auth_method, l.logon_type AS logon_type,
  CASE WHEN l.login_ts IS NOT NULL THEN $TIME(l.login_ts) END AS login_utc,
  CASE WHEN l.logout_ts IS NOT NULL THEN $TIME(l.logout_ts) END AS logout_utc, l.logout_basis AS logout_basis,
  (l.logout_ts - l.login_ts) / 1000000 AS duration_s, l.verdict AS verdict, l.failures_before AS failures_before,
  l.is_admin AS is_admin, l.sources AS sources, l.first_event AS first_event_id, l.last_event AS last_event_id,
  l.kind AS kind, l.login_ts AS login_ts, l.logout_ts AS logout_ts, l.tty AS tty, l.session_id AS session_id,
  l.key_fingerprint AS key_fingerprint, l.until_ts AS until_ts, l.by_user AS by_user,
  l.parent_login AS parent_login_id, l.verdict_why AS verdict_why, l.users_tried AS users_tried,
  l.host_id AS host_id
FROM login l JOIN host h ON h.host_id = l.host_id;

CREATE VIEW accounts AS
SELECT h.name AS host_name, a.user_name AS user_name, a.account_id AS account_id, a.source AS source,
  a.is_admin AS is_admin, a.enabled AS enabled, a.home AS home, a.shell AS shell,
  CASE WHEN a.created_ts IS NOT NULL THEN $TIME(a.created_ts) END AS created_utc, a.created_basis AS created_basis,
  CASE WHEN a.created_earliest IS NOT NULL THEN $TIME(a.created_earliest) END AS created_earliest_utc,
  CASE WHEN a.created_latest IS NOT NULL THEN $TIME(a.created_latest) END AS created_latest_utc,
  a.created_by AS created_by, a.created_from_ip AS created_from_ip,
  CASE WHEN a.password_set_ts IS NOT NULL THEN $TIME(a.password_set_ts) END AS password_set_utc,
  CASE WHEN a.first_login IS NOT NULL THEN $TIME(a.first_login) END AS first_login_utc,
  CASE WHEN a.last_login IS NOT NULL THEN $TIME(a.last_login) END AS last_login_utc,
  a.failed_logins AS failed_logins, CASE WHEN a.deleted_ts IS NOT NULL THEN $TIME(a.deleted_ts) END AS deleted_utc,
  a.admin_reason AS admin_reason
FROM account a JOIN host h ON h.host_id = a.host_id;

CREATE VIEW findings AS
SELECT f.finding_id AS finding_id, f.incident_id AS incident_id, f.phase AS phase, f.rule AS rule,
  f.severity AS severity, f.confidence AS confidence, coalesce(d.status, 'open') AS status, f.title AS title,
  f.summary AS summary, h.name AS host_name, CASE WHEN f.first_ts IS NOT NULL THEN $TIME(f.first_ts) END AS first_utc,
  CASE WHEN f.last_ts IS NOT NULL THEN $TIME(f.last_ts) END AS last_utc, f.user_name AS user_name,
  f.source_ip AS source_ip, f.file_path AS file_path,
  (SELECT count(*) FROM finding_event x WHERE x.finding_id = f.finding_id) AS event_count,
  f.attack_technique AS attack_technique, d.why AS decision_why
FROM finding f LEFT JOIN host h ON h.host_id = f.host_id
LEFT JOIN finding_decision d ON d.rule = f.rule AND d.host_name = coalesce(h.name, '') AND d.subject = f.subject;

CREATE VIEW finding_events AS SELECT finding_id, event_id, role FROM finding_event;

CREATE VIEW incidents AS
SELECT incident_id, title, host_names, CASE WHEN first_ts IS NOT NULL THEN $TIME(first_ts) END AS first_utc,
  CASE WHEN last_ts IS NOT NULL THEN $TIME(last_ts) END AS last_utc, severity, confidence, summary
FROM incident;
