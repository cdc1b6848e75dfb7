// SPDX-License-Identifier: Apache-2.0
#include "parse/time_resolver.hpp"

namespace necropsy {

TimeResolver::TimeResolver(TimeZone zone, std::optional<int32_t> forced_year)
    : zone_(std::move(zone)), forced_year_(forced_year) {}

EventTime TimeResolver::local(const Civil& civil, TimePrecision precision) {
  EventTime time;
  time.precision = precision;
  time.basis = zone_.known() ? TimeBasis::zone : TimeBasis::assumed;
  const TimeZone::Local local = zone_.to_utc(civil);
  int64_t seconds = local.unix_seconds;
  if (local.second_reading) {
    time.ambiguous = true;
    // Lines are in order: once a line of this file lies after the first reading, the second is meant.
    if (last_local_ != INT64_MIN && last_local_ > seconds) seconds = *local.second_reading;
  }
  time.skipped = local.skipped;
  last_local_ = seconds;
  time.when = Timestamp::from_unix(seconds, civil.nanos);
  return time;
}

EventTime TimeResolver::with_offset(const Civil& civil, int32_t seconds_east, TimePrecision precision) const {
  EventTime time;
  time.precision = precision;
  time.basis = TimeBasis::offset;
  time.when = Timestamp::from_unix(unix_seconds(civil) - seconds_east, civil.nanos);
  return time;
}

EventTime TimeResolver::utc(const Civil& civil, TimePrecision precision) const {
  EventTime time;
  time.precision = precision;
  time.when = Timestamp::from_unix(unix_seconds(civil), civil.nanos);
  return time;
}

EventTime TimeResolver::instant(Timestamp when, TimePrecision precision) const {
  EventTime time;
  time.precision = precision;
  time.when = when;
  return time;
}

// A step back in the calendar of more than this many days turns the year; less is a buffered line or a set clock.
constexpr int kTurnDays = 180;

namespace {
int day_of_year(int key) {
  constexpr int kBefore[] = {0, 31, 60, 91, 121, 152, 182, 213, 244, 274, 305, 335};
  return kBefore[key / 32 - 1] + key % 32;
}
}  // namespace

// +1 when the stamp begins a new year, -1 when it steps back over New Year, else 0.
int YearInference::rollover(int& last_key, unsigned month, unsigned day) const {
  const int key = static_cast<int>(month) * 32 + static_cast<int>(day);
  int turn = 0;
  if (last_key >= 0) {
    const int step = day_of_year(key) - day_of_year(last_key);
    if (step < -kTurnDays) turn = 1;
    // The last days of December after the first of January: a line written late, or a clock set back over New Year.
    if (step > 366 - 6) turn = -1;
  }
  last_key = key;
  return turn;
}

void YearInference::observe(unsigned month, unsigned day, uint32_t) {
  turns_ += rollover(last_key_, month, day);
  last_month_ = static_cast<int>(month);
  last_day_ = static_cast<int>(day);
  if (month == 2 && day == 29 && !leap_turn_) leap_turn_ = turns_;
  ++count_;
}

void YearInference::anchor(int32_t year) {
  if (count_ > 0 && !first_year_) first_year_ = year - turns_;
}

bool YearInference::settle(std::optional<Civil> not_after, std::optional<int32_t> forced) {
  read_key_ = -1;
  read_turns_ = 0;
  if (count_ == 0) return false;
  if (forced) {
    base_year_ = *forced - turns_;
    source_ = "forced";
    return true;
  }
  if (first_year_) {
    base_year_ = *first_year_;
    source_ = "anchor";
    return true;
  }
  if (!not_after) return false;
  int32_t last_year = not_after->year;
  const auto days = [](int32_t year, int month, int day) {
    return days_from_civil(year, static_cast<unsigned>(month), static_cast<unsigned>(day));
  };
  const int64_t limit = days(not_after->year, not_after->month, not_after->day) + 1;
  while (days(last_year, last_month_, last_day_) > limit) --last_year;
  base_year_ = last_year - turns_;
  source_ = "file time";
  // February 29 was written in a leap year: move back to the nearest one that fits.
  if (leap_turn_)
    for (int back = 0; back < 8 && !is_leap(base_year_ + *leap_turn_); ++back) --base_year_;
  return true;
}

int32_t YearInference::year_of(unsigned month, unsigned day) {
  read_turns_ += rollover(read_key_, month, day);
  return base_year_ + read_turns_;
}

}  // namespace necropsy
