// SPDX-License-Identifier: Apache-2.0
#include "formats/mysql_stamp.hpp"

#include "base/text.hpp"
#include "formats/ctime_stamp.hpp"

namespace necropsy {
namespace {

// h:mm:ss or hh:mm:ss, with a fraction.
bool read_short_clock(std::string_view& text, Civil& civil, TimePrecision& precision) {
  size_t digits = 0;
  int hour = 0;
  while (digits < 2 && digits < text.size() && is_digit(text[digits])) hour = hour * 10 + (text[digits++] - '0');
  if (digits == 0 || text.size() < digits + 6 || text[digits] != ':' || text[digits + 3] != ':') return false;
  for (size_t at : {digits + 1, digits + 2, digits + 4, digits + 5})
    if (!is_digit(text[at])) return false;
  const int minute = (text[digits + 1] - '0') * 10 + (text[digits + 2] - '0');
  const int second = (text[digits + 4] - '0') * 10 + (text[digits + 5] - '0');
  size_t end = digits + 6;
  uint32_t nanos = 0;
  size_t fraction = 0;
  if (end + 1 < text.size() && text[end] == '.' && is_digit(text[end + 1])) {
    uint32_t scale = 100'000'000;
    for (++end; end < text.size() && is_digit(text[end]); ++end, ++fraction) {
      nanos += static_cast<uint32_t>(text[end] - '0') * scale;
      scale /= 10;
    }
  }
  if (end < text.size() && is_digit(text[end])) return false;
  civil.hour = static_cast<uint8_t>(hour);
  civil.minute = static_cast<uint8_t>(minute);
  civil.second = static_cast<uint8_t>(second);
  civil.nanos = nanos;
  precision = precision_of(fraction);
  text.remove_prefix(end);
  return true;
}

}  // namespace

bool read_mysql_stamp(std::string_view line, MysqlStamp& out) {
  if (line.size() < 13 || !is_digit(line[0])) return false;
  MysqlStamp stamp;
  std::string_view rest = line;
  size_t digits = 0;
  while (digits < 7 && is_digit(line[digits])) ++digits;
  if (digits == 6 && line[6] == ' ') {
    const int year = (line[0] - '0') * 10 + (line[1] - '0');
    stamp.civil.year = year >= 70 ? 1900 + year : 2000 + year;
    stamp.civil.month = static_cast<uint8_t>((line[2] - '0') * 10 + (line[3] - '0'));
    stamp.civil.day = static_cast<uint8_t>((line[4] - '0') * 10 + (line[5] - '0'));
    rest.remove_prefix(6);
  } else if (digits == 4) {
    if (!read_iso_date(rest, stamp.civil) || rest.empty()) return false;
    stamp.iso = true;
    stamp.with_t = rest[0] == 'T';
    if (stamp.with_t) {
      rest.remove_prefix(1);
    } else if (rest[0] != ' ') {
      return false;
    }
  } else {
    return false;
  }
  while (rest.starts_with(' ')) rest.remove_prefix(1);
  if (!read_short_clock(rest, stamp.civil, stamp.precision) || !valid(stamp.civil)) return false;
  if (stamp.iso) {
    stamp.zulu = rest.starts_with('Z');
    if (stamp.zulu || rest.starts_with('+') || (stamp.with_t && rest.starts_with('-'))) {
      stamp.offset = read_offset(rest);
      if (!stamp.offset) return false;
    }
  }
  stamp.end = line.size() - rest.size();
  out = stamp;
  return true;
}

EventTime resolve_mysql_stamp(const MysqlStamp& stamp, TimeResolver& clock) {
  if (stamp.zulu) return clock.utc(stamp.civil, stamp.precision);
  if (stamp.offset) return clock.with_offset(stamp.civil, *stamp.offset, stamp.precision);
  if (stamp.with_t) {
    // 5.7 writes UTC unless told otherwise; a stamp that lost its Z is taken so, and said to be an assumption.
    EventTime time = clock.utc(stamp.civil, stamp.precision);
    time.basis = TimeBasis::assumed;
    return time;
  }
  return clock.local(stamp.civil, stamp.precision);
}

}  // namespace necropsy
