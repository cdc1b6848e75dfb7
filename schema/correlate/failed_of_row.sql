INSERT INTO temp.failed_of SELECT ?1, value, ?3 FROM string WHERE string_id = ?2
ON CONFLICT DO UPDATE SET n = max(n, excluded.n)
