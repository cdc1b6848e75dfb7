// SPDX-License-Identifier: Apache-2.0
// Other services that write through syslog: databases, web administration, remote desktops, directories, file servers.
// Texts: MySQL and MariaDB sql/sql_acl.cc, PostgreSQL auth.c, Webmin miniserv.pl, phpMyAdmin, xrdp sesman, OpenLDAP
// servers/slapd, macOS screensharingd, Samba smbd/service.c and vfs_full_audit.
#include "base/text.hpp"
#include "linux/syslog/message.hpp"

namespace necropsy::syslog {

bool read_mysqld(const SyslogMessage& m, EventDraft& d) {
  const std::string_view t = m.text;
  d.event.service_name = m.program;
  // `Access denied for user 'U'@'H' (using password: YES)`; the user is what the peer sent.
  if (const size_t at = t.find("Access denied for user '"); at != std::string_view::npos) {
    const std::string_view rest = t.substr(at + 24);
    const size_t host = rest.rfind("'@'");
    if (host == std::string_view::npos) return false;
    d.event.user_name = rest.substr(0, host);
    d.from(rest.substr(host + 3, rest.find('\'', host + 3) - host - 3));
    d.event.auth_method = "sql";
    d.attribute("using_password", between(rest, "using password: ", ")").value_or(""));
    return d.is(Action::database_login, Outcome::failure);
  }
  // PostgreSQL: `[3-1] FATAL:  password authentication failed for user "x"`
  if (const size_t at = t.find("authentication failed for user \""); at != std::string_view::npos) {
    d.event.user_name = t.substr(at + 32, t.rfind('"') - at - 32);
    d.event.auth_method = "sql";
    return d.is(Action::database_login, Outcome::failure);
  }
  if (contains(t, "connection authorized: user=")) {
    d.event.user_name = value_of(t, "user=");
    d.attribute("database", value_of(t, "database="));
    d.event.auth_method = "sql";
    return d.is(Action::database_login, Outcome::success);
  }
  if (contains(t, "connection received: host=")) {
    d.from(value_of(t, "host="));
    d.from_port(value_of(t, "port="));
    return d.is(Action::network_connection);
  }
  if (contains(t, "ready for connections") || contains(t, "database system is ready to accept connections"))
    return d.is(Action::database_started);
  if (contains(t, "Shutdown complete") || contains(t, "database system is shut down"))
    return d.is(Action::database_stopped);
  if (contains(t, "[ERROR]") || contains(t, "ERROR:  ") || contains(t, "FATAL:  ")) return d.is(Action::database_error);
  return false;
}

// `Invalid login as root from A`, `Non-existent login as x from A`, `Successful login as root from A`
bool read_webmin(const SyslogMessage& m, EventDraft& d) {
  std::string_view t = m.text;
  d.event.service_name = m.program;
  const bool success = eat(t, "Successful login as "), unknown = !success && eat(t, "Non-existent login as ");
  if (!success && !unknown && !eat(t, "Invalid login as ")) {
    if (!eat(t, "Logout by ")) return false;
    const size_t from = t.rfind(" from ");
    d.event.user_name = t.substr(0, from);
    if (from != std::string_view::npos) d.from(t.substr(from + 6));
    return d.is(Action::logout);
  }
  const size_t from = t.rfind(" from ");
  d.event.user_name = t.substr(0, from);
  if (from != std::string_view::npos) d.from(t.substr(from + 6));
  if (unknown) d.attribute("invalid_user", 1);
  d.event.auth_method = "password";
  return d.is(Action::login, success ? Outcome::success : Outcome::failure);
}

// `user denied: root (mysql-denied) from A`, `user authenticated: root from A`
bool read_phpmyadmin(const SyslogMessage& m, EventDraft& d) {
  std::string_view t = m.text;
  d.event.service_name = "phpMyAdmin";
  const bool denied = eat(t, "user denied: ");
  if (!denied && !eat(t, "user authenticated: ")) return false;
  const size_t from = t.rfind(" from ");
  if (from == std::string_view::npos) return false;
  d.from(t.substr(from + 6));
  std::string_view user = t.substr(0, from);
  if (denied && user.ends_with(')'))
    if (const size_t open = user.rfind(" ("); open != std::string_view::npos) {
      d.attribute("reason", user.substr(open + 2, user.size() - open - 3));
      user = user.substr(0, open);
    }
  d.event.user_name = user;
  d.event.auth_method = "sql";
  return d.is(Action::database_login, denied ? Outcome::failure : Outcome::success);
}

// `[INFO ] AUTHFAIL: user=U ip=A time=N`; the name may hold ` ip=` too: the last one is the server's.
bool read_xrdp(const SyslogMessage& m, EventDraft& d) {
  std::string_view t = m.text;
  d.event.service_name = "xrdp";
  if (t.starts_with('[')) t = trim(t.substr(std::min(t.size(), t.find(']') + 1)));
  if (eat(t, "AUTHFAIL: user=")) {
    const size_t ip = t.rfind(" ip=");
    d.event.user_name = t.substr(0, ip);
    if (ip != std::string_view::npos) {
      d.from(value_of(t.substr(ip), "ip="));
      d.number_attribute("unix_time", value_of(t.substr(ip), "time="));
    }
    d.event.auth_method = "remoteinteractive";
    return d.is(Action::login, Outcome::failure);
  }
  if (contains(t, "created session (access granted): username ")) {
    std::string_view rest = t.substr(t.find("username ") + 9);
    d.event.user_name = rest.substr(0, rest.find(", "));
    std::string_view peer = between(rest, ", ip ", " - ").value_or("");
    const size_t colon = peer.rfind(':');
    if (colon != std::string_view::npos) d.from_port(peer.substr(colon + 1));
    d.from(peer.substr(0, colon));
    d.event.auth_method = "remoteinteractive";
    return d.is(Action::login, Outcome::success);
  }
  return false;
}

// `conn=5 fd=21 ACCEPT from IP=A:P (IP=…)`, `conn=5 op=0 BIND dn="…"`, `conn=5 op=0 RESULT tag=97 err=49`
bool read_slapd(const SyslogMessage& m, EventDraft& d) {
  const std::string_view t = m.text;
  d.event.service_name = "ldap";
  d.event.session_id = value_of(t, "conn=");
  if (d.event.session_id.empty()) return false;
  if (const auto peer = between(t, "ACCEPT from IP=", " ")) {
    const size_t colon = peer->rfind(':');
    if (colon != std::string_view::npos) d.from_port(peer->substr(colon + 1));
    d.from(peer->substr(0, colon));
    return d.is(Action::network_connection);
  }
  if (const size_t bind = t.find(" BIND dn=\""); bind != std::string_view::npos) {
    d.event.user_name = t.substr(bind + 10, t.find('"', bind + 10) - bind - 10);
    return d.is(Action::auth_message);
  }
  if (contains(t, " RESULT tag=97 ")) {  // answer to a bind: 0 granted, 49 wrong name or password (RFC 4511)
    const std::string_view code = value_of(t, "err=");
    d.number_attribute("ldap_result", code);
    if (code == "49") return d.is(Action::login, Outcome::failure);
    return d.is(Action::auth_message, code == "0" ? Outcome::success : Outcome::failure);
  }
  return d.is(Action::network_message);
}

// `Authentication: SUCCEEDED :: User Name: simon :: Viewer Address: A :: Type: DH`
bool read_screensharing(const SyslogMessage& m, EventDraft& d) {
  std::string_view t = m.text;
  d.event.service_name = "screensharing";
  if (!eat(t, "Authentication: ")) return false;
  const size_t viewer = t.rfind(" :: Viewer Address: ");
  const size_t user = t.find(":: User Name: ");
  if (viewer == std::string_view::npos || user == std::string_view::npos || user > viewer) return false;
  d.event.user_name = t.substr(user + 14, viewer - user - 14);
  std::string_view address = t.substr(viewer + 20);
  d.from(address.substr(0, address.find(" ::")));
  d.event.auth_method = "remoteinteractive";
  return d.is(Action::login, t.starts_with("SUCCEEDED") ? Outcome::success : Outcome::failure);
}

bool read_smbd(const SyslogMessage& m, EventDraft& d) {
  const std::string_view t = m.text;
  d.event.service_name = "smb";
  if (m.program == "smbd_audit") {  // vfs_full_audit with the usual prefix: `U|A|SHARE|operation|ok|…|path`
    const auto parts = split(t, '|');
    if (parts.size() < 5) return false;
    d.event.user_name = parts[0];
    d.from(parts[1]);
    d.attribute("share", parts[2]);
    const std::string_view operation = parts[3];
    d.attribute("operation", operation);
    d.event.file_path = parts.back();
    const Outcome outcome = parts[4] == "ok" ? Outcome::success : Outcome::failure;
    if (operation == "unlink" || operation == "unlinkat" || operation == "rmdir")
      return d.is(Action::file_deleted, outcome);
    if (operation == "rename" || operation == "renameat") return d.is(Action::file_renamed, outcome);
    if (operation == "pwrite" || operation == "write") return d.is(Action::file_written, outcome);
    if (operation == "mkdir" || operation == "mkdirat") return d.is(Action::file_created, outcome);
    return d.is(Action::file_message, outcome);
  }
  // `HOST (ipv4:A:P) connect to service SHARE initially as user U (uid=n, gid=n) (pid N)`
  const size_t connect = t.find(" connect to service ");
  if (connect == std::string_view::npos) return false;
  if (std::string_view peer = between(t, "(ip", ")").value_or(""); !peer.empty()) {
    take_until(peer, ":");
    const size_t colon = peer.rfind(':');
    if (colon != std::string_view::npos) d.from_port(peer.substr(colon + 1));
    d.from(peer.substr(0, colon));
  }
  d.attribute("share", between(t.substr(connect), "service ", " ").value_or(""));
  d.event.user_name = between(t.substr(connect), "as user ", " (").value_or("");
  return d.is(Action::session_opened);
}

}  // namespace necropsy::syslog
