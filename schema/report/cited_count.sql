SELECT count(*) FROM finding_event WHERE finding_id = ?1
