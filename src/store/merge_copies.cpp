// SPDX-License-Identifier: Apache-2.0
// One event for a record that several logs hold (rotated copies, a backup beside the log). Records are compared by a
// hash under a key that is new in each run, so evidence cannot be made to collide.
#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "store/ledger.hpp"

namespace necropsy {
namespace {

constexpr int64_t kRowsAtATime = 2'000'000;
constexpr int64_t kDay = 86'400'000'000;
// What makes two records the same, and before it what says whose they are.
constexpr const char* kColumns =
    "e.event_id, t.merge_no, e.ts, e.ns, e.kind, e.user, e.target, e.addr, e.port, e.service, e.process, e.pid, "
    "e.method, e.template, e.text, e.session, e.path, e.attr, e.url, e.status, e.bytes, e.agent, x.source_host, "
    "x.command, x.host";
constexpr int kFirst = 2, kLast = 24, kPlace = 25;

__extension__ using Wide = unsigned __int128;

uint64_t fold(uint64_t a, uint64_t b) {
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

struct Key {
  uint64_t a = 0, b = 0;
  bool operator==(const Key&) const = default;
};
struct KeyHash {
  size_t operator()(const Key& k) const { return k.a; }
};

class Hasher {
 public:
  Hasher() {
    if (getrandom(seed_.data(), sizeof seed_, 0) != static_cast<ssize_t>(sizeof seed_))
      throw StoreError(1, "no random numbers to be had");
    for (uint64_t& word : seed_) word |= 1;
  }
  Key start(uint64_t whose) const {
    Key k{seed_[0], seed_[1]};
    add(k, whose);
    return k;
  }
  void add(Key& k, uint64_t word) const {
    k.a = fold(k.a ^ word, seed_[2]) + seed_[0];
    k.b = fold(k.b ^ word, seed_[3]) + k.a;
  }
  void add(Key& k, std::string_view text) const {
    add(k, text.size());
    while (!text.empty()) {
      uint64_t word = 0;
      const size_t n = std::min(text.size(), sizeof word);
      std::memcpy(&word, text.data(), n);
      add(k, word);
      text.remove_prefix(n);
    }
  }

 private:
  std::array<uint64_t, 4> seed_{};
};

// The records of one log in the order of their places: those that are events of their own, and those that went into
// another log's event in an earlier merge.
class Records {
 public:
  Records(Database& db)
      : own_(db.prepare(std::string("SELECT ") + kColumns +
                        ", e.log_offset FROM event e JOIN source t ON t.source_id = ?1 "
                        "LEFT JOIN event_extra x ON x.event_id = e.event_id "
                        "WHERE e.event_id >= ?1 << 32 AND e.event_id < (?1 + 1) << 32 ORDER BY e.event_id")),
        merged_(db.prepare(std::string("SELECT ") + kColumns +
                           ", p.log_offset FROM event_source p JOIN event e ON e.event_id = p.event_id "
                           "JOIN source t ON t.source_id = e.event_id >> 32 "
                           "LEFT JOIN event_extra x ON x.event_id = e.event_id "
                           "WHERE p.source_id = ?1 ORDER BY p.log_offset, p.event_id")) {}

  void open(int64_t source_id) {
    for (Side* side : {&own_, &merged_}) {
      side->rows.reset();
      side->rows.bind(1, source_id);
      side->more = side->rows.step();
    }
  }
  // The next record; null at the end.
  const Statement* next() {
    if (taken_ != nullptr) taken_->more = taken_->rows.step();
    taken_ = nullptr;
    if (own_.more && (!merged_.more || own_.rows.integer(kPlace) <= merged_.rows.integer(kPlace)))
      taken_ = &own_;
    else if (merged_.more)
      taken_ = &merged_;
    return taken_ != nullptr ? &taken_->rows : nullptr;
  }

 private:
  struct Side {
    explicit Side(Statement s) : rows(std::move(s)) {}
    Statement rows;
    bool more = false;
  };
  Side own_, merged_;
  Side* taken_ = nullptr;
};

struct Log {
  int64_t source_id = 0;
  uint64_t whose = 0;  // the same for logs of one host, parser and kind of host name
};

// Finds the copies among the records of `part` in `parts` days.
class CopyFinder {
 public:
  CopyFinder(Database& db, const Hasher& hasher)
      : hasher_(hasher), records_(db), insert_(db.prepare("INSERT OR IGNORE INTO copy VALUES(?1, ?2)")) {}

  void run(const std::vector<Log>& logs, int64_t parts, int64_t part) {
    index_.clear();
    kept_.clear();
    seen_.clear();
    for (const Log& log : logs) read(log, parts, part);
    for (const auto& [event, at] : seen_)
      if (kept_[at].second != event) insert_.bind(1, event).bind(2, kept_[at].second).run();
  }

 private:
  void read(const Log& log, int64_t parts, int64_t part) {
    nth_.clear();
    records_.open(log.source_id);
    while (const Statement* row = records_.next()) {
      if (parts > 1 && ((row->integer(kFirst) / kDay) % parts + parts) % parts != part) continue;
      Key key = hasher_.start(log.whose);
      for (int c = kFirst; c <= kLast; ++c) {
        if (row->is_null(c)) {
          hasher_.add(key, 0x6E756C6Cu);
        } else if (row->is_integer(c)) {
          hasher_.add(key, static_cast<uint64_t>(row->integer(c)));
        } else {
          hasher_.add(key, row->text(c));
        }
      }
      // Within a log nothing merges: the n-th equal line of one is the n-th of the other.
      hasher_.add(key, ++nth_[key]);
      const auto [found, fresh] = index_.try_emplace(key, static_cast<uint32_t>(kept_.size()));
      const std::pair<int64_t, int64_t> candidate{row->integer(1), row->integer(0)};
      if (fresh)
        kept_.push_back(candidate);
      else if (candidate < kept_[found->second])
        kept_[found->second] = candidate;
      seen_.emplace_back(row->integer(0), found->second);
    }
  }

  const Hasher& hasher_;
  Records records_;
  Statement insert_;
  std::unordered_map<Key, uint64_t, KeyHash> nth_;
  std::unordered_map<Key, uint32_t, KeyHash> index_;
  std::vector<std::pair<int64_t, int64_t>> kept_;  // number of the merge, event: the least stays
  std::vector<std::pair<int64_t, uint32_t>> seen_;
};

}  // namespace

void Ledger::merge_copies() {
  if (db_.value("SELECT 1 FROM source WHERE kind = 0 AND events > 0 AND merge_no IS NULL LIMIT 1").value_or(0) == 0)
    return;
  writer_.begin();
  // Sources read since the last merge get its number: an event that was there before keeps its id.
  db_.execute(
      "CREATE TEMP TABLE merge_number AS SELECT coalesce(max(merge_no), 0) + 1 AS n FROM source;"
      "UPDATE source SET merge_no = (SELECT n FROM merge_number) WHERE kind = 0 AND events > 0 AND merge_no IS NULL;"
      "DROP TABLE merge_number;"
      "DROP TABLE IF EXISTS copy; CREATE TEMP TABLE copy(event_id INTEGER PRIMARY KEY, kept INTEGER NOT NULL);");
  const Hasher hasher;
  std::vector<Log> logs;
  int64_t rows = 0;
  {
    // Only logs of one parser and host whose times overlap can hold the same record.
    Statement overlapping = db_.prepare(
        "SELECT a.source_id, a.host_id, a.parser, a.remote, a.events FROM source a WHERE a.kind = 0 AND a.events > 0 "
        "AND EXISTS ("
        "SELECT 1 FROM source b WHERE b.host_id = a.host_id AND b.parser = a.parser AND b.source_id <> a.source_id "
        "AND b.kind = 0 AND b.events > 0 AND b.remote = a.remote AND a.first_ts <= b.last_ts AND b.first_ts <= "
        "a.last_ts) "
        "ORDER BY a.source_id");
    while (overlapping.step()) {
      Key whose = hasher.start(static_cast<uint64_t>(overlapping.integer(1)));
      hasher.add(whose, overlapping.text(2));
      hasher.add(whose, static_cast<uint64_t>(overlapping.integer(3)));
      logs.push_back({overlapping.integer(0), whose.a ^ whose.b});
      rows += overlapping.integer(4);
    }
  }
  if (!logs.empty()) {
    CopyFinder finder(db_, hasher);
    const int64_t parts = rows / kRowsAtATime + 1;
    for (int64_t part = 0; part < parts; ++part) finder.run(logs, parts, part);
  }
  // The oldest id stays the event's own place, the others become further places of it.
  db_.execute(
      "INSERT OR IGNORE INTO event_source SELECT c.kept, e.event_id >> 32, e.log_offset, "
      "coalesce(e.record, e.event_id & 4294967295) FROM copy c JOIN event e ON e.event_id = c.event_id;"
      "UPDATE OR IGNORE event_source SET event_id = (SELECT kept FROM copy c WHERE c.event_id = event_source.event_id) "
      "WHERE event_id IN (SELECT event_id FROM copy);"
      "DELETE FROM event WHERE event_id IN (SELECT event_id FROM copy);"
      "DELETE FROM event_extra WHERE event_id IN (SELECT event_id FROM copy);"
      "DROP TABLE copy;");
}

}  // namespace necropsy
