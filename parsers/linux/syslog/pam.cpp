// SPDX-License-Identifier: Apache-2.0
// Messages of PAM modules, which stand in the name of the service that called them.
// Texts: Linux-PAM modules/pam_unix (support.c, pam_unix_sess.c, pam_unix_passwd.c), pam_faillock, pam_tally2,
// pam_listfile, pam_access, pam_securetty, pam_wheel, pam_succeed_if; pam_pwdb of Red Hat 6; pam_sss; pam_winbind.
#include <algorithm>

#include "base/text.hpp"
#include "linux/syslog/message.hpp"

namespace necropsy::syslog {
namespace {

constexpr std::string_view kFailure = "PAM: authentication failure of %s%.0s from %s%.0s%.0s (%s[%s]%.0s, service %s)";
constexpr std::string_view kOpened = "Session opened for user %s%.0s%.0s%.0s%.0s (%s[%s]%.0s, service %s)";
constexpr std::string_view kClosed = "Session closed for user %s%.0s%.0s%.0s%.0s (%s[%s]%.0s, service %s)";

struct PamMessage {
  std::string_view module = "pam_unix", service, type, text;
  bool old = false;  // before Linux-PAM 0.99: `sshd(pam_unix)[1]: …`, `PAM_pwdb[1]: (login) …`
};

bool is_word(std::string_view text) {
  for (char c : text)
    if (is_space(c) || c == ':') return false;
  return !text.empty();
}

PamMessage split(const SyslogMessage& m) {
  PamMessage p;
  p.service = m.program;
  p.text = m.text;
  if (m.program.starts_with("PAM_") || m.program.starts_with("PAM-")) {
    p.old = true;
    p.module = m.program;
    if (p.text.starts_with('(')) {  // `(login) session opened …`
      if (const size_t close = p.text.find(')'); close != std::string_view::npos && close < 64) {
        p.service = p.text.substr(1, close - 1);
        p.text = trim(p.text.substr(close + 1));
      }
    } else {
      p.service = between(p.text, " for ", " service").value_or("");
      if (const size_t at = p.service.rfind(" for "); at != std::string_view::npos)
        p.service = p.service.substr(at + 5);
    }
    return p;
  }
  if (m.module.starts_with("pam_")) {
    p.old = true;
    p.module = m.module;
    return p;
  }
  if (p.text.starts_with("(pam_")) {
    p.module = between(p.text, "(", ")").value_or("");
    p.text = trim(p.text.substr(std::min(p.text.size(), p.module.size() + 2)));
    return p;
  }
  if (p.text.starts_with("pam_")) {
    const size_t colon = p.text.find(": ");
    if (colon == std::string_view::npos) return p;
    std::string_view head = p.text.substr(0, colon);
    p.text = trim(p.text.substr(colon + 2));
    const size_t open = head.find('(');
    p.module = head.substr(0, open);
    if (open == std::string_view::npos) return p;
    head = head.substr(open + 1, head.rfind(')') - open - 1);
    if (const size_t mid = head.find(':'); mid != std::string_view::npos) {
      p.service = head.substr(0, mid);
      p.type = head.substr(mid + 1);
    } else if (head == "auth" || head == "session" || head == "account" || head == "chauthtok") {
      p.type = head;
    } else {
      p.service = head;
    }
  }
  return p;
}

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool is_privilege_service(std::string_view s) {
  return is_one_of(s, {"su", "su-l", "sudo", "sudo-i", "runuser", "runuser-l", "polkit-1", "pkexec", "doas"});
}

// Sessions that are no log-in of anybody: jobs, the user manager of systemd, the log-in screen itself.
bool is_housekeeping(std::string_view s) {
  return is_one_of(s, {"cron", "crond", "atd", "anacron", "fcron", "systemd-user", "gdm-launch-environment",
                       "lightdm-greeter", "sddm-greeter", "samba"});
}

bool is_ftp(std::string_view s) {
  return is_one_of(s, {"ftp", "ftpd", "vsftpd", "proftpd", "pure-ftpd", "wu-ftpd", "vsftp"});
}
bool is_mail(std::string_view s) {
  return is_one_of(s, {"imap", "imap4", "pop", "pop3", "smtp", "smtp.postfix", "cyrus", "dovecot", "imapd", "exim"});
}

// Services that log each failed try themselves, beside what PAM says of it. Their PAM line is no second failure.
// Before Linux-PAM 0.99 the PAM line of sshd and su went to another file (messages, not secure), often the only one
// that is left: there it counts.
bool counts_itself(const PamMessage& p) {
  if (is_one_of(p.service, {"login", "remote", "sudo", "sudo-i", "proftpd", "pure-ftpd", "wu-ftpd", "ftpd", "ftp"}))
    return true;
  return !p.old &&
         is_one_of(p.service, {"sshd", "sshd-session", "su", "su-l", "runuser", "dovecot", "polkit-1", "doas"});
}

// `name(uid=0)`, `(uid=0)`, `name`.
std::string_view take_uid(std::string_view who, std::string_view& uid) {
  const size_t open = who.rfind("(uid=");
  if (open == std::string_view::npos) return who;
  uid = who.substr(open + 5);
  uid = uid.substr(0, uid.find(')'));
  return who.substr(0, open);
}

bool read_session(const SyslogMessage& m, const PamMessage& p, std::string_view who, bool opened, EventDraft& d) {
  std::string_view by, uid, by_uid;
  if (const size_t at = who.rfind(" by "); opened && at != std::string_view::npos) {
    by = take_uid(who.substr(at + 4), by_uid);
    who = who.substr(0, at);
  }
  who = take_uid(who, uid);
  d.event.service_name = p.service;
  if (is_housekeeping(p.service)) {
    d.event.user_name = who;
    d.is(Action::session_message);
    if (m.pid) d.event.message_format = opened ? kOpened : kClosed;
    return true;
  }
  if (is_privilege_service(p.service)) {
    d.event.target_user = who;
    d.event.user_name = by;
  } else {
    d.event.user_name = who;
    d.attribute("by", by);
  }
  if (!uid.empty()) d.number_attribute("uid", uid);
  if (!by_uid.empty() && (by_uid != "0" || is_privilege_service(p.service))) d.number_attribute("by_uid", by_uid);
  return d.is(opened ? Action::session_opened : Action::session_closed);
}

// `logname=L uid=N euid=N tty=T ruser=R rhost=H  user=U`. R and U come from the peer and may hold ` rhost=…` too: the
// address is the last ` rhost=` before the first ` user=` that follows one.
struct Fields {
  std::string_view logname, uid, euid, tty, ruser, rhost, user;
  bool has_user = false;
};
Fields read_fields(std::string_view text) {
  Fields f;
  const size_t first = text.find(" rhost=");
  size_t user_at = first == std::string_view::npos ? std::string_view::npos : text.find(" user=", first);
  const std::string_view head = text.substr(0, user_at);
  if (user_at != std::string_view::npos) {
    f.user = text.substr(user_at + 6);
    f.has_user = true;
  }
  const size_t rhost_at = head.rfind(" rhost=");
  if (rhost_at != std::string_view::npos) {
    f.rhost = trim(head.substr(rhost_at + 7));
    f.rhost = f.rhost.substr(0, f.rhost.find(' '));
    if (const size_t ruser_at = head.find(" ruser="); ruser_at != std::string_view::npos && ruser_at + 7 <= rhost_at) {
      f.ruser = head.substr(ruser_at + 7, rhost_at - ruser_at - 7);
      // An empty ruser: the next word is rhost already, and what looks like a second one belongs to the user.
      if (f.ruser.starts_with("rhost=")) f.ruser = {};
    }
  }
  f.logname = value_of(head, "logname=");
  f.uid = value_of(head, "uid=");
  f.euid = value_of(head, "euid=");
  f.tty = value_of(head, "tty=");
  return f;
}

bool read_failure(const SyslogMessage& m, const PamMessage& p, std::string_view text, uint32_t count, EventDraft& d) {
  d.event.service_name = p.service;
  d.event.repeat_count = count;
  // PAM_pwdb: `authentication failure; L(uid=0) -> root for login service`
  std::string_view actor;
  if (const size_t arrow = text.find(" -> "); arrow != std::string_view::npos && contains(text, "(uid=")) {
    std::string_view by_uid;
    actor = take_uid(trim(text.substr(0, arrow)), by_uid);
    std::string_view target = text.substr(arrow + 4);
    d.event.user_name = target.substr(0, target.rfind(" for "));
    if (!by_uid.empty()) d.number_attribute("uid", by_uid);
  } else {
    const Fields f = read_fields(text);
    d.from(f.rhost);
    // Services that are told the peer's name before PAM knows an account put it into ruser.
    const bool named_by_ruser = !f.has_user && !is_privilege_service(p.service);
    d.event.user_name = f.has_user ? f.user : named_by_ruser ? f.ruser : std::string_view();
    if (!f.has_user && p.module.starts_with("pam_unix")) d.attribute("invalid_user", 1);
    actor = is_privilege_service(p.service) ? (!f.ruser.empty() ? f.ruser : f.logname) : std::string_view();
    if (!named_by_ruser && actor.empty() && f.ruser != d.event.user_name) d.attribute("ruser", f.ruser);
    if (!f.logname.empty() && f.logname != actor) d.attribute("logname", f.logname);
    if (!f.uid.empty() && f.uid != "0") d.number_attribute("uid", f.uid);
    if (!f.tty.ends_with("ssh")) d.attribute("tty", f.tty);  // `ssh`, `NODEVssh`: no terminal yet
  }
  if (is_privilege_service(p.service)) {
    d.event.target_user = d.event.user_name;
    d.event.user_name = actor;
  }
  if (p.module != "pam_unix") d.attribute("module", p.module);
  if (counts_itself(p) || !(p.module.starts_with("pam_unix") || p.module.starts_with("PAM_"))) {
    d.is(Action::auth_message, Outcome::failure);
  } else if (is_ftp(p.service)) {
    d.is(Action::ftp_login, Outcome::failure);
  } else if (is_mail(p.service)) {
    d.is(Action::mail_login, Outcome::failure);
  } else if (is_one_of(p.service, {"su", "su-l", "runuser"})) {
    d.is(Action::su, Outcome::failure);
  } else {
    d.is(Action::login, Outcome::failure);
  }
  if (m.pid && (!d.event.source_ip.empty() || !d.event.source_host.empty())) d.event.message_format = kFailure;
  return true;
}

// `PAM 5 more authentication failures; …`, `1 more authentication failure; …`, `1 authentication failure; …`,
// `authentication failure; …`: how many it speaks of, and what follows. 0 when the text is none of them.
uint32_t take_failure_count(std::string_view& text) {
  std::string_view rest = text;
  eat(rest, "PAM ");
  uint32_t count = 1;
  if (!rest.empty() && is_digit(rest.front())) {
    const auto number = to_number<uint32_t>(take_word(rest));
    if (!number || *number == 0) return 0;
    count = *number;
    eat(rest, "more ");
  }
  if (!eat(rest, "authentication failures; ") && !eat(rest, "authentication failure; ")) return 0;
  text = rest;
  return count;
}

bool denied(EventDraft& d, std::string_view user) {
  d.event.user_name = user;
  return d.is(Action::auth_message, Outcome::failure);
}

}  // namespace

bool is_pam(const SyslogMessage& m) {
  return m.text.starts_with("pam_") || m.text.starts_with("(pam_") || m.module.starts_with("pam_") ||
         m.program.starts_with("PAM_") || m.program.starts_with("PAM-") ||
         (m.text.starts_with("PAM ") && m.text.size() > 4 && is_digit(m.text[4])) ||
         m.text.starts_with("authentication failure; logname=");
}

bool read_pam(const SyslogMessage& m, EventDraft& d) {
  const PamMessage p = split(m);
  std::string_view t = p.text;
  d.is(is_housekeeping(p.service) ? Action::session_message : Action::auth_message);
  if (eat(t, "session opened for user ")) return read_session(m, p, t, true, d);
  if (eat(t, "session closed for user ")) return read_session(m, p, t, false, d);
  if (const uint32_t count = take_failure_count(t)) {
    PamMessage counted = p;
    // The summary of a service of today, in its own name: all its tries are counted already.
    if (m.text.starts_with("PAM ")) counted.service = "sshd";
    return read_failure(m, counted, t, count, d);
  }
  d.event.service_name = p.service;
  if (p.module != "pam_unix") d.attribute("module", p.module);
  if (eat(t, "password changed for ")) {
    d.event.target_user = t;
    return d.is(Action::password_changed, Outcome::success);
  }
  if (t.starts_with("password for (") && contains(t, ") changed by (")) {  // pam_pwdb: `(bob/500) changed by (root/0)`
    const std::string_view target = between(t, "for (", ")").value_or("");
    const std::string_view actor = between(t, "by (", ")").value_or("");
    d.event.target_user = target.substr(0, target.find('/'));
    d.event.user_name = actor.substr(0, actor.find('/'));
    return d.is(Action::password_changed, Outcome::success);
  }
  if (t.starts_with("check pass; user unknown")) {
    d.attribute("invalid_user", 1);
    return d.is(Action::auth_message, Outcome::failure);
  }
  if (eat(t, "bad username [")) return denied(d, t.substr(0, t.rfind(']')));
  if (t.starts_with("auth could not identify password for ")) return denied(d, between(t, "[", "]").value_or(""));
  if (t.starts_with("conversation failed")) return d.is(Action::auth_message, Outcome::failure);
  if (t.starts_with("account ") && t.ends_with(" has expired")) return denied(d, t.substr(8, t.size() - 8 - 12));
  if (t.starts_with("account ") && contains(t, " has expired (")) return denied(d, t.substr(8, t.find(" has ") - 8));
  if (eat(t, "expired password for user ")) {
    const size_t open = t.rfind(" (");
    d.event.user_name = t.substr(0, open);
    if (open != std::string_view::npos) d.attribute("reason", t.substr(open + 2, t.size() - open - 3));
    return d.is(Action::auth_message);
  }
  if (eat(t, "Consecutive login failures for user ")) {
    d.event.target_user = t.substr(0, t.rfind(" account "));
    return d.is(Action::locked_out);
  }
  if (p.module.starts_with("pam_tally") && eat(t, "user ")) {  // `U (uid) tally N, deny M`
    const size_t open = t.rfind(" (");
    if (open == std::string_view::npos) return true;
    d.event.target_user = t.substr(0, open);
    d.number_attribute("tally", between(t, "tally ", ",").value_or(""));
    if (const size_t deny = t.rfind("deny "); deny != std::string_view::npos)
      d.number_attribute("deny", t.substr(deny + 5));
    return d.is(Action::locked_out);
  }
  if (t == "User unknown") return d.is(Action::auth_message, Outcome::failure);
  if (p.module == "pam_succeed_if" && contains(t, " not met by user ")) {
    d.attribute("requirement", between(t, "requirement \"", "\" not met").value_or(""));
    return denied(d, unquoted(t.substr(t.rfind(" user ") + 6)));
  }
  if (eat(t, "Refused user ")) return denied(d, t.substr(0, t.rfind(" for service ")));
  if (eat(t, "access denied for user ")) {  // pam_access: `U' from `H'
    const size_t from = t.rfind(" from ");
    if (from != std::string_view::npos) d.from(unquoted(t.substr(from + 6)));
    return denied(d, unquoted(t.substr(0, from)));
  }
  if (t.starts_with("access denied: tty ")) {
    d.attribute("tty", between(t, "tty '", "'").value_or(""));
    return d.is(Action::auth_message, Outcome::failure);
  }
  if (p.module == "pam_wheel" && (t.starts_with("Access granted to ") || t.starts_with("Access denied to "))) {
    const bool granted = t.starts_with("Access granted");
    d.event.target_user = between(t, " to '", "'").value_or("");
    d.event.user_name = between(t, " for '", "'").value_or("");
    return d.is(Action::auth_message, granted ? Outcome::success : Outcome::failure);
  }
  if (eat(t, "authentication success; ")) {
    const Fields f = read_fields(t);
    d.event.user_name = f.user;
    d.from(f.rhost);
    return d.is(Action::auth_message, Outcome::success);
  }
  if (eat(t, "received for user ")) {  // pam_sss: `U: 7 (Authentication failure)`
    const size_t colon = t.rfind(": ");
    if (colon != std::string_view::npos) d.attribute("reason", t.substr(colon + 2));
    return denied(d, t.substr(0, colon));
  }
  if (t.starts_with("user '") && contains(t, "' granted access")) {
    d.event.user_name = t.substr(6, t.rfind("' granted") - 6);
    return d.is(Action::auth_message, Outcome::success);
  }
  if (t.starts_with("user '") && contains(t, "' denied access")) return denied(d, t.substr(6, t.rfind("' denied") - 6));
  if (is_word(p.type) && t.starts_with("error trying to bind as user"))
    return d.is(Action::auth_message, Outcome::failure);
  return true;
}

}  // namespace necropsy::syslog
