// SPDX-License-Identifier: Apache-2.0
// Log lines of useradd, passwd or dpkg name no session. What can be said: which sessions with the power to do it were
// open then, and whether sudo ran just that program. Windows records carry the logon id and need no guess.
#include "correlate/acts.hpp"

#include <algorithm>
#include <deque>
#include <list>
#include <optional>
#include <string>
#include <string_view>

#include "base/text.hpp"
#include "correlate/steps.hpp"

namespace necropsy {
namespace {

constexpr int64_t kSecond = 1'000'000;
constexpr int64_t kSlack = 2 * kSecond;      // clocks of one machine, lines within one second
constexpr int64_t kSudoRuns = 60 * kSecond;  // a sudo without `session closed`: how long its program may still write
constexpr size_t kMostActive = 5000;

struct Session {
  int64_t id = 0, start = 0, until = 0;
  std::string kind, user, by, tty, command;
  bool is_root = false;
  int64_t person = 0;  // the session of a person behind su and sudo; 0: unknown
};

struct Act {
  int64_t event = 0, ts = 0, host = 0;
  std::string category, action, outcome, user, target, process, tty, command, requested_by;
};

bool is_shell(std::string_view command) {
  std::string_view program = command.substr(0, command.find(' '));
  if (const size_t slash = program.rfind('/'); slash != std::string_view::npos) program.remove_prefix(slash + 1);
  return program == "su" || program == "bash" || program == "sh" || program == "zsh" || program == "dash" ||
         program == "ksh" || program == "csh" || program == "tcsh" || program == "fish" || program == "screen" ||
         program == "tmux";
}

bool same_tty(std::string_view a, std::string_view b) {
  eat(a, "/dev/");
  eat(b, "/dev/");
  return !a.empty() && a == b;
}

class Matcher {
 public:
  explicit Matcher(Database& db)
      : sessions_(prepare_step(db, "act_sessions")),
        inside_(db.prepare("SELECT e.login_id FROM login_event e JOIN login l ON l.login_id = e.login_id "
                           "WHERE e.event_id = ?1 ORDER BY l.kind IN ('su', 'sudo'), e.login_id LIMIT 1")),
        kind_(db.prepare("SELECT kind, parent_login FROM login WHERE login_id = ?1")),
        parent_(db.prepare("UPDATE login SET parent_login = ?2 WHERE login_id = ?1")),
        insert_(db.prepare("INSERT OR IGNORE INTO act VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")) {
    more_ = sessions_.step();
  }

  void take(const Act& act) {
    if (act.host != host_) {
      // Sessions of hosts without acts still get their parents.
      while (more_ && sessions_.integer(1) < act.host) advance();
      active_.clear();
      host_ = act.host;
    }
    while (more_ && sessions_.integer(1) == host_ && sessions_.integer(6) <= act.ts + kSlack) advance();
    active_.remove_if([&](const Session& s) { return s.until < act.ts - kSlack; });
    int64_t login = 0, via = 0;
    std::string_view basis;
    find(act, login, via, basis);
    insert_.bind(1, act.event)
        .bind(2, act.host)
        .bind(3, act.ts)
        .bind(4, act.category + "-" + act.action + (act.outcome == "failure" ? "-failed" : ""));
    if (!act.user.empty()) insert_.bind(5, act.user);
    if (!act.target.empty()) insert_.bind(6, act.target);
    if (login) insert_.bind(7, login);
    if (via) insert_.bind(8, via);
    if (!basis.empty()) insert_.bind(9, basis);
    insert_.run();
  }

  void finish() {
    while (more_) advance();
  }

 private:
  void advance() {
    Session s;
    s.id = sessions_.integer(0);
    const int64_t host = sessions_.integer(1);
    s.kind = std::string(sessions_.text(2));
    s.user = std::string(sessions_.text(3));
    s.by = std::string(sessions_.text(4));
    s.tty = std::string(sessions_.text(5));
    s.start = sessions_.integer(6);
    s.until = std::max(sessions_.integer(7), s.start);
    s.command = std::string(sessions_.text(8));
    s.is_root = s.user == "root" || sessions_.integer(9) != 0;
    const bool still_open = sessions_.is_null(10);
    more_ = sessions_.step();
    if (host != loading_) {
      loading_ = host;
      active_.clear();
    }
    active_.remove_if([&](const Session& other) { return other.until < s.start - kSlack; });
    if (s.kind == "user" || s.kind == "ftp") {
      s.person = s.id;
    } else {
      if (s.kind == "sudo" && still_open) s.until = std::min(s.until, s.start + kSudoRuns);
      if (const Session* parent = person_of(s)) {
        s.person = parent->person;
        if (s.person) parent_.bind(1, s.id).bind(2, s.person).run();
      }
    }
    active_.push_back(std::move(s));
    if (active_.size() > kMostActive) active_.pop_front();
  }

