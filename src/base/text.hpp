// SPDX-License-Identifier: Apache-2.0
// Small text tools. All are byte-wise and locale-free; none allocates unless it returns a std::string.
#pragma once
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/bytes.hpp"

namespace necropsy {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\v' || c == '\f'; }
constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

std::string_view trim(std::string_view text);
std::string to_lower(std::string_view text);
bool equals_ignore_case(std::string_view a, std::string_view b);
bool contains(std::string_view text, std::string_view part);
bool contains_ignore_case(std::string_view text, std::string_view part);
// Removes `prefix` from the front of `text` and says whether it was there.
bool eat(std::string_view& text, std::string_view prefix);
// Text up to `stop`, which is consumed with it; the whole rest when `stop` is not found.
std::string_view take_until(std::string_view& text, std::string_view stop);
// Leading run of non-blanks; blanks before and after it are consumed.
std::string_view take_word(std::string_view& text);
// What stands between `before` and `after`; nothing when either is missing.
std::optional<std::string_view> between(std::string_view text, std::string_view before, std::string_view after);
std::vector<std::string_view> split(std::string_view text, char separator);

// The whole of `text` as a number; nothing when it is not one or does not fit.
template <class T>
std::optional<T> to_number(std::string_view text, int base = 10) {
  T value{};
  std::from_chars_result read{};
  if constexpr (std::is_integral_v<T>) {
    read = std::from_chars(text.data(), text.data() + text.size(), value, base);
  } else {
    read = std::from_chars(text.data(), text.data() + text.size(), value);
  }
  if (read.ec != std::errc{} || read.ptr != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

// `*` within one path component, `**` over components, `?`, `[…]` and `{a,b}`. Case folds ASCII when asked.
bool glob_match(std::string_view pattern, std::string_view path, bool ignore_case = false);

// UTF-16 to UTF-8; unpaired surrogates become U+FFFD. An odd last byte is dropped.
std::string utf16le_to_utf8(Bytes bytes);
bool is_utf8(std::string_view text);
// For columns and people: valid UTF-8 without control characters. Bytes that are not UTF-8 are read as Latin-1 when
// `latin1`, else shown as \xHH; control characters and Unicode direction overrides as \xHH, \uHHHH, \t, \n, \r.
std::string displayable(std::string_view raw, bool latin1 = false);
bool needs_display_escape(std::string_view raw);
// Undoes #ooo octal escapes that rsyslog and sudo put in place of control characters.
std::string undo_octal_escapes(std::string_view text);

// Canonical text of an address (IPv6 compressed, ::ffff:a.b.c.d as IPv4, zone and brackets dropped);
// nothing when it is not an address.
std::optional<std::string> canonical_ip(std::string_view text);
// From network-order bytes: 4 or 16 of them.
std::optional<std::string> ip_from_bytes(Bytes bytes);

}  // namespace necropsy
