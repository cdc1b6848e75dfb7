// SPDX-License-Identifier: Apache-2.0
#include "correlate/boots.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <set>
#include <string>

#include "correlate/steps.hpp"

namespace necropsy {
namespace {

constexpr int64_t kSecond = 1'000'000;
constexpr int64_t kMinute = 60 * kSecond;
// One boot is told of by the kernel's first line, by the daemons and by wtmp, within minutes.
constexpr int64_t kOneBoot = 5 * kMinute;
// The same log tells of one boot within seconds (`Linux version`, then the syslog daemon's start).
constexpr int64_t kSameLog = 45 * kSecond;

struct Record {
  int64_t ts, event;
  std::string action;
  int64_t source;
  std::string parser;
  bool assumed;  // zone unknown: off by whole quarters of an hour
};

struct Found {
  int64_t start, event;
  std::set<int64_t> sources;
  int64_t latest;  // of the records that tell of it
  std::optional<int64_t> stopped;
  std::optional<bool> crashed;
};

// A record in a log of unknown zone tells of a boot that another log dates in UTC.
bool is_shifted_copy(const Record& r, const std::vector<Record>& dated) {
  constexpr int64_t kQuarter = 15 * kMinute, kFarthest = 14 * 60 * kMinute;
  constexpr int kMost = 500;  // neighbours looked at
  if (!r.assumed) return false;
  auto it = std::lower_bound(dated.begin(), dated.end(), r.ts - kFarthest,
                             [](const Record& other, int64_t ts) { return other.ts < ts; });
  for (int i = 0; i < kMost && it != dated.end() && it->ts <= r.ts + kFarthest; ++i, ++it) {
    const int64_t apart = std::abs(it->ts - r.ts);
    if (it->action == r.action && std::min(apart % kQuarter, kQuarter - apart % kQuarter) <= kMinute) return true;
  }
  return false;
}

std::vector<Found> cluster(const std::vector<Record>& records) {
  std::vector<Found> boots;
  std::vector<Record> dated;
  std::copy_if(records.begin(), records.end(), std::back_inserter(dated), [](const Record& r) { return !r.assumed; });
  bool stopped_between = false;
  for (const Record& r : records) {
    if (is_shifted_copy(r, dated)) continue;
    if (r.action == "boot") {
      Found* last = boots.empty() ? nullptr : &boots.back();
      const bool same_log_again = last && last->sources.count(r.source) && r.ts - last->latest > kSameLog;
      if (last && !stopped_between && !same_log_again && r.ts - last->start <= kOneBoot) {
        last->sources.insert(r.source);
        last->latest = r.ts;
      } else {
        boots.push_back({r.ts, r.event, {r.source}, r.ts, {}, {}});
        stopped_between = false;
      }
    } else if (r.action == "shutdown") {
      if (!boots.empty()) {
        // The stop of a boot a few seconds old is a line of the machine's own start-up.
        if (r.ts - boots.back().latest < 5 * kSecond) continue;
        if (!boots.back().stopped || r.ts > *boots.back().stopped) boots.back().stopped = r.ts;
      }
      stopped_between = true;
    } else if (boots.size() >= 2) {
      // "The previous shutdown was unexpected": written at the boot after it.
      boots[boots.size() - 2].crashed = true;
    } else if (boots.size() == 1 && r.ts - boots.back().start > kOneBoot) {
      boots.back().crashed = true;
    }
  }
  return boots;
}

void store(int64_t host, const std::vector<Record>& records, Statement& insert, Statement& before) {
  const std::vector<Found> boots = cluster(records);
  const bool stops_are_logged =
      std::any_of(records.begin(), records.end(), [](const Record& r) { return r.action == "shutdown"; });
  int64_t number = 0;
  for (size_t i = 0; i < boots.size(); ++i) {
    const Found& b = boots[i];
    insert.bind(1, host).bind(2, b.start).bind(3, ++number).bind(6, b.event);
    std::optional<int64_t> end = b.stopped;
    const char* how = nullptr;
    if (b.stopped && !b.crashed.value_or(false)) {
      how = "shutdown";
    } else if (i + 1 < boots.size()) {
      before.bind(1, host).bind(2, boots[i + 1].start);
      if (before.step()) end = std::max(before.integer(0), b.start);
      before.reset();
      if (!end) end = boots[i + 1].start;
      how = b.crashed.value_or(false) ? "unexpected" : stops_are_logged ? "no shutdown recorded" : "not recorded";
    }
    insert.bind(4, end);
    if (how) insert.bind(5, how);
    insert.run();
  }
}

}  // namespace

void find_boots(Database& db) {
  Statement events = prepare_step(db, "boot_events");
  Statement before = prepare_step(db, "last_before");
  Statement insert = db.prepare(
      "INSERT OR IGNORE INTO boot(host_id, start_ts, boot_no, end_ts, ended_how, event_id) "
      "VALUES(?1, ?2, ?3, ?4, ?5, ?6)");
  // Boots are few (a machine that booted each hour for ten years has 88,000): one host's fit into memory.
  constexpr size_t kMostRecords = 500'000;
  std::vector<Record> records;
  int64_t host = 0;
  while (events.step()) {
    if (events.integer(0) != host) {
      if (!records.empty()) store(host, records, insert, before);
      records.clear();
      host = events.integer(0);
    }
    if (records.size() < kMostRecords)
      records.push_back({events.integer(1), events.integer(2), std::string(events.text(3)), events.integer(4),
                         std::string(events.text(5)), events.integer(6) == 3});
  }
  if (!records.empty()) store(host, records, insert, before);
}

Boots read_boots(Database& db) {
  Boots boots;
  Statement rows = db.prepare("SELECT host_id, start_ts, end_ts, ended_how FROM boot ORDER BY host_id, start_ts");
  while (rows.step())
    boots[rows.integer(0)].push_back(
        {rows.integer(1), rows.is_null(2) ? INT64_MAX : rows.integer(2), rows.text(3) == "shutdown"});
  return boots;
}

void find_last_seen(Database& db) { run_step(db, "last_seen"); }

}  // namespace necropsy
