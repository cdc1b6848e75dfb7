// SPDX-License-Identifier: Apache-2.0
#include "linux/utmp/teller.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace necropsy::utmp {
namespace {

constexpr size_t kMaxWaiting = 1024;     // undated records held back at a time
constexpr size_t kMaxSlots = 16 * 1024;  // terminal lines remembered

// How a session reaches the machine, as far as line and host tell.
enum class Access : uint8_t { unknown, console, remote, display, local, ftp };

bool starts_with_digit(std::string_view text) { return !text.empty() && is_digit(text.front()); }

bool is_console(std::string_view line) {
  if (line == "console" || line == "system console") return true;
  for (std::string_view name : {"tty", "ttyS", "ttyAMA", "ttyUSB", "ttyO", "ttyC", "hvc", "vc/", "xvc", "ttysclp"}) {
    std::string_view rest = line;
    if (eat(rest, name) && starts_with_digit(rest)) return true;
  }
  return false;
}
bool is_ftp(std::string_view line) {
  for (std::string_view name : {"ftpd", "ftp"}) {
    std::string_view rest = line;
    if (eat(rest, name) && (rest.empty() || starts_with_digit(rest))) return true;
  }
  return line.starts_with("vsftpd");
}

// ut_host is an address, a name, an X display, or what a terminal multiplexer puts there.
struct Origin {
  std::string ip;          // canonical
  std::string_view host;   // a name, or an address that differs from `ip`
  std::string_view local;  // text that names no other machine
};

Origin origin_of(const UtmpRecord& record) {
  Origin origin{.ip = record.address, .host = {}, .local = {}};
  std::string_view host = record.host;
  if (host.empty()) return origin;
  // tmux(pid).%pane, screen's :pts/0:S.0, mosh [pid] without a client, X displays
  if (host.starts_with(':') || host.starts_with("tmux(") || host.starts_with("mosh [") || host.starts_with("login_")) {
    origin.local = host;
    return origin;
  }
  if (const size_t via = host.find(" via mosh"); via != std::string_view::npos) host = host.substr(0, via);
  // name:display of an X login from another machine, name:S.0 of a screen inside a remote session; never an IPv6
  if (const size_t colon = host.find(':'); colon != std::string_view::npos && !canonical_ip(host)) {
    const std::string_view tail = host.substr(colon + 1);
    if (starts_with_digit(tail) || tail.starts_with("S.")) host = host.substr(0, colon);
  }
  if (const auto ip = canonical_ip(host)) {
    if (origin.ip.empty()) origin.ip = *ip;
    if (origin.ip != *ip) origin.host = host;
  } else {
    origin.host = host;
  }
  return origin;
}

Access access_of(const UtmpRecord& record, const Origin& origin) {
  if (is_ftp(record.line)) return Access::ftp;
  if (record.line.starts_with(':') || origin.local.starts_with(':')) return Access::display;
  if (!origin.ip.empty() || !origin.host.empty()) return Access::remote;
  if (is_console(record.line)) return Access::console;
  if (record.line.starts_with("pts/") || !origin.local.empty()) return Access::local;
  return Access::unknown;
}

std::string_view to_text(Access access) {
  switch (access) {
    case Access::unknown:
      return {};
    case Access::console:
      return "console";
    case Access::remote:
      return "remote";
    case Access::display:
      return "display";
    case Access::local:
      return "local";
    case Access::ftp:
      return "ftp";
  }
  return {};
}

// Attributes of one event; text is borrowed.
class Attributes {
 public:
  void text(std::string_view key, std::string_view value) {
    if (!value.empty()) list_[count_++] = {key, value, {}};
  }
  void number(std::string_view key, int64_t value) { list_[count_++] = {key, {}, value}; }
  std::span<const Attribute> all() const { return {list_.data(), count_}; }

