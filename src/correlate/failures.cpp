// SPDX-License-Identifier: Apache-2.0
#include "correlate/failures.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "correlate/steps.hpp"

namespace necropsy {
namespace {

constexpr int64_t kPause = 6 * 3600 * int64_t{1'000'000};  // µs that end a run of tries
constexpr size_t kMostUsers = 20'000;                      // counted apart; a word list may be longer
constexpr size_t kShownUsers = 6;

struct Wave {
  int64_t first_ts = 0, last_ts = 0, first_event = 0, last_event = 0, failures = 0, service = 0;
  std::set<int64_t> users;
  std::vector<int64_t> shown;
};

class WaveWriter {
 public:
  explicit WaveWriter(Database& db)
      : text_(db.prepare("SELECT value FROM string WHERE string_id = ?1")),
        insert_(db.prepare(
            "INSERT INTO attack_wave(host_id, source_ip, source_host, service_name, basis, parser, first_ts, last_ts, "
            "failures, users, first_event, last_event, users_sample) "
            "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)")) {}

  void take(const Statement& row) {
    const int64_t host = row.integer(0), peer = row.integer(1);
    if (host != host_ || peer != peer_) {
      finish();
      host_ = host;
      peer_ = peer;
      is_ip_ = row.integer(2) != 0;
    }
    Wave& w = open_[{row.integer(3), std::string(row.text(4))}];
    const int64_t ts = row.integer(7);
    if (w.failures > 0 && ts - w.last_ts > kPause) {
      write(row.integer(3), std::string(row.text(4)), w);
      w = Wave{};
    }
    if (w.failures == 0) {
      w.first_ts = ts;
      w.first_event = row.integer(9);
    }
    w.last_ts = ts;
    w.last_event = row.integer(9);
    w.failures += row.integer(8);
    if (!row.is_null(5)) w.service = row.integer(5);
    if (!row.is_null(6) && w.users.size() < kMostUsers && w.users.insert(row.integer(6)).second &&
        w.shown.size() < kShownUsers)
      w.shown.push_back(row.integer(6));
  }

  void finish() {
    for (const auto& [key, wave] : open_) write(key.first, key.second, wave);
    open_.clear();
  }

 private:
  std::string text_of(int64_t id) {
    text_.bind(1, id);
    std::string out;
    if (text_.step()) out = std::string(text_.text(0));
    text_.reset();
    return out;
  }

  void write(int64_t kind, const std::string& parser, const Wave& w) {
    if (w.failures == 0) return;
    constexpr const char* kBasis[] = {"login", "invalid-user", "message", "probe"};
    std::string users;
    for (int64_t user : w.shown) {
      if (!users.empty()) users += ", ";
      users += text_of(user);
    }
    insert_.bind(1, host_).bind(is_ip_ ? 2 : 3, text_of(peer_));
    if (w.service) insert_.bind(4, text_of(w.service));
    insert_.bind(5, kBasis[std::clamp<int64_t>(kind, 1, 4) - 1]).bind(6, parser).bind(7, w.first_ts).bind(8, w.last_ts);
    insert_.bind(9, w.failures)
        .bind(10, static_cast<int64_t>(w.users.size()))
        .bind(11, w.first_event)
        .bind(12, w.last_event);
    if (!users.empty()) insert_.bind(13, users);
    insert_.run();
  }

  Statement text_, insert_;
  int64_t host_ = 0, peer_ = 0;
  bool is_ip_ = false;
  std::map<std::pair<int64_t, std::string>, Wave> open_;  // of the peer at hand, by what is counted and where
};

}  // namespace

void prepare_names(Database& db) {
  run_step(db, "names");
  run_step(db, "log_sources");
  Statement insert = db.prepare("INSERT INTO temp.log_of_source VALUES(?1, ?2)");
  Statement sources = db.prepare("SELECT source_id, log_path FROM source WHERE kind = 0");
  while (sources.step()) insert.bind(1, sources.integer(0)).bind(2, log_family(sources.text(1))).run();
}

void collect_failures(Database& db) {
  run_step(db, "failure_kinds");
  run_step(db, "failures");
  WaveWriter waves(db);
  Statement rows = prepare_step(db, "failures_by_peer");
  while (rows.step()) waves.take(rows);
  waves.finish();
  run_step(db, "failure_cover");
}

}  // namespace necropsy
