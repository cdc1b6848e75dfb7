// SPDX-License-Identifier: Apache-2.0
// Makes login records byte by byte, for tests.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace necropsy::test {

struct UtmpFields {
  int type = 7;
  uint32_t pid = 0;
  std::string line = {}, id = {}, user = {}, host = {};
  uint64_t seconds = 0;
  uint32_t microseconds = 0;
  std::string address = {};  // raw bytes, network order
};

inline void put_number(std::string& out, size_t at, size_t width, uint64_t value, bool big) {
  for (size_t i = 0; i < width; ++i) out[at + i] = static_cast<char>(value >> (8 * (big ? width - 1 - i : i)) & 0xFF);
}

// size 384 or 400 (glibc) or 56 (libc5).
inline std::string utmp_bytes(const UtmpFields& f, size_t size = 384, bool big = false) {
  std::string out(size, '\0');
  const auto text = [&](size_t at, size_t width, std::string_view value) {
    value.copy(out.data() + at, width < value.size() ? width : value.size());
  };
  put_number(out, 0, 2, static_cast<uint64_t>(f.type), big);
  put_number(out, 4, 4, f.pid, big);
  if (size == 56) {
    text(8, 12, f.line);
    text(20, 2, f.id);
    put_number(out, 24, 4, f.seconds, big);
    text(28, 8, f.user);
    text(36, 16, f.host);
    text(52, 4, f.address);
    return out;
  }
  text(8, 32, f.line);
  text(40, 4, f.id);
  text(44, 32, f.user);
  text(76, 256, f.host);
  const size_t time = size == 400 ? 344 : 340;
  const size_t width = size == 400 ? 8 : 4;
  put_number(out, time, width, f.seconds, big);
  put_number(out, time + width, width, f.microseconds, big);
  text(size == 400 ? 360 : 348, 16, f.address);
  return out;
}

}  // namespace necropsy::test
