// SPDX-License-Identifier: Apache-2.0
#include "correlate/failures.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <tuple>
#include <unordered_map>

#include "correlate/steps.hpp"

namespace necropsy {
namespace {

constexpr size_t kMostUsers = 20'000;     // counted apart; a word list may be longer
constexpr size_t kMostSources = 500'000;  // in memory at a time
constexpr size_t kMostAccounts = 2'000'000;

// Distinct small numbers, most of them seen many times in a row.
class IdSet {
 public:
  void add(uint32_t id) {
    if ((!ids_.empty() && ids_.back() == id) || sorted_ >= kMostUsers) return;
    ids_.push_back(id);
    if (ids_.size() > 2 * sorted_ + 16) tidy();
  }
  size_t count() {
    tidy();
    return sorted_;
  }

 private:
  void tidy() {
    std::sort(ids_.begin(), ids_.end());
    ids_.erase(std::unique(ids_.begin(), ids_.end()), ids_.end());
    sorted_ = ids_.size();
  }
  std::vector<uint32_t> ids_;
  size_t sorted_ = 0;
};

// One peer's tries of one class in one kind of log.
struct SourceKey {
  int64_t host = 0;
  uint32_t peer = 0;
  FailureClass what = FailureClass::login;
  uint8_t parser = 0;

  bool operator==(const SourceKey&) const = default;
  auto order() const { return std::tie(host, peer, what, parser); }
};

struct Hash {
  size_t operator()(const SourceKey& k) const {
    uint64_t h = static_cast<uint64_t>(k.host) * 0x9E3779B97F4A7C15u;
    h = (h ^ k.peer ^ static_cast<uint64_t>(k.what) << 32 ^ static_cast<uint64_t>(k.parser) << 40) *
        0xBF58476D1CE4E5B9u;
    return h ^ h >> 31;
  }
};

struct SourceTries {
  bool is_ip = false;
  int64_t first_ts = 0, last_ts = 0, first_event = 0, last_event = 0, n = 0;
  uint32_t service = 0;
  IdSet users;
  std::array<uint32_t, 6> shown{};
};

struct FailureRow {
  int64_t event = 0, host = 0, source = 0, ts = 0, n = 0;
  uint32_t peer = 0, user = 0, service = 0;
  bool is_ip = false;
  FailureClass what = FailureClass::login;
  uint8_t parser = 0;
};

class SourceWriter {
 public:
  explicit SourceWriter(Database& db)
      : text_(db.prepare("SELECT value FROM string WHERE string_id = ?1")),
        insert_(prepare_step(db, "attack_source_row")) {}

  void take(const FailureRow& row) {
    SourceTries& s = sources_[{row.host, row.peer, row.what, row.parser}];
    if (s.n == 0 || row.ts < s.first_ts) {
      s.first_ts = row.ts;
      s.first_event = row.event;
    }
    if (s.n == 0 || row.ts >= s.last_ts) {
      s.last_ts = row.ts;
      s.last_event = row.event;
    }
    s.is_ip = row.is_ip;
    s.n += row.n;
    if (row.service != 0) s.service = row.service;
    if (row.user == 0) return;
    s.users.add(row.user);
    for (uint32_t& shown : s.shown) {
      if (shown == row.user) break;
      if (shown == 0) {
        shown = row.user;
        break;
      }
    }
  }

  bool full() const { return sources_.size() >= kMostSources; }

  // What is known so far as rows; a peer may get a second row when there are very many of them.
  void write(const std::vector<std::string>& parsers) {
    std::vector<const SourceKey*> order;
    for (const auto& [key, tries] : sources_) order.push_back(&key);
    std::sort(order.begin(), order.end(),
              [](const SourceKey* a, const SourceKey* b) { return a->order() < b->order(); });
    for (const SourceKey* key : order) write(*key, sources_.at(*key), parsers.at(key->parser));
    sources_.clear();
  }

 private:
  std::string text_of(int64_t id) {
    text_.bind(1, id);
    std::string out;
    if (text_.step()) out = std::string(text_.text(0));
    text_.reset();
    return out;
  }

  void write(const SourceKey& key, SourceTries& s, const std::string& parser) {
    constexpr const char* kBasis[] = {"login", "invalid-user", "message", "probe"};
    std::string users;
    for (uint32_t user : s.shown) {
      if (user == 0) break;
      if (!users.empty()) users += ", ";
      users += text_of(user);
    }
    insert_.bind(1, key.host).bind(s.is_ip ? 2 : 3, text_of(key.peer));
    if (s.service != 0) insert_.bind(4, text_of(s.service));
    insert_.bind(5, kBasis[static_cast<size_t>(key.what) - 1]).bind(6, parser).bind(7, s.first_ts).bind(8, s.last_ts);
    insert_.bind(9, s.n).bind(10, static_cast<int64_t>(s.users.count())).bind(11, s.first_event).bind(12, s.last_event);
    if (!users.empty()) insert_.bind(13, users);
    insert_.run();
  }

