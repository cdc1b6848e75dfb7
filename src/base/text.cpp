// SPDX-License-Identifier: Apache-2.0
#include "base/text.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <array>

#include "base/bytes.hpp"

namespace necropsy {

std::string to_hex(Bytes bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (std::byte b : bytes) {
    out += kDigits[static_cast<unsigned>(b) >> 4];
    out += kDigits[static_cast<unsigned>(b) & 15];
  }
  return out;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

std::string to_lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = lower(c);
  return out;
}

bool equals_ignore_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i)
    if (lower(a[i]) != lower(b[i])) return false;
  return true;
}

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

bool contains_ignore_case(std::string_view text, std::string_view part) {
  if (part.size() > text.size()) return false;
  for (size_t i = 0; i + part.size() <= text.size(); ++i)
    if (equals_ignore_case(text.substr(i, part.size()), part)) return true;
  return false;
}

bool eat(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

std::string_view take_until(std::string_view& text, std::string_view stop) {
  const size_t at = text.find(stop);
  std::string_view head = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + stop.size());
  return head;
}

std::string_view take_word(std::string_view& text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  size_t end = 0;
  while (end < text.size() && !is_space(text[end])) ++end;
  std::string_view word = text.substr(0, end);
  text.remove_prefix(end);
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  return word;
}

std::optional<std::string_view> between(std::string_view text, std::string_view before, std::string_view after) {
  const size_t start = text.find(before);
  if (start == std::string_view::npos) return std::nullopt;
  text.remove_prefix(start + before.size());
  const size_t end = text.find(after);
  if (end == std::string_view::npos) return std::nullopt;
  return text.substr(0, end);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const size_t at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

namespace {

// One alternative at a time; `steps` bounds what nested stars can cost.
bool glob_here(std::string_view pattern, std::string_view path, bool fold, int& steps) {
  while (!pattern.empty()) {
    if (--steps < 0) return false;
    const char p = pattern.front();
    if (p == '*') {
      const bool deep = pattern.starts_with("**");
      pattern.remove_prefix(deep ? 2 : 1);
      if (deep && pattern.starts_with('/') && glob_here(pattern.substr(1), path, fold, steps)) return true;
      for (size_t i = 0; i <= path.size(); ++i) {
        if (glob_here(pattern, path.substr(i), fold, steps)) return true;
        if (i < path.size() && path[i] == '/' && !deep) return false;
        if (steps < 0) return false;
      }
      return false;
    }
    if (p == '{') {
      const size_t end = pattern.find('}');
      if (end == std::string_view::npos) return false;
      const std::string_view rest = pattern.substr(end + 1);
      for (std::string_view choice : split(pattern.substr(1, end - 1), ',')) {
        std::string joined(choice);
        joined += rest;
        if (glob_here(joined, path, fold, steps)) return true;
      }
      return false;
    }
    if (path.empty()) return false;
    const char c = fold ? lower(path.front()) : path.front();
    if (p == '?') {
      if (c == '/') return false;
    } else if (p == '[') {
      const size_t end = pattern.find(']', 2);
      if (end == std::string_view::npos) return false;
      std::string_view set = pattern.substr(1, end - 1);
      const bool negated = set.starts_with('!') || set.starts_with('^');
      if (negated) set.remove_prefix(1);
      bool hit = false;
      for (size_t i = 0; i < set.size(); ++i) {
        const char low = fold ? lower(set[i]) : set[i];
        if (i + 2 < set.size() && set[i + 1] == '-') {
          hit |= c >= low && c <= (fold ? lower(set[i + 2]) : set[i + 2]);
          i += 2;
        } else {
          hit |= c == low;
        }
      }
      if (hit == negated || c == '/') return false;
      pattern.remove_prefix(end);
    } else if ((fold ? lower(p) : p) != c) {
      return false;
    }
    pattern.remove_prefix(1);
    path.remove_prefix(1);
  }
  return path.empty();
}

void append_code_point(std::string& out, uint32_t c) {
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xC0 | (c >> 6));
    out += static_cast<char>(0x80 | (c & 63));
  } else if (c < 0x10000) {
    out += static_cast<char>(0xE0 | (c >> 12));
    out += static_cast<char>(0x80 | ((c >> 6) & 63));
    out += static_cast<char>(0x80 | (c & 63));
  } else {
    out += static_cast<char>(0xF0 | (c >> 18));
    out += static_cast<char>(0x80 | ((c >> 12) & 63));
    out += static_cast<char>(0x80 | ((c >> 6) & 63));
    out += static_cast<char>(0x80 | (c & 63));
  }
}

// Length of the valid UTF-8 sequence at the front of `text` and its code point; 0 when there is none (RFC 3629).
size_t utf8_at(std::string_view text, uint32_t& code) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char a = byte(0);
  if (a < 0x80) {
    code = a;
    return 1;
  }
  const size_t length = a >= 0xC2 && a <= 0xDF ? 2 : a >= 0xE0 && a <= 0xEF ? 3 : a >= 0xF0 && a <= 0xF4 ? 4 : 0;
  if (length == 0 || text.size() < length) return 0;
  code = a & (0xFF >> (length + 1));
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
    code = (code << 6) | (byte(i) & 63);
  }
  if ((length == 3 && code < 0x800) || (length == 4 && (code < 0x10000 || code > 0x10FFFF))) return 0;
  if (code >= 0xD800 && code <= 0xDFFF) return 0;
  return length;
}

