// SPDX-License-Identifier: Apache-2.0
// Sessions as each log tells them: a state machine over the records of one host in time order.
#include <algorithm>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/text.hpp"
#include "correlate/session_family.hpp"
#include "correlate/sessions.hpp"
#include "correlate/steps.hpp"

namespace necropsy {
namespace {

constexpr int64_t kSecond = 1'000'000;
// Lines of one login by one process (`session opened`, `LOGIN ON`) follow each other within this.
constexpr int64_t kOneLogin = 120 * kSecond;
// Records of one logout follow each other within this.
constexpr int64_t kOneLogout = 5 * kSecond;
// Two records of one tty: utmp and wtmp are written by the same call.
constexpr int64_t kSameRecord = 2 * kSecond;
// A shutdown takes so long at most: daemons tell of sessions they end.
constexpr int64_t kStopping = 120 * kSecond;
// Sessions held at once; an endless row of logins without logout must not fill memory.
constexpr size_t kMostOpen = 100'000;

struct Record {
  int64_t event = 0, ts = 0, host = 0;
  KindWords kind;
  std::string_view parser, user, target, addr, from_host, service, process, method, session, tty, fingerprint, by;
  std::optional<int64_t> pid, port, logon_type;
  Family family = Family::log;
  bool is(std::string_view category, std::string_view action) const {
    return kind.category == category && kind.action == action;
  }
};

struct Session {
  int64_t raw_id = 0, first_event = 0, last_event = 0, last_ts = 0;
  Family family = Family::log;
  std::string kind = "user", user, by, addr, from_host, service, method, tty, session, fingerprint;
  std::optional<int64_t> logon_type, pid, login, logout, until;
  std::string basis;
  bool ended() const { return !basis.empty(); }
};

std::string_view service_of(const Record& r) {
  std::string_view s = r.service.empty() ? r.process : r.service;
  if (s.starts_with("sshd-")) return "sshd";
  if (s == "su-l" || s == "runuser" || s == "runuser-l") return "su";
  if (s == "sudo-i") return "sudo";
  return s;
}

bool is_ftp_service(std::string_view s) {
  return s == "ftp" || s == "ftpd" || s == "in.ftpd" || s == "vsftpd" || s == "proftpd" || s == "pure-ftpd" ||
         s == "wu-ftpd";
}

std::string_view kind_of_service(std::string_view s) {
  if (s == "su") return "su";
  if (s == "sudo" || s == "doas" || s == "pkexec" || s == "polkit-1") return "sudo";
  if (is_ftp_service(s)) return "ftp";
  return "user";
}

std::optional<int64_t> logon_type_of(const Record& r) {
  if (r.logon_type) return r.logon_type;
  constexpr std::pair<std::string_view, int64_t> kTypes[] = {{"interactive", 2},
                                                             {"network", 3},
                                                             {"batch", 4},
                                                             {"service", 5},
                                                             {"unlock", 7},
                                                             {"networkcleartext", 8},
                                                             {"newcredentials", 9},
                                                             {"remoteinteractive", 10},
                                                             {"cachedinteractive", 11}};
  for (const auto& [word, type] : kTypes)
    if (r.method == word) return type;
  return std::nullopt;
}

std::string_view kind_of_logon_type(std::optional<int64_t> type) {
  switch (type.value_or(2)) {
    case 0:
    case 4:
    case 5:
      return "service";
    case 3:
    case 8:
    case 9:
      return "network";
    default:
      return "user";
  }
}

bool is_console(const Record& r) {
  return logon_type_of(r) == 2 && (r.addr.empty() || r.addr == "127.0.0.1" || r.addr == "::1");
}

bool is_system_logon(std::string_view id) { return id == "0x3e7" || id == "0x3e5" || id == "0x3e4" || id == "0x3e6"; }

// Terminals of people who came over a network; getty writes logouts of its own on the others.
bool is_remote_tty(std::string_view tty) {
  return tty.starts_with("pts/") || tty.starts_with("ttyp") || tty.starts_with("ttyq") || tty.starts_with("ttyr") ||
         tty.starts_with("ftp") || tty.starts_with("vsftpd") || tty.starts_with("ssh");
}

class Collector {
 public:
  Collector(Database& db, const Boots& boots)
      : boots_(boots),
        add_(
            db.prepare("INSERT INTO temp.raw_session VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,"
                       "?18,?19,?20,?21,NULL)")),
        cite_(db.prepare("INSERT OR IGNORE INTO temp.raw_event VALUES(?1, ?2)")) {}

