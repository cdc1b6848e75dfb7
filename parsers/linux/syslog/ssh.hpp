// SPDX-License-Identifier: Apache-2.0
// Shared by the readers of sshd: who a message speaks of, read from the right end of its text, where the server put it.
#pragma once
#include "linux/syslog/message.hpp"

namespace necropsy::syslog {

struct Peer {
  std::string_view before;  // all in front of it
  std::string_view address, port;
  std::string_view after;
  bool ambiguous = false;  // the line holds more than one; a user name may have brought the others
};

// `ADDR port N` at the front of `text`, which moves behind it.
bool take_address_and_port(std::string_view& text, std::string_view& address, std::string_view& port);
// Where the last ` from ` at or before `before` begins; npos when there is none.
size_t last_from(std::string_view text, size_t before);
// The peer of `… from ADDR port N[ sshV][: detail]`: the right-most one that does not stand directly behind `sshV:`
// (old servers print what the client says of itself there). Without any port, the last ` from ADDR`.
bool find_peer(std::string_view text, Peer& out);
void set_peer(const Peer& peer, EventDraft& draft);
// Takes `invalid user ` in its spellings from the front.
bool eat_invalid(std::string_view& who);
// What follows Accepted, Failed, Postponed or Partial: `METHOD[/SUB] for [invalid user ]USER from ADDR port N ssh2…`.
bool read_attempt(std::string_view verb, std::string_view text, const SyslogMessage& message, EventDraft& draft);
// What follows `PAM: `: a try by keyboard-interactive that PAM refused.
bool read_pam_error(std::string_view text, const SyslogMessage& message, EventDraft& draft);

}  // namespace necropsy::syslog
