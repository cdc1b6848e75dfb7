// SPDX-License-Identifier: Apache-2.0
// TimeZone and TimeResolver: from what a record says to an instant, with the basis kept.
// The zone is the image's own TZif file fed to cctz; without one, UTC is assumed and said so.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/timestamp.hpp"
#include "model/event.hpp"

namespace necropsy {

class TimeZone {
 public:
  TimeZone();  // unknown: UTC is assumed
  TimeZone(const TimeZone&);
  TimeZone& operator=(const TimeZone&);
  ~TimeZone();
  // From the bytes of a TZif file (RFC 8536); nothing when they are none.
  static std::optional<TimeZone> from_tzif(std::string_view bytes);
  // From the zone database of the machine that runs necropsy: for --tz and for bare zone names.
  static std::optional<TimeZone> from_name(std::string_view name);
  // The TZif bytes of a zone of that database: for handing it to another process.
  static std::optional<std::string> tzif_of(std::string_view name);
  bool known() const;

  struct Local {
    int64_t unix_seconds = 0;               // the first of two readings where there are two
    std::optional<int64_t> second_reading;  // set in the hour that came twice
    bool skipped = false;                   // in the hour that never was: read with the offset before the change
  };
  Local to_utc(const Civil& civil) const;
  Civil to_local(Timestamp t) const;
  int32_t offset_at(Timestamp t) const;  // seconds east of UTC
  std::string abbreviation_at(Timestamp t) const;

 private:
  struct Rules;
  std::shared_ptr<const Rules> rules_;
};

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