 private:
  std::array<Attribute, 24> list_;
  size_t count_ = 0;
};

// Low byte the new level, next byte the old one; N is none. init(8) writes letters and digits.
std::string run_level(int64_t pid, int shift) {
  const char c = static_cast<char>((pid >> shift) & 0xFF);
  return c > 0x20 && c < 0x7F ? std::string(1, c) : std::string();
}

std::string from_where(const Origin& origin) {
  if (!origin.host.empty() && !origin.ip.empty()) return fmt::format(" from {} ({})", origin.host, origin.ip);
  if (!origin.host.empty()) return fmt::format(" from {}", origin.host);
  if (!origin.ip.empty()) return fmt::format(" from {}", origin.ip);
  return {};
}

std::string on_line(const UtmpRecord& record) {
  return record.line.empty() ? std::string() : fmt::format(" on {}", record.line);
}

}  // namespace

void Teller::remember(const UtmpRecord& record, uint64_t number) {
  if (record.line.empty() || record.line == "~") return;
  if (slots_.size() >= kMaxSlots) slots_.clear();
  slots_[std::string(record.line)] = {record.type, record.pid, number, std::string(record.user)};
}

void Teller::record(Bytes bytes, uint64_t offset, uint64_t number) {
  const auto read = read_utmp(bytes, layout_);
  if (!read) return;
  std::optional<Slot> slot;
  if (const auto found = slots_.find(std::string(read->line)); found != slots_.end()) slot = found->second;
  sink_.record_read();
  if (read->seconds == 0) {
    if (waiting_.size() >= kMaxWaiting) settle(std::nullopt, false);
    waiting_.push_back({std::string(as_text(bytes)), 1, offset, number, last_, std::move(slot)});
  } else {
    const bool fine = read->microseconds >= 0 && read->microseconds < 1'000'000;
    const Timestamp when =
        Timestamp::from_unix(read->seconds, fine ? static_cast<uint32_t>(read->microseconds) * 1000 : 0);
    settle(when, false);
    std::optional<int64_t> back;
    // Slots of utmp are in no order; a set clock says itself that the time jumps.
    if (kind_ != Kind::utmp && last_ && read->type != kUtmpNewTime && *last_ > when) {
      const int64_t seconds = (last_->us - when.us) / 1'000'000;
      if (seconds > 0) back = seconds;
    }
    last_ = when;
    const EventTime time{.when = when,
                         .precision = fine && read->microseconds ? TimePrecision::us : TimePrecision::s,
                         .earliest = {},
                         .latest = {}};
    tell(*read, time, {offset, static_cast<uint32_t>(record_size(layout_))}, number, slot ? &*slot : nullptr, back);
  }
  remember(*read, number);
  if (read->type == kUtmpBoot) slots_.clear();
}

void Teller::zeroed(uint64_t count, uint64_t offset, uint64_t number) {
  if (count == 0) return;
  sink_.record_read(count);
  const uint64_t size = record_size(layout_);
  if (!waiting_.empty() && waiting_.back().bytes.empty()) {
    Waiting& last = waiting_.back();
    if (last.offset + last.count * size == offset) {
      last.count += count;
      return;
    }
  }
  if (waiting_.size() >= kMaxWaiting) settle(std::nullopt, false);
  waiting_.push_back({{}, count, offset, number, last_, {}});
}

void Teller::finish() {
  // What stands last was written before the file was touched for the last time.
  std::optional<Timestamp> latest = context_.modified;
  if (latest && last_ && *latest < *last_) latest.reset();
  settle(latest, true);
}

