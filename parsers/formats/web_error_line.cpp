// SPDX-License-Identifier: Apache-2.0
#include "formats/web_error_line.hpp"

#include "base/text.hpp"
#include "formats/ctime_stamp.hpp"

namespace necropsy {
namespace {

constexpr size_t npos = std::string_view::npos;

bool read_clock_of(std::string_view& text, Civil& civil, TimePrecision& precision) {
  const size_t before = text.size();
  if (!read_clock(text, civil)) return false;
  const size_t size = before - text.size();
  precision = precision_of(size > 9 ? size - 9 : 0);
  return true;
}

// DD/Mon/YYYY or DD-Mon-YYYY in front of a blank.
bool read_day_month_year(std::string_view& text, char separator, Civil& civil) {
  if (text.size() < 12 || text[2] != separator || text[6] != separator || text[11] != ' ') return false;
  const auto day = to_number<uint8_t>(text.substr(0, 2));
  const auto month = read_month(text.substr(3, 3));
  const auto year = to_number<int32_t>(text.substr(7, 4));
  if (!day || !month || !year) return false;
  civil.day = *day;
  civil.month = *month;
  civil.year = *year;
  text.remove_prefix(12);
  return true;
}

// The bracketed stamp; `rest` is left behind the closing bracket.
bool read_bracket_stamp(std::string_view& rest, WebErrorLine& out) {
  std::string_view text = rest.substr(1);
  Civil civil;
  if (read_ctime_stamp(text, civil, out.precision)) {
    if (!eat(text, "]")) return false;
  } else if (read_day_month_year(text, '/', civil)) {
    // ssl_engine_log of Apache 1.3: a process number behind the time.
    if (!read_clock_of(text, civil, out.precision) || !eat(text, " ")) return false;
    out.pid = to_number<int64_t>(trim(take_until(text, "]")));
    if (!out.pid) return false;
  } else if (read_day_month_year(text, '-', civil)) {
    if (!read_clock_of(text, civil, out.precision)) return false;
    const size_t close = text.find(']');
    if (close == npos || close > 64) return false;
    out.zone = trim(text.substr(0, close));
    out.kind = WebErrorKind::php;
    text.remove_prefix(close + 1);
  } else if (read_iso_date(text, civil)) {
    // %{cu}t of ErrorLogFormat
    if (text.empty() || (text[0] != ' ' && text[0] != 'T')) return false;
    text.remove_prefix(1);
    if (!read_clock_of(text, civil, out.precision) || !eat(text, "]")) return false;
  } else {
    return false;
  }
  if (!valid(civil)) return false;
  out.civil = civil;
  rest = text;
  return true;
}

// Text of the group at the front of `rest` (`[…]`), brackets of an IPv6 address inside respected.
std::optional<std::string_view> peek_group(std::string_view rest, size_t& size) {
  if (!rest.starts_with('[')) return std::nullopt;
  size_t close = rest.find(']', 1);
  const bool peer = rest.starts_with("[client [") || rest.starts_with("[remote [");
  if (peer && close != npos) close = rest.find(']', close + 1);
  if (close == npos || close > 300) return std::nullopt;
  size = close + 1;
  return rest.substr(1, close - 1);
}

bool take_group(std::string_view group, WebErrorLine& out) {
  if (out.level.empty()) {
    if (is_web_error_level(group)) {
      out.level = group;
      return true;
    }
    const size_t colon = group.rfind(':');
    if (colon != npos && colon < 64 && is_web_error_level(group.substr(colon + 1))) {
      out.module = group.substr(0, colon);
      out.level = group.substr(colon + 1);
      return true;
    }
  }
  if (!out.pid && eat(group, "pid ")) {
    out.pid = to_number<int64_t>(take_until(group, ":"));
    if (eat(group, "tid ")) out.tid = to_number<int64_t>(group);
    return true;
  }
  if (eat(group, "client ") || eat(group, "remote ")) {
    if (out.client.empty()) out.client = group;  // modules repeat it
    out.client_has_port = out.pid.has_value();
    return true;
  }
  // Log ids of ErrorLogFormat: [R:…] [C:…]
  return group.starts_with("R:") || group.starts_with("C:");
}

void take_groups(std::string_view& rest, WebErrorLine& out) {
  for (int i = 0; i < 8; ++i) {
    std::string_view next = rest;
    while (next.starts_with(' ')) next.remove_prefix(1);
    size_t size = 0;
    const auto group = peek_group(next, size);
    if (!group || !take_group(*group, out)) return;
    rest = next.substr(size);
  }
}

// `(13)Permission denied: ` up to its first colon: the text of an error number, never of a client's making.
bool peek_os_error(std::string_view rest, std::string_view& error, size_t& size) {
  if (!rest.starts_with('(')) return false;
  const size_t close = rest.find(')');
  if (close == npos || close > 12 || !to_number<int64_t>(rest.substr(1, close - 1))) return false;
  const size_t colon = rest.find(": ", close);
  if (colon == npos || colon > 200) return false;
  error = rest.substr(0, colon);
  size = colon + 2;
  return true;
}

// `mod_x.c(123): `
bool peek_source(std::string_view rest, std::string_view& source, size_t& size) {
  const size_t open = rest.find('(');
  if (open == npos || open < 3 || open > 80 ||
      !(rest.substr(0, open).ends_with(".c") || rest.substr(0, open).ends_with(".cpp")))
    return false;
  const size_t close = rest.find("): ", open);
  if (close == npos || close - open > 8) return false;
  source = rest.substr(0, close + 1);
  size = close + 3;
  return true;
}

bool read_apache(std::string_view rest, WebErrorLine& out) {
  take_groups(rest, out);
  while (rest.starts_with(' ')) rest.remove_prefix(1);
  size_t size = 0;
  if (peek_source(rest, out.source, size)) {
    rest.remove_prefix(size);
    take_groups(rest, out);
    while (rest.starts_with(' ')) rest.remove_prefix(1);
  }
  std::string_view text = rest;
  if (peek_os_error(rest, out.os_error, size)) {
    // The client can stand behind the error; then the error is no part of the message's text.
    std::string_view behind = rest.substr(size);
    if (behind.starts_with("[client ") || behind.starts_with("[remote ")) {
      take_groups(behind, out);
      while (behind.starts_with(' ')) behind.remove_prefix(1);
      text = behind;
    }
  }
  std::string_view code = text;
  if (!out.os_error.empty() && code.starts_with(out.os_error)) code.remove_prefix(out.os_error.size() + 2);
  if (code.starts_with("AH") && code.size() > 8 && code[7] == ':' && to_number<uint32_t>(code.substr(2, 5)))
    out.code = code.substr(0, 7);
  if (const size_t at = text.rfind(", referer: "); at != npos) {
    out.referrer = text.substr(at + 11);
    text = text.substr(0, at);
  }
  out.text = text;
  return true;
}

// `key: "value"` of an nginx line, `rest` beginning behind the client.
std::string_view quoted_value(std::string_view rest, std::string_view key) {
  const size_t at = rest.find(key);
  if (at == npos) return {};
  const std::string_view value = rest.substr(at + key.size());
  size_t end = value.find("\", ");
  if (end == npos) end = value.ends_with('"') ? value.size() - 1 : value.size();
  return value.substr(0, end);
}

// `YYYY/MM/DD hh:mm:ss [level] pid#tid: [*connection ]text[, client: A, server: S, request: "R", host: "H"…]`
bool read_nginx(std::string_view line, WebErrorLine& out) {
  if (line.size() < 24 || line[4] != '/' || line[7] != '/' || line[10] != ' ') return false;
  const auto year = to_number<int32_t>(line.substr(0, 4));
  const auto month = to_number<uint8_t>(line.substr(5, 2)), day = to_number<uint8_t>(line.substr(8, 2));
  if (!year || !month || !day) return false;
  Civil civil;
  civil.year = *year;
  civil.month = *month;
  civil.day = *day;
  std::string_view rest = line.substr(11);
  if (!read_clock_of(rest, civil, out.precision) || !valid(civil) || !eat(rest, " [")) return false;
  out.level = take_until(rest, "] ");
  if (!is_web_error_level(out.level)) return false;
  const size_t hash = rest.find('#'), colon = rest.find(": ");
  if (hash == npos || colon == npos || hash > colon || colon > 48) return false;
  out.pid = to_number<int64_t>(rest.substr(0, hash));
  out.tid = to_number<int64_t>(rest.substr(hash + 1, colon - hash - 1));
  if (!out.pid || !out.tid) return false;
  rest.remove_prefix(colon + 2);
  if (rest.starts_with('*')) {
    const size_t blank = rest.find(' ');
    if (blank != npos && to_number<uint64_t>(rest.substr(1, blank - 1))) {
      out.connection = rest.substr(1, blank - 1);
      rest.remove_prefix(blank + 1);
    }
  }
  out.civil = civil;
  out.kind = WebErrorKind::nginx;
  out.text = rest;
  // A path in the text can hold a copy of what follows it (decoded, with blanks); a request line cannot. So the last.
  const size_t at = rest.rfind(", client: ");
  if (at == npos) return true;
  out.text = rest.substr(0, at);
  std::string_view tail = rest.substr(at + 10);
  const size_t end = tail.find(", ");
  out.client = tail.substr(0, end);
  if (end == npos) return true;
  tail = tail.substr(end);
  if (tail.starts_with(", server: ")) {
    const std::string_view server = tail.substr(10);
    out.server = server.substr(0, server.find(", "));
  }
  out.request = quoted_value(tail, ", request: \"");
  out.upstream = quoted_value(tail, ", upstream: \"");
  out.host = quoted_value(tail, ", host: \"");
  out.referrer = quoted_value(tail, ", referrer: \"");
  return true;
}

}  // namespace

bool is_web_error_level(std::string_view word) {
  static constexpr std::string_view kLevels[] = {"error", "notice", "warn", "info", "crit", "alert", "emerg", "debug"};
  for (std::string_view level : kLevels)
    if (word == level) return true;
  return word.size() == 6 && word.starts_with("trace") && word[5] >= '1' && word[5] <= '8';
}

bool read_web_error_line(std::string_view line, WebErrorLine& out) {
  out = WebErrorLine();
  if (!line.starts_with('[')) return read_nginx(line, out);
  std::string_view rest = line;
  if (!read_bracket_stamp(rest, out)) return false;
  if (out.kind == WebErrorKind::php) {
    while (rest.starts_with(' ')) rest.remove_prefix(1);
    out.text = rest;
    return true;
  }
  return read_apache(rest, out);
}

}  // namespace necropsy