  void take(const Record& r) {
    if (r.host != host_) start_host(r.host);
    pass_boots(r.ts);
    if (stopping_ && r.ts > *stopping_ + kStopping) stop();
    if (r.is("host", "shutdown")) {
      stopping_ = r.ts;
      return;
    }
    last_record_ = std::max(last_record_, r.ts);
    switch (r.family) {
      case Family::utmp:
        return on_utmp(r);
      case Family::lastlog:
        return on_lastlog(r);
      case Family::windows:
        return on_windows(r);
      case Family::database:
        return on_database(r);
      case Family::ftp_log:
      case Family::log:
        return on_log(r);
      case Family::logind:
        return on_logind(r);
    }
  }
  void finish() { start_host(0); }

 private:
  void start_host(int64_t host) {
    if (stopping_) stop();
    for (auto& [key, s] : open_) {
      if (!s.ended()) end_at_image(s);
      emit(s);
    }
    open_.clear();
    order_.clear();
    alias_.clear();
    host_ = host;
    const auto found = boots_.find(host);
    boots_of_host_ = found == boots_.end() ? nullptr : &found->second;
    next_boot_ = 0;
    last_record_ = INT64_MIN;
    stopping_.reset();
  }

  // A boot ends whatever was open: at the shutdown where one is known, else at the last sign of life before it.
  void pass_boots(int64_t ts) {
    if (!boots_of_host_) return;
    while (next_boot_ < boots_of_host_->size() && (*boots_of_host_)[next_boot_].start <= ts) {
      if (next_boot_ > 0 || !open_.empty()) {
        const Boot& boot = (*boots_of_host_)[next_boot_];
        const int64_t end = next_boot_ > 0 ? std::min((*boots_of_host_)[next_boot_ - 1].end, boot.start)
                                           : std::min(last_record_, boot.start);
        for (auto& [key, s] : open_) {
          if (!s.ended()) {
            s.basis = "next-boot";
            s.logout = std::max(end, s.last_ts);
          }
          emit(s);
        }
        open_.clear();
        order_.clear();
        alias_.clear();
        stopping_.reset();
      }
      ++next_boot_;
    }
  }

  // The machine was shut down: sessions of before end with it, those that no record ended by themselves.
  void stop() {
    for (auto& [key, s] : open_)
      if (!s.ended() && s.last_ts <= *stopping_) {
        s.basis = "next-boot";
        s.logout = *stopping_;
      }
    stopping_.reset();
  }

  void end_at_image(Session& s) {
    const bool would_be_recorded = s.kind != "ftp" && s.kind != "network" && s.kind != "service" &&
                                   s.family != Family::lastlog && s.family != Family::ftp_log && s.kind != "sudo";
    s.basis = would_be_recorded ? "image-end" : "open";
  }

  void emit(const Session& s) {
    const auto text = [&](int column, const std::string& value) {
      if (!value.empty()) add_.bind(column, value);
    };
    add_.bind(1, s.raw_id).bind(2, host_).bind(3, static_cast<int64_t>(s.family)).bind(4, s.kind);
    text(5, s.user);
    text(6, s.by);
    text(7, s.addr);
    text(8, s.from_host);
    text(9, s.service);
    text(10, s.method);
    add_.bind(11, s.logon_type);
    text(12, s.tty);
    text(13, s.session);
    text(14, s.fingerprint);
    add_.bind(15, s.pid).bind(16, s.login).bind(17, s.logout);
    text(18, s.basis);
    add_.bind(19, s.until).bind(20, s.first_event).bind(21, s.last_event);
    add_.run();
  }

  Session* find(const std::string& key) {
    const auto found = open_.find(key);
    return found == open_.end() ? nullptr : &found->second;
  }
  Session* find_alias(const std::string& alias) {
    const auto found = alias_.find(alias);
    return found == alias_.end() ? nullptr : find(found->second);
  }