// The records that wait were written between the dated one before them and `before`.
void Teller::settle(std::optional<Timestamp> before, bool at_end) {
  for (const Waiting& w : waiting_) {
    EventTime time{.basis = TimeBasis::bounded, .earliest = w.after, .latest = before};
    if (time.earliest && time.latest && *time.earliest > *time.latest) std::swap(time.earliest, time.latest);
    const uint64_t size = record_size(layout_);
    const Extent where{w.offset, static_cast<uint32_t>(std::min<uint64_t>(w.count * size, UINT32_MAX))};
    if (!time.earliest && !time.latest) {
      sink_.problem(where, "bad-time",
                    fmt::format("{} without a time, and no dated record beside {}",
                                w.count == 1 ? "a record" : "records", w.count == 1 ? "it" : "them"),
                    Stage::time);
      continue;
    }
    time.when = time.earliest ? *time.earliest : *time.latest;
    time.precision = TimePrecision::s;
    if (w.bytes.empty()) {
      tell_zeroed(w, time, at_end);
    } else if (const auto read = read_utmp(as_bytes(w.bytes), layout_)) {
      tell(*read, time, where, w.number, w.before ? &*w.before : nullptr, {});
    }
  }
  waiting_.clear();
}

void Teller::tell_zeroed(const Waiting& w, const EventTime& time, bool at_end) {
  const std::string message = w.count == 1 ? std::string("Login record overwritten with zeros")
                                           : fmt::format("{} login records in a row overwritten with zeros", w.count);
  Attributes attributes;
  attributes.text("tampered", "zeroed");
  attributes.number("records", static_cast<int64_t>(w.count));
  if (at_end) attributes.number("at_end", 1);
  const uint64_t length = w.count * record_size(layout_);
  sink_.event({.time = time,
               .action = Action::auth_message,
               .message = message,
               .where = {w.offset, static_cast<uint32_t>(std::min<uint64_t>(length, UINT32_MAX))},
               .record = w.number,
               .attributes = attributes.all()});
}

