// SPDX-License-Identifier: Apache-2.0
#include "formats/ctime_stamp.hpp"

#include "base/text.hpp"

namespace necropsy {

TimePrecision precision_of(size_t fraction_digits) {
  if (fraction_digits == 0) return TimePrecision::s;
  if (fraction_digits <= 3) return TimePrecision::ms;
  return fraction_digits <= 6 ? TimePrecision::us : TimePrecision::ns;
}

bool read_ctime_stamp(std::string_view& text, Civil& out, TimePrecision& precision) {
  static constexpr std::string_view kDays = "montuewedthufrisatsun";
  std::string_view rest = text;
  if (rest.size() < 22 || rest[3] != ' ' || rest[7] != ' ') return false;
  const char day_name[] = {lower(rest[0]), lower(rest[1]), lower(rest[2])};
  const size_t at = kDays.find(std::string_view(day_name, 3));
  if (at == std::string_view::npos || at % 3 != 0) return false;
  const auto month = read_month(rest.substr(4, 3));
  if (!month) return false;
  Civil civil;
  civil.month = *month;
  rest.remove_prefix(8);
  if (rest[0] == ' ') rest.remove_prefix(1);
  unsigned day = 0, digits = 0;
  while (digits < 2 && is_digit(rest[digits])) day = day * 10 + static_cast<unsigned>(rest[digits++] - '0');
  if (digits == 0 || rest[digits] != ' ') return false;
  civil.day = static_cast<uint8_t>(day);
  rest.remove_prefix(digits + 1);
  const size_t before = rest.size();
  if (!read_clock(rest, civil)) return false;
  const size_t clock_size = before - rest.size();
  if (rest.size() < 5 || rest[0] != ' ') return false;
  int32_t year = 0;
  for (size_t i = 1; i <= 4; ++i) {
    if (!is_digit(rest[i])) return false;
    year = year * 10 + (rest[i] - '0');
  }
  if (rest.size() > 5 && is_digit(rest[5])) return false;
  civil.year = year;
  if (!valid(civil)) return false;
  out = civil;
  precision = precision_of(clock_size > 9 ? clock_size - 9 : 0);
  rest.remove_prefix(5);
  text = rest;
  return true;
}

}  // namespace necropsy