  // Ends what stood under the key; the end of a session whose place is taken is not known.
  void drop(const std::string& key, int64_t ts) {
    const auto found = open_.find(key);
    if (found == open_.end()) return;
    if (!found->second.ended()) {
      found->second.basis = "open";
      found->second.until = ts;
    }
    emit(found->second);
    open_.erase(found);
  }

  Session& open(const std::string& key, const Record& r, std::string_view kind) {
    drop(key, r.ts);
    while (open_.size() >= kMostOpen && !order_.empty()) {
      const std::string oldest = order_.front();
      order_.pop_front();
      drop(oldest, r.ts);
    }
    if (order_.size() > 4 * kMostOpen) {
      order_.clear();
      for (const auto& [other, s] : open_) order_.push_back(other);
    }
    if (alias_.size() > 4 * kMostOpen) alias_.clear();
    Session& s = open_[key];
    order_.push_back(key);
    s.raw_id = ++last_raw_id_;
    s.family = r.family;
    s.kind = std::string(kind);
    s.login = r.ts;
    s.first_event = r.event;
    fill(s, r);
    attach(s, r);
    return s;
  }

  void fill(Session& s, const Record& r) {
    const auto take = [](std::string& field, std::string_view value) {
      if (field.empty() && !value.empty()) field = std::string(value);
    };
    const bool became_other = s.kind == "su" || s.kind == "sudo";
    take(s.user, became_other ? r.target : r.user);
    if (became_other) take(s.by, r.user);
    take(s.addr, r.addr);
    take(s.from_host, r.from_host);
    take(s.service, service_of(r));
    take(s.method, r.method);
    take(s.tty, r.tty);
    take(s.session, r.session);
    take(s.fingerprint, r.fingerprint);
    if (!s.pid) s.pid = r.pid;
    if (!s.logon_type && r.family == Family::windows) s.logon_type = logon_type_of(r);
  }

  void attach(Session& s, const Record& r) {
    cite_.bind(1, s.raw_id).bind(2, r.event).run();
    s.last_event = r.event;
    s.last_ts = std::max(s.last_ts, r.ts);
  }

  void close(Session& s, const Record& r) {
    attach(s, r);
    if (s.ended()) return;
    s.basis = "recorded";
    s.logout = r.ts;
  }

  // A logout of a session that no record opened.
  void orphan(const std::string& key, const Record& r, std::string_view kind) {
    Session* s = find(key);
    if (s && !s->login && s->logout && r.ts - *s->logout <= kOneLogout) {
      fill(*s, r);
      attach(*s, r);
      return;
    }
    Session& made = open(key, r, kind);
    made.login.reset();
    made.logout = r.ts;
    made.basis = "recorded";
  }

  static std::string peer_key(const Record& r) {
    return "a" + std::string(r.addr) + ":" + std::to_string(r.port.value_or(0));
  }
  static std::string user_key(const Record& r) {
    return "u" + std::string(r.user) + "|" + std::string(r.addr.empty() ? r.from_host : r.addr);
  }

  // Key of the process that speaks; without a pid, of the identity (su and sudo of old) or the peer.
  std::string process_key(const Record& r, std::string_view kind) const {
    if (r.family == Family::ftp_log) return "f" + std::string(r.user) + "|" + std::string(r.addr);
    if (r.pid) return "p" + std::to_string(*r.pid);
    if (kind == "su" || kind == "sudo") return "q" + std::string(kind) + "|" + std::string(r.target);
    return "n" + std::string(service_of(r)) + "|" + std::string(r.user);
  }

  bool same_login(const Session& s, const Record& r, std::string_view kind) const {
    if (s.ended() || s.kind != kind || r.ts - s.last_ts > kOneLogin) return false;
    const std::string_view user = kind == "su" || kind == "sudo" ? r.target : r.user;
    return s.user.empty() || user.empty() || s.user == user;
  }

  void log_opens(const Record& r, std::string_view kind) {
    const std::string key = process_key(r, kind);
    Session* s = find(key);
    if (s && same_login(*s, r, kind)) {
      fill(*s, r);
      attach(*s, r);
    } else {
      s = &open(key, r, kind);
    }
    if (!r.addr.empty() || !r.from_host.empty()) {
      if (r.port) alias_[peer_key(r)] = key;
      alias_[user_key(r)] = key;
    }
  }

