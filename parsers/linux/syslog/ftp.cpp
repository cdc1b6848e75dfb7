// SPDX-License-Identifier: Apache-2.0
// FTP servers that write through syslog: wu-ftpd, BSD and netkit ftpd, vsftpd, ProFTPD, Pure-FTPd.
// Texts: wu-ftpd src/ftpd.c, FreeBSD/NetBSD/Heimdal ftpd.c, vsftpd logging.c, proftpd modules/mod_auth.c, pure-ftpd
// src/log.c.
#include "base/text.hpp"
#include "linux/syslog/message.hpp"

namespace necropsy::syslog {
namespace {

// `H [A]`, `H(A)`, `H (A)`, `A (H)`, `H`.
void set_origin(std::string_view who, EventDraft& d) {
  who = trim(who);
  const size_t open = who.find_first_of("[(");
  if (open == std::string_view::npos) return d.from(who);
  const std::string_view outer = trim(who.substr(0, open));
  std::string_view inner = who.substr(open + 1);
  inner = inner.substr(0, inner.find_first_of("])"));
  d.from(outer);
  d.from(inner);
  if (d.event.source_host == d.event.source_ip) d.event.source_host = {};
}

// Splits `ORIGIN, USER`, `ORIGIN as USER`; the origin is the server's word and holds no comma.
std::string_view take_origin(std::string_view& t, EventDraft& d) {
  size_t end = t.find(", ");
  size_t skip = 2;
  if (const size_t as = t.find(" as "); as < end) {
    end = as;
    skip = 4;
  }
  if (end == std::string_view::npos && t.find(',') != std::string_view::npos) {
    end = t.find(',');
    skip = 1;
  }
  set_origin(t.substr(0, end), d);
  std::string_view user = end == std::string_view::npos ? std::string_view() : trim(t.substr(end + skip));
  if (const size_t tail = user.rfind(" (class: "); tail != std::string_view::npos) {  // NetBSD
    d.attribute("class", user.substr(tail + 2, user.size() - tail - 3));
    user = user.substr(0, tail);
  }
  t = {};
  return user;
}

bool is_ftp_command(std::string_view t) {
  static constexpr std::string_view kVerbs[] = {"USER", "PASS", "SITE", "STOR", "RETR", "DELE", "CWD",  "CDUP", "LIST",
                                                "NLST", "MKD",  "XMKD", "RMD",  "XRMD", "RNFR", "RNTO", "PORT", "PASV",
                                                "TYPE", "QUIT", "SYST", "PWD",  "XPWD", "APPE", "STOU", "SIZE", "MDTM",
                                                "NOOP", "REST", "ABOR", "STAT", "HELP", "ACCT", "MODE", "STRU", "EPSV"};
  const std::string_view verb = t.substr(0, t.find(' '));
  for (std::string_view known : kVerbs)
    if (verb == known) return true;
  return false;
}

}  // namespace

bool read_ftpd(const SyslogMessage& m, EventDraft& d) {
  std::string_view t = m.text;
  d.event.service_name = "ftp";
  if (eat(t, "connection from ")) {  // `H (A)`, `A (H) at Fri Jun 17 07:07:00 2005`, `H [A]`
    set_origin(t.substr(0, t.find(" at ")), d);
    return d.is(Action::network_connection);
  }
  bool anonymous = false;
  if (eat(t, "ANONYMOUS ")) anonymous = true;
  eat(t, "RESTRICTED ");
  if (eat(t, "FTP LOGIN REFUSED")) {  // ` (reason) FROM H [A], U`
    eat(t, " ");
    if (t.starts_with('(')) {
      const size_t close = t.find(") FROM ");
      if (close == std::string_view::npos) return false;
      d.attribute("reason", t.substr(1, close - 1));
      t = t.substr(close + 2);
    }
    if (!eat(t, "FROM ")) return false;
    d.event.user_name = take_origin(t, d);
    return d.is(Action::ftp_login, Outcome::failure);
  }
  if (eat(t, "FTP LOGIN FAILED FROM ")) {
    d.event.user_name = take_origin(t, d);
    return d.is(Action::ftp_login, Outcome::failure);
  }
  if (eat(t, "FTP LOGIN FROM ")) {
    const std::string_view user = take_origin(t, d);
    d.event.auth_method = anonymous ? "anonymous" : "password";
    d.event.user_name = anonymous ? "anonymous" : user;
    if (anonymous) d.attribute("anonymous_password", user);
    if (m.recent) m.recent->mark(m.pid);
    return d.is(Action::ftp_login, Outcome::success);
  }
  if (eat(t, "failed login from ")) {
    d.event.user_name = take_origin(t, d);
    return d.is(Action::ftp_login, Outcome::failure);
  }
  if (eat(t, "repeated login failures from ")) {  // after single lines
    set_origin(t, d);
    return d.is(Action::ftp_message, Outcome::failure);
  }
  if (t.starts_with("User ") && contains(t, " timed out after ")) {
    d.event.user_name = t.substr(5, t.find(" timed out after ") - 5);
    if (d.event.user_name == "unknown") {  // nobody had logged in
      d.event.user_name = {};
      return d.is(Action::ftp_message);
    }
    return d.is(Action::ftp_logout);
  }
  // Said at the end of each connection, also where nobody had logged in.
  if (t.starts_with("FTP session closed"))
    return d.is(m.recent && m.recent->take(m.pid) ? Action::ftp_logout : Action::ftp_message);
  if (eat(t, "lost connection to ")) {
    set_origin(t, d);
    return d.is(Action::ftp_logout);
  }
  if (t.starts_with("ACCESS DENIED")) {  // `(reason) TO H [A]`
    d.attribute("reason", between(t, "(", ")").value_or(""));
    if (const size_t to = t.find(" TO "); to != std::string_view::npos) set_origin(t.substr(to + 4), d);
    return d.is(Action::network_blocked);
  }
  if (t.starts_with("getpeername (")) return d.is(Action::network_probe);  // gone before it was asked: a port scan
  if (is_ftp_command(t)) {
    d.event.command_line = t;
    return d.is(Action::ftp_command);
  }
  if (t.starts_with("connect from ") || t.starts_with("refused connect from ")) return read_tcp_wrappers(m, d);
  return false;
}

// `[user] OK UPLOAD: Client "A", "PATH", N bytes, …`
bool read_vsftpd(const SyslogMessage& m, EventDraft& d) {
  std::string_view t = m.text;
  d.event.service_name = "vsftpd";
  if (t.starts_with('[')) {
    const size_t close = t.find("] ");
    if (close == std::string_view::npos) return false;
    d.event.user_name = t.substr(1, close - 1);
    t = t.substr(close + 2);
  }
  Outcome outcome = Outcome::none;
  if (eat(t, "OK "))
    outcome = Outcome::success;
  else if (eat(t, "FAIL "))
    outcome = Outcome::failure;
  const size_t colon = t.find(": Client \"");
  if (colon == std::string_view::npos) return false;
  const std::string_view verb = t.substr(0, colon);
  std::string_view rest = t.substr(colon + 10);
  d.from(take_until(rest, "\""));
  if (verb == "CONNECT") return d.is(Action::network_connection);
  if (eat(rest, ", anon password \"")) {
    d.attribute("anonymous_password", rest.substr(0, rest.rfind('"')));
    rest = {};
  }
  if (eat(rest, ", \"")) {
    const size_t last = rest.rfind('"');
    std::string_view path = rest.substr(0, last);
    if (const size_t next = path.find("\", \""); next != std::string_view::npos) {
      d.attribute("new_path", path.substr(next + 4));
      path = path.substr(0, next);
    }
    if (verb == "LOGIN" || verb.starts_with("FTP "))
      d.attribute("detail", path);
    else
      d.event.file_path = path;
    if (const auto bytes = between(rest, ", ", " bytes")) d.event.file_size = to_number<int64_t>(*bytes);
  }
  if (verb == "LOGIN") {
    d.event.auth_method = d.event.user_name == "ftp" || d.event.user_name == "anonymous" ? "anonymous" : "password";
    return d.is(Action::ftp_login, outcome);
  }
  static constexpr std::pair<std::string_view, Action> kVerbs[] = {
      {"UPLOAD", Action::ftp_upload}, {"DOWNLOAD", Action::ftp_download}, {"DELETE", Action::ftp_delete},
      {"RENAME", Action::ftp_rename}, {"MKDIR", Action::ftp_mkdir},       {"RMDIR", Action::ftp_rmdir}};
  for (const auto& [name, action] : kVerbs)
    if (verb == name) return d.is(action, outcome);
  d.attribute("verb", verb);
  return d.is(Action::ftp_command, outcome);
}

// `HOST (client[ADDR]) - text`, `HOST (client[ADDR]): text`. The first brackets are the server's; a user name may hold
// a copy of them.
bool read_proftpd(const SyslogMessage& m, EventDraft& d) {
  std::string_view t = m.text;
  d.event.service_name = "proftpd";
  const size_t open = t.find(" (");
  const size_t close = open == std::string_view::npos ? open : t.find("])", open);
  if (close != std::string_view::npos && t.find(' ') == open) {
    const std::string_view peer = t.substr(open + 2, close - open - 2);
    const size_t bracket = peer.rfind('[');
    if (bracket != std::string_view::npos) {
      d.from(peer.substr(bracket + 1));
      const std::string_view name = peer.substr(0, bracket);
      if (!canonical_ip(name)) d.event.source_host = name;
    }
    d.attribute("server_host", t.substr(0, open));
    t = t.substr(close + 2);
    eat(t, ":");
    t = trim(t);
    eat(t, "- ");
  }
  if (t.starts_with("FTP session opened") || t.starts_with("FTPS session opened") ||
      t.starts_with("SSH2 session opened") || t.starts_with("SFTP session opened"))
    return d.is(Action::network_connection);
  if (contains(t.substr(0, 24), " session closed"))
    return d.is(m.recent && m.recent->take(m.pid) ? Action::ftp_logout : Action::ftp_message);
  if (t.starts_with("SECURITY VIOLATION: ") && contains_ignore_case(t, "root login attempted")) {
    d.event.user_name = "root";
    d.attribute("reason", "root login");
    return d.is(Action::ftp_login, Outcome::failure);
  }
  const bool anonymous = eat(t, "ANON ");
  if (anonymous || eat(t, "USER ")) {
    d.event.auth_method = anonymous ? "anonymous" : "password";
    if (const size_t at = t.rfind(": Login successful"); at != std::string_view::npos) {
      d.event.user_name = t.substr(0, at);
      if (m.recent) m.recent->mark(m.pid);
      return d.is(Action::ftp_login, Outcome::success);
    }
    if (const size_t at = t.find(" (Login failed)"); at != std::string_view::npos) {
      d.event.user_name = t.substr(0, at);
      std::string_view reason = t.substr(at + 15);
      eat(reason, ": ");
      while (reason.ends_with('.')) reason.remove_suffix(1);
      d.attribute("reason", reason);
      return d.is(Action::ftp_login, Outcome::failure);
    }
    if (const size_t at = t.rfind(": no such user found"); at != std::string_view::npos) {
      d.event.user_name = t.substr(0, at);
      d.attribute("invalid_user", 1);
      d.attribute("reason", "no such user found");
      return d.is(Action::ftp_login, Outcome::failure);
    }
    return d.is(Action::ftp_message);
  }
  if (t.starts_with("no such user '")) {  // beside `USER x: no such user found`
    d.event.user_name = t.substr(14, t.rfind('\'') - 14);
    return d.is(Action::ftp_message, Outcome::failure);
  }
  if (t.starts_with("Maximum login attempts")) return d.is(Action::ftp_message, Outcome::failure);
  if (contains(t, "STARTUP")) return d.is(Action::service_started);
  if (contains(t, "SHUTDOWN") || t.starts_with("ProFTPD killed")) return d.is(Action::service_stopped);
  return false;
}

// `(user@A) [LEVEL] text`
bool read_pure_ftpd(const SyslogMessage& m, EventDraft& d) {
  std::string_view t = m.text;
  d.event.service_name = "pure-ftpd";
  if (!t.starts_with('(')) return false;
  const size_t close = t.find(") [");
  if (close == std::string_view::npos) return false;
  const std::string_view who = t.substr(1, close - 1);
  const size_t at = who.rfind('@');
  if (at == std::string_view::npos) return false;
  d.from(who.substr(at + 1));
  if (who.substr(0, at) != "?") d.event.user_name = who.substr(0, at);
  t = trim(t.substr(std::min(t.size(), t.find(']', close) + 1)));
  if (t.starts_with("New connection from ")) return d.is(Action::network_connection);
  if (t.ends_with(" is now logged in")) {
    d.event.user_name = t.substr(0, t.size() - 17);
    return d.is(Action::ftp_login, Outcome::success);
  }
  if (t.starts_with("Authentication failed for user [")) {
    d.event.user_name = t.substr(32, t.rfind(']') - 32);
    return d.is(Action::ftp_login, Outcome::failure);
  }
  if (t.starts_with("Anonymous user logged in")) {
    d.event.user_name = "anonymous";
    d.event.auth_method = "anonymous";
    return d.is(Action::ftp_login, Outcome::success);
  }
  for (const auto& [word, action] : {std::pair{std::string_view(" uploaded  ("), Action::ftp_upload},
                                     std::pair{std::string_view(" downloaded  ("), Action::ftp_download}}) {
    const size_t where = t.rfind(word);
    if (where == std::string_view::npos) continue;
    std::string_view path = t.substr(0, where);
    if (path.ends_with(" partially")) {
      path.remove_suffix(10);
      d.attribute("partial", 1);
    }
    d.event.file_path = path;
    d.event.file_size = to_number<int64_t>(between(t.substr(where), "(", " bytes").value_or(""));
    return d.is(action, Outcome::success);
  }
  if (eat(t, "Deleted ")) {
    d.event.file_path = t;
    return d.is(Action::ftp_delete, Outcome::success);
  }
  if (t.starts_with("File successfully renamed or moved: [")) {
    const size_t arrow = t.find("]->[");
    d.event.file_path = t.substr(37, arrow - 37);
    if (arrow != std::string_view::npos) d.attribute("new_path", t.substr(arrow + 4, t.rfind(']') - arrow - 4));
    return d.is(Action::ftp_rename, Outcome::success);
  }
  if (t.starts_with("Logout") || t.starts_with("Timeout"))
    return d.is(d.event.user_name.empty() ? Action::ftp_message : Action::ftp_logout);
  return false;
}

}  // namespace necropsy::syslog
