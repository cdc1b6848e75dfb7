// SPDX-License-Identifier: Apache-2.0
#include "base/timestamp.hpp"

#include <fmt/format.h>

#include "base/text.hpp"

namespace necropsy {

std::optional<Timestamp> Timestamp::from_filetime(uint64_t filetime) {
  if (filetime == 0) return std::nullopt;
  constexpr int64_t kEpochDistance = 11'644'473'600'000'000;  // µs from 1601 to 1970
  return Timestamp{static_cast<int64_t>(filetime / 10) - kEpochDistance, static_cast<uint16_t>(filetime % 10 * 100)};
}

// Days algorithm after H. Hinnant, "chrono-Compatible Low-Level Date Algorithms": exact for all years.
int64_t days_from_civil(int64_t year, unsigned month, unsigned day) {
  year -= month <= 2;
  const int64_t era = (year >= 0 ? year : year - 399) / 400;
  const auto yoe = static_cast<unsigned>(year - era * 400);
  const unsigned doy = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  const unsigned doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
  return era * 146097 + static_cast<int64_t>(doe) - 719468;
}

bool is_leap(int64_t year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

unsigned days_in_month(int64_t year, unsigned month) {
  constexpr unsigned kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && is_leap(year) ? 29 : kDays[month - 1];
}

bool valid(const Civil& c) {
  return c.month >= 1 && c.month <= 12 && c.day >= 1 && c.day <= days_in_month(c.year, c.month) && c.hour < 24 &&
         c.minute < 60 && c.second <= 60 && c.nanos < 1'000'000'000;
}

int64_t unix_seconds(const Civil& c) {
  const unsigned second = c.second > 59 ? 59 : c.second;
  return days_from_civil(c.year, c.month, c.day) * 86400 + c.hour * 3600 + c.minute * 60 + second;
}

Civil civil_from_unix(int64_t seconds) {
  int64_t days = seconds / 86400;
  int64_t rest = seconds % 86400;
  if (rest < 0) {
    rest += 86400;
    --days;
  }
  days += 719468;
  const int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  const auto doe = static_cast<unsigned>(days - era * 146097);
  const unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
  const unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
  const unsigned mp = (5 * doy + 2) / 153;
  Civil c;
  c.day = static_cast<uint8_t>(doy - (153 * mp + 2) / 5 + 1);
  c.month = static_cast<uint8_t>(mp < 10 ? mp + 3 : mp - 9);
  c.year = static_cast<int32_t>(static_cast<int64_t>(yoe) + era * 400 + (c.month <= 2));
  c.hour = static_cast<uint8_t>(rest / 3600);
  c.minute = static_cast<uint8_t>(rest / 60 % 60);
  c.second = static_cast<uint8_t>(rest % 60);
  return c;
}

namespace {
std::string date_text(const Civil& c) {
  return c.year < 0 ? fmt::format("-{:04}-{:02}-{:02}", -c.year, c.month, c.day)
                    : fmt::format("{:04}-{:02}-{:02}", c.year, c.month, c.day);
}
}  // namespace

std::string iso_micro(Timestamp t) {
  const Civil c = civil_from_unix(t.seconds());
  return fmt::format("{}T{:02}:{:02}:{:02}.{:06}Z", date_text(c), c.hour, c.minute, c.second, t.nanos() / 1000);
}

std::string iso_nano(Timestamp t) {
  const Civil c = civil_from_unix(t.seconds());
  return fmt::format("{}T{:02}:{:02}:{:02}.{:09}Z", date_text(c), c.hour, c.minute, c.second, t.nanos());
}

std::optional<uint8_t> read_month(std::string_view text) {
  if (text.size() < 3) return std::nullopt;
  static constexpr std::string_view kMonths = "janfebmaraprmayjunjulaugsepoctnovdec";
  const char name[3] = {lower(text[0]), lower(text[1]), lower(text[2])};
  for (size_t i = 0; i < kMonths.size(); i += 3)
    if (kMonths[i] == name[0] && kMonths[i + 1] == name[1] && kMonths[i + 2] == name[2])
      return static_cast<uint8_t>(i / 3 + 1);
  return std::nullopt;
}

namespace {
// Two digits at `at`; -1 when they are none.
int two(std::string_view text, size_t at) {
  if (text.size() < at + 2 || !is_digit(text[at]) || !is_digit(text[at + 1])) return -1;
  return (text[at] - '0') * 10 + (text[at + 1] - '0');
}
}  // namespace

bool read_clock(std::string_view& text, Civil& out) {
  const int hour = two(text, 0), minute = two(text, 3), second = two(text, 6);
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60 || text[2] != ':' ||
      text[5] != ':')
    return false;
  size_t end = 8;
  uint32_t nanos = 0;
  if (text.size() > 9 && (text[8] == '.' || text[8] == ',') && is_digit(text[9])) {
    uint32_t scale = 100'000'000;
    for (end = 9; end < text.size() && is_digit(text[end]); ++end) {
      nanos += static_cast<uint32_t>(text[end] - '0') * scale;  // digits beyond the ninth add nothing
      scale /= 10;
    }
  }
  out.hour = static_cast<uint8_t>(hour);
  out.minute = static_cast<uint8_t>(minute);
  out.second = static_cast<uint8_t>(second);
  out.nanos = nanos;
  text.remove_prefix(end);
  return true;
}

bool read_iso_date(std::string_view& text, Civil& out) {
  const int century = two(text, 0), year = two(text, 2), month = two(text, 5), day = two(text, 8);
  if (century < 0 || year < 0 || month < 1 || month > 12 || day < 1 || text[4] != '-' || text[7] != '-') return false;
  const int full = century * 100 + year;
  if (static_cast<unsigned>(day) > days_in_month(full, static_cast<unsigned>(month))) return false;
  out.year = full;
  out.month = static_cast<uint8_t>(month);
  out.day = static_cast<uint8_t>(day);
  text.remove_prefix(10);
  return true;
}

std::optional<int32_t> read_offset(std::string_view& text) {
  if (text.starts_with('Z') || text.starts_with('z')) {
    text.remove_prefix(1);
    return 0;
  }
  if (text.empty() || (text[0] != '+' && text[0] != '-')) return std::nullopt;
  const int hours = two(text, 1);
  if (hours < 0 || hours > 18) return std::nullopt;
  size_t end = 3;
  int minutes = 0;
  if (text.size() > 3 && text[3] == ':' && two(text, 4) >= 0) {
    minutes = two(text, 4);
    end = 6;
  } else if (two(text, 3) >= 0) {
    minutes = two(text, 3);
    end = 5;
  }
  if (minutes > 59) return std::nullopt;
  const int32_t seconds = hours * 3600 + minutes * 60;
  const bool west = text[0] == '-';
  text.remove_prefix(end);
  return west ? -seconds : seconds;
}

std::string_view to_text(TimeBasis basis) {
  static constexpr std::string_view kNames[] = {"utc", "offset", "zone", "assumed", "boot", "bounded"};
  return kNames[static_cast<size_t>(basis)];
}

std::string_view to_text(TimePrecision precision) {
  static constexpr std::string_view kNames[] = {"ns", "us", "ms", "s", "2s", "min", "day"};
  return kNames[static_cast<size_t>(precision)];
}

}  // namespace necropsy