  Statement text_, insert_;
  std::unordered_map<SourceKey, SourceTries, Hash> sources_;
};

// By account and parser, and by log and service: rows for temp.failed_of and failure_cover.
class Counts {
 public:
  void take(const FailureRow& row) {
    if (row.what == FailureClass::login && row.user != 0 && (accounts_.size() < kMostAccounts))
      accounts_[{row.host, row.user, FailureClass::login, row.parser}] += row.n;
    if (row.what != FailureClass::probe) ++logs_[{row.source, row.service}];
  }

  void write(Database& db) {
    Statement account = prepare_step(db, "failed_of_row");
    for (const auto& [key, n] : accounts_) account.bind(1, key.host).bind(2, int64_t{key.peer}).bind(3, n).run();
    Statement log = db.prepare("INSERT INTO temp.failure_log VALUES(?1, ?2, ?3)");
    for (const auto& [key, n] : logs_) {
      log.bind(1, key.first);
      if (key.second != 0) log.bind(2, int64_t{key.second});
      log.bind(3, n).run();
    }
    run_step(db, "failure_cover");
  }

 private:
  std::unordered_map<SourceKey, int64_t, Hash> accounts_;  // `peer` holds the account
  std::map<std::pair<int64_t, uint32_t>, int64_t> logs_;
};

struct Source {
  int64_t host = 0;
  uint8_t parser = 0;
};

// What few events have beside: read along with them, both lie by event id.
class Extras {
 public:
  explicit Extras(Database& db) : rows_(prepare_step(db, "failure_extras")) { more_ = rows_.step(); }
  // The row of `event`, if it has one. Events come in rising order.
  const Statement* of(int64_t event) {
    while (more_ && rows_.integer(0) < event) more_ = rows_.step();
    return more_ && rows_.integer(0) == event ? &rows_ : nullptr;
  }

 private:
  Statement rows_;
  bool more_ = false;
};

}  // namespace

void prepare_names(Database& db) {
  run_step(db, "names");
  run_step(db, "log_sources");
  Statement insert = db.prepare("INSERT INTO temp.log_of_source VALUES(?1, ?2)");
  Statement sources = db.prepare("SELECT source_id, log_path FROM source WHERE kind = 0");
  while (sources.step()) insert.bind(1, sources.integer(0)).bind(2, log_family(sources.text(1))).run();
}

FailedTries collect_failures(Database& db) {
  run_step(db, "failure_kinds");
  run_step(db, "failure_tables");
  std::vector<uint8_t> class_of;
  Statement kinds = db.prepare("SELECT kind, class FROM temp.failure_kind");
  while (kinds.step()) {
    const auto kind = static_cast<size_t>(kinds.integer(0));
    if (class_of.size() <= kind) class_of.resize(kind + 1);
    class_of[kind] = static_cast<uint8_t>(kinds.integer(1));
  }

  std::unordered_map<int64_t, Source> sources;
  std::vector<std::string> parsers;
  Statement source_rows = db.prepare("SELECT source_id, host_id, parser FROM source WHERE kind = 0 ORDER BY source_id");
  while (source_rows.step()) {
    const std::string parser(source_rows.text(2));
    auto at = std::find(parsers.begin(), parsers.end(), parser);
    if (at == parsers.end()) at = parsers.insert(parsers.end(), parser);
    sources[source_rows.integer(0)] = {source_rows.integer(1), static_cast<uint8_t>(at - parsers.begin())};
  }

  FailedTries tries;
  Statement logins = prepare_step(db, "logins_to_judge");
  while (logins.step()) tries.want(logins.integer(1), logins.integer(10), logins.integer(11), logins.integer(9));

  SourceWriter peers(db);
  Counts counts;
  Extras extras(db);
  Statement events = prepare_step(db, "failures");
  FailureRow row;
  while (events.step()) {
    row.event = events.integer(0);
    const int64_t source_id = row.event >> 32;
    if (source_id != row.source) {
      const Source& source = sources[source_id];
      row.source = source_id;
      row.parser = source.parser;
    }
    row.host = sources[source_id].host;
    row.what = FailureClass{class_of.at(static_cast<size_t>(events.integer(1)))};
    row.ts = events.integer(2);
    row.peer = static_cast<uint32_t>(events.integer(3));
    row.user = static_cast<uint32_t>(events.integer(4));
    row.service = static_cast<uint32_t>(events.integer(5));
    row.n = std::clamp<int64_t>(events.integer(6), 1, 100'000);
    row.is_ip = row.peer != 0;
    if (const Statement* extra = extras.of(row.event)) {
      if (!extra->is_null(1)) {
        // A record of a log server: the host it names, when that is one of the case.
        if (extra->is_null(2)) continue;
        row.host = extra->integer(2);
      }
      if (!row.is_ip) row.peer = static_cast<uint32_t>(extra->integer(3));
    }
    tries.add(row.host, row.peer, row.user, row.ts, row.what, row.parser, row.n);
    counts.take(row);
    if (row.peer == 0) continue;
    peers.take(row);
    if (peers.full()) peers.write(parsers);
  }
  peers.write(parsers);
  counts.write(db);
  tries.sort();
  return tries;
}

}  // namespace necropsy
