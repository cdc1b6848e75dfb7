-- Sessions that are not to be trusted, with the reasons in one line: what was done in them first, then what follows from
-- other sessions.
CREATE VIEW bad_session AS
SELECT s.login_id AS login_id, sum(s.score) AS score,
  (SELECT group_concat(detail, '; ') FROM (SELECT r.detail AS detail FROM suspicion r WHERE r.login_id = s.login_id
    ORDER BY CASE WHEN r.reason = 'guessed' THEN 0 WHEN r.reason = 'new-address' THEN 2 WHEN r.reason LIKE 'bad-%' THEN 3 ELSE 1 END,
      r.score DESC, r.reason)) AS reasons
FROM suspicion s GROUP BY s.login_id HAVING sum(s.score) >= 60;