void Teller::tell(const UtmpRecord& r, const EventTime& time, Extent where, uint64_t number, const Slot* slot,
                  std::optional<int64_t> back_seconds) {
  Event e;
  e.time = time;
  e.where = where;
  e.record = number;
  Attributes more;
  std::string message, level, previous, old_time;
  const Origin origin = origin_of(r);
  const auto from_session = [&] {
    e.user_name = r.user;
    e.source_ip = origin.ip;
    e.source_host = origin.host;
  };
  if (r.pid > 0 && r.type != kUtmpRunLevel) e.process_pid = r.pid;
  if (r.line != "~") more.text("tty", r.line);
  more.text("ut_id", r.id);
  more.number("ut_type", r.type);

  if (kind_ == Kind::btmp && r.type != kUtmpBoot && r.type != kUtmpRunLevel) {
    e.action = Action::login;
    e.outcome = Outcome::failure;
    from_session();
    std::string_view service = r.line;
    if (service.ends_with(":notty")) {
      // ssh:notty is sshd's; other daemons that have no terminal put their own name there.
      service.remove_suffix(6);
      e.service_name = service == "ssh" ? std::string_view("sshd") : service;
    } else if (is_ftp(r.line)) {
      e.service_name = "ftp";
    } else if (is_console(r.line) && origin.host.empty() && origin.ip.empty()) {
      e.service_name = "console";
    }
    const bool from = !origin.ip.empty() || !origin.host.empty();
    e.message_format = r.user.empty() ? (from ? "Failed login without a user name%.0s%.0s from %s"
                                              : "Failed login without a user name")
                                      : (from ? "Failed login as %s%.0s from %s" : "Failed login as %s");
  } else if ((r.line == "~" || r.type == kUtmpRunLevel || r.type == kUtmpBoot) && r.user == "shutdown") {
    e.action = Action::shutdown;
    more.text("kernel", r.host);
    message = "System shutdown";
  } else if (r.type == kUtmpBoot || (r.line == "~" && r.user == "reboot")) {
    e.action = Action::boot;
    more.text("kernel", r.host);
    message = r.host.empty() ? std::string("System boot") : fmt::format("System boot, kernel {}", r.host);
  } else if (r.type == kUtmpRunLevel) {
    level = run_level(r.pid, 0);
    previous = run_level(r.pid, 8);
    more.text("runlevel", level);
    more.text("previous_runlevel", previous);
    more.text("kernel", r.host);
    message = fmt::format("Run level {} (from {})", level.empty() ? "?" : level,
                          previous.empty() || previous == "N" ? "none" : previous);
  } else if (r.type == kUtmpOldTime) {
    e.action = Action::time_changed;
    more.text("clock", "old");
    message = "Clock set: the time before";
    old_clock_ = time.when;
  } else if (r.type == kUtmpNewTime) {
    e.action = Action::time_changed;
    more.text("clock", "new");
    message = "Clock set: the time after";
    if (old_clock_) {
      const int64_t jump = (time.when.us - old_clock_->us) / 1'000'000;
      old_time = iso_micro(*old_clock_);
      more.text("old_time", old_time);
      more.number("jump_s", jump);
      message += fmt::format(", a jump of {:+} s", jump);
      old_clock_.reset();
    }
  } else if (r.type == kUtmpUser && r.user.empty()) {
    // Some daemons close a session with a nameless record on its line; else the name was taken out.
    const bool closes = slot && slot->type == kUtmpUser && !slot->user.empty() && kind_ == Kind::wtmp;
    e.source_ip = origin.ip;
    e.source_host = origin.host;
    if (closes || (is_ftp(r.line) && kind_ == Kind::wtmp)) {
      e.action = Action::logout;
      message = "Logout" + on_line(r);
    } else {
      e.action = Action::auth_message;
      more.text("tampered", "zeroed");
      message = "Login record without a user name" + on_line(r) + from_where(origin);
    }
  } else if (r.type == kUtmpUser) {
    e.action = Action::login;
    e.outcome = Outcome::success;
    from_session();
    const Access access = access_of(r, origin);
    if (access == Access::ftp) e.service_name = "ftp";
    if (access == Access::console) e.service_name = "console";
    more.text("access", to_text(access));
    message = fmt::format("Login of {}{}{}", r.user, on_line(r), from_where(origin));
  } else if (r.type == kUtmpDead) {
    const bool had_login = slot && slot->type == kUtmpUser;
    const bool had_prompt = slot && (slot->type == kUtmpLogin || slot->type == kUtmpInit) && slot->pid == r.pid;
    if (r.line.empty() || (had_prompt && kind_ == Kind::wtmp)) {
      // Entries of inittab (si, l3, ud …) and a getty that ended without a login.
      e.action = Action::process_exited;
      message = r.line.empty() ? fmt::format("Process of init entry {} ended", r.id.empty() ? "?" : r.id)
                               : "Login prompt ended" + on_line(r);
    } else {
      e.action = Action::logout;
      e.user_name = r.user;
      e.source_ip = origin.ip;
      e.source_host = origin.host;
      if (is_ftp(r.line)) e.service_name = "ftp";
      message = "Logout" + on_line(r) + from_where(origin);
      if (had_login && kind_ == Kind::wtmp) {
        more.text("login_user", slot->user);
        more.number("login_record", static_cast<int64_t>(slot->record));
      }
    }
    if (r.exit) more.number("ut_exit", r.exit);
    if (r.termination) more.number("ut_termination", r.termination);
  } else if (r.type == kUtmpLogin) {
    e.action = Action::session_message;
    message = "Login prompt" + on_line(r);
  } else if (r.type == kUtmpInit) {
    e.action = Action::process_started;
    message = fmt::format("Process of init entry {} started", r.id.empty() ? "?" : r.id);
  } else if (r.type == kUtmpAccounting) {
    message = "Accounting record" + on_line(r);
  } else {
    e.action = Action::session_message;
    message = "Empty slot" + on_line(r);
  }
  // What has no column of its own is kept by the field's name.
  more.text("ut_host_local", origin.local);
  if (r.session) more.number("ut_session", r.session);
  if (e.source_ip.empty()) more.text("ut_addr", r.address);
  if (time.basis == TimeBasis::bounded) more.number("no_time", 1);
  if (back_seconds) more.number("time_went_back_s", *back_seconds);
  if (e.message_format.empty()) e.message = message;
  e.attributes = more.all();
  sink_.event(e);
}

}  // namespace necropsy::utmp
