// SPDX-License-Identifier: Apache-2.0
// What the messages of the error log of MySQL and MariaDB mean.
#pragma once
#include <array>
#include <optional>
#include <string_view>

#include "formats/peer.hpp"
#include "model/event.hpp"

namespace necropsy::mysql_error {

// An event in the making, with its attributes.
struct Draft {
  Event event;
  Peer peer;
  std::array<Attribute, 16> attributes{};
  size_t count = 0;
  void add(std::string_view key, std::string_view text) {
    if (!text.empty() && count < attributes.size()) attributes[count++] = {key, text};
  }
  void add(std::string_view key, int64_t number) {
    if (count < attributes.size()) attributes[count++] = {key, {}, number};
  }
  void from(std::string_view text) {
    read_peer(text, peer, true);
    event.source_ip = peer.ip;
    event.source_host = peer.host;
    event.source_port = peer.port;
  }
};

struct Prefix {
  std::string_view thread, level, code, subsystem;
};
// `[thread ][[level] ][[MY-nnnnnn] ][[subsystem] ]text`; `text` is left at the text.
Prefix read_prefix(std::string_view& text);

// The signal in a text that reports a crash: `mysqld got signal 11 ;`, `mysqld got exception 0xc0000005 ;`.
std::optional<std::string_view> crash_signal(std::string_view text);

// Sets action and outcome and what the text names; `more` is what unstamped lines add to it.
void read_text(std::string_view text, std::string_view more, const Prefix& prefix, Draft& draft);

}  // namespace necropsy::mysql_error
