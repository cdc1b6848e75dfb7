-- Made after the rows. Each must earn what it costs (docs/performance.md).
CREATE INDEX IF NOT EXISTS event_ts ON event(ts, ns);
CREATE INDEX IF NOT EXISTS event_addr ON event(addr, ts, ns) WHERE addr IS NOT NULL;
CREATE INDEX IF NOT EXISTS event_user ON event(user) WHERE user IS NOT NULL;
CREATE INDEX IF NOT EXISTS event_target ON event(target) WHERE target IS NOT NULL;
CREATE INDEX IF NOT EXISTS event_path ON event(path) WHERE path IS NOT NULL;
CREATE INDEX IF NOT EXISTS event_rare ON event(kind, ts, ns) WHERE kind >= 128;
CREATE INDEX IF NOT EXISTS file_time_ts ON file_time(ts, ns, macb);
CREATE INDEX IF NOT EXISTS file_dir ON file(dir_id);
CREATE INDEX IF NOT EXISTS event_source_source ON event_source(source_id);
CREATE INDEX IF NOT EXISTS login_time ON login(host_id, login_ts);
CREATE INDEX IF NOT EXISTS login_event_event ON login_event(event_id);
CREATE INDEX IF NOT EXISTS act_login ON act(login_id);
CREATE INDEX IF NOT EXISTS attack_source_ip ON attack_source(host_id, source_ip);
CREATE INDEX IF NOT EXISTS login_source ON login(source_ip, login_ts);
CREATE INDEX IF NOT EXISTS login_user ON login(host_id, user_name, login_ts);
