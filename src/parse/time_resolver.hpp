// SPDX-License-Identifier: Apache-2.0
// TimeResolver and YearInference: from what a record says to an instant, with the basis kept.
// Without a zone of the image, UTC is assumed and said so.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time_zone.hpp"
#include "base/timestamp.hpp"
#include "model/event.hpp"

namespace necropsy {

// Resolves the times of one file, in file order: an hour that came twice is told apart by the line before.
class TimeResolver {
 public:
  // `assumed_basis`: basis for zone-less times when the zone is unknown.
  explicit TimeResolver(TimeZone zone, std::optional<int32_t> forced_year = {});

  EventTime local(const Civil& civil, TimePrecision precision);  // basis zone or assumed
  EventTime with_offset(const Civil& civil, int32_t seconds_east, TimePrecision precision) const;
  EventTime utc(const Civil& civil, TimePrecision precision) const;
  EventTime instant(Timestamp when, TimePrecision precision) const;  // recorded in UTC
  const TimeZone& zone() const { return zone_; }
  std::optional<int32_t> forced_year() const { return forced_year_; }  // --year

 private:
  TimeZone zone_;
  std::optional<int32_t> forced_year_;
  int64_t last_local_ = INT64_MIN;
};

// Year of year-less stamps (syslog, xferlog without year, vixie cron): two passes over one file.
// First pass: observe() each stamp in file order, anchor() whatever fixes the year. Then settle() with the latest time
// the last line can have; then, again in file order, year_of() each stamp.
class YearInference {
 public:
  void observe(unsigned month, unsigned day, uint32_t second_of_day = 0);
  // A record near the stamp observed last proves its year (a full date in its text, an epoch, …).
  void anchor(int32_t year);
  // `not_after`: local calendar date that the last stamp cannot exceed (file's modified time, gzip header, the next
  // newer sibling's first line, last sign of life), one day of slack is added. `forced` (--year) is the year of the
  // last line and wins; anchors inside the log win over file times, which may be forged.
  // False when nothing is known: the caller reports it and dates nothing.
  bool settle(std::optional<Civil> not_after, std::optional<int32_t> forced);
  // Year of the next stamp, in the same order as observe(). Steps back of less than ~ half a year (a buffered line, a
  // clock set back) do not change the year.
  int32_t year_of(unsigned month, unsigned day);
  size_t observed() const { return count_; }
  std::string_view source() const { return source_; }  // anchor, file time, forced

 private:
  int rollover(int& last_key, unsigned month, unsigned day) const;
  size_t count_ = 0;
  int last_key_ = -1;  // month * 32 + day of the stamp before
  int turns_ = 0;      // years passed since the first stamp
  int last_month_ = 0, last_day_ = 0;
  std::optional<int32_t> first_year_;  // proven by an anchor: year of the first stamp
  std::optional<int> leap_turn_;       // a stamp of Feb 29 was seen at this turn
  int32_t base_year_ = 0;
  int read_key_ = -1, read_turns_ = 0;
  std::string_view source_;
};

}  // namespace necropsy
