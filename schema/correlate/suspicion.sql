-- One round: reasons that need no other bad session, and those that follow from bad sessions known so far. The program
-- repeats it until nothing is new.
INSERT OR IGNORE INTO suspicion SELECT login_id, 'guessed', 80, 'its password was guessed: ' || verdict_why, first_event
  FROM login WHERE verdict = 'guessed';
-- A login that was taken out of a log.
INSERT OR IGNORE INTO suspicion SELECT s.login_id, 'login-wiped', max(s.score), s.log_path || ' ' || s.detail, s.event_id
  FROM log_sign s WHERE s.login_id IS NOT NULL AND s.sign IN ('orphan-logout', 'login-missing', 'lines-missing') AND s.score >= 60 GROUP BY s.login_id;
-- What only somebody does who hides or digs in.
INSERT OR IGNORE INTO suspicion SELECT coalesce(a.login_id, a.via_login_id), 'cleared-log', 60, 'cleared a log', min(a.event_id)
  FROM act a WHERE a.what = 'host-log-cleared' AND coalesce(a.login_id, a.via_login_id) IS NOT NULL GROUP BY 1;
INSERT OR IGNORE INTO suspicion SELECT coalesce(a.login_id, a.via_login_id), 'second-root', 70,
    'made the account ' || a.target_name || ' with the powers of root', min(a.event_id)
  FROM act a JOIN event e ON e.event_id = a.event_id
  WHERE a.what IN ('iam-user-created', 'iam-user-changed') AND a.target_name NOT IN ('root', 'toor')
    AND coalesce(json_extract(e.attr, '$.uid'), CASE WHEN json_extract(e.attr, '$.field') = 'UID'
      THEN json_extract(e.attr, '$.new_value') END, -1) = 0
    AND coalesce(a.login_id, a.via_login_id) IS NOT NULL GROUP BY 1;
INSERT OR IGNORE INTO suspicion SELECT coalesce(a.login_id, a.via_login_id), 'blinded', 40, 'turned off a protection or the audit', min(a.event_id)
  FROM act a WHERE a.what IN ('configuration-audit-policy-changed', 'malware-protection-disabled')
    AND coalesce(a.login_id, a.via_login_id) IS NOT NULL GROUP BY 1;
INSERT OR IGNORE INTO suspicion SELECT l.login_id, 'uid-0', 70, 'the account has the powers of root under another name', l.first_event
  FROM login l JOIN account a ON a.host_id = l.host_id AND a.user_name = l.user_name AND a.account_id = '0'
  WHERE l.user_name NOT IN ('root', 'toor') AND l.kind IN ('user', 'ftp');
-- Logs edited or emptied while it was open; weak alone, since another may have been there too.
INSERT OR IGNORE INTO suspicion SELECT l.login_id, 'log-touched', 45, min(s.log_path || ' ' || s.detail) || ', while it was open', min(s.event_id)
  FROM log_sign s JOIN login l ON l.host_id = s.host_id AND l.login_ts <= s.ts AND l.until_ts >= s.ts AND l.kind = 'user'
    AND l.logout_basis IN ('recorded', 'next-boot')
  WHERE s.sign IN ('edited', 'rewritten', 'emptied') AND s.score >= 40
    AND (l.is_admin = 1 OR l.user_name = 'root') GROUP BY l.login_id;
-- First time this account comes from there, though its logins are known for a week: weak, an opening for what follows.
INSERT OR IGNORE INTO suspicion SELECT l.login_id, 'new-address', 20, 'first login of ' || l.user_name || ' from ' || l.source_ip, l.first_event
  FROM login l
  WHERE l.kind IN ('user', 'ftp') AND l.source_ip IS NOT NULL AND l.login_ts IS NOT NULL
    AND l.login_id = (SELECT o.login_id FROM temp.first_pair o WHERE o.host_id = l.host_id AND o.user_name = l.user_name
      AND o.source_ip = l.source_ip)
    AND EXISTS (SELECT 1 FROM login p WHERE p.host_id = l.host_id AND p.user_name = l.user_name AND p.source_ip <> l.source_ip
      AND p.login_ts < l.login_ts AND p.kind IN ('user', 'ftp'));
