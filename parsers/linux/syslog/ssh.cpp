// SPDX-License-Identifier: Apache-2.0
// sshd: SSH 1.2 to OpenSSH 10, also sshd-session and sshd-auth.
// Texts: openssh-portable auth.c, auth2*.c, packet.c, sshd*.c.
// A peer chooses the user name, so the address is read from the right end of a line, where the server put it.
#include "linux/syslog/ssh.hpp"
#include "base/text.hpp"

namespace necropsy::syslog {
namespace {

// Arguments: user, target, address, port, method, process, pid (model/event.hpp).
constexpr std::string_view kInvalid = "Invalid user %s%.0s from %s port %s%.0s (%s[%s])";
constexpr std::string_view kConnection = "Connection from%.0s%.0s %s port %s%.0s (%s[%s])";
constexpr std::string_view kClosed = "Connection closed by%.0s%.0s %s port %s%.0s (%s[%s])";
constexpr std::string_view kClosedEarly = "Connection closed before login by%.0s%.0s %s port %s%.0s (%s[%s])";
constexpr std::string_view kClosedEarlyUser = "Connection closed before login as %s%.0s by %s port %s%.0s (%s[%s])";
constexpr std::string_view kReset = "Connection reset by%.0s%.0s %s port %s%.0s (%s[%s])";
constexpr std::string_view kResetEarly = "Connection reset before login by%.0s%.0s %s port %s%.0s (%s[%s])";
constexpr std::string_view kResetEarlyUser = "Connection reset before login as %s%.0s by %s port %s%.0s (%s[%s])";
constexpr std::string_view kGone = "Disconnected from%.0s%.0s %s port %s%.0s (%s[%s])";
constexpr std::string_view kGoneUser = "Disconnected from user %s%.0s at %s port %s%.0s (%s[%s])";
constexpr std::string_view kGoneEarly = "Disconnected before login from%.0s%.0s %s port %s%.0s (%s[%s])";
constexpr std::string_view kGoneEarlyUser = "Disconnected before login as %s%.0s from %s port %s%.0s (%s[%s])";
constexpr std::string_view kByeEarly =
    "Received disconnect from%.0s%.0s %s port %s%.0s: 11: Bye Bye [preauth] (%s[%s])";
constexpr std::string_view kByeUser =
    "Received disconnect from%.0s%.0s %s port %s%.0s: 11: disconnected by user (%s[%s])";

// `[authenticating user |invalid user |user ]U ADDR[ port P]` to the end of `text`.
struct Ending {
  std::string_view user;
  bool has_user = false, invalid = false, logged_in = false;
};
bool read_ending(std::string_view text, EventDraft& d, Ending& out) {
  text = trim(text);
  const size_t port_at = text.rfind(" port ");
  if (port_at != std::string_view::npos && to_number<uint16_t>(text.substr(port_at + 6))) {
    d.from_port(text.substr(port_at + 6));
    text = text.substr(0, port_at);
  }
  const size_t blank = text.rfind(' ');
  d.from(blank == std::string_view::npos ? text : text.substr(blank + 1));
  if (blank == std::string_view::npos) return !text.empty();
  std::string_view who = text.substr(0, blank + 1);  // with the blank: an empty name leaves `invalid user  `
  if (eat(who, "authenticating user ")) {
  } else if (eat(who, "invalid user ")) {
    out.invalid = true;
  } else if (eat(who, "user ")) {
    out.logged_in = true;
  } else if (const size_t at = who.find(" user "); at != std::string_view::npos && at < 24) {
    who.remove_prefix(at + 6);
  } else {
    return false;
  }
  if (who.ends_with(' ')) who.remove_suffix(1);
  out.user = who;
  out.has_user = true;
  d.event.user_name = who;
  if (out.invalid) d.attribute("invalid_user", 1);
  return true;
}

bool read_gone(std::string_view text, bool preauth, std::string_view plain, std::string_view early,
               std::string_view early_user, EventDraft& d) {
  Ending ending;
  if (!read_ending(text, d, ending)) return false;
  if (ending.logged_in && !preauth) {
    d.is(Action::logout);
    d.format_with_peer(kGoneUser);
  } else if (ending.has_user) {
    // Where only keys are allowed this is the sole trace of a try; where passwords are, `Failed …` lines count it.
    d.is(Action::auth_message, Outcome::failure);
    d.format_with_peer(early_user);
  } else if (preauth) {
    d.is(Action::auth_probe);
    d.format_with_peer(early);
  } else {
    d.is(Action::auth_message);
    d.format_with_peer(plain);
  }
  return true;
}

// `ADDR port P:CODE: text` and, before OpenSSH 7, `ADDR: CODE: text`.
bool read_received_disconnect(std::string_view text, bool preauth, EventDraft& d) {
  std::string_view rest = text, address, port;
  if (take_address_and_port(rest, address, port)) {
    d.from_port(port);
  } else {
    address = take_word(rest);
    if (address.ends_with(':')) address.remove_suffix(1);
    rest = text.substr(std::min(address.size(), text.size()));
  }
  d.from(address);
  eat(rest, ":");
  rest = trim(rest);
  const std::string_view code = take_until(rest, ":");
  const std::string_view reason = trim(rest);
  d.is(Action::auth_message);
  if (code == "11" && reason == "Bye Bye" && preauth) {
    d.format_with_peer(kByeEarly);
  } else if (code == "11" && reason == "disconnected by user" && !preauth) {
    d.format_with_peer(kByeUser);
  } else {
    d.number_attribute("disconnect_code", code);
    d.attribute("reason", reason);
  }
  return true;
}

// First `ADDR[ port P]` behind `mark`, up to a blank or colon: for texts that hold nothing of the peer before it.
bool peer_behind(std::string_view text, std::string_view mark, EventDraft& d) {
  const size_t at = text.find(mark);
  if (at == std::string_view::npos) return false;
  std::string_view rest = text.substr(at + mark.size()), address, port;
  if (take_address_and_port(rest, address, port)) {
    d.from_port(port);
  } else {
    address = take_word(rest);
    while (!address.empty() && (address.back() == ':' || address.back() == '.' || address.back() == ','))
      address.remove_suffix(1);
  }
  d.from(address);
  return true;
}

bool probe_from(std::string_view text, std::string_view mark, EventDraft& d) {
  peer_behind(text, mark, d);
  return d.is(Action::auth_probe);
}

bool read_not_allowed(std::string_view text, EventDraft& d) {
  const size_t why = text.rfind(" not allowed because ");
  if (why == std::string_view::npos) return false;
  std::string_view who = text.substr(0, why);
  if (const size_t from = last_from(who, who.size()); from != std::string_view::npos) {
    d.from(who.substr(from + 6));
    who = who.substr(0, from);
  }
  d.event.user_name = who;
  d.attribute("reason", text.substr(why + 21));
  // The server goes on as for an unknown user: its `Failed …` lines count the tries.
  return d.is(Action::auth_message, Outcome::failure);
}

// Gentoo's hpn patches: `SSH: Server;Ltype: Authname;Remote: 127.0.0.1-1780;Name: root`
bool read_semicolons(std::string_view text, EventDraft& d) {
  const std::string_view remote = between(text, "Remote: ", ";").value_or("");
  if (remote.empty()) return false;
  const size_t dash = remote.rfind('-');
  d.from(remote.substr(0, dash));
  if (dash != std::string_view::npos) d.from_port(remote.substr(dash + 1));
  if (contains(text, "Ltype: Authname")) {
    const size_t name = text.find("Name: ", text.find("Remote: "));
    if (name != std::string_view::npos) d.event.user_name = text.substr(name + 6);
    return d.is(Action::auth_message);
  }
  return d.is(Action::network_connection);
}

bool read_disconnecting(std::string_view text, EventDraft& d) {
  // `Disconnecting[ authenticating user U| invalid user U] A port P: reason`; old: `Disconnecting: reason[ for U]`.
  const bool failed = contains(text, "Too many authentication failures") || contains(text, "Change of username");
  d.is(Action::auth_message, failed ? Outcome::failure : Outcome::none);
  if (eat(text, ": ")) {
    if (const auto at = text.find("failures for "); at != std::string_view::npos)
      d.event.user_name = text.substr(at + 13);
    d.attribute("reason", text.substr(0, text.find(" for ")));
    return true;
  }
  eat(text, " ");
  for (std::string_view reason :
       {": Too many authentication failures", ": Change of username or service not allowed"}) {
    const size_t at = text.find(reason);
    if (at == std::string_view::npos) continue;
    Ending ending;
    d.attribute("reason", text.substr(at + 2));
    read_ending(text.substr(0, at), d, ending);
    return true;
  }
  return true;
}

}  // namespace

bool read_sshd(const SyslogMessage& m, EventDraft& d) {
  std::string_view t = m.text;
  d.event.service_name = "sshd";
  bool preauth = false;
  if (t.ends_with(']')) {
    preauth = t.ends_with(" [preauth]");
    if (preauth) t.remove_suffix(10);
    if (t.ends_with(" [postauth]")) t.remove_suffix(11);
  }
  if (eat(t, "error: ") || eat(t, "fatal: ") || eat(t, "log: ")) {
  }
  t = trim(t);
  if (t.empty()) return false;
  switch (t.front()) {
    case 'F':
      if (eat(t, "Failed ")) return read_attempt("Failed", t, m, d);
      if (eat(t, "Found matching ")) {  // `Found matching RSA key: FP`
        d.attribute("key_type", take_word(t));
        if (eat(t, "key: ")) d.attribute("key_fingerprint", take_word(t));
        return d.is(Action::auth_message);
      }
      break;
    case 'A':
      if (eat(t, "Accepted ")) {
        if (eat(t, "key ")) {  // `Accepted key TYPE FP found at FILE:LINE`
          d.attribute("key_type", take_word(t));
          d.attribute("key_fingerprint", take_word(t));
          if (eat(t, "found at ")) {
            d.event.file_path = t.substr(0, t.rfind(':'));
            if (const size_t colon = t.rfind(':'); colon != std::string_view::npos)
              d.number_attribute("file_line", t.substr(colon + 1));
          }
          return d.is(Action::auth_message);
        }
        if (t.starts_with("certificate ")) {
          d.attribute("certificate_id", between(t, "ID \"", "\"").value_or(""));
          d.attribute("certificate_authority", between(t, "signed by ", " via ").value_or(""));
          if (const size_t via = t.rfind(" via "); via != std::string_view::npos) d.event.file_path = t.substr(via + 5);
          return d.is(Action::auth_message);
        }
        return read_attempt("Accepted", t, m, d);
      }
      if (eat(t, "Address ")) {  // `Address A maps to H, but this does not map back …`
        d.from(take_word(t));
        if (eat(t, "maps to ")) d.attribute("claimed_host", t.substr(0, t.find(',')));
        return d.is(Action::auth_message);
      }
      if (t.starts_with("Authentication refused: ")) {  // bad ownership or modes for file PATH
        if (const size_t on = t.find(" for "); on != std::string_view::npos) {
          std::string_view path = t.substr(on + 5);
          if (!eat(path, "file ")) eat(path, "directory ");
          d.event.file_path = path;
        }
        return d.is(Action::auth_message, Outcome::failure);
      }
      break;
    case 'C':
      if (eat(t, "Connection from ")) {
        std::string_view address, port;
        if (take_address_and_port(t, address, port)) {
          d.from_port(port);
        } else {
          address = take_word(t);
        }
        d.from(address);
        t = trim(t);
        if (contains(t, "timed out")) return d.is(Action::auth_probe);
        if (eat(t, "on ") && take_address_and_port(t, address, port)) {
          d.to(address);
          d.to_port(port);
        }
        d.is(Action::network_connection);
        d.format_with_peer(kConnection);
        return true;
      }
      if (eat(t, "Connection closed by ")) return read_gone(t, preauth, kClosed, kClosedEarly, kClosedEarlyUser, d);
      if (eat(t, "Connection reset by ")) return read_gone(t, preauth, kReset, kResetEarly, kResetEarlyUser, d);
      if (eat(t, "Close session: user ")) {  // `U from A port P id N`
        Peer peer;
        if (!find_peer(t, peer)) return false;
        d.event.user_name = peer.before;
        set_peer(peer, d);
        return d.is(Action::session_message);
      }
      if (eat(t, "Closing connection to ")) {  // SSH 1.2, and OpenSSH with the port
        peer_behind(m.text, "Closing connection to ", d);
        return d.is(Action::auth_message);
      }
      if (t.starts_with("Corrupted check bytes")) return d.is(Action::auth_probe);
      break;
    case 'D':
      if (eat(t, "Disconnected from ")) return read_gone(t, preauth, kGone, kGoneEarly, kGoneEarlyUser, d);
      if (t.starts_with("Did not receive identification string")) return probe_from(t, " from ", d);
      if (eat(t, "Disconnecting")) return read_disconnecting(t, d);
      break;
    case 'I':
      if (eat(t, "Invalid user ") || eat(t, "Illegal user ")) {
        Peer peer;
        // The name may be empty: `Invalid user  from A`.
        if (!find_peer(t, peer)) return false;
        d.event.user_name = peer.before;
        set_peer(peer, d);
        d.attribute("invalid_user", 1);
        d.is(Action::invalid_user, Outcome::failure);
        d.format_with_peer(kInvalid);
        return true;
      }
      break;
    case 'P':
      if (eat(t, "Postponed ")) return read_attempt("Postponed", t, m, d);
      if (eat(t, "Partial ")) return read_attempt("Partial", t, m, d);
      if (eat(t, "PAM: ")) return read_pam_error(t, m, d);
      if (t.starts_with("PAM service(sshd) ignoring max retries")) return d.is(Action::auth_message, Outcome::failure);
      if (t.starts_with("Protocol major versions differ")) return probe_from(t, " for ", d);
      // SSH 1.2: `Password authentication for root accepted.`
      if (t.starts_with("Password authentication for ") && t.ends_with(" accepted.")) {
        d.event.user_name = t.substr(28, t.size() - 28 - 10);
        d.event.auth_method = "password";
        return d.is(Action::login, Outcome::success);
      }
      break;
    case 'R':
      if (eat(t, "Received disconnect from ")) return read_received_disconnect(t, preauth, d);
      if (t.starts_with("Received signal ") && contains(t, "terminating")) return d.is(Action::service_stopped);
      if (t.starts_with("Received SIGHUP")) return d.is(Action::service_started);
      if (t.starts_with("ROOT LOGIN REFUSED FROM ")) {
        // `Failed …` follows for the same try.
        peer_behind(t, " FROM ", d);
        d.event.user_name = "root";
        return d.is(Action::auth_message, Outcome::failure);
      }
      if (t.starts_with("Root login accepted for forced command")) {
        d.event.user_name = "root";
        return d.is(Action::auth_message);
      }
      if (t.starts_with("RSA authentication for ") && t.ends_with(" accepted.")) {
        d.event.user_name = t.substr(23, t.size() - 23 - 10);
        d.event.auth_method = "rsa";
        return d.is(Action::login, Outcome::success);
      }
      if (t.starts_with("ROOT LOGIN as ")) {  // SSH 1.2 says it beside the accepted authentication
        d.event.user_name = unquoted(between(t, "as ", " from").value_or("root"));
        peer_behind(t, " from ", d);
        return d.is(Action::auth_message);
      }
      break;
    case 'S':
      if (t.starts_with("Server listening on ")) {
        std::string_view rest = t.substr(20), address, port;
        if (take_address_and_port(rest, address, port) || !(address = take_word(rest)).empty()) {
          if (port.empty() && contains(t, " port ")) port = t.substr(t.rfind(' ') + 1);
          while (port.ends_with('.')) port.remove_suffix(1);
          d.attribute("listen_address", address);
          d.number_attribute("listen_port", port);
        }
        return d.is(Action::service_started);
      }
      if (eat(t, "Starting session: ")) {  // `KIND[ on TTY] for U from A port P id N`
        Peer peer;
        if (!find_peer(t, peer)) return false;
        const size_t on = peer.before.rfind(" for ");
        if (on == std::string_view::npos) return false;
        d.event.user_name = peer.before.substr(on + 5);
        set_peer(peer, d);
        std::string_view what = peer.before.substr(0, on);
        if (const size_t tty = what.rfind(" on "); tty != std::string_view::npos) {
          d.attribute("tty", what.substr(tty + 4));
          what = what.substr(0, tty);
        }
        d.attribute("session_kind", what);
        return d.is(Action::session_message);
      }
      if (t.starts_with("SSH: Server;")) return read_semicolons(t, d);
      break;
    case 'U':
      if (eat(t, "User child is on pid ")) {
        d.number_attribute("child_pid", t);
        return d.is(Action::session_message);
      }
      if (eat(t, "User ")) return read_not_allowed(t, d);
      if (t.starts_with("Unable to negotiate")) return probe_from(t, " with ", d);
      break;
    case 'B':
      // `… identification 'client text' from A port P`: the last ` from `.
      if (t.starts_with("Bad protocol version identification")) {
        Peer peer;
        if (find_peer(t, peer)) {
          d.from(peer.address);
          d.from_port(peer.port);
        }
        return d.is(Action::auth_probe);
      }
      if (t.starts_with("Bad packet length")) return d.is(Action::auth_probe);
      break;
    case 'E':
      if (t.starts_with("Exiting on signal ")) return d.is(Action::service_stopped);
      break;
    case 'L':
      if (t.starts_with("Local: crc32 compensation attack")) {
        d.attribute("attack", "crc32 compensation");
        return d.is(Action::auth_probe);
      }
      break;
    case 'M':
      if (t.starts_with("Magic value check failed")) return probe_from(t, " from ", d);
      break;
    case 'N':
      if (t.starts_with("Nasty PTR record")) return d.is(Action::auth_message);
      break;
    case 'T':
      // `… for A port P`; since 9.8 `… for connection from A to LA, pid = N`
      if (eat(t, "Timeout before authentication for ")) {
        if (eat(t, "connection from ")) {
          d.from(take_word(t));
          if (eat(t, "to ")) d.to(t.substr(0, t.find(',')));
          return d.is(Action::auth_probe);
        }
        return probe_from(m.text, " for ", d);
      }
      break;
    case 'b':
      if (t.starts_with("banner exchange: ")) return probe_from(t, "Connection from ", d);
      break;
    case 'c':
      if (t.starts_with("connect from ")) return read_tcp_wrappers(m, d);
      break;
    case 'd':
      // `drop connection #10 from [A]:P on [L]:22 past MaxStartups`
      if (t.starts_with("drop connection ")) {
        if (const auto peer = between(t, " from [", " on ")) {
          d.from(peer->substr(0, peer->find(']')));
          if (const size_t colon = peer->rfind("]:"); colon != std::string_view::npos)
            d.from_port(peer->substr(colon + 2));
        }
        return d.is(Action::network_blocked);
      }
      break;
    case 'i':
      if (eat(t, "input_userauth_request: ")) {  // says again what `Invalid user` said
        const bool invalid = eat_invalid(t);
        if (invalid) {
          d.event.user_name = t;
          d.attribute("invalid_user", 1);
        }
        return d.is(Action::auth_message, invalid ? Outcome::failure : Outcome::none);
      }
      break;
    case 'k':
      if (t.starts_with("kex_exchange_identification: ") || t.starts_with("kex_protocol_error"))
        return d.is(Action::auth_probe);
      break;
    case 'm':
      if (eat(t, "maximum authentication attempts exceeded for ")) {
        const bool invalid = eat_invalid(t);
        Peer peer;
        if (!find_peer(t, peer)) return false;
        d.event.user_name = peer.before;
        set_peer(peer, d);
        if (invalid) d.attribute("invalid_user", 1);
        d.attribute("reason", "maximum authentication attempts exceeded");
        return d.is(Action::auth_message, Outcome::failure);
      }
      break;
    case 'n':
      if (t.starts_with("no matching ")) return d.is(Action::auth_probe);
      break;
    case 'r':
      if (t.starts_with("refused connect from ")) return read_tcp_wrappers(m, d);
      if (t.starts_with("reverse mapping checking ")) {  // `… getaddrinfo for H [A] failed`
        if (const auto name = between(t, " for ", " [")) {
          d.attribute("claimed_host", *name);
          d.from(between(t, " [", "]").value_or(""));
        }
        return d.is(Action::auth_message);
      }
      break;
    case 's':
      if (t.starts_with("scanned from ")) return probe_from(t, " from ", d);
      if (t.starts_with("ssh_dispatch_run_fatal: ")) return probe_from(t, "Connection from ", d);
      if (t.starts_with("srclimit_penalise: ")) {  // `A/32: activating penalty of N seconds for REASON`
        std::string_view rest = t.substr(19);
        std::string_view address = take_word(rest);
        if (eat(address, "ipv4: ")) {
        }
        if (address.ends_with(':')) address.remove_suffix(1);
        d.from(address.substr(0, address.find('/')));
        return d.is(Action::network_blocked);
      }
      if (eat(t, "subsystem request for ")) {  // `sftp by user U`
        d.attribute("subsystem", t.substr(0, t.find(' ')));
        if (const size_t by = t.find(" by user "); by != std::string_view::npos) d.event.user_name = t.substr(by + 9);
        return d.is(Action::session_message);
      }
      break;
    default:
      break;
  }
  if (t.starts_with("Access denied for user ")) {  // `U by PAM account configuration`: the password was right
    const size_t by = t.rfind(" by PAM account configuration");
    if (by == std::string_view::npos) return false;
    d.event.user_name = t.substr(23, by - 23);
    d.attribute("reason", "PAM account configuration");
    return d.is(Action::login, Outcome::failure);
  }
  if (const size_t at = m.text.find("Authentication tried for "); at != std::string_view::npos && at < 300) {
    // `U with correct key but not from a permitted host (host=H, ip=A)`
    std::string_view rest = m.text.substr(at + 25);
    const size_t with = rest.rfind(" with correct key but not from a permitted host");
    if (with == std::string_view::npos) return false;
    d.event.user_name = rest.substr(0, with);
    std::string_view where = rest.substr(with);
    d.from(between(where, "ip=", ")").value_or(""));
    const auto host = between(where, "host=", ",");
    if (host && d.event.source_ip != *host) d.attribute("claimed_host", *host);
    d.event.auth_method = "publickey";
    return d.is(Action::login, Outcome::failure);
  }
  return false;
}

}  // namespace necropsy::syslog
