// SPDX-License-Identifier: Apache-2.0
#include "windows/evt/values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/text.hpp"
#include "windows/evt/table.hpp"

namespace necropsy::evt {

bool is_none(std::string_view text) {
  text = trim(text);
  return text.empty() || text == "-" || text == "%%1793" || text == "(NULL)" ||
         text == "{00000000-0000-0000-0000-000000000000}";
}

std::optional<int64_t> integer(std::string_view text) {
  text = trim(text);
  if (text.size() > 2 && text[0] == '0' && lower(text[1]) == 'x') return to_number<int64_t>(text.substr(2), 16);
  return to_number<int64_t>(text);
}

std::optional<std::string> logon_id(std::string_view text) {
  text = trim(text);
  const auto hex = [](std::string_view part) -> std::optional<uint64_t> {
    part = trim(part);
    if (part.size() < 3 || part[0] != '0' || lower(part[1]) != 'x') return std::nullopt;
    return to_number<uint64_t>(part.substr(2), 16);
  };
  if (text.starts_with('(') && text.ends_with(')')) {
    std::string_view low = text.substr(1, text.size() - 2);
    const auto high_part = hex(take_until(low, ","));
    const auto low_part = hex(low);
    if (!high_part || !low_part || *high_part > UINT32_MAX || *low_part > UINT32_MAX) return std::nullopt;
    return fmt::format("0x{:x}", *high_part << 32 | *low_part);
  }
  const auto value = hex(text);
  if (!value) return std::nullopt;
  return fmt::format("0x{:x}", *value);
}

std::string_view unwrapped(std::string_view text) {
  if (text.starts_with("%{") && text.ends_with('}')) return text.substr(2, text.size() - 3);
  return text;
}

std::optional<std::string> status_code(std::string_view text) {
  text = trim(text);
  std::optional<uint64_t> value;
  if (text.size() == 8 && lower(text[0]) == 'c') value = to_number<uint64_t>(text, 16);
  if (!value)
    if (const auto number = integer(text)) {
      if (*number < INT32_MIN || *number > UINT32_MAX) return std::nullopt;
      value = static_cast<uint32_t>(*number);
    }
  if (!value) return std::nullopt;
  return fmt::format("0x{:x}", *value);
}

std::string machine_path(std::string_view text) {
  text = trim(text);
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') text = text.substr(1, text.size() - 2);
  if (text.starts_with("\\??\\")) text.remove_prefix(4);
  std::string path(text);
  std::replace(path.begin(), path.end(), '\\', '/');
  return path;
}

std::string_view program_of(std::string_view command) {
  command = trim(command);
  if (command.starts_with('"')) {
    command.remove_prefix(1);
    return command.substr(0, command.find('"'));
  }
  static constexpr std::string_view kEndings[] = {".exe", ".com", ".bat", ".cmd", ".sys",
                                                  ".dll", ".scr", ".pif", ".vbs"};
  for (size_t dot = command.find('.'); dot != std::string_view::npos; dot = command.find('.', dot + 1)) {
    for (std::string_view ending : kEndings) {
      if (!equals_ignore_case(command.substr(dot, ending.size()), ending)) continue;
      const size_t end = dot + ending.size();
      if (end == command.size() || command[end] == ' ' || command[end] == '\t' || command[end] == ',')
        return command.substr(0, end);
    }
  }
  return command.substr(0, command.find_first_of(" \t"));
}

std::string_view base_name(std::string_view path) {
  const size_t slash = path.find_last_of("/\\");
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

std::string one_line(std::string_view text) {
  std::string out;
  bool blank = false;
  for (char c : text) {
    if (is_space(c)) {
      blank = !out.empty();
      continue;
    }
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) continue;
    if (blank) out += ' ';
    blank = false;
    out += c;
  }
  return out;
}

std::string with_parameters(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const size_t mark = text.find("%%");
    out += text.substr(0, mark);
    if (mark == std::string_view::npos) break;
    text.remove_prefix(mark);
    size_t end = 2;
    while (end < text.size() && end < 8 && is_digit(text[end])) ++end;
    const std::string_view known = end > 2 ? code_text("parameter", text.substr(2, end - 2)) : std::string_view();
    out += known.empty() ? text.substr(0, end) : known;
    text.remove_prefix(end);
  }
  return out;
}

std::optional<std::string_view> sql_client(std::string_view text) {
  const auto client = between(text, "[CLIENT: ", "]");
  if (!client) return std::nullopt;
  return trim(*client);
}

std::optional<std::string_view> address_in(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (!is_digit(text[i]) || (i > 0 && (is_digit(text[i - 1]) || text[i - 1] == '.'))) continue;
    size_t end = i;
    while (end < text.size() && (is_digit(text[end]) || text[end] == '.') && end - i < 16) ++end;
    std::string_view candidate = text.substr(i, end - i);
    while (candidate.ends_with('.')) candidate.remove_suffix(1);
    if (std::count(candidate.begin(), candidate.end(), '.') == 3 && canonical_ip(candidate)) return candidate;
    i = end;
  }
  return std::nullopt;
}

std::optional<Civil> system_time(Bytes bytes) {
  const ByteReader r(bytes);
  if (!r.has(0, 16)) return std::nullopt;
  const auto field = [&](size_t i) { return *r.u16le(i * 2); };
  if (field(0) < 1601 || field(1) > 12 || field(3) > 31 || field(4) > 23 || field(5) > 59 || field(6) > 59 ||
      field(7) > 999)
    return std::nullopt;
  const Civil civil{.year = field(0),
                    .month = static_cast<uint8_t>(field(1)),
                    .day = static_cast<uint8_t>(field(3)),
                    .hour = static_cast<uint8_t>(field(4)),
                    .minute = static_cast<uint8_t>(field(5)),
                    .second = static_cast<uint8_t>(field(6)),
                    .nanos = field(7) * 1'000'000u};
  if (!valid(civil)) return std::nullopt;
  return civil;
}

std::optional<std::string> data_text(Bytes data) {
  if (data.size() < 4) return std::nullopt;
  const auto join = [](std::string_view raw) -> std::optional<std::string> {
    std::string out;
    for (std::string_view part : split(raw, '\0')) {
      if (part.empty()) continue;
      const std::string words = one_line(part);
      if (displayable(words) != words) return std::nullopt;
      if (!out.empty()) out += " | ";
      out += words;
    }
    if (out.size() < 4) return std::nullopt;
    return out;
  };
  const std::string_view raw = as_text(data);
  const bool ascii = std::all_of(raw.begin(), raw.end(), [](char c) {
    return c == '\0' || is_space(c) || (static_cast<unsigned char>(c) >= 0x20 && static_cast<unsigned char>(c) < 0x7F);
  });
  if (!ascii && data.size() % 2 != 0) return std::nullopt;
  // UTF-16 of Latin text: each second byte is zero.
  size_t zeros = 0;
  for (size_t i = 1; i < raw.size(); i += 2) zeros += raw[i] == '\0';
  if (data.size() % 2 == 0 && zeros * 2 >= data.size() * 9 / 10) return join(utf16le_to_utf8(data));
  if (ascii && zeros * 4 < data.size()) return join(raw);
  return std::nullopt;
}

}  // namespace necropsy::evt
