// SPDX-License-Identifier: Apache-2.0
// Acting as somebody else: sudo, doas, pkexec, polkit, su.
// Texts: sudo lib/eventlog/eventlog.c, OpenBSD doas.c, polkit pkexec.c and polkitbackendinteractiveauthority.c,
// shadow su.c and sulog.c, util-linux su-common.c, FreeBSD su.c.
#include "base/text.hpp"
#include "linux/syslog/message.hpp"

namespace necropsy::syslog {
namespace {

// sudo and rsyslog write control characters as #ooo; as a column a command is what was typed.
std::string_view plain_command(std::string_view command, EventDraft& d) {
  if (command.find("#0") == std::string_view::npos && command.find("#1") == std::string_view::npos) return command;
  return d.keep(displayable(undo_octal_escapes(command)));
}

}  // namespace

// `USER : [REASON ; ][HOST= ; ]TTY= ; [CHROOT= ; ]PWD= ; USER= ; [GROUP= ; ][TSID= ; ][ENV= ; ]COMMAND=…`
bool read_sudo(const SyslogMessage& m, EventDraft& d) {
  std::string_view t = m.text;
  d.event.service_name = "sudo";
  const size_t colon = t.find(" : ");
  if (colon == std::string_view::npos) return false;
  const std::string_view user = trim(t.substr(0, colon));
  std::string_view rest = t.substr(colon + 3);
  if (user.empty() || user.find(' ') != std::string_view::npos) return false;
  d.event.user_name = user;
  if (eat(rest, "(command continued) ")) {  // the first line has the whole command already
    d.event.command_line = plain_command(rest, d);
    return d.is(Action::process_message);
  }
  std::string_view reason, command;
  bool has_command = false;
  // The command ends the line, and may hold anything; at most the exit status of newer versions follows.
  while (!rest.empty()) {
    if (eat(rest, "COMMAND=")) {
      command = rest;
      has_command = true;
      for (std::string_view tail : {" ; EXIT=", " ; SIGNAL="}) {
        const size_t at = command.rfind(tail);
        if (at == std::string_view::npos || command.find(' ', at + tail.size()) != std::string_view::npos) continue;
        d.number_attribute(tail == " ; EXIT=" ? "exit_status" : "signal", command.substr(at + tail.size()));
        command = command.substr(0, at);
      }
      break;
    }
    std::string_view part = take_until(rest, " ; ");
    if (eat(part, "TTY=")) {
      d.attribute("tty", part);
    } else if (eat(part, "PWD=") || eat(part, "CWD=")) {
      d.attribute("cwd", part);
    } else if (eat(part, "USER=")) {
      d.event.target_user = part;
    } else if (eat(part, "GROUP=")) {
      d.attribute("group", part);
    } else if (eat(part, "ENV=")) {
      d.attribute("environment", part);
    } else if (eat(part, "HOST=")) {
      d.attribute("sudo_host", part);
    } else if (eat(part, "CHROOT=")) {
      d.attribute("chroot", part);
    } else if (eat(part, "TSID=")) {
      d.attribute("io_log", part);
    } else if (reason.empty()) {
      reason = part;
    }
  }
  d.event.command_line = plain_command(command, d);
  d.attribute("reason", reason);
  if (contains(reason, "incorrect password attempt"))
    d.number_attribute("attempts", reason.substr(0, reason.find(' ')));
  if (!has_command && d.event.target_user.empty()) return d.is(Action::auth_message);
  return d.is(Action::sudo, reason.empty() ? Outcome::success : Outcome::failure);
}

// `bob ran command ls as root from /home/bob`, `failed auth for bob`, `command not permitted for bob: ls`
bool read_doas(const SyslogMessage& m, EventDraft& d) {
  std::string_view t = m.text;
  d.event.service_name = "doas";
  if (eat(t, "failed auth for ")) {
    d.event.user_name = t;
    return d.is(Action::sudo, Outcome::failure);
  }
  if (eat(t, "command not permitted for ")) {
    d.event.user_name = take_until(t, ": ");
    d.event.command_line = t;
    return d.is(Action::sudo, Outcome::failure);
  }
  const size_t ran = t.find(" ran command "), from = t.rfind(" from ");
  const size_t as = t.rfind(" as ", from);
  if (ran == std::string_view::npos || from == std::string_view::npos || as == std::string_view::npos || as < ran + 13)
    return false;
  d.event.user_name = t.substr(0, ran);
  d.event.command_line = t.substr(ran + 13, as - ran - 13);
  d.event.target_user = t.substr(as + 4, from - as - 4);
  d.attribute("cwd", t.substr(from + 6));
  return d.is(Action::sudo, Outcome::success);
}

// `bob: Executing command [USER=root] [TTY=unknown] [CWD=/home/bob] [COMMAND=/usr/bin/x]`
bool read_pkexec(const SyslogMessage& m, EventDraft& d) {
  const std::string_view t = m.text;
  d.event.service_name = "pkexec";
  const size_t colon = t.find(": ");
  if (colon == std::string_view::npos || t.substr(0, colon).find(' ') != std::string_view::npos) return false;
  const std::string_view what = t.substr(colon + 2);
  d.event.user_name = t.substr(0, colon);
  d.event.target_user = between(what, "[USER=", "]").value_or("");
  d.attribute("tty", between(what, "[TTY=", "]").value_or(""));
  d.attribute("cwd", between(what, "[CWD=", "]").value_or(""));
  if (const size_t at = what.find("[COMMAND="); at != std::string_view::npos) {
    const size_t close = what.rfind(']');
    d.event.command_line = what.substr(at + 9, close > at + 9 ? close - at - 9 : 0);
  }
  if (what.starts_with("Executing command ")) return d.is(Action::sudo, Outcome::success);
  d.attribute("reason", trim(what.substr(0, what.find(" ["))));
  // What an exploit of CVE-2021-4034 leaves when pkexec runs with no arguments and a poisoned environment.
  if (contains(what, "not found the /etc/shells file") || contains(what, "suspicious content"))
    d.attribute("attack", "CVE-2021-4034");
  return d.is(Action::sudo, Outcome::failure);
}

bool read_polkitd(const SyslogMessage& m, EventDraft& d) {
  const std::string_view t = m.text;
  d.event.service_name = "polkit";
  if (!t.starts_with("Operator of ")) return false;
  const bool success = contains(t, " successfully authenticated as ");
  if (!success && !contains(t, " FAILED to authenticate ")) return false;
  d.event.session_id = between(t, "unix-session:", " ").value_or("");
  d.event.target_user = between(t, " as unix-user:", " to gain").value_or("");
  d.attribute("polkit_action", between(t, " for action ", " for ").value_or(""));
  if (const size_t at = t.rfind("(owned by unix-user:"); at != std::string_view::npos)
    d.event.user_name = t.substr(at + 20, t.find(')', at) - at - 20);
  if (const size_t at = t.find(" for unix-process:"); at != std::string_view::npos)
    if (const size_t open = t.find(" [", at), close = t.rfind("] (");
        open != std::string_view::npos && close != std::string_view::npos && open < close)
      d.event.command_line = t.substr(open + 2, close - open - 2);
  return d.is(Action::privilege_assigned, success ? Outcome::success : Outcome::failure);
}

bool read_su(const SyslogMessage& m, EventDraft& d) {
  std::string_view t = m.text;
  d.event.service_name = "su";
  const bool failed_util = eat(t, "FAILED SU ");
  if (failed_util || t.starts_with("(to ")) {  // util-linux: `[FAILED SU ](to root) bob on pts/0`
    if (!eat(t, "(to ")) return false;
    d.event.target_user = take_until(t, ") ");
    const size_t on = t.rfind(" on ");
    d.event.user_name = t.substr(0, on);
    if (on != std::string_view::npos && t.substr(on + 4) != "none") d.attribute("tty", t.substr(on + 4));
    return d.is(Action::su, failed_util ? Outcome::failure : Outcome::success);
  }
  const bool successful = eat(t, "Successful su for ");
  if (successful || eat(t, "FAILED su for ")) {  // shadow: `root by bob`
    const size_t by = t.rfind(" by ");
    if (by == std::string_view::npos) return false;
    d.event.target_user = t.substr(0, by);
    d.event.user_name = t.substr(by + 4);
    return d.is(Action::su, successful ? Outcome::success : Outcome::failure);
  }
  if (t.starts_with("+ ") || t.starts_with("- ")) {
    // shadow: `+ TTY bob:root`, beside `Successful su` for the same act; older ones write `bob-root`, and only this.
    const bool granted = t.front() == '+';
    t.remove_prefix(2);
    d.attribute("tty", take_word(t));
    const size_t colon = t.find(':');
    const size_t mid = colon != std::string_view::npos ? colon : t.rfind('-');
    if (mid == std::string_view::npos) return false;
    d.event.user_name = t.substr(0, mid);
    d.event.target_user = t.substr(mid + 1);
    return d.is(colon != std::string_view::npos ? Action::auth_message : Action::su,
                granted ? Outcome::success : Outcome::failure);
  }
  // BSD: `[BAD SU ]bob to root on /dev/ttyp0`
  const bool bad = eat(t, "BAD SU ");
  const size_t to = t.find(" to "), on = t.rfind(" on ");
  if (to == std::string_view::npos || on == std::string_view::npos || on < to || t.find(' ') != to) return false;
  d.event.user_name = t.substr(0, to);
  d.event.target_user = t.substr(to + 4, on - to - 4);
  d.attribute("tty", t.substr(on + 4));
  return d.is(Action::su, bad ? Outcome::failure : Outcome::success);
}

}  // namespace necropsy::syslog
