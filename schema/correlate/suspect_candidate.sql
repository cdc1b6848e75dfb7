-- What a package owns explains itself; whether it is still what was shipped is another question.
INSERT INTO temp.candidate_file
SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10 WHERE NOT EXISTS (SELECT 1 FROM package_file p WHERE p.host_id = ?2 AND p.path = ?3)
