-- Owners of files that no account explains. One row per owner with the span in which its files were born or changed.
DROP TABLE IF EXISTS temp.file_owner;
CREATE TEMP TABLE file_owner(host_id INTEGER NOT NULL, account_id TEXT NOT NULL, files INTEGER NOT NULL, first_file INTEGER,
  PRIMARY KEY(host_id, account_id)) WITHOUT ROWID;
INSERT INTO temp.file_owner
  SELECT v.host_id, coalesce(o.value, CAST(q.uid AS TEXT)), sum(q.files), min(q.first_file)
  FROM (SELECT f.file_id >> 29 AS source_id, f.uid AS uid, f.owner_sid AS owner_sid, count(*) AS files,
      min(f.file_id) AS first_file
    FROM file f WHERE f.state & 7 = 0 AND (f.uid IS NOT NULL OR f.owner_sid IS NOT NULL) AND f.type <> 9
    GROUP BY 1, 2, 3) q
  JOIN source s ON s.source_id = q.source_id JOIN volume v ON v.volume_id = s.volume_id
  LEFT JOIN string o ON o.string_id = q.owner_sid
  WHERE v.host_id IS NOT NULL GROUP BY 1, 2;
INSERT OR IGNORE INTO account(host_id, user_name, account_id, source)
  SELECT o.host_id, CASE WHEN o.account_id GLOB '[0-9]*' THEN 'uid ' || o.account_id ELSE o.account_id END, o.account_id,
    'file owner only'
  FROM temp.file_owner o
  WHERE NOT EXISTS (SELECT 1 FROM account a WHERE a.host_id = o.host_id AND a.account_id = o.account_id)
    AND o.account_id NOT IN ('0', '65534', '4294967295')
    -- Well-known Windows identities have no account.
    AND (o.account_id GLOB '[0-9]*' OR o.account_id GLOB 'S-1-5-21-*')
    -- Without a passwd file every number is unknown; those below 100 are the system's everywhere.
    AND (EXISTS (SELECT 1 FROM account a WHERE a.host_id = o.host_id AND a.source IN ('passwd', 'SAM'))
      OR CAST(o.account_id AS INTEGER) >= 100)
  ORDER BY 1, 3;