INSERT OR IGNORE INTO suspicion SELECT a.login_id, 'made-account', 15, 'made the account ' || a.target_name, min(a.event_id)
  FROM act a JOIN temp.first_pair f ON f.login_id = a.login_id WHERE a.what = 'iam-user-created' GROUP BY a.login_id;

-- What follows from bad sessions: their addresses, the accounts they made, the passwords they set.
DELETE FROM temp.bad_address;
INSERT OR IGNORE INTO temp.bad_address
  SELECT l.source_ip, l.login_id FROM (SELECT login_id FROM suspicion WHERE reason NOT IN ('bad-address', 'bad-key') GROUP BY login_id
    HAVING sum(score) >= 60) b JOIN login l ON l.login_id = b.login_id
  WHERE l.source_ip IS NOT NULL AND l.source_ip NOT IN ('127.0.0.1', '::1')
    -- An address that an account used in peace for a week before is its own: somebody else's deed does not taint it.
    AND NOT EXISTS (SELECT 1 FROM login p WHERE p.source_ip = l.source_ip AND p.host_id = l.host_id
      AND p.login_ts < coalesce(l.login_ts, l.logout_ts) - 604800000000 AND p.verdict IN ('known', 'key', 'unknown')
      AND p.user_name = l.user_name);
INSERT OR IGNORE INTO suspicion SELECT l.login_id, 'bad-address', 70, 'came from ' || l.source_ip || ' like another bad session', l.first_event
  FROM login l
  WHERE EXISTS (SELECT 1 FROM temp.bad_address a WHERE a.source_ip = l.source_ip AND a.login_id <> l.login_id)
    AND l.kind IN ('user', 'ftp', 'network', 'database') AND (l.kind <> 'network' OR l.user_name NOT LIKE '%ANONYMOUS%');
