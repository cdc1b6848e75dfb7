// SPDX-License-Identifier: Apache-2.0
// Log daemons, init, systemd, shutdown, clocks, and lines without a tag.
// Texts: sysklogd syslogd.c and klogd.c, rsyslog tools/syslogd.c and imuxsock, syslog-ng logwriter.c, FreeBSD newsyslog
// and shutdown, sysvinit init.c and shutdown.c, systemd src/core and src/login, initscripts of Red Hat, ntp, chrony.
#include "base/text.hpp"
#include "linux/syslog/message.hpp"

namespace necropsy::syslog {
namespace {

// A log daemon that ends. On a running machine its start follows within seconds (package update, rotation, an admin);
// without that the machine went down.
bool log_daemon_ends(const SyslogMessage& m, EventDraft& d) {
  return d.is(m.restarted_at_once ? Action::service_stopped : Action::shutdown);
}

// `4`, `'4'`, `c1` of systemd-logind, up to a blank.
std::string_view take_session(std::string_view& t) {
  std::string_view id = take_word(t);
  while (id.ends_with('.')) id.remove_suffix(1);
  return unquoted(id);
}

std::string_view without_stop(std::string_view t) {
  while (t.ends_with('.')) t.remove_suffix(1);
  return t;
}

}  // namespace

bool read_log_daemon(const SyslogMessage& m, EventDraft& d) {
  std::string_view t = m.text;
  d.event.service_name = m.program;
  if (contains(t, "xiting on signal ")) return log_daemon_ends(m, d);
  if (t.starts_with('[') && t.starts_with("[origin ")) {  // rsyslog: `[origin software="rsyslogd" …] start`
    if (t.ends_with("] start") || t.ends_with("] (re)start")) return d.is(Action::service_started);
    if (contains(t, "was HUPed")) return d.is(Action::log_rotated);
    if (contains(t, "exiting on signal")) return log_daemon_ends(m, d);
    return d.is(Action::service_message);
  }
  if (contains(t, "logfile turned over") || contains(t, "logfile first created") || contains(t, "was HUPed"))
    return d.is(Action::log_rotated);
  // `syslogd 1.4.1: restart.`, with the version in the text; also `restart (remote reception).`
  if (const size_t at = t.find(": restart"); at != std::string_view::npos && at < 32)
    return d.is(Action::service_started);
  if (t.starts_with("restart")) return d.is(Action::service_started);
  if (contains(t, ", log source = ") || t.starts_with("syslog-ng starting up") || t.starts_with("Journal started"))
    return d.is(Action::service_started);
  if (t.starts_with("syslog-ng shutting down")) return log_daemon_ends(m, d);
  if (t.starts_with("Kernel logging (proc) stopped") || t.starts_with("Journal stopped"))
    return d.is(Action::service_stopped);
  if (const size_t lost = t.find(" lost ");
      lost != std::string_view::npos) {  // `imuxsock lost 12 messages from pid 3 …`
    std::string_view rest = t.substr(lost + 6);
    if (const auto count = to_number<int64_t>(take_word(rest)); count && rest.starts_with("message"))
      d.attribute("lost_messages", *count);
    return d.is(Action::service_message);
  }
  if (contains(t, "begin to drop messages due to rate-limiting")) {
    d.attribute("messages_dropped", 1);
    return d.is(Action::service_message);
  }
  if (t.starts_with("Suppressed ") && contains(t, " messages from ")) {  // journald
    std::string_view rest = t.substr(11);
    d.number_attribute("lost_messages", take_word(rest));
    return d.is(Action::service_message);
  }
  return false;
}

bool read_untagged(const SyslogMessage& m, EventDraft& d) {
  std::string_view t = m.text;
  if (t.starts_with("exiting on signal ")) return log_daemon_ends(m, d);  // sysklogd names itself only at the start
  if (t.starts_with("-- MARK --") || t == "MARK") return d.is(Action::host_message);
  if (t.starts_with("Job `") && t.ends_with("' started")) return read_anacron(m, d);
  if (t.starts_with("Job `") && t.ends_with("' terminated")) return read_anacron(m, d);
  if (t.starts_with("ROOT LOGIN ON ") || t.starts_with("LOGIN ON ") || t.starts_with("FAILED LOGIN "))
    return read_login(m, d);
  return false;
}

bool read_systemd(const SyslogMessage& m, EventDraft& d) {
  std::string_view t = without_stop(m.text);
  if (t.empty()) return false;
  switch (t.front()) {
    case 'S':
      if (t.starts_with("Started Session ") || t.starts_with("Starting Session ")) {  // `4 of user bob`
        std::string_view rest = t.substr(t.find(" Session ") + 9);
        d.event.session_id = take_session(rest);
        eat(rest, "of user ") || eat(rest, "of User ");
        d.event.user_name = rest;
        return d.is(Action::session_message);
      }
      if (eat(t, "Started ")) {
        d.event.service_name = t;
        return d.is(Action::service_started);
      }
      if (eat(t, "Stopped ")) {
        if (t.starts_with("target ")) return d.is(Action::service_message);
        d.event.service_name = t;
        return d.is(Action::service_stopped);
      }
      if (t.starts_with("Shutting down")) return d.is(Action::shutdown);
      if (t.starts_with("Startup finished in ")) return d.is(Action::host_message);
      break;
    case 'F':
      if (eat(t, "Failed to start ")) {
        d.event.service_name = t;
        return d.is(Action::service_failed);
      }
      break;
    case 'R':
      // A unit file was dropped or changed: somebody asked systemd to read them again.
      if (t.starts_with("Reloading"))
        return d.is(m.text == "Reloading." ? Action::configuration_message : Action::service_message);
      break;
    case 'T':
      if (t.starts_with("Time has been changed")) return d.is(Action::time_changed);
      break;
    case 'C':
    case 'D':
      if (contains(t, "User Slice of ")) {
        std::string_view who = t.substr(t.find("User Slice of ") + 14);
        eat(who, "UID ");
        d.attribute("user_slice", who);
        return d.is(Action::session_message);
      }
      break;
    default:
      break;
  }
  const size_t colon = t.find(": ");
  if (colon == std::string_view::npos || t.substr(0, colon).find(' ') != std::string_view::npos) return false;
  const std::string_view unit = t.substr(0, colon), what = t.substr(colon + 2);
  if (what.starts_with("Main process exited, code=") || what.starts_with("main process exited, code=")) {
    d.event.service_name = unit;
    d.attribute("reason", what.substr(21));
    const std::string_view code = what.substr(26);
    const bool crashed = code.starts_with("dumped") || code.starts_with("killed");
    return d.is(crashed ? Action::service_crashed : Action::service_message);
  }
  if (what.starts_with("Failed with result")) {
    d.event.service_name = unit;
    d.attribute("reason", between(what, "'", "'").value_or(""));
    return d.is(Action::service_failed);
  }
  return false;
}

bool read_logind(const SyslogMessage& m, EventDraft& d) {
  std::string_view t = m.text;
  d.event.service_name = "systemd-logind";
  if (eat(t, "New session ")) {  // `4 of user bob.`; since 256 `'4' of user 'bob' with class 'user' and type 'tty'.`
    d.event.session_id = take_session(t);
    if (!eat(t, "of user ")) return false;
    t = without_stop(t);
    if (const size_t with = t.find(" with class "); with != std::string_view::npos) {
      d.attribute("session_class", between(t, "class '", "'").value_or(""));
      d.attribute("session_type", between(t, "type '", "'").value_or(""));
      t = t.substr(0, with);
    }
    d.event.user_name = unquoted(t);
    return d.is(Action::session_opened);
  }
  if (eat(t, "Removed session ")) {
    d.event.session_id = take_session(t);
    return d.is(Action::session_closed);
  }
  if (eat(t, "Session ")) {  // `4 logged out. Waiting for processes to exit.`
    d.event.session_id = take_session(t);
    return d.is(Action::session_message);
  }
  if (t.starts_with("System is powering down") || t.starts_with("System is rebooting") ||
      t.starts_with("System is halting") || t.starts_with("The system will "))
    return d.is(t.starts_with("The system will ") ? Action::host_message : Action::shutdown);
  if (t.starts_with("Power key pressed") || t.starts_with("Suspending") || t.starts_with("Lid ") ||
      t.starts_with("Operation '"))
    return d.is(Action::host_message);
  return false;
}

// BSD: `reboot by root: reason`, `halt by root:`; sysvinit: `shutting down for system reboot`
bool read_shutdown(const SyslogMessage& m, EventDraft& d) {
  const std::string_view t = m.text;
  if (const size_t by = t.find(" by "); by != std::string_view::npos && by < 16) {
    const std::string_view kind = t.substr(0, by);
    if (kind != "reboot" && kind != "halt" && kind != "power-down" && kind != "power-cycle" && kind != "shutdown")
      return false;
    std::string_view who = t.substr(by + 4);
    d.event.user_name = who.substr(0, who.find(':'));
    d.attribute("kind", kind);
    return d.is(Action::shutdown);
  }
  if (t.starts_with("shutting down") || t.starts_with("rebooted by ") || t.starts_with("halted by ")) {
    if (const size_t by = t.find(" by "); by != std::string_view::npos) d.event.user_name = t.substr(by + 4);
    return d.is(Action::shutdown);
  }
  return false;
}

bool read_init(const SyslogMessage& m, EventDraft& d) {
  std::string_view t = m.text;
  if (eat(t, "Switching to runlevel: ") || eat(t, "Entering runlevel: ")) {
    d.number_attribute("runlevel", t);
    return d.is(t == "0" || t == "6" ? Action::shutdown : Action::host_message);
  }
  return false;
}

bool read_clock_daemon(const SyslogMessage& m, EventDraft& d) {
  std::string_view t = m.text;
  d.event.service_name = m.program;
  const auto stepped = [&](std::string_view amount) {
    amount = amount.substr(0, amount.find_first_of(" s"));
    eat(amount, "+");
    d.attribute("step_s", amount);
    return d.is(Action::time_changed);
  };
  // ntpd `time reset +12.3 s`, `time reset (step) +12 s`; ntpdate `step time server A offset 12.3 sec`
  if (eat(t, "time reset ")) {
    eat(t, "(step) ");
    return stepped(t);
  }
  if (t.starts_with("step time server ")) {
    std::string_view rest = t.substr(17);
    d.attribute("server", take_word(rest));
    eat(rest, "offset ");
    return stepped(rest);
  }
  // chronyd `System clock was stepped by -12.3 seconds`; `System clock wrong by N seconds` is said before it acts
  if (eat(t, "System clock was stepped by ")) return stepped(t);
  if (eat(t, "System clock wrong by ")) {
    d.attribute("offset_s", t.substr(0, t.find(' ')));
    return d.is(Action::host_message);
  }
  if (t.starts_with("Synchronized to time server") || contains(t, "unset or jumped backwards"))
    return d.is(Action::host_message);
  if (t.starts_with("ntpd ") && contains(t, "tarting")) return d.is(Action::service_started);
  if (t.starts_with("chronyd version ") && contains(t, "starting")) return d.is(Action::service_started);
  if (t.starts_with("ntpd exiting on signal") || t.starts_with("chronyd exiting")) return d.is(Action::service_stopped);
  return false;
}

// `httpd startup succeeded`, `sshd shutdown failed`, `Starting pcmcia:  succeeded` (initscripts through `logger`).
bool read_init_script(const SyslogMessage& m, EventDraft& d) {
  std::string_view t = m.text;
  const bool succeeded = t.ends_with(" succeeded");
  if (!succeeded && !t.ends_with(" failed")) return false;
  t = trim(t.substr(0, t.rfind(' ')));
  bool start = false;
  if (t.ends_with(" startup")) {
    start = true;
    t.remove_suffix(8);
  } else if (t.ends_with(" shutdown")) {
    t.remove_suffix(9);
  } else if (eat(t, "Starting ")) {
    start = true;
    while (t.ends_with(':')) t.remove_suffix(1);
  } else if (eat(t, "Stopping ")) {
    while (t.ends_with(':')) t.remove_suffix(1);
  } else {
    return false;
  }
  d.event.service_name = t;
  if (!succeeded) return d.is(start ? Action::service_failed : Action::service_message);
  return d.is(start ? Action::service_started : Action::service_stopped);
}

}  // namespace necropsy::syslog
