// SPDX-License-Identifier: Apache-2.0
#include "base/escape.hpp"

#include <utility>

#include "base/text.hpp"

namespace necropsy {

namespace {

// A character that JSON may hold as it stands but that acts where it is shown: C1 controls, line separators, marks
// and overrides of direction. Its code and length; length 0 for any other.
std::pair<unsigned, size_t> unseen_character(std::string_view text) {
  const auto byte = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  if (byte(0) == 0xC2 && byte(1) >= 0x80 && byte(1) <= 0x9F) return {byte(1), 2};
  if (byte(0) != 0xE2 || (byte(1) != 0x80 && byte(1) != 0x81)) return {0, 0};
  const unsigned code = 0x2000u | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F);
  const bool acts =
      code == 0x200E || code == 0x200F || (code >= 0x2028 && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
  return acts ? std::pair<unsigned, size_t>{code, 3} : std::pair<unsigned, size_t>{0, 0};
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  std::string repaired;
  if (!is_utf8(text)) {
    // A lone byte keeps its value as Latin-1 would show it: lossless enough to compare, valid for every reader.
    for (unsigned char c : text) {
      if (c < 0x80) {
        repaired += static_cast<char>(c);
      } else {
        repaired += static_cast<char>(0xC0 | (c >> 6));
        repaired += static_cast<char>(0x80 | (c & 63));
      }
    }
    text = repaired;
  }
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (const auto [code, bytes] = unseen_character(text.substr(i)); bytes > 0) {
      static constexpr char kHex[] = "0123456789abcdef";
      out += "\\u";
      for (int shift = 12; shift >= 0; shift -= 4) out += kHex[code >> shift & 15];
      i += bytes - 1;
      continue;
    }
    const char ch = text[i];
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (c < 0x20 || c == 0x7F) {
          static constexpr char kDigits[] = "0123456789abcdef";
          out += "\\u00";
          out += kDigits[c >> 4];
          out += kDigits[c & 15];
        } else {
          out += ch;
        }
    }
  }
  out += '"';
}

std::string json_string(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

std::string csv_field(std::string_view text) {
  const std::string shown = displayable(text);
  const bool formula =
      !shown.empty() && contains("=+-@", std::string_view(shown).substr(0, 1)) && !to_number<double>(shown).has_value();
  std::string out = formula ? "'" + shown : shown;
  if (out.find_first_of("\",\n\r;") == std::string::npos && !formula) return out;
  std::string quoted = "\"";
  for (char c : out) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  quoted += '"';
  return quoted;
}

std::string html_text(std::string_view text) {
  std::string out;
  for (char c : displayable(text)) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string markdown_text(std::string_view text) {
  std::string out;
  for (char c : displayable(text)) {
    if (contains("\\`*_{}[]<>#|!~&", std::string_view(&c, 1))) out += '\\';
    out += c;
  }
  return out;
}

std::string terminal_text(std::string_view text) { return displayable(text); }

}  // namespace necropsy
