-- Which parts are one log (its rotations) and the moments it was kept; filled by the program, which knows the suffixes.
DROP TABLE IF EXISTS temp.log_of_source;
CREATE TEMP TABLE log_of_source(source_id INTEGER PRIMARY KEY, log TEXT NOT NULL);
