// SPDX-License-Identifier: Apache-2.0
// Daemons that speak of connections: tcp wrappers, inetd, xinetd, RPC services, name servers, DHCP, VPN, scan alarms.
// Texts: tcp_wrappers 7.6 tcpd.c and refuse.c, xinetd log.c, netkit inetd, nfs-utils, portmap, BIND 8 and 9, ISC DHCP,
// OpenVPN, pptpd, pppd, scanlogd, portsentry, snort.
#include "base/text.hpp"
#include "linux/syslog/message.hpp"

namespace necropsy::syslog {
namespace {

// `H (A)`, `user@H`, `A`: the address in the last brackets is the server's own; what stands before it is what name
// and ident services of the peer claim.
void set_origin(std::string_view who, EventDraft& d) {
  who = trim(who);
  const size_t open = who.rfind('(');
  if (open != std::string_view::npos && who.ends_with(')')) {
    const std::string_view inner = who.substr(open + 1, who.size() - open - 2);
    std::string_view name = trim(who.substr(0, open));
    d.from(inner);
    if (const size_t at = name.rfind('@'); at != std::string_view::npos) {
      d.attribute("ident_user", name.substr(0, at));
      name = name.substr(at + 1);
    }
    if (d.event.source_host.empty() && name != inner && !equals_ignore_case(name, "unknown"))
      d.event.source_host = name;
    if (canonical_ip(name)) d.event.source_host = {};
    return;
  }
  if (const size_t at = who.rfind('@'); at != std::string_view::npos) {
    d.attribute("ident_user", who.substr(0, at));
    who = who.substr(at + 1);
  }
  d.from(who);
}

std::string_view service_of(const SyslogMessage& m) {
  std::string_view service = m.program;
  eat(service, "in.");
  return service;
}

// `ADDR:PORT`, `[ADDR]:PORT`, `[AF_INET]ADDR:PORT`: the port stands behind the last colon.
void set_endpoint(std::string_view text, EventDraft& d) {
  text = trim(text);
  if (!eat(text, "[AF_INET6]")) eat(text, "[AF_INET]");
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return d.from(text);
  d.from_port(text.substr(colon + 1));
  d.from(text.substr(0, colon));
}

}  // namespace

bool read_tcp_wrappers(const SyslogMessage& m, EventDraft& d) {
  std::string_view t = m.text;
  const bool refused = eat(t, "refused connect from ");
  if (!refused && !eat(t, "connect from ")) return false;
  d.event.service_name = service_of(m);
  // portmap: `A to getport(mountd)[: request from unauthorized host]`
  bool unauthorized = false;
  if (const size_t to = t.find(" to "); to != std::string_view::npos) {
    std::string_view request = t.substr(to + 4);
    unauthorized = contains(request, "unauthorized");
    d.attribute("request", request.substr(0, request.find(": ")));
    t = t.substr(0, to);
  }
  set_origin(t, d);
  return d.is(refused || unauthorized ? Action::network_blocked : Action::network_connection);
}

bool read_xinetd(const SyslogMessage& m, EventDraft& d) {
  std::string_view t = m.text;
  if (eat(t, "START: ")) {  // `telnet pid=1234 from=A`
    d.event.service_name = take_word(t);
    d.number_attribute("child_pid", value_of(t, "pid="));
    d.from(value_of(t, "from="));
    return d.is(Action::network_connection);
  }
  if (eat(t, "FAIL: ")) {  // `telnet address from=A`: why stands before the address
    d.event.service_name = take_word(t);
    d.attribute("reason", take_word(t));
    d.from(value_of(t, "from="));
    return d.is(Action::network_blocked);
  }
  if (eat(t, "EXIT: ")) {
    d.event.service_name = take_word(t);
    d.number_attribute("child_pid", value_of(t, "pid="));
    d.number_attribute("exit_status", value_of(t, "status="));
    std::string_view duration = value_of(t, "duration=");
    d.number_attribute("duration_s", duration.substr(0, duration.find('(')));
    return d.is(Action::network_message);
  }
  if (t.starts_with("libwrap refused connection to ")) {  // `telnet (libwrap=in.telnetd) from A`
    std::string_view rest = t.substr(30);
    d.event.service_name = take_word(rest);
    d.attribute("reason", "libwrap");
    if (const size_t from = rest.rfind("from "); from != std::string_view::npos) d.from(rest.substr(from + 5));
    return d.is(Action::network_blocked);
  }
  d.event.service_name = "xinetd";
  if (t.starts_with("xinetd Version ")) return d.is(Action::service_started);
  if (t.starts_with("Exiting")) return d.is(Action::service_stopped);
  return false;
}

bool read_inetd(const SyslogMessage& m, EventDraft& d) {
  std::string_view t = m.text;
  if (t.starts_with("refused connection from ") || t.starts_with("connection from ")) {  // `A, service S (tcp)`
    const bool refused = eat(t, "refused ");
    eat(t, "connection from ");
    d.from(t.substr(0, t.find(',')));
    d.event.service_name = between(t, "service ", " (").value_or("");
    return d.is(refused ? Action::network_blocked : Action::network_connection);
  }
  // FreeBSD -l: `telnet from A`; Solaris -t: `telnet[1234] from A 1099`
  if (const size_t from = t.find(" from "); from != std::string_view::npos && t.find(' ') == from) {
    std::string_view peer = t.substr(from + 6);
    const std::string_view address = take_word(peer);
    if (!canonical_ip(address)) return false;
    d.event.service_name = t.substr(0, t.find_first_of("[ "));
    d.from(address);
    d.from_port(peer);
    return d.is(Action::network_connection);
  }
  if (contains(t, "server failing (looping)")) {
    d.event.service_name = t.substr(0, t.find('/'));
    return d.is(Action::service_failed);
  }
  return false;
}

bool read_rpc(const SyslogMessage& m, EventDraft& d) {
  const std::string_view t = m.text;
  if (read_tcp_wrappers(m, d)) return true;
  d.event.service_name = m.program;
  // A host name with `/` or format directives is no name: CVE-1999-0493, CVE-2000-0666.
  if (t.starts_with("SM_MON request for hostname containing '/'") || t.starts_with("gethostbyname error for ") ||
      t.starts_with("STAT_FAIL to "))
    return d.is(Action::network_probe);
  if (t.starts_with("Version ") && (contains(t, "tarting"))) return d.is(Action::service_started);
  if (t.starts_with("authenticated ") || t.starts_with("refused ")) {  // mountd: `… mount request from H:P for /d (/d)`
    const auto peer = between(t, " request from ", " for ");
    if (!peer) return false;
    const size_t colon = peer->rfind(':');
    const bool with_port = colon != std::string_view::npos && to_number<uint16_t>(peer->substr(colon + 1)).has_value();
    if (with_port) d.from_port(peer->substr(colon + 1));
    d.from(with_port ? peer->substr(0, colon) : *peer);
    std::string_view path = t.substr(t.find(" for ", t.find(" request from ")) + 5);
    d.event.file_path = path.substr(0, path.find(" ("));
    return d.is(t.starts_with("refused") ? Action::network_blocked : Action::network_connection);
  }
  return false;
}

bool read_named(const SyslogMessage& m, EventDraft& d) {
  std::string_view t = m.text;
  d.event.service_name = "named";
  if (eat(t, "client ")) {  // `[@0x7f…  ]A#P[ (name)]: query 'n/T/C' denied`, `…: query: n C T +`
    if (t.starts_with("@")) take_word(t);
    const size_t hash = t.find('#');
    if (hash == std::string_view::npos) return false;
    d.from(t.substr(0, hash));
    t = t.substr(hash + 1);
    d.from_port(t.substr(0, t.find_first_of(": (")));
    std::string_view what =
        t.substr(std::min(t.size(), t.find(": ") == std::string_view::npos ? t.size() : t.find(": ") + 2));
    if (eat(what, "query: ")) {
      d.attribute("query", what.substr(0, what.find(' ')));
      return d.is(Action::network_message);
    }
    if (what.ends_with(" denied") || contains(what, " denied")) {
      d.attribute("query", between(what, "'", "'").value_or(""));
      return d.is(Action::network_blocked);
    }
    return d.is(Action::network_message);
  }
  if (t.starts_with("denied ") || t.starts_with("unapproved ")) {  // BIND 8: `… from [A].P for "zone"`
    d.from(between(t, " from [", "]").value_or(""));
    if (const auto port = between(t, "].", " ")) d.from_port(*port);
    d.attribute("query", between(t, "\"", "\"").value_or(""));
    return d.is(Action::network_blocked);
  }
  if (t.starts_with("starting")) return d.is(Action::service_started);
  if (t.starts_with("shutting down") || t.starts_with("exiting")) return d.is(Action::service_stopped);
  if (t.starts_with("reloading")) return d.is(Action::service_changed);
  return false;
}

bool read_dhcp(const SyslogMessage& m, EventDraft& d) {
  std::string_view t = m.text;
  d.event.service_name = m.program;
  if (eat(t, "DHCPACK of ")) {  // `A from B`: the own address
    d.attribute("address", take_word(t));
    if (eat(t, "from ")) d.attribute("server", take_word(t));
    return d.is(Action::network_configured);
  }
  if (eat(t, "DHCPACK from ")) {
    d.attribute("server", take_word(t));
    return d.is(Action::network_configured);
  }
  if (eat(t, "bound to ")) {
    d.attribute("address", take_word(t));
    return d.is(Action::network_configured);
  }
  if (eat(t, "DHCPACK on ")) {  // dhcpd: `A to mac (host) via eth0`
    d.attribute("address", take_word(t));
    if (eat(t, "to ")) d.attribute("hardware_address", take_word(t));
    if (t.starts_with('(')) d.attribute("client_name", t.substr(1, t.find(')') - 1));
    return d.is(Action::network_message);
  }
  if (const size_t at = t.find(": leased "); at != std::string_view::npos) {  // dhcpcd
    std::string_view rest = t.substr(at + 9);
    d.attribute("interface", t.substr(0, at));
    d.attribute("address", take_word(rest));
    return d.is(Action::network_configured);
  }
  return false;
}

bool read_vpn(const SyslogMessage& m, EventDraft& d) {
  std::string_view t = m.text;
  d.event.service_name = m.program;
  if (const size_t at = t.find("connection established with "); at != std::string_view::npos) {
    set_endpoint(t.substr(at + 28), d);
    return d.is(Action::network_connection);
  }
  if (const size_t at = t.find("Peer Connection Initiated with "); at != std::string_view::npos) {
    if (const auto name = between(t.substr(0, at), "[", "]")) d.event.user_name = *name;
    set_endpoint(t.substr(at + 31), d);
    return d.is(Action::login, Outcome::success);
  }
  if (contains(t, "TLS Auth Error") || contains(t, "AUTH_FAILED")) {
    set_endpoint(t.substr(0, t.find(' ')), d);
    return d.is(Action::login, Outcome::failure);
  }
  if (eat(t, "CTRL: Client ")) {  // pptpd
    d.from(take_word(t));
    return d.is(contains(t, "started") ? Action::network_connection : Action::network_message);
  }
  for (std::string_view word : {"authentication succeeded for ", "authentication failed for "}) {  // pppd, PAP or CHAP
    const size_t at = t.find(word);
    if (at == std::string_view::npos || at > 20) continue;
    d.event.user_name = unquoted(t.substr(at + word.size()));
    return d.is(Action::login, word.starts_with("authentication s") ? Outcome::success : Outcome::failure);
  }
  if (eat(t, "local  IP address ") || eat(t, "local IP address ")) {
    d.attribute("address", t);
    return d.is(Action::network_configured);
  }
  return false;
}

// `192.0.2.123[:P] to 192.0.2.1 ports 80, 81, …, f????uxy, TOS 00, TTL 49 @20:44:43`; snort's alerts.
bool read_scanlogd(const SyslogMessage& m, EventDraft& d) {
  std::string_view t = m.text;
  d.event.service_name = m.program;
  if (t.starts_with('[')) {  // snort: `[1:2003:8] name [Classification: …] [Priority: 2]: {TCP} A:P -> B:P`
    d.attribute("signature", between(t, "[", "]").value_or(""));
    const size_t protocol = t.rfind("{"), arrow = t.rfind(" -> ");
    if (protocol == std::string_view::npos || arrow == std::string_view::npos || arrow < protocol) return false;
    d.attribute("protocol", between(t.substr(protocol), "{", "}").value_or(""));
    const size_t source = t.find(' ', protocol);
    if (source < arrow) set_endpoint(t.substr(source, arrow - source), d);
    std::string_view target = t.substr(arrow + 4);
    const size_t colon = target.rfind(':');
    if (colon != std::string_view::npos) d.to_port(target.substr(colon + 1));
    d.to(target.substr(0, colon));
    return d.is(Action::network_probe);
  }
  eat(t, "From ");
  const size_t to = t.find(" to "), ports = t.find(" ports ");
  if (to == std::string_view::npos || ports == std::string_view::npos || ports < to) return false;
  const std::string_view source = t.substr(0, to);
  if (source.find('.') != std::string_view::npos && source.find(':') != std::string_view::npos)
    set_endpoint(source, d);
  else
    d.from(source);
  d.to(t.substr(to + 4, ports - to - 4));
  std::string_view list = t.substr(ports + 7);
  d.attribute("ports", list.substr(0, list.find(", f")));
  return d.is(Action::network_probe);
}

// Syslog: `attackalert: Connect from host: H/A to TCP port: 23`; history file: `Host: H/A Port: 1 TCP Blocked`.
bool read_portsentry(const SyslogMessage& m, EventDraft& d) {
  std::string_view t = m.text;
  d.event.service_name = "portsentry";
  const size_t host = t.find("ost: ");
  if (host == std::string_view::npos) return false;
  std::string_view rest = t.substr(host + 5);
  const std::string_view who = take_word(rest);
  const size_t slash = who.rfind('/');
  if (slash != std::string_view::npos) {
    d.from(who.substr(slash + 1));
    if (who.substr(0, slash) != who.substr(slash + 1)) d.event.source_host = who.substr(0, slash);
  } else {
    d.from(who);
  }
  if (const size_t port = rest.find("ort: "); port != std::string_view::npos) {
    std::string_view number = rest.substr(port + 5);
    d.to_port(take_word(number));
  }
  if (contains(rest, "TCP"))
    d.attribute("protocol", "TCP");
  else if (contains(rest, "UDP"))
    d.attribute("protocol", "UDP");
  return d.is(Action::network_probe);
}

}  // namespace necropsy::syslog
