// SPDX-License-Identifier: Apache-2.0
#include "formats/clf_line.hpp"

#include <array>

#include "base/text.hpp"
#include "formats/ctime_stamp.hpp"
#include "formats/peer.hpp"

namespace necropsy {
namespace {

constexpr size_t npos = std::string_view::npos;
constexpr size_t kMaxStamp = 48;  // longest text between brackets that is looked at as a time

// Whether the quote at `at` has an odd number of backslashes before it (not looking before `begin`).
bool is_escaped(std::string_view line, size_t at, size_t begin) {
  size_t slashes = 0;
  while (at > begin + slashes && line[at - 1 - slashes] == '\\') ++slashes;
  return slashes % 2 == 1;
}

int two_digits(std::string_view text, size_t at) {
  return is_digit(text[at]) && is_digit(text[at + 1]) ? (text[at] - '0') * 10 + (text[at + 1] - '0') : -1;
}

bool set_epoch(std::string_view text, ClfLine& out) {
  const size_t dot = text.find('.');
  if (dot != npos) {  // nginx $msec: 1583505043.123
    const auto seconds = to_number<int64_t>(text.substr(0, dot));
    const auto millis = to_number<uint32_t>(text.substr(dot + 1));
    if (dot < 9 || dot > 10 || text.size() != dot + 4 || !seconds || !millis) return false;
    out.instant = Timestamp::from_unix(*seconds, *millis * 1'000'000);
    out.precision = TimePrecision::ms;
    return true;
  }
  const auto value = to_number<int64_t>(text);
  if (!value || *value < 0) return false;
  if (text.size() == 9 || text.size() == 10) {
    out.instant = Timestamp::from_unix(*value);
    out.precision = TimePrecision::s;
  } else if (text.size() == 13) {
    out.instant = Timestamp{*value * 1000};
    out.precision = TimePrecision::ms;
  } else if (text.size() == 16) {
    out.instant = Timestamp{*value};
    out.precision = TimePrecision::us;
  } else {
    return false;
  }
  return true;
}

// What stands between the brackets: `13/Jan/2016:19:31:16[.fraction] +0000` (%t), ISO 8601 with offset
// (nginx $time_iso8601), or a count since 1970 (%{sec}t, %{msec}t, %{usec}t, nginx $msec).
bool read_stamp(std::string_view text, ClfLine& out) {
  out.instant.reset();
  if (text.size() < 9) return false;
  Civil civil;
  std::string_view rest = text;
  if (text.size() >= 20 && text[2] == '/' && text[6] == '/' && text[11] == ':') {
    int day = two_digits(text, 0);
    if (day < 0 && text[0] == ' ' && is_digit(text[1])) day = text[1] - '0';
    const auto month = read_month(text.substr(3, 3));
    const int century = two_digits(text, 7), year = two_digits(text, 9);
    if (day < 1 || !month || century < 0 || year < 0) return false;
    civil.year = century * 100 + year;
    civil.month = *month;
    civil.day = static_cast<uint8_t>(day);
    rest.remove_prefix(12);
  } else if (text.size() >= 20 && text[4] == '-') {
    if (!read_iso_date(rest, civil) || rest.empty() || (rest[0] != 'T' && rest[0] != ' ')) return false;
    rest.remove_prefix(1);
  } else {
    return set_epoch(text, out);
  }
  const size_t before = rest.size();
  if (!read_clock(rest, civil)) return false;
  const size_t clock_size = before - rest.size();
  while (!rest.empty() && rest[0] == ' ') rest.remove_prefix(1);
  const auto offset = read_offset(rest);
  if (!offset || !rest.empty() || !valid(civil)) return false;
  out.civil = civil;
  out.offset = *offset;
  out.precision = precision_of(clock_size > 9 ? clock_size - 9 : 0);
  return true;
}

// Finds the bracketed time. With `before_quote` only one that is followed by ` "`: a user name may hold anything, but
// where quotes are escaped it cannot hold that.
bool find_stamp(std::string_view line, bool before_quote, ClfLine& out, size_t& begin, size_t& end) {
  for (size_t at = line.find('['); at != npos; at = line.find('[', at + 1)) {
    const size_t close = line.substr(at, kMaxStamp + 2).find(']');
    if (close == npos) continue;
    const std::string_view after = line.substr(at + close + 1);
    if (before_quote && !after.starts_with(" \"")) continue;
    if (!after.empty() && after[0] != ' ') continue;
    if (!read_stamp(line.substr(at + 1, close - 1), out)) continue;
    begin = at;
    end = at + close + 1;
    return true;
  }
  return false;
}

bool is_address(std::string_view text) {
  return is_plain_ipv4(text) || (text.find(':') != npos && canonical_ip(text).has_value());
}

bool looks_like_host(std::string_view text) { return text.find('.') != npos || text.find(':') != npos; }

// `name:port`, not an IPv6 address.
bool is_name_with_port(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == npos || colon == 0 || colon + 1 == text.size()) return false;
  if (!to_number<uint16_t>(text.substr(colon + 1))) return false;
  return text[0] == '[' || text.find(':') == colon;
}

std::string_view take_blank_word(std::string_view& text) {
  const size_t end = text.find(' ');
  const std::string_view word = text.substr(0, end);
  text = end == npos ? std::string_view() : text.substr(end + 1);
  return word;
}

std::string_view unless_dash(std::string_view text) {
  return text == "-" || text == "\"\"" ? std::string_view() : text;
}

// What stands before the time: `[vhost ]host ident user`, where a user name may hold blanks.
bool read_left(std::string_view left, ClfLine& out) {
  while (left.ends_with(' ')) left.remove_suffix(1);
  if (left.empty()) return false;
  // A list of addresses of proxies in the place of the host.
  size_t list_end = 0;
  for (size_t comma = left.find(", "); comma != npos && comma > list_end && comma - list_end <= 64;
       comma = left.find(", ", list_end)) {
    const std::string_view item = left.substr(list_end, comma - list_end);
    if (item.find(' ') != npos) break;
    list_end = comma + 2;
  }
  std::string_view first, rest = left;
  if (list_end > 0) {
    const size_t end = left.find(' ', list_end);
    out.forwarded = left.substr(0, end);
    rest = end == npos ? std::string_view() : left.substr(end + 1);
    first = out.forwarded.substr(0, out.forwarded.find(','));
  } else {
    first = take_blank_word(rest);
  }
  const std::string_view after_first = rest;
  const std::string_view second = take_blank_word(rest);
  const bool first_is_address = is_address(first);
  if (after_first.empty()) {  // `%h %t …`
    out.host = unless_dash(first);
    return true;
  }
  if (second.empty()) return false;
  if (list_end == 0 && second != "-" && !rest.empty()) {
    const bool two_more = rest.find(' ') != npos;
    if (is_address(second) || (two_more && (is_name_with_port(first) || looks_like_host(second))) ||
        (!first_is_address && two_more && rest.starts_with("- "))) {
      out.vhost = first;
      out.host = second;
      const std::string_view ident = take_blank_word(rest);
      if (ident.ends_with(':')) return false;  // a tag: the line is one of syslog's
      out.ident = unless_dash(ident);
      out.user = unless_dash(rest);
      return true;
    }
  }
  out.host = unless_dash(first);
  out.ident = unless_dash(second);
  // More than one word of user: only where the words before leave no doubt that this is such a line at all.
  if (rest.find(' ') != npos && second != "-" && !first_is_address) return false;
  out.user = unless_dash(rest);
  return true;
}

bool ends_field(std::string_view line, size_t at) { return at == line.size() || line[at] == ' '; }

// ` ddd bytes` (strong) or ` ddd` alone behind a request, or ` bytes` in an ssl_request_log.
bool read_status(std::string_view line, size_t at, bool strong, bool ssl, ClfLine& out, size_t& end) {
  if (at >= line.size() || line[at] != ' ') return false;
  size_t p = at + 1;
  const auto number_end = [&](size_t from) {
    if (from < line.size() && line[from] == '-') return from + 1;
    size_t to = from;
    while (to < line.size() && is_digit(line[to])) ++to;
    return to;
  };
  size_t q = number_end(p);
  if (q == p || !ends_field(line, q)) return false;
  if (ssl && q == line.size()) {
    out.status = {};
    out.bytes = line.substr(p, q - p);
    end = q;
    return true;
  }
  if (q - p != 3 && line[p] != '-') return false;
  const std::string_view status = line.substr(p, q - p);
  std::string_view bytes;
  if (q < line.size()) {
    const size_t r = number_end(q + 1);
    if (r > q + 1 && ends_field(line, r)) {
      bytes = line.substr(q + 1, r - q - 1);
      q = r;
    }
  }
  if (strong && bytes.empty()) return false;
  out.status = status;
  out.bytes = bytes;
  end = q;
  return true;
}

// HTTP/1.1 and the like at the end.
bool ends_with_protocol(std::string_view request) {
  const size_t at = request.rfind(' ');
  if (at == npos) return false;
  const std::string_view protocol = request.substr(at + 1);
  return protocol.size() >= 6 && protocol.size() <= 8 && protocol.starts_with("HTTP/") && is_digit(protocol[5]);
}

// The quote that closes the request. Writers that escape leave one place only. Writers that do not (Apache before
// 1.3.25 and 2.0.46) leave the choice: the first that closes a whole request line, else the last that is followed by
// status and bytes.
size_t find_request_end(std::string_view line, size_t open, ClfLine& out, size_t& end) {
  for (const bool strong : {true, false}) {
    for (const bool take_escaped : {false, true}) {
      size_t last = npos, whole = npos;
      for (size_t q = line.find('"', open); q != npos; q = line.find('"', q + 1)) {
        if (!take_escaped && is_escaped(line, q, open)) continue;
        if (!read_status(line, q + 1, strong, out.leading_time, out, end)) continue;
        const std::string_view request = line.substr(open, q - open);
        if (ends_with_protocol(request)) {
          if (whole != npos) {
            out.ambiguous = true;
            break;
          }
          whole = q;
          // A second whole request line can only follow where the letters of one do.
          if (line.find(" HTTP/", q) == npos) break;
        } else if (whole == npos) {
          last = q;
          // Nothing that a quote could have been left in.
          if (request.empty() || request == "-" || request[0] == '\\') break;
        }
      }
      const size_t chosen = whole != npos ? whole : last;
      if (chosen == npos) continue;
      read_status(line, chosen + 1, strong, out.leading_time, out, end);
      return chosen;
    }
  }
  return npos;
}

size_t count_quotes(std::string_view line, size_t from) {
  size_t count = 0;
  for (size_t q = line.find('"', from); q != npos; q = line.find('"', q + 1))
    if (!is_escaped(line, q, from)) ++count;
  return count;
}

// A quoted field at `p` (on its opening quote). `balanced`: of several possible ends the first that leaves whole pairs
// behind it, for agents whose quotes are not escaped.
std::string_view take_quoted(std::string_view line, size_t& p, bool balanced, bool& closed) {
  const size_t open = p + 1;
  size_t first = npos, chosen = npos;
  size_t left = 0;
  bool counted = false;
  for (size_t q = line.find('"', open); q != npos; q = line.find('"', q + 1)) {
    if (is_escaped(line, q, open)) continue;
    if (counted) --left;
    if (!ends_field(line, q + 1)) continue;
    if (first == npos) first = q;
    if (!balanced || q + 1 == line.size()) {
      chosen = q;
      break;
    }
    if (!counted) {
      left = count_quotes(line, q + 1);
      counted = true;
    }
    if (left % 2 == 0) {
      chosen = q;
      break;
    }
  }
  if (chosen == npos) chosen = first;
  closed = chosen != npos;
  const size_t stop = closed ? chosen : line.size();
  p = closed ? chosen + 1 : line.size();
  return line.substr(open, stop - open);
}

bool is_address_list(std::string_view text) { return is_address(trim(text.substr(0, text.find(',')))); }

// What follows status and bytes: `"referrer" "agent"`, more fields, in any mixture.
void read_tail(std::string_view line, size_t p, ClfLine& out) {
  std::array<std::string_view, 3> quoted{};
  size_t count = 0;
  size_t after_second = p, bare_begin = npos;
  while (p < line.size() && count < quoted.size()) {
    if (line[p] == ' ') {
      ++p;
    } else if (line[p] == '"') {
      bool closed = true;
      quoted[count] = take_quoted(line, p, count == 1, closed);
      if (!closed) out.truncated = true;
      ++count;
      if (count <= 2) after_second = p;
    } else {
      if (count < 2 && bare_begin == npos) bare_begin = p;
      p = std::min(line.find(' ', p), line.size());
    }
  }
  if (count >= 2) {
    out.referrer = unless_dash(quoted[0]);
    out.agent = unless_dash(quoted[1]);
    if (count >= 3 && out.forwarded.empty() && is_address_list(quoted[2])) out.forwarded = quoted[2];
  } else if (count == 1) {
    if (is_address_list(quoted[0])) {
      out.forwarded = quoted[0];
    } else if (quoted[0] == "-" || quoted[0].find("://") != npos || (out.truncated && quoted[0].empty())) {
      out.referrer = unless_dash(quoted[0]);
    } else {
      out.agent = quoted[0];
    }
  }
  // Bare words before the quoted ones (times, sizes) belong to what is kept as it stands.
  const size_t begin = bare_begin != npos ? bare_begin : after_second;
  std::string_view tail = trim(line.substr(std::min(begin, line.size())));
  if (tail == "\"-\"" || tail == "-") tail = {};
  out.tail = tail;
}

}  // namespace

