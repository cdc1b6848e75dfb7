// SPDX-License-Identifier: Apache-2.0
// login on consoles and telnet lines, and the remote shells of old: rshd, rlogind, rexecd, klogind.
// Texts: util-linux login-utils/login.c (2.9 to 2.40), shadow src/login.c and lib/faillog.c, FreeBSD and NetBSD
// login.c, netkit-rsh rshd.c and rlogind.c, krb5-appl klogind.
#include "base/text.hpp"
#include "linux/syslog/message.hpp"

namespace necropsy::syslog {
namespace {

bool is_tty(std::string_view text) {
  return text.starts_with("tty") || text.starts_with("pts/") || text.starts_with("/dev/") ||
         text.starts_with("console") || text.starts_with("hvc") || text.starts_with("vc/");
}

// util-linux writes the terminal where it knows no host.
void set_origin(std::string_view origin, EventDraft& d) {
  origin = unquoted(trim(origin));
  if (is_tty(origin))
    d.attribute("tty", origin);
  else
    d.from(origin);
}

bool console_login(EventDraft& d, Outcome outcome) {
  d.event.auth_method = "interactive";
  return d.is(Action::login, outcome);
}

// `… FROM H FOR U, reason` and shadow's `… on 'T'[ from 'H'] FOR 'U', reason`. H is the server's word and stands first;
// U is what somebody typed.
bool read_failed(std::string_view t, EventDraft& d) {
  const size_t on = t.find(" on '"), on_end = on == std::string_view::npos ? on : t.find('\'', on + 5);
  size_t user_at = t.find(" FOR ");
  if (user_at == std::string_view::npos) return false;
  if (on_end != std::string_view::npos && on < user_at) {
    d.attribute("tty", t.substr(on + 5, on_end - on - 5));
    if (const auto host = between(t.substr(0, user_at), " from '", "'")) d.from(*host);
  } else if (const size_t from = t.find(" FROM "); from != std::string_view::npos && from < user_at) {
    set_origin(t.substr(from + 6, user_at - from - 6), d);
  }
  std::string_view who = t.substr(user_at + 5);
  if (const size_t comma = who.rfind(", "); comma != std::string_view::npos) {
    d.attribute("reason", who.substr(comma + 2));
    if (contains(who.substr(comma), "User not known")) d.attribute("invalid_user", 1);
    who = who.substr(0, comma);
  }
  who = unquoted(trim(who));
  if (who == "UNKNOWN") {  // util-linux hides names that are no account: passwords are typed there
    d.attribute("invalid_user", 1);
    who = {};
  }
  d.event.user_name = who;
  return console_login(d, Outcome::failure);
}

}  // namespace

bool read_login(const SyslogMessage& m, EventDraft& d) {
  std::string_view t = m.text;
  d.event.service_name = "login";
  if (eat(t, "LOGIN ON ")) {  // `tty1 BY bob[ FROM host]`
    const size_t by = t.find(" BY ");
    if (by == std::string_view::npos) return false;
    d.attribute("tty", t.substr(0, by));
    std::string_view who = t.substr(by + 4);
    if (const size_t from = who.rfind(" FROM "); from != std::string_view::npos) {
      d.from(who.substr(from + 6));
      who = who.substr(0, from);
    }
    d.event.user_name = who;
    return console_login(d, Outcome::success);
  }
  if (eat(t, "ROOT LOGIN ")) {  // ` ON tty1[ FROM host]`, shadow ` on '/dev/tty1'[ from 'h']`, BSD `(root) ON ttyv0`
    t = trim(t);
    d.event.user_name = "root";
    const bool bsd = t.starts_with('(');
    if (bsd) {
      d.event.user_name = between(t, "(", ")").value_or("root");
      t = trim(t.substr(std::min(t.size(), d.event.user_name.size() + 2)));
    }
    if (!eat(t, "ON ") && !eat(t, "on ")) return false;
    size_t from = t.find(" FROM ");
    if (from == std::string_view::npos) from = t.find(" from ");
    d.attribute("tty", unquoted(trim(t.substr(0, from))));
    if (from != std::string_view::npos) d.from(unquoted(t.substr(from + 6)));
    // FreeBSD says `login on ttyv0 as root` first, in the same process.
    if (bsd && m.recent && m.recent->take(m.pid)) return d.is(Action::auth_message, Outcome::success);
    return console_login(d, Outcome::success);
  }
  if (t.starts_with("login on ") || t.starts_with("login from ")) {  // BSD: `login[ from H] on TTY as U`
    const size_t on = t.find(" on "), as = t.rfind(" as ");
    if (on == std::string_view::npos || as == std::string_view::npos || as < on) return false;
    if (t.starts_with("login from ")) d.from(t.substr(11, on - 11));
    d.attribute("tty", t.substr(on + 4, as - on - 4));
    d.event.user_name = t.substr(as + 4);
    if (m.recent) m.recent->mark(m.pid);
    return console_login(d, Outcome::success);
  }
  if (eat(t, "DIALUP AT ")) {  // beside `LOGIN ON`
    const size_t by = t.find(" BY ");
    d.attribute("tty", t.substr(0, by));
    if (by != std::string_view::npos) d.event.user_name = t.substr(by + 4);
    return d.is(Action::auth_message, Outcome::success);
  }
  if (t.starts_with("FAILED LOGIN") || t.starts_with("TOO MANY LOGIN TRIES")) return read_failed(t, d);
  if (eat(t, "invalid password for ")) {  // shadow without PAM: `'U' on 'T'[ from 'H']`
    const size_t on = t.rfind(" on '");
    d.event.user_name = unquoted(t.substr(0, on));
    if (on != std::string_view::npos) {
      d.attribute("tty", between(t.substr(on), "'", "'").value_or(""));
      if (const auto host = between(t.substr(on), " from '", "'")) d.from(*host);
    }
    if (d.event.user_name == "UNKNOWN") d.event.user_name = {};
    return console_login(d, Outcome::failure);
  }
  if (t.starts_with("REPEATED login failures") || t.starts_with("REPEATED LOGIN FAILURES")) {
    const size_t from = t.find(" FROM ");  // BSD: `REPEATED LOGIN FAILURES FROM H` after single lines
    if (from != std::string_view::npos) set_origin(t.substr(from + 6, t.find(',', from) - from - 6), d);
    return d.is(Action::auth_message, Outcome::failure);
  }
  // BSD: `2 LOGIN FAILURES FROM H` / `1 LOGIN FAILURE ON ttyv0`
  if (const size_t at = t.find(" LOGIN FAILURE"); at != std::string_view::npos && at < 6) {
    const auto count = to_number<uint32_t>(t.substr(0, at));
    if (!count) return false;
    d.event.repeat_count = *count == 0 ? 1 : *count;
    size_t where = t.find(" FROM ");
    if (where == std::string_view::npos) where = t.find(" ON ");
    if (where != std::string_view::npos) {
      std::string_view origin = t.substr(t.find(' ', where + 1) + 1);
      const size_t comma = origin.find(", ");
      if (comma != std::string_view::npos) d.event.user_name = origin.substr(comma + 2);
      set_origin(origin.substr(0, comma), d);
    }
    return console_login(d, Outcome::failure);
  }
  return false;
}

bool read_remote_shell(const SyslogMessage& m, EventDraft& d) {
  std::string_view t = m.text;
  std::string_view service = m.program;
  eat(service, "in.");
  d.event.service_name = service;
  // rshd: `root@host as root: cmd='…'`, `…: permission denied (…). cmd='…'`
  const size_t at = t.find('@'), as = t.find(" as ");
  if (at != std::string_view::npos && as != std::string_view::npos && at < as) {
    const size_t colon = t.find(": ", as);
    if (colon == std::string_view::npos) return false;
    d.attribute("remote_user", t.substr(0, at));
    d.from(t.substr(at + 1, as - at - 1));
    d.event.user_name = t.substr(as + 4, colon - as - 4);
    if (const size_t cmd = t.find("cmd='", colon); cmd != std::string_view::npos) {
      d.event.command_line = t.substr(cmd + 5);
      if (d.event.command_line.ends_with('\'')) d.event.command_line.remove_suffix(1);
    }
    const bool denied = contains_ignore_case(t.substr(colon, 30), "denied");
    d.event.auth_method = "rhosts";
    return d.is(Action::login, denied ? Outcome::failure : Outcome::success);
  }
  if (t.starts_with("Connection from ") && contains(t, " on illegal port")) {
    d.from(between(t, "Connection from ", " on ").value_or(""));
    return d.is(Action::network_blocked);
  }
  if (t.starts_with("Authentication failed from ")) {  // klogind: `A (A): reason`
    std::string_view rest = t.substr(27);
    d.from(take_word(rest));
    if (const size_t colon = rest.find(": "); colon != std::string_view::npos)
      d.attribute("reason", rest.substr(colon + 2));
    d.event.auth_method = "kerberos";
    return d.is(Action::login, Outcome::failure);
  }
  // Beside the line above, for the same try.
  if (t.starts_with("Kerberos authentication failed")) return d.is(Action::auth_message, Outcome::failure);
  if (t.starts_with("connect from ") || t.starts_with("refused connect from ")) return read_tcp_wrappers(m, d);
  return false;
}

}  // namespace necropsy::syslog
