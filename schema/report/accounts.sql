SELECT h.name AS host_name, a.user_name, a.account_id, a.source, a.is_admin, a.admin_reason, a.enabled, a.created_ts,
  a.created_basis, a.created_earliest, a.created_latest, a.created_by, a.created_from_ip, a.first_login, a.last_login,
  a.deleted_ts
FROM account a JOIN host h ON h.host_id = a.host_id
WHERE a.source NOT IN ('passwd', 'SAM') OR a.created_ts IS NOT NULL OR a.created_earliest IS NOT NULL
  OR a.is_admin = 1 OR a.last_login IS NOT NULL
ORDER BY h.name, coalesce(a.created_ts, a.created_earliest, 0) DESC, a.user_name LIMIT 500