bool read_clf_line(std::string_view line, ClfLine& out) {
  out = ClfLine();
  size_t begin = 0, end = 0;
  size_t open = 0;
  if (find_stamp(line, true, out, begin, end)) {
    open = end + 2;
  } else {
    if (!find_stamp(line, false, out, begin, end)) return false;
    const size_t quote = line.find('"', end);
    if (quote == npos) {
      // Broken off between time and request.
      if (line.size() - end > 1) return false;
      out.truncated = true;
    }
    const std::string_view words = trim(line.substr(end, quote == npos ? npos : quote - end));
    size_t blanks = 0;
    for (char c : words) blanks += c == ' ';
    if (words.size() > 256 || blanks > 5) return false;
    out.middle = words;
    open = quote == npos ? line.size() : quote + 1;
  }
  if (begin == 0) {
    // ssl_request_log: [time] host protocol cipher "request" bytes
    out.leading_time = true;
    std::string_view words = out.middle;
    out.host = unless_dash(take_blank_word(words));
    out.middle = words;
    if (out.host.empty()) return false;
  } else if (!read_left(line.substr(0, begin), out)) {
    return false;
  }
  if (open >= line.size()) {
    out.truncated = true;
    return true;
  }
  size_t after = 0;
  const size_t close = find_request_end(line, open, out, after);
  if (close == npos) {
    out.status = out.bytes = {};
    out.request = line.substr(open);
    out.truncated = true;
    return true;
  }
  out.request = line.substr(open, close - open);
  if (after < line.size()) read_tail(line, after, out);
  return true;
}

ClfRequest split_request(std::string_view request) {
  ClfRequest out;
  out.uri = request;
  size_t end = 0;
  while (end < request.size() && end <= 24 &&
         ((lower(request[end]) >= 'a' && lower(request[end]) <= 'z') || request[end] == '-' || request[end] == '_'))
    ++end;
  if (end == 0 || end > 24 || request[0] == '-') return out;
  if (end == request.size()) {
    // A word alone is a method only where it is written as one: `GET`, `QUIT`.
    for (char c : request)
      if (c >= 'a') return out;
    if (end >= 3) {
      out.method = request;
      out.uri = {};
    }
    return out;
  }
  if (request[end] != ' ') return out;
  out.method = request.substr(0, end);
  out.uri = request.substr(end + 1);
  if (ends_with_protocol(request)) {
    const size_t at = request.rfind(' ');
    out.protocol = request.substr(at + 1);
    out.uri = at > end ? request.substr(end + 1, at - end - 1) : std::string_view();
  }
  return out;
}

}  // namespace necropsy
