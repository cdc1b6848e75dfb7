#!/usr/bin/env python3
"""Holds a case against the truth of a sample image.

usage: check_truth.py CASE.db truth.json
Every fact must be on the timeline (kind, account, address, path, time within its tolerance). Every act of the intruder
(benign false) must be cited by a finding. A benign truth must give no finding of medium severity or higher."""
import json
import sqlite3
import sys
from datetime import datetime, timezone

ROWS = """SELECT event_id, ts, event_category, event_action, event_outcome, user_name, user_target_name, source_ip,
          file_path, macb_bits, state, message, process_command_line, log_path FROM timeline WHERE ts BETWEEN ? AND ?"""

# What a row must be to show a fact of a kind.
KINDS = {
    'login_success': lambda r: r['event_action'] == 'login' and r['event_outcome'] == 'success',
    'login_failure_burst': lambda r: r['event_action'] in ('login', 'invalid-user') and r['event_outcome'] == 'failure',
    'sudo': lambda r: r['event_action'] == 'sudo',
    'account_created': lambda r: r['event_action'] == 'user-created' or r['event_category'] == 'file',
    'password_change': lambda r: r['event_action'] in ('password-changed', 'password-reset') or r['event_category'] == 'file',
    'group_add': lambda r: r['event_action'] == 'member-added' or r['event_category'] == 'file',
    'authorized_keys': lambda r: r['event_category'] == 'file',
    'cron_persistence': lambda r: r['event_category'] == 'file' or r['event_category'] == 'configuration',
    'file_drop': lambda r: r['event_category'] == 'file',
    'file_deleted': lambda r: r['event_category'] == 'file' and (r['event_action'] == 'deleted' or r['state'] != 'allocated'),
    'file_timestomped': lambda r: r['event_category'] == 'file' and (r['macb_bits'] or 0) & 12,
    'binary_replaced': lambda r: r['event_category'] == 'file',
    # A log that was emptied shows it by its first record that is left.
    'log_tampered': lambda r: r['event_category'] == 'file' or r['event_action'] == 'log-cleared' or r['log_path'] is not None,
    'ftp_upload': lambda r: r['event_action'] == 'upload',
    'ftp_download': lambda r: r['event_action'] == 'download',
    'webshell_upload': lambda r: r['event_category'] in ('web', 'file'),
    'webshell_request': lambda r: r['event_action'] == 'request',
    'package_install': lambda r: r['event_category'] == 'package' or r['event_action'] == 'sudo',
    'boot': lambda r: r['event_action'] == 'boot',
}


def micros(text):
    t = datetime.fromisoformat(text.replace('Z', '+00:00'))
    return int((t - datetime(1970, 1, 1, tzinfo=timezone.utc)).total_seconds() * 1_000_000)


def fits(fact, row):
    if not KINDS[fact['kind']](row):
        return False
    path, user, ip = fact.get('path'), fact.get('user'), fact.get('src_ip')
    if row['event_category'] == 'file':
        # A file's time: the path says it; a name that was deleted may survive as an orphan without its path.
        return not path or row['file_path'] == path or (row['state'] != 'allocated' and fact['kind'] == 'file_deleted')
    if fact['kind'] == 'log_tampered':
        return row['event_action'] == 'log-cleared' or (row['log_path'] or '').startswith(path)  # its rotated copies too
    if ip and row['source_ip'] and row['source_ip'] != ip:
        return False
    if user and fact['kind'] not in ('package_install', 'webshell_request', 'webshell_upload', 'boot', 'login_failure_burst'):
        if user not in (row['user_name'], row['user_target_name']):
            return False
    if path and row['file_path'] and not (row['file_path'].endswith(path.rsplit('/', 1)[-1])):
        return False
    return True


def main():
    db = sqlite3.connect(f'file:{sys.argv[1]}?mode=ro', uri=True)
    db.row_factory = sqlite3.Row
    truth = json.load(open(sys.argv[2]))
    cited = {r[0] for r in db.execute('SELECT event_id FROM finding_events')}
    named = {r[0] for r in db.execute('SELECT file_path FROM findings WHERE file_path IS NOT NULL')}
    faults = []
    for fact in truth['facts']:
        at = micros(fact['time_utc'])
        slack = int(fact['tolerance_s'] * 1_000_000) + 999_999
        rows = [r for r in db.execute(ROWS, (at - slack, at + slack)) if fits(fact, r)]
        if not rows:
            faults.append(f"not on the timeline: {fact}")
        elif not fact['benign'] and not any(r['event_id'] in cited for r in rows) and fact.get('path') not in named:
            faults.append(f"in no finding: {fact} although {dict(rows[0])}")
    if truth.get('benign'):
        for r in db.execute("SELECT * FROM findings WHERE severity IN ('medium', 'high', 'critical')"):
            faults.append(f"false alarm: {r['severity']} {r['rule']}: {r['title']} | {r['summary']}")
    for f in faults:
        print(f)
    acts = sum(not f['benign'] for f in truth['facts'])
    print(f"{len(truth['facts'])} facts, {acts} acts of the intruder, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == '__main__':
    sys.exit(main())
