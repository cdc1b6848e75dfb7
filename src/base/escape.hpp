// SPDX-License-Identifier: Apache-2.0
// The only way text from evidence reaches an output: each destination has its own escape.
#pragma once
#include <string>
#include <string_view>

namespace necropsy {

// A JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD.
std::string json_string(std::string_view text);
void append_json_string(std::string& out, std::string_view text);
// A CSV field: quoted when needed; a leading = + - @ TAB CR gets a ' in front so that no spreadsheet runs it.
std::string csv_field(std::string_view text);
std::string html_text(std::string_view text);
// For Markdown: punctuation with a meaning is escaped, line ends become blanks.
std::string markdown_text(std::string_view text);
// For a terminal: displayable() text; nothing an escape sequence could be made of.
std::string terminal_text(std::string_view text);

}  // namespace necropsy
