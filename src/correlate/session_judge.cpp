// SPDX-License-Identifier: Apache-2.0
// The verdict of each login: guessed, known, key, console, or unknown where the logs cannot say.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/text.hpp"
#include "base/timestamp.hpp"
#include "correlate/sessions.hpp"
#include "correlate/steps.hpp"

namespace necropsy {
namespace {

constexpr int64_t kSecond = 1'000'000;
constexpr int64_t kHour = 3600 * kSecond;
constexpr int64_t kDay = 24 * kHour;
// Up to so many wrong passwords a person types (CONTRACT.md, verdict `known`).
constexpr int64_t kTypos = 3;
// From an address the account has used before, a person may fail more often: until it is no typing any more.
constexpr int64_t kStubborn = 30;
constexpr int64_t kStubbornUsers = 2;
// Where the method is not recorded, it takes more to speak of guessing.
constexpr int64_t kClearlyGuessed = 10, kManyUsers = 3;
// One account tried from many addresses.
constexpr int64_t kSpreadTries = 20, kSpreadPeers = 10;

struct Tries {
  int64_t n = 0, users = 0;
  int64_t first = 0, last = 0;
};

struct Cover {
  std::string parser, log;
  int64_t from, to, failures;
};

struct Span {
  std::string log;
  int64_t from, to;
};

std::string minute(int64_t us) {
  std::string iso = iso_micro(Timestamp{us, 0});
  const size_t t = iso.find('T');
  return t == std::string::npos ? iso : iso.substr(0, t) + " " + iso.substr(t + 1, 5) + " UTC";
}

bool is_key(std::string_view method) {
  return method == "publickey" || method == "hostbased" || method.starts_with("gssapi") || method == "certificate" ||
         method.starts_with("rhosts-rsa") || method == "rsa";
}

bool is_local_tty(std::string_view tty) {
  return (tty.starts_with("tty") && tty.size() > 3 && is_digit(tty[3])) || tty.starts_with(':') || tty == "console" ||
         tty.starts_with("ttyS") || tty.starts_with("vc/") || tty.starts_with("hvc");
}

class Judge {
 public:
  Judge(Database& db, const FailedTries& tries)
      : tries_(tries),
        update_(db.prepare("UPDATE login SET verdict = ?2, verdict_why = ?3, failures_before = ?4, users_tried = ?5 "
                           "WHERE login_id = ?1")) {
    Statement cover = db.prepare("SELECT host_id, parser, log, from_ts, to_ts, failures FROM failure_cover");
    while (cover.step())
      cover_[cover.integer(0)].push_back({std::string(cover.text(1)), std::string(cover.text(2)), cover.integer(3),
                                          cover.integer(4), cover.integer(5)});
    Statement gaps =
        db.prepare("SELECT host_id, log_path, gap_from, gap_to FROM gap WHERE reason NOT LIKE 'machine off%'");
    while (gaps.step()) gaps_[gaps.integer(0)].push_back({log_family(gaps.text(1)), gaps.integer(2), gaps.integer(3)});
  }

  void take(const Statement& row) {
    const int64_t host = row.integer(1), ts = row.integer(9);
    if (host != host_) {
      host_ = host;
      known_.clear();
      last_good_.clear();
    }
    const std::string_view kind = row.text(2), service = row.text(5), method = row.text(6), tty = row.text(8);
    const std::string user(row.text(3)), peer(row.text(4));
    const auto logon_type = row.optional_integer(7);
    const bool told_by_service = row.integer(13) != 0;  // a log that says how, not only wtmp or lastlog
    std::string verdict, why;
    Tries all, fresh;
    const std::string pair = user + "|" + peer;
    if (!peer.empty() && !row.is_null(10)) {
      all = tries(host, row.integer(10), ts - kDay, ts);
      fresh = all;
      if (const auto good = last_good_.find(peer); good != last_good_.end() && good->second > ts - kDay)
        fresh = tries(host, row.integer(10), good->second + kSecond, ts);
    }
    std::optional<int64_t> used_since;
    if (const auto found = known_.find(pair); found != known_.end() && ts - found->second >= kDay)
      used_since = found->second;
    const bool windows = logon_type.has_value();
    // Windows 2003 writes 127.0.0.1 for who sits at the machine.
    const bool at_home = peer.empty() || (windows && (peer == "127.0.0.1" || peer == "::1"));
    const bool console = at_home && (windows ? *logon_type == 2 || *logon_type == 7 || *logon_type == 11
                                             : is_local_tty(tty) || service == "login" || service.starts_with("gdm") ||
                                                   service.starts_with("lightdm") || service.starts_with("sddm"));
    const bool method_known = windows || (!method.empty() && told_by_service) || (kind == "ftp" && told_by_service);
    if (is_key(method)) {
      verdict = "key";
      why = "logged in with a key";
    } else if (console) {
      verdict = "console";
      why = "at the machine itself";
    } else if (peer.empty()) {
      verdict = "unknown";
      why = "no record says from where";
    } else if (guessed(host, fresh, used_since.has_value(), method_known, row, ts, why)) {
      verdict = "guessed";
    } else if (!method_known) {
      verdict = "unknown";
      why =
          "only wtmp or lastlog tells of this login: the log that would say how, and after how many failed tries, has "
          "no "
          "record of it";
    } else if (!seen(host, kind, service, windows, ts, why)) {
      verdict = "unknown";
    } else {
      verdict = "known";
      if (fresh.n == 0)
        why = "no failed try from this address in the 24 hours before";
      else if (used_since)
        why = fmt::format("{} failed tries before it, from an address this account has used since {}", fresh.n,
                          minute(*used_since));
      else
        why = fmt::format("{} failed {} from this address in the 24 hours before: a mistyped password", fresh.n,
                          fresh.n == 1 ? "try" : "tries");
    }
    if (verdict != "guessed" && !peer.empty()) {
      if (known_.size() < kMostPairs) known_.emplace(pair, ts);
      if (last_good_.size() < kMostPairs || last_good_.count(peer)) last_good_[peer] = ts;
    }
    update_.bind(1, row.integer(0)).bind(2, verdict).bind(3, why).bind(4, all.n);
    update_.bind(5, all.users).run();
  }

