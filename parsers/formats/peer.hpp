// SPDX-License-Identifier: Apache-2.0
// Who is at the other end of a connection, as service logs print it: an address, a name, or either with a port.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace necropsy {

struct Peer {
  std::string_view ip;    // canonical; points into the text that was read, or into `held`
  std::string_view host;  // when it is a name
  std::optional<uint32_t> port;
  std::string held;

  Peer() = default;
  Peer(const Peer&) = delete;  // `ip` may point into `held`
  Peer& operator=(const Peer&) = delete;
};

// Whether `text` is a dotted quad in its canonical form (no leading zeros).
bool is_plain_ipv4(std::string_view text);

// Reads `1.2.3.4`, `::ffff:1.2.3.4`, `[::1]`, `host.example`, each also with `:port` when `with_port`. An address
// without brackets keeps its last group unless `with_port` and what stands before it is an address of its own.
// Empty text, `-` and fragments of addresses (`::ffff:`) give neither address nor name.
void read_peer(std::string_view text, Peer& out, bool with_port = false);

}  // namespace necropsy
