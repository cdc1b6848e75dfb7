-- How often each account was tried; the kind of log that has most counts.
DROP TABLE IF EXISTS temp.failed_of;
CREATE TEMP TABLE failed_of(host_id INTEGER NOT NULL, user_name TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY(host_id, user_name))
  WITHOUT ROWID;
DROP TABLE IF EXISTS temp.failure_log;
CREATE TEMP TABLE failure_log(source_id INTEGER NOT NULL, service INTEGER, n INTEGER NOT NULL);
