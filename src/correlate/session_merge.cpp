// SPDX-License-Identifier: Apache-2.0
// Rows of several logs that tell of one session become one.
#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <string>

#include "base/text.hpp"
#include "correlate/session_family.hpp"
#include "correlate/sessions.hpp"
#include "correlate/steps.hpp"

namespace necropsy {
namespace {

constexpr int64_t kSecond = 1'000'000;
// Clocks are the same, but each log writes at its own moment.
constexpr int64_t kOneLogin = 3 * kSecond;
// An ftp server ends an idle session after five minutes (vsftpd.conf(5) idle_session_timeout) to fifteen (proftpd).
constexpr int64_t kIdle = 15 * 60 * kSecond;

struct Row {
  int64_t raw_id = 0, host = 0;
  Family family = Family::log;
  std::string kind, user, by, addr, from_host, service, method, tty, session, fingerprint, basis;
  std::optional<int64_t> logon_type, pid, login, logout, until;
  int64_t first_event = 0, last_event = 0;
  int64_t at() const { return login ? *login : logout.value_or(0); }
};

struct Group {
  Row row;
  std::vector<int64_t> members;
  uint32_t families = 0;
  bool has(Family f) const { return families & (1u << static_cast<int>(f)); }
  void add(Family f) { families |= 1u << static_cast<int>(f); }
};

int basis_rank(std::string_view basis) {
  return basis == "recorded" ? 3 : basis == "next-boot" ? 2 : basis == "image-end" ? 1 : 0;
}

// -1: cannot be the same session; else how well they fit.
int fit(const Group& g, const Row& r) {
  const Row& a = g.row;
  if (a.host != r.host || a.kind != r.kind || g.has(r.family)) return -1;
  if (a.kind == "su" || a.kind == "sudo" || a.family == Family::windows || r.family == Family::windows) return -1;
  if (a.login.has_value() != r.login.has_value()) return -1;
  if (std::abs(a.at() - r.at()) > kOneLogin) return -1;
  if (!a.user.empty() && !r.user.empty() && a.user != r.user) return -1;
  if (!a.addr.empty() && !r.addr.empty() && a.addr != r.addr) return -1;
  if (!a.tty.empty() && !r.tty.empty() && a.tty != r.tty) return -1;
  // Names may be cut by the log that keeps them.
  const auto same_name = [](std::string_view x, std::string_view y) {
    const size_t n = std::min(x.size(), y.size());
    return equals_ignore_case(x.substr(0, n), y.substr(0, n));
  };
  if (a.addr.empty() && r.addr.empty() && !a.from_host.empty() && !r.from_host.empty() &&
      !same_name(a.from_host, r.from_host))
    return -1;
  int score = 0;
  if (!a.addr.empty() && a.addr == r.addr) score += 8;
  if (a.pid && r.pid && a.pid == r.pid) score += 8;
  if (!a.tty.empty() && a.tty == r.tty) score += 4;
  if (!a.user.empty() && a.user == r.user) score += 4;
  if (std::abs(a.at() - r.at()) <= kSecond) score += 2;
  return score;
}

// The log of the service itself knows method and address, so it leads; utmp adds terminal and finer ends.
void absorb(Group& g, const Row& r) {
  Row& a = g.row;
  const auto take = [](std::string& field, const std::string& value) {
    if (field.empty()) field = value;
  };
  const bool better = (r.family == Family::log && a.family != Family::log) ||
                      (a.family == Family::lastlog && r.family != Family::lastlog);
  if (better) {
    a.family = r.family;
    a.service = r.service.empty() ? a.service : r.service;
    a.login = r.login ? r.login : a.login;
    a.first_event = r.first_event;
  }
  take(a.user, r.user);
  take(a.by, r.by);
  take(a.addr, r.addr);
  take(a.from_host, r.from_host);
  take(a.service, r.service);
  take(a.method, r.method);
  take(a.tty, r.tty);
  take(a.session, r.session);
  take(a.fingerprint, r.fingerprint);
  if (!a.pid) a.pid = r.pid;
  const int old_rank = basis_rank(a.basis), new_rank = basis_rank(r.basis);
  if (new_rank > old_rank || (new_rank == old_rank && better)) {
    a.basis = r.basis;
    a.logout = r.logout;
    a.last_event = r.last_event;
    a.until = r.until;
  }
  if (a.login && a.logout && *a.logout < *a.login) a.login = a.logout;
}

class Merger {
 public:
  Merger(Database& db, const Boots& boots)
      : boots_(boots),
        insert_(
            db.prepare("INSERT INTO login(login_id, host_id, kind, user_name, source_ip, source_host, service_name, "
                       "auth_method, logon_type, tty, session_id, key_fingerprint, login_ts, logout_ts, "
                       "logout_basis, until_ts, by_user, sources, first_event, last_event) "
                       "VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,1,?18,?19)")),
        mark_(db.prepare("UPDATE temp.raw_session SET login_id = ?2 WHERE raw_id = ?1")),
        last_ts_(db.prepare("SELECT ts FROM event WHERE event_id = ?1")) {
    Statement ends = db.prepare("SELECT host_id, last_seen FROM host WHERE last_seen IS NOT NULL");
    while (ends.step()) host_end_[ends.integer(0)] = ends.integer(1);
  }

