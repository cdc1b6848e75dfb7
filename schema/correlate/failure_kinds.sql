DROP TABLE IF EXISTS temp.failure_kind;
CREATE TEMP TABLE failure_kind(kind INTEGER PRIMARY KEY, class INTEGER NOT NULL);
INSERT INTO temp.failure_kind SELECT kind_id,
  CASE WHEN action = 'login' THEN 1 WHEN action = 'invalid-user' THEN 2 WHEN action = 'message' OR action = 'ticket' THEN 3
    ELSE 4 END
FROM kind
WHERE (category IN ('authentication', 'ftp', 'database', 'mail') AND action = 'login' AND outcome = 'failure')
  OR (category = 'authentication' AND action = 'invalid-user')
  OR (category = 'authentication' AND action IN ('message', 'ticket') AND outcome = 'failure')
  OR (category = 'authentication' AND action = 'probe') OR (category = 'network' AND action IN ('blocked', 'probe'));