  void log_closes(const Record& r, std::string_view kind) {
    const std::string key = process_key(r, kind);
    Session* s = find(key);
    const std::string_view user = kind == "su" || kind == "sudo" ? r.target : r.user;
    if (s && (s->kind != kind || (!user.empty() && !s->user.empty() && s->user != user))) s = nullptr;
    if (!s && r.port) s = find_alias(peer_key(r));
    if (!s && (!r.addr.empty() || !r.from_host.empty())) s = find_alias(user_key(r));
    if (s && s->ended() && s->logout && r.ts - *s->logout > kOneLogin) s = nullptr;
    if (s) return close(*s, r);
    if (kind == "user") orphan("o" + std::string(r.user), r, kind);
  }

  void on_log(const Record& r) {
    const std::string_view service = service_of(r);
    if (r.is("authentication", "login") && r.kind.outcome == "success") return log_opens(r, "user");
    if (r.is("ftp", "login") && r.kind.outcome != "failure") return log_opens(r, "ftp");
    if (r.is("authentication", "su") && r.kind.outcome != "failure") return log_opens(r, "su");
    if (r.is("authentication", "sudo") && r.kind.outcome != "failure") return log_opens(r, "sudo");
    if (r.is("session", "opened")) {
      if (service == "sftp") {  // by the server inside an ssh session, with a pid of its own
        if (Session* s = find_alias(user_key(r)); s && !s->ended()) return attach(*s, r);
      }
      return log_opens(r, kind_of_service(service));
    }
    if (r.is("session", "closed")) {
      if (service == "sftp") {
        if (Session* s = find_alias(user_key(r))) attach(*s, r);
        return;
      }
      return log_closes(r, kind_of_service(service));
    }
    if (r.is("authentication", "logout")) return log_closes(r, kind_of_service(service));
    if (r.is("ftp", "logout")) return log_closes(r, "ftp");
    if (r.kind.category == "ftp") {
      Session* s = r.family == Family::log && r.pid ? find("p" + std::to_string(*r.pid)) : nullptr;
      if (!s && !r.user.empty()) s = find_alias(user_key(r));
      if (s && !(s->ended() && s->logout && r.ts - *s->logout > kOneLogout)) attach(*s, r);
    }
  }

  void on_logind(const Record& r) {
    const std::string key = "l" + std::string(r.session);
    if (r.session.empty()) return;
    if (r.is("session", "opened")) {
      open(key, r, "user");
    } else if (r.is("session", "closed")) {
      Session* s = find(key);
      if (s && !s->ended()) close(*s, r);
    }
  }

  void on_utmp(const Record& r) {
    if (r.tty.empty()) return;
    const std::string key = "t" + std::string(r.tty);
    const std::string_view kind =
        r.tty.starts_with("ftp") || r.tty.starts_with("vsftpd") || r.tty.starts_with("proftpd") ? "ftp" : "user";
    Session* s = find(key);
    const bool opens = (r.is("authentication", "login") && r.kind.outcome != "failure") || r.is("session", "opened") ||
                       (r.is("ftp", "login") && r.kind.outcome != "failure");
    if (opens) {
      if (s && s->login && r.ts - *s->login <= kSameRecord && s->user == r.user) {
        fill(*s, r);
        attach(*s, r);
      } else {
        open(key, r, kind);
      }
      return;
    }
    if (!r.is("authentication", "logout") && !r.is("session", "closed") && !r.is("ftp", "logout")) return;
    if (s && !s->ended()) return close(*s, r);
    if (s && s->logout && r.ts - *s->logout <= kSameRecord) {
      fill(*s, r);
      attach(*s, r);
      return;
    }
    if (is_remote_tty(r.tty) || !r.user.empty() || !r.addr.empty() || !r.from_host.empty()) orphan(key, r, kind);
  }

  void on_lastlog(const Record& r) {
    Session& s = open("z" + std::to_string(r.event), r, "user");
    s.basis = "open";
  }