  // The open session of the one who called su or sudo; the same terminal decides, else the latest.
  const Session* person_of(const Session& s) const {
    const Session* best = nullptr;
    for (const Session& other : active_) {
      if (other.kind == "ftp" || other.user != s.by || other.start > s.start) continue;
      if (!best || (same_tty(other.tty, s.tty) && !same_tty(best->tty, s.tty)) ||
          (same_tty(other.tty, s.tty) == same_tty(best->tty, s.tty) && other.start >= best->start))
        best = &other;
    }
    return best;
  }

  void find(const Act& act, int64_t& login, int64_t& via, std::string_view& basis) {
    inside_.bind(1, act.event);
    if (inside_.step()) login = inside_.integer(0);
    inside_.reset();
    if (login) {
      kind_.bind(1, login);
      if (kind_.step() && (kind_.text(0) == "su" || kind_.text(0) == "sudo")) {
        via = login;
        login = kind_.is_null(1) ? 0 : kind_.integer(1);
      }
      kind_.reset();
      basis = "same-session";
      return;
    }
    const bool is_transfer = act.category == "ftp";
    const std::string& actor = !act.user.empty() ? act.user : act.requested_by;
    if (!actor.empty() && actor != "root") {
      const Session* best = nullptr;
      for (const Session& s : active_) {
        if (s.user != actor || (s.kind == "ftp") != is_transfer || s.start > act.ts + kSlack) continue;
        if (!best || (same_tty(s.tty, act.tty) && !same_tty(best->tty, act.tty)) ||
            (same_tty(s.tty, act.tty) == same_tty(best->tty, act.tty) && s.start >= best->start))
          best = &s;
      }
      if (best) {
        login = best->person;
        if (best->person != best->id) via = best->id;
        basis = "actor";
      }
      return;
    }
    if (is_transfer) return;
    // Only root can have done it: which way to root was open?
    const Session* best = nullptr;
    int best_rank = -1;
    for (const Session& s : active_) {
      if (s.kind == "ftp" || !s.is_root || s.start > act.ts + kSlack) continue;
      int rank = 0;
      if (s.kind == "sudo") {
        const bool shell = s.command.empty() || is_shell(s.command);
        const bool named = !act.process.empty() && contains(s.command, act.process);
        rank = named ? 4 : shell ? 2 : act.ts <= s.until ? 3 : -1;
        // A sudo of another program, long open, tells nothing (sudo tail -f).
        if (!named && !shell && act.ts - s.start > 20 * 60 * kSecond) rank = 1;
      } else if (s.kind == "su") {
        rank = 2;
      }
      if (rank < 0) continue;
      if (rank > best_rank || (rank == best_rank && s.start >= best->start)) {
        best = &s;
        best_rank = rank;
      }
    }
    if (!best) return;
    login = best->person;
    if (best->kind != "user") via = best->id;
    basis = best->kind == "sudo" ? (best_rank == 4 ? "sudo-command" : "sudo-session")
            : best->kind == "su" ? "su-session"
                                 : "root-session";
  }

  Statement sessions_, inside_, kind_, parent_, insert_;
  bool more_ = false;
  int64_t host_ = 0, loading_ = 0;
  std::list<Session> active_;
};

}  // namespace

void find_acts(Database& db) {
  Matcher matcher(db);
  Statement rows = prepare_step(db, "act_events");
  const auto text = [&](int column) { return std::string(rows.text(column)); };
  while (rows.step()) {
    Act act;
    act.event = rows.integer(0);
    act.ts = rows.integer(1);
    act.host = rows.integer(2);
    act.category = text(3);
    act.action = text(4);
    act.outcome = text(5);
    act.user = text(6);
    act.target = text(7);
    act.process = text(8);
    act.tty = text(9);
    act.command = text(10);
    act.requested_by = text(12);
    matcher.take(act);
  }
  matcher.finish();
}

}  // namespace necropsy
