// SPDX-License-Identifier: Apache-2.0
#include "correlate/gaps.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <queue>
#include <string>
#include <unordered_map>
#include <vector>

#include "correlate/steps.hpp"

namespace necropsy {
namespace {

constexpr int64_t kSecond = 1'000'000;
constexpr int64_t kMinute = 60 * kSecond;
constexpr int64_t kHour = 60 * kMinute;
constexpr int64_t kWeek = 7 * 24 * kHour;
constexpr size_t kLongest = 160;           // intervals kept of each log: three years of quiet weekends
constexpr int64_t kFewest = 40;            // minutes with a record without which a log has no habit
constexpr int64_t kSilentEnd = 6 * kHour;  // of a log without a habit: worth a row, no more
constexpr int64_t kTimesHabit = 3;         // a hole is longer than so many usual pauses
constexpr int64_t kShortest = 30 * kMinute;
constexpr size_t kMostGaps = 12;      // a log
constexpr int64_t kNeighbours = 400;  // records of other logs that are looked at in a hole

struct Pause {
  int64_t length, from, to, before, after;  // length: while the machine was on
  bool operator>(const Pause& other) const { return length > other.length; }
};

struct Log {
  int64_t host = 0;
  std::string path;
  bool is_syslog = false;  // written by a daemon that others write to: its end means more than that of one service
  int64_t records = 0, minutes = 0, first = 0, last = 0, last_event = 0;
  size_t boot = 0;  // boots up to `last`
  std::priority_queue<Pause, std::vector<Pause>, std::greater<>> longest;
  void add(const Pause& p) {
    longest.push(p);
    if (longest.size() > kLongest) longest.pop();
  }
};

// What of [from, to] the machine was on, as far as boots tell. `at`: first boot that may start after `from`.
int64_t time_on(const std::vector<Boot>* boots, size_t& at, int64_t from, int64_t to) {
  int64_t on = to - from;
  if (!boots) return on;
  while (at < boots->size() && (*boots)[at].start <= from) ++at;
  for (size_t i = at; i < boots->size() && (*boots)[i].start <= to; ++i) {
    const int64_t off_from = i == 0 ? from : std::max(from, std::min((*boots)[i - 1].end, (*boots)[i].start));
    on -= (*boots)[i].start - off_from;
  }
  return std::max<int64_t>(on, 0);
}

class Finder {
 public:
  Finder(Database& db, const Boots& boots)
      : boots_(boots),
        inside_(prepare_step(db, "records_between")),
        insert_(db.prepare("INSERT INTO gap VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")) {
    Statement sources = prepare_step(db, "gap_sources");
    std::map<std::pair<int64_t, std::string>, size_t> index;
    while (sources.step()) {
      const auto key = std::pair(sources.integer(1), std::string(sources.text(2)));
      const auto [found, fresh] = index.try_emplace(key, logs_.size());
      if (fresh) {
        logs_.emplace_back();
        logs_.back().host = key.first;
        logs_.back().path = key.second;
        logs_.back().is_syslog = sources.integer(3) != 0;
      }
      log_of_[sources.integer(0)] = found->second;
    }
  }

  void take(int64_t ts, int64_t event) {
    const auto found = log_of_.find(event >> 32);
    if (found == log_of_.end()) return;
    Log& log = logs_[found->second];
    if (log.records == 0 || ts / kMinute != log.last / kMinute) ++log.minutes;
    if (log.records++ == 0) {
      log.first = ts;
    } else if (ts - log.last >= kSecond) {
      const auto boots = boots_.find(log.host);
      const int64_t on = time_on(boots == boots_.end() ? nullptr : &boots->second, log.boot, log.last, ts);
      if (on >= kSecond) log.add({on, log.last, ts, log.last_event, event});
    }
    log.last = ts;
    log.last_event = event;
  }

  void finish() {
    std::map<int64_t, int64_t> ends;  // last record of any log of the host
    for (const Log& log : logs_)
      if (log.records > 0) {
        int64_t& end = ends.try_emplace(log.host, log.last).first->second;
        end = std::max(end, log.last);
      }
    for (Log& log : logs_) judge(log, ends);
  }

 private:
  void judge(Log& log, const std::map<int64_t, int64_t>& ends) {
    if (log.records == 0) return;
    const auto boots = boots_.find(log.host);
    const int64_t end = ends.at(log.host);
    // The silence up to the end of the host's logs is a pause too, though no record ends it.
    std::optional<Pause> silence;
    if (end > log.last) {
      const int64_t on = time_on(boots == boots_.end() ? nullptr : &boots->second, log.boot, log.last, end);
      silence = Pause{on, log.last, end, log.last_event, 0};
    }
    if (log.minutes < kFewest) {
      if (log.is_syslog && silence && silence->length >= kSilentEnd && log.minutes > 2) store(log, *silence, {});
      return;
    }
    std::vector<Pause> pauses;
    while (!log.longest.empty()) {
      pauses.push_back(log.longest.top());
      log.longest.pop();
    }
    std::reverse(pauses.begin(), pauses.end());
    if (pauses.empty()) return;
    // The habit: the pause that comes every other week (quiet weekends do); in a young log, the fourth longest.
    const auto weeks = static_cast<size_t>((log.last - log.first) / kWeek);
    const int64_t habit = pauses[std::min(pauses.size() - 1, weeks <= 1 ? 3 : std::max<size_t>(1, weeks / 2))].length;
    if (silence) pauses.push_back(*silence);
    std::sort(pauses.begin(), pauses.end(), std::greater<>());
    size_t stored = 0;
    for (const Pause& p : pauses) {
      if (p.length < kShortest || p.length < kTimesHabit * habit || stored >= kMostGaps) break;
      store(log, p, habit);
      ++stored;
    }
  }

  void store(const Log& log, const Pause& p, std::optional<int64_t> habit) {
    int64_t records = 0, logs = 0;
    inside_.bind(1, log.host).bind(2, p.from + 2 * kSecond).bind(3, p.to - 2 * kSecond).bind(4, log.path);
    inside_.bind(5, kNeighbours);
    if (inside_.step()) {
      records = inside_.integer(0);
      logs = inside_.integer(1);
    }
    inside_.reset();
    const std::string many = records >= kNeighbours ? fmt::format("at least {}", records) : fmt::format("{}", records);
    std::string reason;
    if (records > 0)
      reason = fmt::format("silent while {} records of {} other log{} go on", many, logs, logs == 1 ? "" : "s");
    else
      reason = "no log of this machine has a record in it: it was off, or all were cleared";
    if (p.after == 0) reason += "; this log ends before the others";
    insert_.bind(1, log.host).bind(2, log.path).bind(3, p.from).bind(4, p.to);
    if (habit) insert_.bind(5, static_cast<double>(*habit) / kSecond);
    insert_.bind(6, reason).bind(7, p.before);
    if (p.after) insert_.bind(8, p.after);
    insert_.run();
  }

  const Boots& boots_;
  Statement inside_, insert_;
  std::vector<Log> logs_;
  std::unordered_map<int64_t, size_t> log_of_;
};

}  // namespace

void find_gaps(Database& db, const Boots& boots) {
  Finder finder(db, boots);
  // Over the index alone: it holds time and id, and nothing else is needed.
  Statement rows = prepare_step(db, "events_in_time");
  while (rows.step()) finder.take(rows.integer(0), rows.integer(1));
  finder.finish();
  run_step(db, "off_times");
}

}  // namespace necropsy