INSERT OR IGNORE INTO suspicion SELECT l.login_id, 'bad-account', 70, 'a bad session made the account ' || l.user_name, a.event_id
  FROM bad_session b JOIN act a ON a.login_id = b.login_id AND a.what = 'iam-user-created'
  JOIN login l ON l.host_id = a.host_id AND l.login_ts >= a.ts
    AND (l.user_name = a.target_name OR substr(l.user_name, instr(l.user_name, '\') + 1) = a.target_name)
  WHERE l.kind IN ('user', 'ftp', 'network', 'database') AND NOT EXISTS (SELECT 1 FROM act m WHERE m.host_id = a.host_id
    AND m.what = 'iam-user-created' AND m.target_name = a.target_name AND m.ts > a.ts AND m.ts <= l.login_ts
    AND coalesce(m.login_id, 0) NOT IN (SELECT login_id FROM bad_session));
INSERT OR IGNORE INTO suspicion SELECT l.login_id, 'bad-password', 60, 'a bad session set the password of ' || l.user_name, a.event_id
  FROM bad_session b JOIN act a ON a.login_id = b.login_id AND a.what IN ('iam-password-changed', 'iam-password-reset')
  JOIN login l ON l.host_id = a.host_id AND l.login_ts >= a.ts AND l.user_name = a.target_name
  JOIN temp.first_pair f ON f.login_id = l.login_id
  WHERE l.kind IN ('user', 'ftp') AND l.auth_method IS NOT 'publickey';
-- A password that somebody guessed or used without right is his from then on: the account's next new address may be he.
INSERT OR IGNORE INTO suspicion SELECT l.login_id, 'bad-credential', 60,
    l.user_name || ' was in wrong hands before, and this is its first login from ' || l.source_ip, k.first_event
  FROM (SELECT l.host_id AS host_id, l.user_name AS user_name, min(l.login_ts) AS ts, l.first_event AS first_event
      FROM (SELECT login_id FROM suspicion WHERE reason NOT IN ('bad-address', 'bad-key', 'bad-credential') GROUP BY login_id
        HAVING sum(score) >= 60) b JOIN login l ON l.login_id = b.login_id
      WHERE l.kind IN ('user', 'ftp') AND l.login_ts IS NOT NULL AND l.verdict <> 'console' GROUP BY 1, 2) k
  JOIN temp.first_pair f ON f.host_id = k.host_id AND f.user_name = k.user_name AND f.login_ts > k.ts
    AND f.login_ts < k.ts + 2592000000000
  JOIN login l ON l.login_id = f.login_id WHERE l.kind IN ('user', 'ftp');
-- A key let in by a bad session: the account's next login with a key from where it never came before.
INSERT OR IGNORE INTO suspicion SELECT l.login_id, 'bad-key-file', 60,
    'a bad session changed which keys may log in as ' || l.user_name || ', and this is the first login from ' || l.source_ip, k.event_id
  FROM bad_session b JOIN login w ON w.login_id = b.login_id
  JOIN temp.key_file k ON k.host_id = w.host_id AND k.ts BETWEEN w.login_ts - 1000000 AND w.until_ts + 1000000
  JOIN login l ON l.host_id = k.host_id AND l.user_name = k.user_name AND l.login_ts >= k.ts
  JOIN temp.first_pair f ON f.login_id = l.login_id
  WHERE w.login_ts IS NOT NULL AND w.until_ts - w.login_ts < 172800000000 AND l.verdict = 'key' AND l.kind = 'user'
    AND NOT EXISTS (SELECT 1 FROM login p WHERE p.host_id = l.host_id AND p.user_name = l.user_name
      AND p.key_fingerprint = l.key_fingerprint AND p.login_ts < k.ts);
-- An address that a bad session named in its commands (fetched tools from, connected to).
INSERT OR IGNORE INTO suspicion SELECT f.login_id, 'bad-named', 60, 'came from ' || f.source_ip || ', which a bad session named in a command', c.event_id
  FROM (SELECT a.event_id AS event_id, ' ' || replace(replace(replace(replace(replace(t.value, '/', ' '), ':', ' '), '@', ' '), '=', ' '), '"', ' ')
        || ' ' AS words
      FROM bad_session b JOIN act a ON a.login_id = b.login_id JOIN event_extra x ON x.event_id = a.event_id
      JOIN string t ON t.string_id = x.command WHERE t.value GLOB '*[0-9].[0-9]*' OR t.value GLOB '*[0-9a-f]:[0-9a-f]*' LIMIT 5000) c
  JOIN temp.first_pair f ON instr(c.words, ' ' || f.source_ip || ' ') > 0
  WHERE f.source_ip NOT IN ('127.0.0.1', '::1')
    AND NOT EXISTS (SELECT 1 FROM login p WHERE p.source_ip = f.source_ip AND p.verdict IN ('known', 'key', 'console')
      AND p.login_ts < (SELECT e.ts FROM event e WHERE e.event_id = c.event_id) - 604800000000);
-- The same key is the same person.
INSERT OR IGNORE INTO suspicion SELECT l.login_id, 'bad-key', 60, 'used the key of another bad session', l.first_event
  FROM (SELECT login_id FROM suspicion WHERE reason NOT IN ('bad-address', 'bad-key') GROUP BY login_id HAVING sum(score) >= 60) b
  JOIN login k ON k.login_id = b.login_id AND k.key_fingerprint IS NOT NULL
  JOIN login l ON l.key_fingerprint = k.key_fingerprint AND l.login_id <> k.login_id
  WHERE NOT EXISTS (SELECT 1 FROM login p WHERE p.key_fingerprint = k.key_fingerprint AND p.login_ts < k.login_ts - 604800000000);
-- su and sudo of a bad session are part of it, not sessions of their own.
