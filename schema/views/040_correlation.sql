-- Sessions that are not to be trusted, with the reasons in one line.
CREATE VIEW bad_session AS
SELECT s.login_id AS login_id, sum(s.score) AS score, group_concat(s.detail, '; ') AS reasons
FROM suspicion s GROUP BY s.login_id HAVING sum(s.score) >= 60;
