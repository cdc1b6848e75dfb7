-- Sessions that are not to be trusted, with the reasons in one line: what was done in them first, then what follows from
-- other sessions. `reasons` has the strongest two, `all_reasons` all.
CREATE VIEW bad_session AS
WITH ranked AS (
  SELECT login_id, score, detail, row_number() OVER (PARTITION BY login_id ORDER BY
    CASE WHEN reason = 'guessed' THEN 0 WHEN reason = 'new-address' THEN 2 WHEN reason LIKE 'bad-%' THEN 3 ELSE 1 END,
    score DESC, reason) AS place
  FROM suspicion)
SELECT r.login_id AS login_id, sum(r.score) AS score,
  max(CASE WHEN r.place = 1 THEN r.detail END) || coalesce('; ' || max(CASE WHEN r.place = 2 THEN r.detail END), '')
    || CASE WHEN count(*) > 2 THEN '; and ' || (count(*) - 2) || ' more sign' || CASE count(*) WHEN 3 THEN '' ELSE 's' END ELSE '' END AS reasons,
  (SELECT group_concat(detail, '; ') FROM (SELECT o.detail AS detail FROM ranked o WHERE o.login_id = r.login_id ORDER BY o.place))
    AS all_reasons
FROM ranked r GROUP BY r.login_id HAVING sum(r.score) >= 60;
