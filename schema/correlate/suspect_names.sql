-- Every file with a name.
SELECT file_id, dir_id, name, uid, coalesce(mode, 0), size, state & 7 <> 0, attribute_id FROM file
WHERE type = 1 AND state & 8 = 0 AND name <> ''