  void on_windows(const Record& r) {
    if (r.session.empty() || is_system_logon(r.session)) return;
    const std::string key = "w" + std::string(r.session);
    Session* s = find(key);
    if (r.is("authentication", "login") && r.kind.outcome == "success") {
      // The event log service writes some records twice.
      if (s && !s->ended() && s->login && r.ts - *s->login <= kSecond && s->user == r.user) return attach(*s, r);
      // There is one console: who logs on there ended what was open, though 538 often says nothing.
      if (is_console(r)) {
        if (Session* before = find_alias("console"); before && !before->ended()) {
          before->basis = "open";
          before->until = r.ts;
        }
        alias_["console"] = key;
      }
      open(key, r, kind_of_logon_type(logon_type_of(r)));
      return;
    }
    if (r.is("authentication", "logout") || r.is("session", "closed")) {
      if (s) return close(*s, r);
      if (kind_of_logon_type(logon_type_of(r)) == "user" && logon_type_of(r)) orphan(key, r, "user");
      return;
    }
    if (!s) return;
    if (r.is("session", "reconnected") || r.is("session", "disconnected")) fill(*s, r);
    attach(*s, r);
  }

  void on_database(const Record& r) {
    const std::string key = "d" + std::string(r.session);
    const bool local = r.addr.empty() || r.addr == "127.0.0.1" || r.addr == "::1";
    if (r.is("database", "login") && r.kind.outcome != "failure" && !local) {
      open(key, r, "database");
    } else if (r.is("database", "logout")) {
      if (Session* s = find(key); s && !s->ended()) close(*s, r);
    }
  }

  const Boots& boots_;
  Statement add_, cite_;
  int64_t host_ = 0;
  const std::vector<Boot>* boots_of_host_ = nullptr;
  size_t next_boot_ = 0;
  int64_t last_record_ = INT64_MIN;
  std::optional<int64_t> stopping_;  // a shutdown whose last lines are still to come
  int64_t last_raw_id_ = 0;
  std::unordered_map<std::string, Session> open_;
  std::unordered_map<std::string, std::string> alias_;  // peer, or user and peer -> key
  std::deque<std::string> order_;                       // keys as they were opened
};

}  // namespace

Family family_of(std::string_view parser, std::string_view process, std::string_view category) {
  if (parser == "lastlog" || parser == "lastlog2") return Family::lastlog;
  if (parser.starts_with("utmp") || parser.starts_with("wtmp") || parser.starts_with("btmp")) return Family::utmp;
  if (parser.starts_with("evt")) return Family::windows;
  if (parser == "vsftpd" || parser == "xferlog" || parser == "proftpd" || parser == "pureftpd" || parser == "pure_ftpd")
    return Family::ftp_log;
  if (process == "systemd-logind" || process == "elogind") return Family::logind;
  if (category == "database") return Family::database;
  return Family::log;
}

void collect_sessions(Database& db, const Boots& boots) {
  run_step(db, "raw_tables");
  Collector collector(db, boots);
  Statement rows = prepare_step(db, "session_events");
  while (rows.step()) {
    Record r;
    r.event = rows.integer(0);
    r.ts = rows.integer(1);
    r.kind = kind_words(rows.integer(2));
    r.host = rows.integer(3);
    r.parser = rows.text(4);
    r.user = rows.text(5);
    r.target = rows.text(6);
    r.addr = rows.text(7);
    r.from_host = rows.text(8);
    r.service = rows.text(9);
    r.process = rows.text(10);
    r.pid = rows.optional_integer(11);
    r.port = rows.optional_integer(12);
    r.method = rows.text(13);
    r.session = rows.text(14);
    r.tty = rows.text(15);
    if (!rows.is_null(16)) r.logon_type = to_number<int64_t>(rows.text(16));
    r.fingerprint = rows.text(17);
    r.by = rows.text(18);
    r.family = family_of(r.parser, r.process, r.kind.category);
    // A uid that no account explains still has a name to be called by.
    std::string unnamed;
    if (r.user.empty() && r.family == Family::lastlog && !rows.is_null(19)) {
      unnamed = rows.text(19) == "0" ? "root" : "uid " + std::string(rows.text(19));
      r.user = unnamed;
    }
    if (r.tty.starts_with("/dev/")) r.tty.remove_prefix(5);
    collector.take(r);
  }
  collector.finish();
}

}  // namespace necropsy
