// SPDX-License-Identifier: Apache-2.0
#include "formats/syslog_line.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace necropsy {
namespace {

// Days that the month can have in some year; whether Feb 29 exists is known with the year.
constexpr uint8_t kMonthDays[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

constexpr bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

void skip_blanks(std::string_view text, size_t& at) {
  while (at < text.size() && (text[at] == ' ' || text[at] == '\t')) ++at;
}

// One or two digits at `at`, which moves behind them; -1 when there are none or more than two.
int one_or_two_digits(std::string_view text, size_t& at) {
  if (at >= text.size() || !is_digit(text[at])) return -1;
  int value = text[at++] - '0';
  if (at < text.size() && is_digit(text[at])) value = value * 10 + (text[at++] - '0');
  if (at < text.size() && is_digit(text[at])) return -1;
  return value;
}

int digits(std::string_view text, size_t at, size_t count) {
  if (text.size() < at + count) return -1;
  int value = 0;
  for (size_t i = at; i < at + count; ++i) {
    if (!is_digit(text[i])) return -1;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

TimePrecision precision_of(size_t fraction_digits) {
  return fraction_digits == 0   ? TimePrecision::s
         : fraction_digits <= 3 ? TimePrecision::ms
         : fraction_digits <= 6 ? TimePrecision::us
                                : TimePrecision::ns;
}

// hh:mm:ss with an optional fraction, at `at`.
bool read_clock_at(std::string_view line, size_t& at, SyslogStamp& out) {
  std::string_view rest = line.substr(at);
  const size_t before = rest.size();
  if (!read_clock(rest, out.civil)) return false;
  const size_t used = before - rest.size();
  out.precision = precision_of(used > 9 ? used - 9 : 0);
  at += used;
  return true;
}

// True when a stamp may end here: a blank, or nothing more.
bool ends_stamp(std::string_view line, size_t at) { return at >= line.size() || line[at] == ' ' || line[at] == '\t'; }

// Mmm dd hh:mm:ss, Mmm dd YYYY hh:mm:ss, YYYY Mmm dd hh:mm:ss; the day may be padded with a blank, a zero or nothing.
bool read_month_day(std::string_view line, size_t at, SyslogStamp& out) {
  out.has_year = false;
  out.civil.year = 0;
  if (at < line.size() && (line[at] == '*' || line[at] == '.')) ++at;  // Cisco: clock not set, not synchronised
  if (at + 5 < line.size() && is_digit(line[at]) && line[at + 4] == ' ') {
    const int year = digits(line, at, 4);
    if (year < 1970) return false;
    out.civil.year = year;
    out.has_year = true;
    at += 5;
  }
  if (line.size() < at + 12 || line[at + 3] != ' ') return false;
  const auto month = read_month(line.substr(at, 3));
  if (!month) return false;
  at += 4;
  skip_blanks(line, at);
  const int day = one_or_two_digits(line, at);
  if (day < 1 || day > kMonthDays[*month - 1] || at >= line.size() || line[at] != ' ') return false;
  skip_blanks(line, at);
  if (!out.has_year && at + 5 < line.size() && line[at + 4] == ' ') {
    const int year = digits(line, at, 4);
    if (year < 1970) return false;
    out.civil.year = year;
    out.has_year = true;
    at += 5;
    skip_blanks(line, at);
  }
  if (!read_clock_at(line, at, out)) return false;
  if (at < line.size() && line[at] == ':') ++at;  // `Nov 18 01:15:43: --- last message …`, Cisco
  if (!ends_stamp(line, at)) return false;
  out.civil.month = *month;
  out.civil.day = static_cast<uint8_t>(day);
  if (out.has_year && day > static_cast<int>(days_in_month(out.civil.year, *month))) return false;
  out.end = at;
  return true;
}

bool read_iso(std::string_view line, size_t at, SyslogStamp& out, bool with_blank) {
  std::string_view rest = line.substr(at);
  if (rest.size() < 19 || rest[4] != '-' || rest[10] != (with_blank ? ' ' : 'T') || !read_iso_date(rest, out.civil))
    return false;
  at += 11;
  if (!read_clock_at(line, at, out)) return false;
  out.has_year = true;
  rest = line.substr(at);
  if (with_blank && rest.size() > 5 && rest[0] == ' ' && (rest[1] == '+' || rest[1] == '-') && is_digit(rest[2]))
    rest.remove_prefix(1);
  out.zulu = rest.starts_with('Z');
  out.offset = read_offset(rest);
  if (out.offset) at = line.size() - rest.size();
  if (!ends_stamp(line, at)) return false;
  out.end = at;
  return true;
}

// TAI64N (cr.yp.to/libtai/tai64.html): seconds from 2^62, on a scale that was 10 s ahead of UTC in 1970. Leap seconds
// are not added by multilog's clock, so 10 it stays.
bool read_tai64n(std::string_view line, size_t at, SyslogStamp& out) {
  if (line.size() < at + 25 || line[at] != '@') return false;
  const auto seconds = to_number<uint64_t>(line.substr(at + 1, 16), 16);
  const auto nanos = to_number<uint32_t>(line.substr(at + 17, 8), 16);
  constexpr uint64_t kEpoch = 0x4000000000000000ULL;
  if (!seconds || !nanos || *nanos > 999'999'999 || *seconds < kEpoch || *seconds - kEpoch > 0xFFFFFFFFFULL)
    return false;
  if (!ends_stamp(line, at + 25)) return false;
  out.instant = Timestamp::from_unix(static_cast<int64_t>(*seconds - kEpoch) - 10, *nanos);
  out.civil = civil_from_unix(out.instant->seconds());
  out.has_year = true;
  out.precision = TimePrecision::ns;
  out.end = at + 25;
  return true;
}

bool read_compact(std::string_view line, size_t at, SyslogStamp& out) {
  if (line.size() < at + 19 || line[at] != '[' || line[at + 9] != '-' || line[at + 18] != ']') return false;
  const int year = digits(line, at + 1, 4), month = digits(line, at + 5, 2), day = digits(line, at + 7, 2);
  if (year < 1970 || month < 1 || month > 12 || day < 1 ||
      day > static_cast<int>(days_in_month(year, static_cast<unsigned>(month))))
    return false;
  size_t clock = at + 10;
  if (!read_clock_at(line, clock, out)) return false;
  out.civil.year = year;
  out.civil.month = static_cast<uint8_t>(month);
  out.civil.day = static_cast<uint8_t>(day);
  out.has_year = true;
  out.end = at + 19;
  return true;
}

// Unix seconds, then the same instant as local date and time: `1403884279 - 06/27/2014 17:51:19 Host: …`.
bool read_epoch(std::string_view line, size_t at, SyslogStamp& out) {
  if (line.size() < at + 32 || line.substr(at + 10, 3) != " - " || line[at + 15] != '/' || line[at + 18] != '/')
    return false;
  const auto seconds = to_number<int64_t>(line.substr(at, 10));
  if (!seconds || *seconds < 0) return false;
  size_t clock = at + 24;
  SyslogStamp local;
  if (line[at + 23] != ' ' || !read_clock_at(line, clock, local)) return false;
  out.instant = Timestamp::from_unix(*seconds);
  out.civil = civil_from_unix(*seconds);
  out.has_year = true;
  out.end = clock;
  return true;
}

bool read_shape(StampShape shape, std::string_view line, size_t at, SyslogStamp& out) {
  switch (shape) {
    case StampShape::month_day:
      return read_month_day(line, at, out);
    case StampShape::iso:
      return read_iso(line, at, out, false);
    case StampShape::iso_with_blank:
      return read_iso(line, at, out, true);
    case StampShape::tai64n:
      return read_tai64n(line, at, out);
    case StampShape::compact:
      return read_compact(line, at, out);
    case StampShape::epoch:
      return read_epoch(line, at, out);
    case StampShape::none:
      break;
  }
  return false;
}

// <PRI> at `at`, which moves behind it; -1 when there is none. RFC 5424: 0 to 191.
int read_priority(std::string_view line, size_t& at) {
  if (at >= line.size() || line[at] != '<') return -1;
  size_t i = at + 1;
  int value = 0;
  while (i < line.size() && i < at + 4 && is_digit(line[i])) value = value * 10 + (line[i++] - '0');
  if (i == at + 1 || i >= line.size() || line[i] != '>' || value > 191) return -1;
  at = i + 1;
  return value;
}

constexpr std::array<std::string_view, 24> kFacilities = {
    "kern",   "user",   "mail",     "daemon", "auth",   "syslog",   "lpr",     "news",
    "uucp",   "cron",   "authpriv", "ftp",    "ntp",    "security", "console", "clock",
    "local0", "local1", "local2",   "local3", "local4", "local5",   "local6",  "local7"};
constexpr std::array<std::string_view, 8> kSeverities = {"emerg",   "alert",  "crit", "err",
                                                         "warning", "notice", "info", "debug"};

int index_of(std::string_view word, std::span<const std::string_view> words) {
  for (size_t i = 0; i < words.size(); ++i)
    if (equals_ignore_case(words[i], word)) return static_cast<int>(i);
  return -1;
}

int severity_of(std::string_view word) {
  if (equals_ignore_case(word, "error")) return 3;
  if (equals_ignore_case(word, "warn")) return 4;
  if (equals_ignore_case(word, "critical")) return 2;
  if (equals_ignore_case(word, "emergency")) return 0;
  return index_of(word, kSeverities);
}

// `4.3` or `auth.info`: priority as FreeBSD's syslogd -v prints it and Solaris puts it into [ID …].
bool read_facility_severity(std::string_view word, SyslogHeader& out) {
  const std::string_view facility = take_until(word, ".");
  if (facility.empty() || word.empty()) return false;
  const auto number = to_number<int>(facility), level = to_number<int>(word);
  const int f = number ? *number : index_of(facility, kFacilities);
  const int s = level ? *level : severity_of(word);
  if (f < 0 || f > 23 || s < 0 || s > 7) return false;
  out.facility = f;
  out.severity = s;
  return true;
}

bool is_tag_character(char c) { return c > ' ' && c != ':' && c != '[' && c != '<' && c != '\x7f'; }

// A process id; nothing when the text is no such number. By hand: this runs for nearly each line.
std::optional<int64_t> read_pid(std::string_view text) {
  if (text.empty() || text.size() > 18) return std::nullopt;
  int64_t value = 0;
  for (char c : text) {
    if (!is_digit(c)) return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

// Tag, pid and colon at the front of `body`; moves `body` to the text. False when it begins with no tag.
bool read_tag(std::string_view& body, SyslogHeader& out) {
  constexpr size_t kMaxTag = 160;
  size_t at = body.starts_with("-- ") ? 3 : 0;  // login of util-linux 2.9 under an odd ident
  const size_t limit = std::min(body.size(), kMaxTag);
  size_t end = at;
  // A `<` may stand inside: dovecot's `auth(user,…)<session>`.
  while (end < limit && (is_tag_character(body[end]) || (body[end] == '<' && end > at))) {
    // What stands in brackets may hold colons: `auth(user,2001:db8::1,sasl:login)`.
    if (body[end] == '(') {
      size_t close = end;
      while (close < limit && body[close] != ')' && body[close] != ' ') ++close;
      if (close < limit && body[close] == ')') end = close;
    }
    ++end;
  }
  if (end == at || end >= body.size()) return false;
  const std::string_view tag = body.substr(0, end);
  if (body[end] == ':') {
    out.tag = tag;
    out.has_colon = true;
    body.remove_prefix(end + 1);
    return true;
  }
  if (body[end] == '[') {
    const size_t close = body.find(']', end);
    if (close == std::string_view::npos || close - end > 24) return false;
    const auto pid = read_pid(body.substr(end + 1, close - end - 1));
    const bool colon = close + 1 < body.size() && body[close + 1] == ':';
    if (!pid && !colon) return false;
    if (close + 1 < body.size() && !colon && body[close + 1] != ' ') return false;
    out.tag = tag;
    out.pid = pid;
    out.has_colon = colon;
    body.remove_prefix(close + (colon ? 2 : 1));
    // macOS: `proc[1985] <Info>: text`
    if (!colon && body.starts_with(" <")) {
      const size_t gt = body.find(">:");
      if (gt != std::string_view::npos && gt < 16) {
        out.severity = severity_of(body.substr(2, gt - 2));
        out.has_colon = true;
        body.remove_prefix(gt + 2);
      }
    }
    return true;
  }
  // `syslogd 1.4.1: restart.`: the daemon names itself and its version.
  if (tag == "syslogd" || tag == "klogd") {
    out.tag = tag;
    body.remove_prefix(end);
    return true;
  }
  return false;
}

// Structured data of RFC 5424 at the front of `body`: `-`, or elements in brackets whose values are quoted and may hold
// brackets.
std::string_view take_structured_data(std::string_view& body) {
  if (body.starts_with('-')) {
    const std::string_view nil = body.substr(0, 1);
    body.remove_prefix(1);
    return nil;
  }
  size_t at = 0;
  while (at < body.size() && body[at] == '[') {
    bool quoted = false, closed = false;
    size_t i = at + 1;
    for (; i < body.size(); ++i) {
      if (quoted && body[i] == '\\') {
        ++i;
      } else if (body[i] == '"') {
        quoted = !quoted;
      } else if (!quoted && body[i] == ']') {
        closed = true;
        break;
      }
    }
    if (!closed) break;
    at = i + 1;
  }
  const std::string_view data = body.substr(0, at);
  body.remove_prefix(at);
  return data;
}

void read_rfc5424(std::string_view body, SyslogHeader& out) {
  const auto word = [&] {
    const std::string_view w = take_word(body);
    return w == "-" ? std::string_view() : w;
  };
  out.host = word();
  out.tag = word();
  out.pid = to_number<int64_t>(word());
  out.message_id = word();
  out.structured_data = take_structured_data(body);
  if (body.starts_with(" \xEF\xBB\xBF")) body.remove_prefix(4);  // byte-order mark that the RFC asks for
  out.text = trim(body);
  out.has_colon = true;
}

// A name that metalog puts in brackets: `[sshd]`. Numbers are a kernel's seconds since boot.
bool is_bracketed_name(std::string_view word) {
  if (word.size() < 3 || word.front() != '[' || word.back() != ']' || is_digit(word[1])) return false;
  for (char c : word.substr(1, word.size() - 2))
    if (!is_letter(c) && !is_digit(c) && c != '-' && c != '_' && c != '.' && c != '/') return false;
  return true;
}

}  // namespace

bool read_syslog_stamp(std::string_view line, SyslogStamp& out) {
  size_t at = 0;
  const int priority = read_priority(line, at);
  out.facility = priority < 0 ? -1 : priority / 8;
  out.severity = priority < 0 ? -1 : priority % 8;
  out.rfc5424 = false;
  if (priority >= 0 && line.substr(at).starts_with("1 ")) {
    at += 2;
    out.rfc5424 = true;
  }
  out.offset.reset();
  out.zulu = false;
  out.instant.reset();
  out.precision = TimePrecision::s;
  if (out.shape != StampShape::none && read_shape(out.shape, line, at, out)) return true;
  for (StampShape shape : {StampShape::month_day, StampShape::iso, StampShape::iso_with_blank, StampShape::tai64n,
                           StampShape::compact, StampShape::epoch}) {
    if (shape != out.shape && read_shape(shape, line, at, out)) {
      out.shape = shape;
      return true;
    }
  }
  return false;
}

bool is_broken_stamp(std::string_view line) {
  size_t at = 0;
  read_priority(line, at);
  if (line.size() < at + 6 || !is_letter(line[at]) || !is_letter(line[at + 1]) || !is_letter(line[at + 2]) ||
      line[at + 3] != ' ')
    return false;
  const bool month = read_month(line.substr(at, 3)).has_value();
  at += 4;
  skip_blanks(line, at);
  if (one_or_two_digits(line, at) < 0 || at >= line.size() || line[at] != ' ') return false;
  skip_blanks(line, at);
  // A month and a day, or a day and something like a clock.
  return month || (line.size() >= at + 8 && digits(line, at, 2) >= 0 && line[at + 2] == ':' && line[at + 5] == ':');
}

void read_syslog_header(std::string_view line, const SyslogStamp& stamp, SyslogHeader& out) {
  out = SyslogHeader{};
  out.facility = stamp.facility;
  out.severity = stamp.severity;
  std::string_view body = line.substr(std::min(stamp.end, line.size()));
  if (stamp.rfc5424) return read_rfc5424(body, out);
  const auto skip = [&] {
    while (!body.empty() && (body.front() == ' ' || body.front() == '\t')) body.remove_prefix(1);
  };
  skip();
  // Files of these shapes name neither host nor program; portsentry's and xrdp's lines are all text.
  if (stamp.shape == StampShape::compact || stamp.shape == StampShape::epoch) {
    out.text = out.shown = trim(body);
    return;
  }
  if (body.starts_with('<')) {
    const size_t gt = body.find('>');
    if (gt != std::string_view::npos && gt < 20 && read_facility_severity(body.substr(1, gt - 1), out)) {
      body.remove_prefix(gt + 1);
      skip();
    }
  }
  const size_t word_end = std::min(body.find(' '), body.size());
  const std::string_view first = body.substr(0, word_end);
  const std::string_view bracketed = first.ends_with(':') ? first.substr(0, first.size() - 1) : first;
  if (is_bracketed_name(bracketed)) {
    out.tag = bracketed.substr(1, bracketed.size() - 2);
    out.has_colon = first.ends_with(':');
    out.shown = trim(body);
    out.text = trim(body.substr(word_end));
    return;
  }
  // Of the files with such stamps only proftpd's names host and program; exim's and FreeBSD's userlog are all text.
  if (stamp.shape == StampShape::iso_with_blank) {
    std::string_view rest = trim(body.substr(word_end));
    SyslogHeader probe;
    if (!read_tag(rest, probe) || !probe.pid) {
      out.text = out.shown = trim(body);
      return;
    }
  }
  // The first word is the host, unless it is a tag already. TAI64N files hold no host.
  const size_t open = first.find('[');
  bool tag_first = first.ends_with(':') || stamp.shape == StampShape::tai64n ||
                   (open != std::string_view::npos && open > 0 && first.ends_with(']'));
  if (!tag_first && stamp.shape == StampShape::iso && severity_of(first) >= 0) {
    // Chrome OS: a severity stands where others name the host.
    SyslogHeader probe;
    std::string_view rest = trim(body.substr(word_end));
    if (read_tag(rest, probe) && probe.has_colon) {
      out.severity = severity_of(first);
      body.remove_prefix(word_end);
      skip();
      tag_first = true;
    }
  }
  if (!tag_first && !body.starts_with("--- ") && !body.starts_with("-- MARK") && !body.starts_with("last message ")) {
    out.host = first;
    body.remove_prefix(word_end);
    skip();
  }
  const std::string_view whole = body;
  if (!read_tag(body, out)) body = whole;
  out.shown = trim(whole);
  out.text = trim(body);
  // Solaris: `[ID 800047 auth.info] text`
  if (out.text.starts_with("[ID ")) {
    const size_t close = out.text.find("] ");
    const size_t blank = out.text.find(' ', 4);
    if (close != std::string_view::npos && blank < close &&
        read_facility_severity(out.text.substr(blank + 1, close - blank - 1), out))
      out.text = trim(out.text.substr(close + 2));
  }
}

size_t find_glued_message(std::string_view line, size_t from) {
  for (size_t at = line.find('<', from); at != std::string_view::npos; at = line.find('<', at + 1)) {
    size_t end = at;
    if (read_priority(line, end) < 0) continue;
    SyslogStamp stamp;
    if (read_syslog_stamp(line.substr(at), stamp) && stamp.shape != StampShape::epoch) return at;
  }
  return std::string_view::npos;
}

}  // namespace necropsy
