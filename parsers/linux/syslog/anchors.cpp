// SPDX-License-Identifier: Apache-2.0
// Records of a year-less log that prove their year: a full date or an epoch in the text, next to the stamp's own date.
#include "base/text.hpp"
#include "base/timestamp.hpp"
#include "linux/syslog/message.hpp"

namespace necropsy::syslog {
namespace {

// The year in which month and day lie within two days of `date`; a line may be written shortly before or after the
// midnight of New Year.
std::optional<int32_t> year_near(const Civil& date, unsigned month, unsigned day) {
  if (date.year < 1971 || date.year > 2200) return std::nullopt;
  const int64_t about = days_from_civil(date.year, date.month, date.day);
  for (int32_t year : {date.year, date.year + 1, date.year - 1}) {
    if (day > days_in_month(year, month)) continue;
    const int64_t distance = days_from_civil(year, month, day) - about;
    if (distance >= -2 && distance <= 2) return year;
  }
  return std::nullopt;
}

std::optional<Civil> iso_date_in(std::string_view text, std::string_view mark) {
  const size_t at = text.find(mark);
  if (at == std::string_view::npos) return std::nullopt;
  std::string_view rest = text.substr(at + mark.size());
  Civil date;
  if (!read_iso_date(rest, date)) return std::nullopt;
  return date;
}

// `Fri Jun 17 07:07:00 2005` behind `mark`.
std::optional<Civil> ctime_in(std::string_view text, std::string_view mark) {
  const size_t at = text.find(mark);
  if (at == std::string_view::npos) return std::nullopt;
  std::string_view rest = text.substr(at + mark.size());
  take_word(rest);
  const auto month = read_month(take_word(rest));
  const auto day = to_number<unsigned>(take_word(rest));
  take_word(rest);
  const auto year = to_number<int32_t>(take_word(rest));
  if (!month || !day || !year || *day < 1 || *day > 31) return std::nullopt;
  Civil date;
  date.year = *year;
  date.month = *month;
  date.day = static_cast<uint8_t>(*day);
  return date;
}

std::optional<Civil> epoch_in(std::string_view text, std::string_view mark) {
  const size_t at = text.find(mark);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view rest = text.substr(at + mark.size());
  size_t end = 0;
  while (end < rest.size() && end < 11 && is_digit(rest[end])) ++end;
  const auto seconds = to_number<int64_t>(rest.substr(0, end));
  if (!seconds || end < 9) return std::nullopt;
  return civil_from_unix(*seconds);
}

// A clock without a battery starts here: what it says of itself proves nothing about the lines after it.
bool is_reset_clock(const Civil& date) {
  return (date.year == 1970 || date.year == 1980 || date.year == 2000 || date.year == 2001 || date.year == 2010) &&
         date.month == 1 && date.day <= 3;
}

}  // namespace

bool may_prove_year(std::string_view line, size_t stamp_end) {
  // The tag is the first word (no host) or the second; most programs are ruled out by its first letters.
  for (int word = 0; word < 2; ++word) {
    while (stamp_end < line.size() && line[stamp_end] == ' ') ++stamp_end;
    if (stamp_end + 2 >= line.size()) return false;
    const char a = line[stamp_end], b = line[stamp_end + 1];
    if ((a == 'f' && b == 't') || (a == 'a' && b == 'n') || (a == 'k' && b == 'e') ||
        (a == 'm' && (b == 'y' || b == 'a')) || (a == 'n' && b == 'm') || (a == 's' && b == 'm') ||
        (a == 'w' && b == 'i') || (a == 'x' && b == 'r'))
      return true;
    while (stamp_end < line.size() && line[stamp_end] != ' ') ++stamp_end;
  }
  return false;
}

std::optional<int32_t> proven_year(std::string_view program, std::string_view text, unsigned month, unsigned day) {
  if (program.empty() || text.size() < 10) return std::nullopt;
  std::optional<Civil> date;
  switch (program.front()) {
    case 'f':
      if (program == "ftpd" && text.starts_with("connection from ")) date = ctime_in(text, " at ");
      break;
    case 'a':
      if (program == "anacron") {
        date = text.starts_with("Updated timestamp for job ") ? iso_date_in(text, "' to ")
               : text.starts_with("Anacron ")                 ? iso_date_in(text, " started on ")
                                                              : std::nullopt;
      }
      break;
    case 'k':
      if (program != "kernel") break;
      if (const size_t at = text.find("etting system clock to "); at != std::string_view::npos) {
        date = iso_date_in(text, "etting system clock to ");  // `rtc_cmos …: setting system clock to 2020-08-19T…`
      } else if (text.find("audit(") != std::string_view::npos) {
        date = epoch_in(text, "audit(");
      }
      if (date && is_reset_clock(*date)) return std::nullopt;
      break;
    case 'm':
      if (program == "mysqld" || program == "mariadbd") date = iso_date_in(text, "");
      break;
    case 'n':
    case 's':
    case 'w':
      // Samba's debug header: `[2020/03/06 06:27:33.4866,  0] source.c:109(function)`
      if ((program == "nmbd" || program == "smbd" || program == "winbindd") && text.size() > 12 && text[0] == '[' &&
          text[5] == '/' && text[8] == '/') {
        const auto y = to_number<int32_t>(text.substr(1, 4));
        const auto mo = to_number<unsigned>(text.substr(6, 2)), dd = to_number<unsigned>(text.substr(9, 2));
        if (y && mo && dd && *mo >= 1 && *mo <= 12 && *dd >= 1 && *dd <= 31) {
          date = Civil{};
          date->year = *y;
          date->month = static_cast<uint8_t>(*mo);
          date->day = static_cast<uint8_t>(*dd);
        }
      }
      break;
    case 'x':
      if (program.starts_with("xrdp")) date = epoch_in(text, " time=");
      break;
    default:
      break;
  }
  if (!date) return std::nullopt;
  return year_near(*date, month, day);
}

std::optional<int32_t> kernel_build_year(std::string_view text) {
  // `Linux version 2.2.14-5.0 (…) (gcc …) #1 Tue Mar 7 20:53:41 EST 2000`, Debian ends `5.10.92-1 (2022-01-18)`.
  const size_t at = text.find("Linux version ");
  const size_t number = at == std::string_view::npos ? at : text.rfind('#');
  if (number == std::string_view::npos || number < at) return std::nullopt;
  text = trim(text.substr(number));
  if (text.size() > 12 && text.ends_with(')')) {
    std::string_view rest = text.substr(text.rfind('(') + 1);
    Civil date;
    if (read_iso_date(rest, date)) return date.year;
  }
  const auto year = to_number<int32_t>(text.substr(text.rfind(' ') + 1));
  return year && *year >= 1990 && *year <= 2200 ? year : std::nullopt;
}

}  // namespace necropsy::syslog