 private:
  static constexpr size_t kMostPairs = 500'000;

  // The same try is told of by several lines and logs: the largest count of one kind counts.
  Tries tries(int64_t host, int64_t peer, int64_t from, int64_t to) {
    Tries out;
    int64_t logins = 0, unknown_users = 0, messages = 0;
    for (const FailedTries::Count& c : tries_.of_peer(host, peer, from, to)) {
      if (c.what == FailureClass::probe) continue;
      int64_t& most = c.what == FailureClass::login          ? logins
                      : c.what == FailureClass::unknown_user ? unknown_users
                                                             : messages;
      most = std::max(most, c.n);
      out.users = std::max(out.users, c.users);
      out.first = out.first == 0 ? c.first : std::min(out.first, c.first);
      out.last = std::max(out.last, c.last);
    }
    out.n = std::max(logins, unknown_users);
    // Refusals without a counted failure: several lines a try.
    if (out.n == 0) out.n = (messages + 1) / 2;
    return out;
  }

  bool guessed(int64_t host, const Tries& t, bool used_before, bool method_known, const Statement& row, int64_t ts,
               std::string& why) {
    if (t.n > kTypos && !(used_before && t.n < kStubborn && t.users <= kStubbornUsers) &&
        (method_known || t.n >= kClearlyGuessed || t.users >= kManyUsers)) {
      why = fmt::format("{} failed tries from this address between {} and {}", t.n, minute(t.first), minute(t.last));
      if (t.users > 1) why += fmt::format(", with {} user names", t.users);
      return true;
    }
    if (t.n == 0 || used_before || row.is_null(11)) return false;
    const auto [n, peers] = tries_.of_user(host, row.integer(11), ts - kDay, ts);
    if (n < kSpreadTries || peers < kSpreadPeers) return false;
    why = fmt::format("{} failed tries of this account from {} addresses in the 24 hours before, this one among them",
                      n, peers);
    return true;
  }

  // Whether failed tries of this service would have been recorded then.
  bool seen(int64_t host, std::string_view kind, std::string_view service, bool windows, int64_t ts, std::string& why) {
    const auto covers = cover_.find(host);
    bool logged_at_all = false;
    if (covers != cover_.end()) {
      for (const Cover& c : covers->second) {
        const bool btmp = c.parser.starts_with("utmp") || c.parser.starts_with("btmp");
        const bool fits = windows         ? c.parser.starts_with("evt")
                          : kind == "ftp" ? contains(c.log, "ftp") || contains(c.log, "xferlog")
                          : kind == "database"
                              ? true
                              : btmp || c.log.ends_with(" " + std::string(service)) || c.log.ends_with(service);
        if (!fits) continue;
        logged_at_all = true;
        // btmp holds failures only: it begins with the first and ends with the last.
        if (btmp || (c.from <= ts && ts <= c.to + kDay)) {
          if (in_gap(host, c.log, ts)) continue;
          return true;
        }
      }
    }
    why = logged_at_all ? "the log that records failed logins does not cover this time"
                        : "failed logins of this service are not recorded on this host, so guessing would not be seen";
    return false;
  }

  bool in_gap(int64_t host, std::string_view log, int64_t ts) const {
    const auto gaps = gaps_.find(host);
    if (gaps == gaps_.end()) return false;
    for (const Span& gap : gaps->second)
      if (log.starts_with(gap.log) && gap.from <= ts && ts - kDay <= gap.to && gap.to - gap.from >= kHour) return true;
    return false;
  }

  const FailedTries& tries_;
  Statement update_;
  std::map<int64_t, std::vector<Cover>> cover_;
  std::map<int64_t, std::vector<Span>> gaps_;
  int64_t host_ = 0;
  std::unordered_map<std::string, int64_t> known_;      // user and peer -> first login that was not guessed
  std::unordered_map<std::string, int64_t> last_good_;  // peer -> last login that was not guessed
};

}  // namespace

void judge_sessions(Database& db, const FailedTries& tries) {
  Statement rows = prepare_step(db, "logins_to_judge");
  Judge judge(db, tries);
  while (rows.step()) judge.take(rows);
  run_step(db, "login_admin");
}

}  // namespace necropsy