  void take(Row row) {
    while (!pending_.empty() &&
           (pending_.front().row.host != row.host || pending_.front().row.at() < row.at() - kOneLogin)) {
      write(pending_.front());
      pending_.pop_front();
    }
    Group* best = nullptr;
    int best_score = -1;
    for (Group& g : pending_) {
      const int score = fit(g, row);
      if (score > best_score) {
        best = &g;
        best_score = score;
      }
    }
    if (best) {
      best->members.push_back(row.raw_id);
      const Family family = row.family;
      absorb(*best, row);
      best->add(family);
      return;
    }
    Group g;
    g.members.push_back(row.raw_id);
    g.add(row.family);
    g.row = std::move(row);
    pending_.push_back(std::move(g));
    // A burst of logins within seconds is bounded; what is older has found its partners.
    if (pending_.size() > kMostPending) {
      write(pending_.front());
      pending_.pop_front();
    }
  }

  void finish() {
    for (const Group& g : pending_) write(g);
    pending_.clear();
  }

 private:
  static constexpr size_t kMostPending = 4000;

  std::optional<int64_t> latest_end(const Row& r) {
    if (r.logout) return r.logout;
    if (!r.login) return std::nullopt;
    int64_t latest = r.until.value_or(INT64_MAX);
    if (const auto boots = boots_.find(r.host); boots != boots_.end())
      for (const Boot& b : boots->second)
        if (b.start > *r.login) {
          latest = std::min(latest, b.start);
          break;
        }
    if (r.kind == "ftp" || r.kind == "network" || r.kind == "sudo" || r.kind == "service") {
      int64_t seen = *r.login;
      last_ts_.bind(1, r.last_event);
      if (last_ts_.step()) seen = std::max(seen, last_ts_.integer(0));
      last_ts_.reset();
      latest = std::min(latest, seen + kIdle);
    }
    const auto end = host_end_.find(r.host);
    if (end != host_end_.end()) latest = std::min(latest, std::max(end->second, *r.login));
    if (latest == INT64_MAX) return std::nullopt;
    return std::max(latest, *r.login);
  }

  void write(const Group& g) {
    const Row& r = g.row;
    const int64_t id = ++last_id_;
    const auto text = [&](int column, const std::string& value) {
      if (!value.empty()) insert_.bind(column, value);
    };
    insert_.bind(1, id).bind(2, r.host).bind(3, r.kind);
    text(4, r.user);
    text(5, r.addr);
    text(6, r.from_host);
    text(7, r.service);
    text(8, r.method);
    insert_.bind(9, r.logon_type);
    text(10, r.tty);
    text(11, r.session);
    text(12, r.fingerprint);
    insert_.bind(13, r.login).bind(14, r.logout);
    text(15, r.basis);
    insert_.bind(16, latest_end(r));
    text(17, r.by);
    insert_.bind(18, r.first_event).bind(19, r.last_event);
    insert_.run();
    for (int64_t raw : g.members) mark_.bind(1, raw).bind(2, id).run();
  }

  const Boots& boots_;
  Statement insert_, mark_, last_ts_;
  std::map<int64_t, int64_t> host_end_;
  std::deque<Group> pending_;
  int64_t last_id_ = 0;
};

}  // namespace

void merge_sessions(Database& db, const Boots& boots) {
  run_step(db, "absorb_orphans");
  Merger merger(db, boots);
  Statement rows = prepare_step(db, "raw_sessions");
  const auto text = [&](int column) { return std::string(rows.text(column)); };
  while (rows.step()) {
    Row r;
    r.raw_id = rows.integer(0);
    r.host = rows.integer(1);
    r.family = static_cast<Family>(rows.integer(2));
    r.kind = text(3);
    r.user = text(4);
    r.by = text(5);
    r.addr = text(6);
    r.from_host = text(7);
    r.service = text(8);
    r.method = text(9);
    r.logon_type = rows.optional_integer(10);
    r.tty = text(11);
    r.session = text(12);
    r.fingerprint = text(13);
    r.pid = rows.optional_integer(14);
    r.login = rows.optional_integer(15);
    r.logout = rows.optional_integer(16);
    r.basis = text(17);
    r.until = rows.optional_integer(18);
    r.first_event = rows.integer(19);
    r.last_event = rows.is_null(20) ? rows.integer(19) : rows.integer(20);
    merger.take(std::move(r));
  }
  merger.finish();
  run_step(db, "login_events");
}

}  // namespace necropsy
