// SPDX-License-Identifier: Apache-2.0
// Mail daemons: who logged in or tried to, and what was taken, sent or refused.
// Texts: dovecot src/login-common and src/auth, UW imap src/imapd and src/ipopd, Courier, Cyrus imap, postfix
// smtpd.c, qmgr, cleanup, sendmail 8.9 to 8.17, exim src/log.c.
#include "base/text.hpp"
#include "linux/syslog/message.hpp"

namespace necropsy::syslog {
namespace {

// Value between `key` and the next comma or end, without < > around it; keys of dovecot and sendmail.
std::string_view comma_value(std::string_view t, std::string_view key) {
  for (size_t at = t.find(key); at != std::string_view::npos; at = t.find(key, at + 1)) {
    if (at > 0 && t[at - 1] != ' ' && t[at - 1] != ',') continue;
    std::string_view value = t.substr(at + key.size());
    if (value.starts_with('<')) return value.substr(1, value.find('>') - 1);
    return value.substr(0, value.find(", "));
  }
  return {};
}

// `H[A]`, `H [A]`, `[A]`, with an optional `:P` behind.
void set_origin(std::string_view text, EventDraft& d) {
  const size_t open = text.find('['), close = text.find(']', open == std::string_view::npos ? 0 : open);
  if (open == std::string_view::npos || close == std::string_view::npos) return d.from(text);
  const std::string_view name = trim(text.substr(0, open));
  d.from(text.substr(open + 1, close - open - 1));
  if (!name.empty() && !equals_ignore_case(name, "unknown") && d.event.source_host.empty()) d.event.source_host = name;
  std::string_view rest = text.substr(close + 1);
  if (eat(rest, ":")) d.from_port(rest.substr(0, rest.find_first_of(": ,")));
}

void skip_level(std::string_view& t) {
  for (std::string_view level : {"Info: ", "Warning: ", "Error: ", "Debug: ", "Fatal: "})
    if (eat(t, level)) return;
}

}  // namespace

// Through syslog `dovecot[1]: imap-login: text`; in its own file `imap-login: Info: text`.
bool read_dovecot(const SyslogMessage& m, EventDraft& d) {
  std::string_view t = m.text, service = m.program;
  skip_level(t);
  if (service == "dovecot") {
    const size_t colon = t.find(": ");
    if (colon == std::string_view::npos || colon > 80) return false;
    service = t.substr(0, colon);
    t = t.substr(colon + 2);
    skip_level(t);
  }
  d.event.service_name = service.substr(0, service.find_first_of("(<"));
  const auto fields = [&] {
    d.event.user_name = comma_value(t, "user=");
    d.from(comma_value(t, "rip="));
    d.from_port(comma_value(t, "rport="));
    d.to(comma_value(t, "lip="));
    d.event.auth_method = comma_value(t, "method=");
    d.event.session_id = comma_value(t, "session=");
    if (contains(t, ", TLS") || contains(t, ", secured")) d.attribute("tls", 1);
  };
  if (t.starts_with("Login: ")) {
    fields();
    return d.is(Action::mail_login, Outcome::success);
  }
  if (const size_t at = t.find("auth failed, "); at != std::string_view::npos) {
    fields();
    std::string_view rest = t.substr(at + 13);
    if (const auto count = to_number<uint32_t>(take_word(rest)); count && *count > 0) d.event.repeat_count = *count;
    return d.is(Action::mail_login, Outcome::failure);
  }
  if (service.ends_with("-login")) {
    fields();
    if (contains(t, "no auth attempts") || contains(t, "no_auth_attempts")) return d.is(Action::auth_probe);
    return d.is(Action::mail_message);
  }
  // The reason for a failure that `auth failed` counts: `pam(U,A,…): …`, `sql(U,A): Password mismatch`; the own file
  // has user and address in the tag.
  const bool rejected =
      contains(t, "unknown user") || contains(t, "assword mismatch") || contains(t, "authenticate() failed");
  if (rejected) {
    std::string_view who = m.module.find(',') != std::string_view::npos ? m.module : std::string_view();
    if (who.empty())
      if (const size_t open = t.find('('); open != std::string_view::npos)
        who = t.substr(open + 1, t.find(')', open) - open - 1);
    d.event.user_name = who.substr(0, who.find(','));
    if (const size_t comma = who.find(','); comma != std::string_view::npos) {
      std::string_view address = who.substr(comma + 1);
      d.from(address.substr(0, address.find(',')));
    }
    // auth_verbose_passwords: the password that was tried stands in the log.
    if (const auto password = between(t, "(given password: ", ")")) d.attribute("given_password", *password);
    return d.is(Action::mail_message, Outcome::failure);
  }
  return false;
}

// imapd, ipop2d, ipop3d: `Login user=U host=H [A]`, `Login failed user=U auth=U host=H [A]`
bool read_uw_imapd(const SyslogMessage& m, EventDraft& d) {
  const std::string_view t = m.text;
  if (read_courier(m, d)) return true;
  d.event.service_name = m.program;
  if (const size_t from = t.find(" service init from "); from != std::string_view::npos) {
    d.from(t.substr(from + 19));
    return d.is(Action::network_connection);
  }
  const auto fields = [&] {
    d.event.user_name = value_of(t, "user=");
    if (const size_t host = t.find(" host="); host != std::string_view::npos) set_origin(t.substr(host + 6), d);
  };
  if (t.starts_with("Login failed ") || t.starts_with("Login excessive ") || t.starts_with("Login disabled ")) {
    fields();
    d.attribute("reason", t.substr(6, t.find(' ', 6) - 6));
    // `excessive` sums up the tries before it.
    return t.starts_with("Login excessive") ? d.is(Action::mail_message, Outcome::failure)
                                            : d.is(Action::mail_login, Outcome::failure);
  }
  if (t.starts_with("Login user=") || t.starts_with("Authenticated user=") || t.starts_with("APOP user=") ||
      t.starts_with("Auth user=")) {
    fields();
    return d.is(Action::mail_login, Outcome::success);
  }
  if (t.starts_with("Logout user=")) {
    fields();
    return d.is(Action::mail_message);
  }
  return false;
}

// `LOGIN, user=U, ip=[A], port=[P], protocol=IMAP`, `LOGIN FAILED, user=U, ip=[A]`
bool read_courier(const SyslogMessage& m, EventDraft& d) {
  const std::string_view t = m.text;
  d.event.service_name = m.program;
  const auto fields = [&] {
    d.event.user_name = comma_value(t, "user=");
    d.from(between(t, "ip=[", "]").value_or(""));
    d.from_port(between(t, "port=[", "]").value_or(""));
    d.event.auth_method = comma_value(t, "method=");
  };
  if (t.starts_with("LOGIN FAILED, ")) {
    fields();
    return d.is(Action::mail_login, Outcome::failure);
  }
  if (t.starts_with("LOGIN, ")) {
    fields();
    return d.is(Action::mail_login, Outcome::success);
  }
  if (t.starts_with("LOGOUT, ") || t.starts_with("DISCONNECTED, ")) {
    fields();
    return d.is(Action::mail_message);
  }
  if (t.starts_with("Connection, ")) {
    fields();
    return d.is(Action::network_connection);
  }
  return false;
}

// `badlogin: H [A] plaintext U SASL(-13): …`, `login: H [A] U plaintext+TLS User logged in`
bool read_cyrus(const SyslogMessage& m, EventDraft& d) {
  std::string_view t = m.text;
  std::string_view service = m.program;
  eat(service, "cyrus/");
  d.event.service_name = service;
  const bool bad = eat(t, "badlogin: ");
  if (!bad && !eat(t, "login: ")) return false;
  const size_t close = t.find("] ");
  if (close == std::string_view::npos) return false;
  set_origin(t.substr(0, close + 1), d);
  t = t.substr(close + 2);
  const std::string_view first = take_word(t);
  const std::string_view second = take_word(t);
  d.event.auth_method = bad ? first : second;
  d.event.user_name = bad ? (second.starts_with("SASL(") ? std::string_view() : second) : first;
  if (bad) d.attribute("reason", second.starts_with("SASL(") ? t : t.substr(std::min(t.size(), t.find(": ") + 2)));
  return d.is(Action::mail_login, bad ? Outcome::failure : Outcome::success);
}

bool read_postfix(const SyslogMessage& m, EventDraft& d) {
  std::string_view t = m.text;
  std::string_view part = m.program;
  if (const size_t slash = part.rfind('/'); slash != std::string_view::npos) part = part.substr(slash + 1);
  d.event.service_name = "postfix";
  if (eat(t, "connect from ")) {
    set_origin(t, d);
    return d.is(Action::network_connection);
  }
  if (eat(t, "disconnect from ")) {  // `H[A] ehlo=1 auth=0/1 … commands=2/3`
    set_origin(t.substr(0, t.find(' ')), d);
    const std::string_view auth = value_of(t, "auth=");
    const auto done = to_number<int64_t>(auth.substr(0, auth.find('/')));
    const size_t slash = auth.find('/');
    if (done && slash != std::string_view::npos) {
      const auto tried = to_number<int64_t>(auth.substr(slash + 1));
      if (tried && *tried > *done) {
        // Each of them was a `SASL … authentication failed` line before.
        d.attribute("auth_failures", *tried - *done);
        return d.is(Action::mail_message, Outcome::failure);
      }
    }
    return d.is(Action::mail_message);
  }
  if (t.starts_with("warning: ")) {
    const size_t sasl = t.find(": SASL ");
    const size_t failed = t.find(" authentication failed");
    if (sasl == std::string_view::npos || failed == std::string_view::npos || failed < sasl) return false;
    set_origin(t.substr(9, sasl - 9), d);
    d.event.auth_method = t.substr(sasl + 7, failed - sasl - 7);
    if (const size_t user = t.rfind("sasl_username="); user != std::string_view::npos)
      d.event.user_name = t.substr(user + 14);
    return d.is(Action::mail_login, Outcome::failure);
  }
  if (const size_t reject = t.find(": reject: "); reject != std::string_view::npos && reject < 24) {
    d.event.session_id = t.substr(0, reject);
    if (const auto peer = between(t, " from ", ": ")) set_origin(*peer, d);
    d.attribute("mail_from", comma_value(t, "from="));
    d.attribute("mail_to", comma_value(t, "to="));
    return d.is(Action::mail_rejected);
  }
  const size_t colon = t.find(": ");
  if (colon == std::string_view::npos || colon > 20 || t.substr(0, colon).find(' ') != std::string_view::npos) {
    if (part == "master" && t.starts_with("daemon started")) return d.is(Action::service_started);
    if (part == "master" && t.starts_with("terminating on signal")) return d.is(Action::service_stopped);
    return false;
  }
  const std::string_view queue_id = t.substr(0, colon);
  t = t.substr(colon + 2);
  if (t.starts_with("client=")) {
    d.event.session_id = queue_id;
    set_origin(comma_value(t, "client="), d);
    const std::string_view user = comma_value(t, "sasl_username=");
    if (user.empty()) return d.is(Action::mail_received);
    d.event.user_name = user;
    d.event.auth_method = comma_value(t, "sasl_method=");
    return d.is(Action::mail_login, Outcome::success);
  }
  if (t.starts_with("uid=")) {  // pickup: handed over by a local process
    d.event.session_id = queue_id;
    d.number_attribute("uid", value_of(t, "uid="));
    d.attribute("mail_from", comma_value(t, "from="));
    return d.is(Action::mail_received);
  }
  if (t.starts_with("from=") && contains(t, "nrcpt=")) {
    d.event.session_id = queue_id;
    d.attribute("mail_from", comma_value(t, "from="));
    d.number_attribute("mail_bytes", comma_value(t, "size="));
    const std::string_view count = value_of(t, "nrcpt=");
    d.number_attribute("recipients", count);
    return d.is(Action::mail_queued);
  }
  if (t.starts_with("to=")) {
    d.event.session_id = queue_id;
    d.attribute("mail_to", comma_value(t, "to="));
    d.attribute("relay", comma_value(t, "relay="));
    const std::string_view status = value_of(t, "status=");
    if (status == "sent") return d.is(Action::mail_sent, Outcome::success);
    if (status == "deferred") return d.is(Action::mail_deferred);
    if (status == "bounced" || status == "expired") return d.is(Action::mail_rejected);
  }
  return false;
}

bool read_sendmail(const SyslogMessage& m, EventDraft& d) {
  std::string_view t = m.text;
  d.event.service_name = "sendmail";
  if (t.starts_with("starting daemon ")) return d.is(Action::service_started);
  if (t.starts_with("alias database ") && contains(t, " rebuilt by ")) {
    d.event.file_path = between(t, "alias database ", " ").value_or("");
    d.event.user_name = t.substr(t.rfind(" by ") + 4);
    return d.is(Action::configuration_message);
  }
  std::string_view queue_id;
  if (const size_t colon = t.find(": "); colon != std::string_view::npos && colon < 24 && colon >= 8 &&
                                         t.substr(0, colon).find(' ') == std::string_view::npos) {
    queue_id = t.substr(0, colon);
    t = t.substr(colon + 2);
  }
  const auto relay = [&] { set_origin(comma_value(t, "relay="), d); };
  if (t.starts_with("AUTH=server, ")) {
    d.event.session_id = queue_id;
    relay();
    d.event.user_name = comma_value(t, "authid=");
    d.event.auth_method = comma_value(t, "mech=");
    return d.is(Action::mail_login, Outcome::success);
  }
  if (t.starts_with("AUTH failure (")) {
    d.event.session_id = queue_id;
    d.event.auth_method = between(t, "(", ")").value_or("");
    if (const size_t at = t.rfind("relay="); at != std::string_view::npos) set_origin(t.substr(at + 6), d);
    return d.is(Action::mail_login, Outcome::failure);
  }
  if (const size_t at = t.find(": possible SMTP attack: command="); at != std::string_view::npos) {
    d.event.session_id = queue_id;
    set_origin(t.substr(0, at), d);
    std::string_view rest = t.substr(at + 32);
    const std::string_view command = rest.substr(0, rest.find(','));
    d.attribute("smtp_command", command);
    d.number_attribute("command_count", comma_value(rest, "count="));
    return command == "AUTH" ? d.is(Action::mail_login, Outcome::failure)
                             : d.is(Action::mail_message, Outcome::failure);
  }
  if (const size_t at = t.find(" did not issue ");
      at != std::string_view::npos && contains(t, " during connection to ")) {
    set_origin(t.substr(0, at), d);
    return d.is(Action::network_probe);
  }
  if (t.starts_with("from=")) {
    d.event.session_id = queue_id;
    d.attribute("mail_from", comma_value(t, "from="));
    d.number_attribute("mail_bytes", comma_value(t, "size="));
    d.number_attribute("recipients", comma_value(t, "nrcpts="));
    relay();
    return d.is(Action::mail_received);
  }
  if (t.starts_with("to=")) {
    d.event.session_id = queue_id;
    d.attribute("mail_to", comma_value(t, "to="));
    d.attribute("relay", comma_value(t, "relay="));
    const std::string_view controller = comma_value(t, "ctladdr=");
    d.attribute("controlling_user", controller);
    const size_t stat = t.rfind("stat=");
    if (stat == std::string_view::npos) return d.is(Action::mail_message);
    const std::string_view status = t.substr(stat + 5);
    if (status.starts_with("Sent")) return d.is(Action::mail_sent, Outcome::success);
    if (status.starts_with("Deferred") || status.starts_with("queued")) return d.is(Action::mail_deferred);
    d.attribute("reason", status);
    return d.is(Action::mail_rejected);
  }
  if (t.starts_with("ruleset=check_") && contains(t, "reject=")) {
    d.event.session_id = queue_id;
    relay();
    return d.is(Action::mail_rejected);
  }
  return false;
}

// `MSGID <= addr H=host [A]:P P=esmtpsa A=login:U S=size`, `MSGID => addr …`, `login authenticator failed for …`
bool read_exim(const SyslogMessage& m, EventDraft& d) {
  std::string_view t = m.text;
  d.event.service_name = "exim";
  if (t.starts_with('[') && t.find("] ") < 12) {  // pid, with log_selector +pid
    if (const auto pid = to_number<int64_t>(t.substr(1, t.find(']') - 1))) d.event.process_pid = *pid;
    t = t.substr(t.find("] ") + 2);
  }
  const auto origin = [&](std::string_view text) {
    // `name (helo) [A]:P`, `(helo) [A]`: the last brackets are the server's, the helo is the peer's.
    text = text.substr(0, text.find(" I=["));
    text = text.substr(0, text.find(" Ci="));
    const size_t open = text.rfind('[');
    if (open == std::string_view::npos) return;
    const size_t close = text.find(']', open);
    if (close == std::string_view::npos) return;
    d.from(text.substr(open + 1, close - open - 1));
    std::string_view rest = text.substr(close + 1);
    if (eat(rest, ":")) d.from_port(rest.substr(0, rest.find_first_of(" :")));
    const std::string_view name = trim(text.substr(0, text.find_first_of("([")));
    if (!name.empty()) d.event.source_host = name;
  };
  if (const size_t at = t.find(" authenticator failed for "); at != std::string_view::npos && at < 40) {
    d.event.auth_method = t.substr(0, at);
    std::string_view rest = t.substr(at + 26);
    const size_t code = rest.rfind(": 535 ");
    if (const size_t set = rest.rfind("(set_id="); set != std::string_view::npos) {
      d.event.user_name = rest.substr(set + 8);
      if (d.event.user_name.ends_with(')')) d.event.user_name.remove_suffix(1);
    }
    origin(rest.substr(0, code));
    return d.is(Action::mail_login, Outcome::failure);
  }
  std::string_view rest = t;
  const std::string_view id = take_word(rest), mark = take_word(rest);
  if (mark == "Completed") {
    d.event.session_id = id;
    return d.is(Action::mail_message);
  }
  const bool in = mark == "<=", out = mark == "=>" || mark == "->", bounced = mark == "**", deferred = mark == "==";
  if (!in && !out && !bounced && !deferred) {
    if (contains(t, "rejected ")) {
      if (const size_t host = t.find("H="); host != std::string_view::npos)
        origin(t.substr(host + 2, t.find(" F=<") - host - 2));
      return d.is(Action::mail_rejected);
    }
    if (contains(t, "daemon started: pid=")) return d.is(Action::service_started);
    return false;
  }
  d.event.session_id = id;
  d.attribute(in ? "mail_from" : "mail_to", take_word(rest));
  if (!in)
    return d.is(out       ? Action::mail_sent
                : bounced ? Action::mail_rejected
                          : Action::mail_deferred,
                out ? Outcome::success : Outcome::none);
  if (const size_t host = rest.find("H="); host != std::string_view::npos) {
    const size_t protocol = rest.find(" P=", host);
    origin(rest.substr(host + 2, protocol == std::string_view::npos ? protocol : protocol - host - 2));
  }
  if (const std::string_view local = value_of(rest, "U="); !local.empty()) d.event.user_name = local;
  d.number_attribute("mail_bytes", value_of(rest, "S="));
  if (std::string_view auth = value_of(rest, "A="); !auth.empty()) {  // `login:user`
    d.event.auth_method = take_until(auth, ":");
    d.event.user_name = auth;
    return d.is(Action::mail_login, Outcome::success);
  }
  return d.is(Action::mail_received);
}

}  // namespace necropsy::syslog
