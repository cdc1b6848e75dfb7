-- Powers of a session: those of its account, or what sudo and su gave its user on that host.
UPDATE login SET is_admin = CASE
  WHEN EXISTS (SELECT 1 FROM account a WHERE a.host_id = login.host_id AND a.is_admin = 1
    AND a.user_name = CASE WHEN instr(login.user_name, '\') THEN substr(login.user_name, instr(login.user_name, '\') + 1)
      ELSE login.user_name END) THEN 1
  WHEN login.user_name IN ('root', 'toor') OR login.user_name LIKE '%Administrator' THEN 1
  WHEN login.user_name IS NULL THEN NULL ELSE 0 END;
UPDATE login SET is_admin = 1 WHERE is_admin = 0 AND kind = 'user' AND (host_id, user_name) IN (
  SELECT host_id, by_user FROM login WHERE kind IN ('su', 'sudo') AND user_name = 'root' AND by_user IS NOT NULL);