// Control characters, and those that change how the text around them is shown.
bool is_hidden(uint32_t c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0) || (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) ||
         c == 0x2028 || c == 0x2029 || c == 0x200E || c == 0x200F || c == 0xFEFF;
}

}  // namespace

bool glob_match(std::string_view pattern, std::string_view path, bool ignore_case) {
  int steps = 100'000;
  return glob_here(pattern, path, ignore_case, steps);
}

std::string utf16le_to_utf8(Bytes bytes) {
  std::string out;
  out.reserve(bytes.size() / 2);
  const auto unit = [&](size_t i) {
    return static_cast<uint32_t>(bytes[i]) | (static_cast<uint32_t>(bytes[i + 1]) << 8);
  };
  for (size_t i = 0; i + 1 < bytes.size(); i += 2) {
    uint32_t c = unit(i);
    if (c >= 0xD800 && c <= 0xDBFF && i + 3 < bytes.size()) {
      const uint32_t d = unit(i + 2);
      if (d >= 0xDC00 && d <= 0xDFFF) {
        c = 0x10000 + ((c - 0xD800) << 10) + (d - 0xDC00);
        i += 2;
      }
    }
    append_code_point(out, c >= 0xD800 && c <= 0xDFFF ? 0xFFFD : c);
  }
  return out;
}

bool is_utf8(std::string_view text) {
  uint32_t code;
  while (!text.empty()) {
    const size_t n = utf8_at(text, code);
    if (n == 0) return false;
    text.remove_prefix(n);
  }
  return true;
}

bool needs_display_escape(std::string_view raw) {
  for (unsigned char c : raw)
    if (c < 0x20 || c >= 0x7F) return true;
  return false;
}

std::string displayable(std::string_view raw, bool latin1) {
  if (!needs_display_escape(raw)) return std::string(raw);
  std::string out;
  out.reserve(raw.size() + 16);
  const bool as_latin1 = latin1 && !is_utf8(raw);
  const auto hex = [&](std::string_view prefix, uint32_t value, int digits) {
    out += prefix;
    for (int shift = (digits - 1) * 4; shift >= 0; shift -= 4) out += "0123456789abcdef"[(value >> shift) & 15];
  };
  while (!raw.empty()) {
    uint32_t code = static_cast<unsigned char>(raw.front());
    size_t n = as_latin1 ? 1 : utf8_at(raw, code);
    if (n == 0) {
      hex("\\x", static_cast<unsigned char>(raw.front()), 2);
      n = 1;
    } else if (!is_hidden(code)) {
      append_code_point(out, code);
    } else if (code == '\t') {
      out += "\\t";
    } else if (code == '\n') {
      out += "\\n";
    } else if (code == '\r') {
      out += "\\r";
    } else if (code < 0x100) {
      hex("\\x", code, 2);
    } else {
      hex("\\u", code, 4);
    }
    raw.remove_prefix(n);
  }
  return out;
}

std::string undo_octal_escapes(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    const auto octal = [&](size_t k) { return i + k < text.size() && text[i + k] >= '0' && text[i + k] <= '7'; };
    if (text[i] == '#' && octal(1) && octal(2) && octal(3)) {
      const int value = (text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0');
      if (value < 256) {
        out += static_cast<char>(value);
        i += 3;
        continue;
      }
    }
    out += text[i];
  }
  return out;
}

std::optional<std::string> ip_from_bytes(Bytes bytes) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (bytes.size() == 4) {
    if (!inet_ntop(AF_INET, bytes.data(), text.data(), text.size())) return std::nullopt;
    return std::string(text.data());
  }
  if (bytes.size() != 16) return std::nullopt;
  static constexpr unsigned char kMapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  if (std::memcmp(bytes.data(), kMapped, sizeof kMapped) == 0) return ip_from_bytes(bytes.subspan(12));
  if (!inet_ntop(AF_INET6, bytes.data(), text.data(), text.size())) return std::nullopt;
  return std::string(text.data());
}

std::optional<std::string> canonical_ip(std::string_view text) {
  if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
  if (text.size() < 2 || text.size() > 64) return std::nullopt;
  std::array<char, 72> terminated{};
  if (!contains(text, ":")) {
    // inet_pton takes no leading zeros and no short forms: what it refuses is a name.
    text.copy(terminated.data(), text.size());
    in_addr v4;
    if (inet_pton(AF_INET, terminated.data(), &v4) != 1) return std::nullopt;
    return std::string(text);
  }
  text = text.substr(0, text.find('%'));
  text.copy(terminated.data(), text.size());
  in6_addr v6;
  if (inet_pton(AF_INET6, terminated.data(), &v6) != 1) return std::nullopt;
  return ip_from_bytes({reinterpret_cast<const std::byte*>(&v6), 16});
}

}  // namespace necropsy
