SELECT DISTINCT f.file_path, g.sha256 FROM finding f
LEFT JOIN files g ON g.file_path = f.file_path AND g.sha256 IS NOT NULL
WHERE f.file_path IS NOT NULL AND f.severity IN ('medium', 'high', 'critical') ORDER BY f.file_path LIMIT 200
