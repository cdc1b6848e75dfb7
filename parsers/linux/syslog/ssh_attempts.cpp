// SPDX-License-Identifier: Apache-2.0
// Attempts to log in over SSH, and the peers behind them. A peer chooses the user name, so nothing is read from the
// left of what the server wrote.
#include <algorithm>

#include "base/text.hpp"
#include "linux/syslog/ssh.hpp"

namespace necropsy::syslog {
namespace {

// Arguments: user, target, address, port, method, process, pid (model/event.hpp).
constexpr std::string_view kAccepted = "Accepted login of %s%.0s from %s port %s by %s (%s[%s])";
constexpr std::string_view kFailed = "Failed login of %s%.0s from %s port %s by %s (%s[%s])";
constexpr std::string_view kFailedInvalid = "Failed login of invalid user %s%.0s from %s port %s by %s (%s[%s])";
constexpr std::string_view kFailedNone = "Asked for login methods of %s%.0s from %s port %s%.0s (%s[%s])";

bool follows_version(std::string_view before) {
  return before.size() >= 5 && before.ends_with(':') && before.substr(before.size() - 5, 3) == "ssh" &&
         is_digit(before[before.size() - 2]);
}

// `RSA SHA256:…`, `RSA aa:bb:…`, `ED25519-CERT SHA256:… ID name (serial 5) CA RSA SHA256:…`,
// `…, client user "x", client host "y"`.
void read_key(std::string_view detail, EventDraft& d) {
  std::string_view rest = detail;
  const std::string_view type = take_word(rest);
  std::string_view print = take_word(rest);
  if (print.ends_with(',')) print.remove_suffix(1);
  if (type.empty() || print.find(':') == std::string_view::npos) return;
  d.attribute("key_type", type);
  d.attribute("key_fingerprint", print);
  if (const auto id = between(detail, " ID ", " (serial ")) {
    d.attribute("certificate_id", *id);
    d.number_attribute("certificate_serial", between(detail, " (serial ", ")").value_or(""));
    if (const size_t ca = detail.rfind(" CA "); ca != std::string_view::npos)
      d.attribute("certificate_authority", trim(detail.substr(ca + 4)));
  }
  if (const auto user = between(detail, "client user \"", "\"")) d.attribute("client_user", *user);
  if (const auto host = between(detail, "client host \"", "\"")) d.attribute("client_host", *host);
}

}  // namespace

bool take_address_and_port(std::string_view& text, std::string_view& address, std::string_view& port) {
  std::string_view rest = text;
  const size_t blank = rest.find(' ');
  if (blank == 0 || blank == std::string_view::npos) return false;
  address = rest.substr(0, blank);
  rest.remove_prefix(blank);
  while (rest.starts_with(' ')) rest.remove_prefix(1);
  if (!eat(rest, "port ")) return false;
  size_t end = 0;
  while (end < rest.size() && end < 6 && is_digit(rest[end])) ++end;
  if (end == 0 || (end < rest.size() && rest[end] != ' ' && rest[end] != ':' && rest[end] != ',')) return false;
  port = rest.substr(0, end);
  text = rest.substr(end);
  return true;
}

size_t last_from(std::string_view text, size_t before) {
  constexpr std::string_view kFrom = " from ";
  if (text.size() < kFrom.size()) return std::string_view::npos;
  for (size_t i = std::min(before, text.size() - kFrom.size()) + 1; i-- > 0;)
    if (text[i] == ' ' && text[i + 1] == 'f' && text.compare(i, kFrom.size(), kFrom) == 0) return i;
  return std::string_view::npos;
}

bool find_peer(std::string_view text, Peer& out) {
  constexpr int kMost = 32;  // a line of nothing but ` from ` costs no more than this
  int found = 0;
  Peer shadowed;
  bool has_shadowed = false;
  size_t at = text.size();
  for (int tries = 0; tries < kMost; ++tries) {
    at = last_from(text, at);
    if (at == std::string_view::npos) break;
    Peer peer;
    peer.after = text.substr(at + 6);
    if (take_address_and_port(peer.after, peer.address, peer.port)) {
      peer.before = text.substr(0, at);
      const bool behind_version = follows_version(peer.before);
      if (behind_version && !has_shadowed) {
        shadowed = peer;
        has_shadowed = true;
      } else if (!behind_version && found == 0) {
        out = peer;
        ++found;
      } else {
        ++found;
      }
    }
    if (at == 0) break;
    --at;
  }
  if (found > 0) {
    out.ambiguous = found > 1 || has_shadowed;
    return true;
  }
  if (has_shadowed) {
    out = shadowed;
    return true;
  }
  at = last_from(text, text.size());
  if (at == std::string_view::npos) return false;
  out.before = text.substr(0, at);
  out.after = text.substr(at + 6);
  const size_t end = std::min(out.after.find(' '), out.after.size());
  out.address = out.after.substr(0, end);
  out.port = {};
  out.after.remove_prefix(end);
  return !out.address.empty();
}

void set_peer(const Peer& peer, EventDraft& d) {
  std::string_view address = peer.address;
  d.from(address);
  d.from_port(peer.port);
  if (peer.ambiguous) d.attribute("address_ambiguous", 1);
}

bool eat_invalid(std::string_view& who) {
  return eat(who, "invalid user ") || eat(who, "illegal user ") || eat(who, "ILLEGAL USER ");
}

bool read_attempt(std::string_view verb, std::string_view text, const SyslogMessage& m, EventDraft& d) {
  const size_t on = text.find(" for ");
  if (on == std::string_view::npos || on > 40) return false;
  std::string_view method = text.substr(0, on), sub;
  if (const size_t slash = method.find('/'); slash != std::string_view::npos) {
    sub = method.substr(slash + 1);
    method = method.substr(0, slash);
  }
  if (method.find(' ') != std::string_view::npos || method.empty()) return false;
  std::string_view who = text.substr(on + 5);
  bool invalid = eat_invalid(who);
  // Text of the client itself stands behind this mark.
  std::string_view searched = who;
  if (method == "hostbased") searched = who.substr(0, who.find(", client user \""));
  Peer peer;
  if (!find_peer(searched, peer)) return false;
  if (method == "hostbased") peer.after = who.substr(static_cast<size_t>(peer.after.data() - who.data()));
  std::string_view user = peer.before;
  if (user == "<invalid username>") {  // Solaris keeps the name to itself
    user = {};
    invalid = true;
  }
  d.event.user_name = user;
  d.event.auth_method = method;
  set_peer(peer, d);
  d.attribute("submethod", sub);
  if (invalid) d.attribute("invalid_user", 1);
  std::string_view rest = trim(peer.after);
  if (rest.starts_with("ssh1")) d.attribute("protocol", "ssh1");
  if (rest.starts_with("ssh1:") || rest.starts_with("ssh2:")) read_key(trim(rest.substr(5)), d);
  if (verb == "Accepted") {
    d.is(Action::login, Outcome::success);
    d.format_with_peer(kAccepted);
    return true;
  }
  if (verb == "Partial") return d.is(Action::auth_message, Outcome::success);
  if (verb == "Postponed") return d.is(Action::auth_message);
  if (method == "none") {
    // Each client begins with `none` to ask which methods there are: nothing was guessed.
    d.is(Action::auth_probe);
    d.format_with_peer(kFailedNone);
    return true;
  }
  // At LogLevel VERBOSE each key that a client offers is `Failed publickey`, also before a good login.
  if (method == "publickey") return d.is(Action::auth_message, Outcome::failure);
  // `error: PAM: …` was read before for the same attempt.
  if (method == "keyboard-interactive" && m.recent && m.recent->take(m.pid))
    return d.is(Action::auth_message, Outcome::failure);
  d.is(Action::login, Outcome::failure);
  d.format_with_peer(invalid ? kFailedInvalid : kFailed);
  return true;
}

// `PAM: <error of pam_strerror> for [illegal user ]U from A[ via B]` (auth-pam.c). The server logs it for each try by
// keyboard-interactive; the `Failed keyboard-interactive/pam` of the same try comes only from half of MaxAuthTries on,
// so this line is the one that counts.
bool read_pam_error(std::string_view text, const SyslogMessage& m, EventDraft& d) {
  const size_t on = text.find(" for ");
  if (on == std::string_view::npos) return false;
  std::string_view who = trim(text.substr(on + 5));
  const size_t from = last_from(who, who.size());
  if (from == std::string_view::npos) return false;
  std::string_view origin = who.substr(from + 6);
  who = who.substr(0, from);
  const bool invalid = eat_invalid(who);
  d.event.user_name = who;
  d.from(take_word(origin));
  if (eat(origin, "via ")) d.to(take_word(origin));
  d.event.auth_method = "keyboard-interactive";
  d.attribute("submethod", "pam");
  d.attribute("reason", text.substr(0, on));
  if (invalid) d.attribute("invalid_user", 1);
  if (m.recent) m.recent->mark(m.pid);
  return d.is(Action::login, Outcome::failure);
}

}  // namespace necropsy::syslog
