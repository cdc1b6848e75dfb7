// SPDX-License-Identifier: Apache-2.0
#include "base/escape.hpp"

#include "base/text.hpp"

namespace necropsy {

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
  for (char ch : text) {
    const auto c = static_cast<unsigned char>(ch);
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
