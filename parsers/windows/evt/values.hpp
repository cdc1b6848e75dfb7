// SPDX-License-Identifier: Apache-2.0
// Values inside the strings and data of Windows events: logon ids, SIDs, status codes, paths, lists.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/timestamp.hpp"

namespace necropsy::evt {

// Whether a string says "none": empty, -, %%1793, 0x0-like ids are left to the caller.
bool is_none(std::string_view text);
// `(0x0,0x3A7A6E0)` or `0x3a7a6e0` as 0x3a7a6e0; nothing when it is no logon id.
std::optional<std::string> logon_id(std::string_view text);
// `%{S-1-5-…}` as S-1-5-…; other text as it is.
std::string_view unwrapped(std::string_view text);
// Decimal or 0x….
std::optional<int64_t> integer(std::string_view text);
// A status code (decimal, 0x…, bare eight hex digits) as 0x…; nothing when it is none.
std::optional<std::string> status_code(std::string_view text);
// A path as the machine saw it with `/` as separator; `\??\` and a wrapping pair of quotes are dropped.
std::string machine_path(std::string_view text);
// The program of a command line: quoted, or up to .exe, .com, .bat, .cmd, .sys, .dll, .scr, .pif, .vbs; else its first
// word.
std::string_view program_of(std::string_view command);
std::string_view base_name(std::string_view path);  // both separators
// One line: runs of blanks, tabs and line ends become one blank; other control characters are dropped.
std::string one_line(std::string_view text);
// %%NNNN of the parameter message files, spelled out where known.
std::string with_parameters(std::string_view text);
// What stands in `[CLIENT: …]`.
std::optional<std::string_view> sql_client(std::string_view text);
// First IPv4 address inside a text.
std::optional<std::string_view> address_in(std::string_view text);
// 16 bytes SYSTEMTIME (year, month, day of week, day, hour, minute, second, ms); nothing when it is none.
std::optional<Civil> system_time(Bytes bytes);
// Binary data as text when it is text (UTF-16 or ASCII; NUL-separated parts joined with " | "); else nothing.
std::optional<std::string> data_text(Bytes data);

}  // namespace necropsy::evt
