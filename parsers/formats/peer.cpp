// SPDX-License-Identifier: Apache-2.0
#include "formats/peer.hpp"

#include "base/text.hpp"

namespace necropsy {
namespace {

bool set_address(std::string_view text, Peer& out) {
  if (is_plain_ipv4(text)) {
    out.ip = text;
    return true;
  }
  auto canonical = canonical_ip(text);
  if (!canonical) return false;
  out.held = std::move(*canonical);
  out.ip = out.held;
  return true;
}

// Letters, digits and what else names of hosts are made of. Something of hexadecimal digits and colons that is no
// address is a damaged address, not a name.
bool is_name(std::string_view text) {
  if (text.empty() || text.size() > 255) return false;
  bool letter = false;
  for (char c : text) {
    const unsigned char u = static_cast<unsigned char>(c);
    if (u <= ' ' || u == 0x7F || c == '"' || c == '\'' || c == ':' || c == '/' || c == '[' || c == ']') return false;
    letter |= lower(c) >= 'a' && lower(c) <= 'z';
    letter |= u >= 0x80 || c == '_';
  }
  return letter;
}

}  // namespace

bool is_plain_ipv4(std::string_view text) {
  if (text.size() < 7 || text.size() > 15) return false;
  int parts = 0, value = 0, digits = 0;
  for (char c : text) {
    if (is_digit(c)) {
      if (digits > 0 && value == 0) return false;
      value = value * 10 + (c - '0');
      if (++digits > 3 || value > 255) return false;
    } else if (c == '.' && digits > 0) {
      ++parts;
      value = digits = 0;
    } else {
      return false;
    }
  }
  return parts == 3 && digits > 0;
}

void read_peer(std::string_view text, Peer& out, bool with_port) {
  out.ip = out.host = {};
  out.port.reset();
  if (text.empty() || text == "-") return;
  if (is_plain_ipv4(text)) {
    out.ip = text;
    return;
  }
  if (with_port) {
    if (const size_t colon = text.rfind(':'); colon != std::string_view::npos && colon > 0) {
      const auto port = to_number<uint32_t>(text.substr(colon + 1));
      const std::string_view before = text.substr(0, colon);
      if (port && *port <= 65535 && (set_address(before, out) || is_name(before))) {
        if (out.ip.empty()) out.host = before;
        out.port = port;
        return;
      }
    }
  }
  if (set_address(text, out)) return;
  if (is_name(text)) out.host = text;
}

}  // namespace necropsy
