// SPDX-License-Identifier: Apache-2.0
// Timestamp: an instant with full range and full precision, and the calendar arithmetic around it.
#pragma once
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace necropsy {

// int64 microseconds since 1970-01-01 UTC (negative before) plus the 0-999 ns below it.
// +-292,000 years, so that stomped times survive.
struct Timestamp {
  int64_t us = 0;
  uint16_t ns = 0;
  auto operator<=>(const Timestamp&) const = default;

  static Timestamp from_unix(int64_t seconds, uint32_t nanoseconds = 0) {
    return {seconds * 1'000'000 + nanoseconds / 1000, static_cast<uint16_t>(nanoseconds % 1000)};
  }
  // 100 ns intervals since 1601; a zero FILETIME is no time.
  static std::optional<Timestamp> from_filetime(uint64_t filetime);
  int64_t seconds() const { return us >= 0 ? us / 1'000'000 : -((-us + 999'999) / 1'000'000); }
  uint32_t nanos() const { return static_cast<uint32_t>(us - seconds() * 1'000'000) * 1000 + ns; }
};

// Wall-clock reading without a zone.
struct Civil {
  int32_t year = 1970;
  uint8_t month = 1, day = 1, hour = 0, minute = 0, second = 0;
  uint32_t nanos = 0;
  bool operator==(const Civil&) const = default;
};

int64_t days_from_civil(int64_t year, unsigned month, unsigned day);  // days since 1970-01-01, proleptic Gregorian
bool is_leap(int64_t year);
unsigned days_in_month(int64_t year, unsigned month);
bool valid(const Civil& civil);  // second 60 is allowed (leap second), read as :59 by unix_seconds
int64_t unix_seconds(const Civil& civil);
Civil civil_from_unix(int64_t seconds);

std::string iso_micro(Timestamp t);  // 2009-10-05T14:03:00.000000Z
std::string iso_nano(Timestamp t);   // 2020-08-19T18:49:28.882533550Z

// Readers of fixed shapes; each takes what it needs from the front of `text` and leaves `text` alone on failure.
std::optional<uint8_t> read_month(std::string_view three_letters);  // Jan … Dec, any case
bool read_clock(std::string_view& text, Civil& out);                // hh:mm:ss[.fraction|,fraction]
bool read_iso_date(std::string_view& text, Civil& out);             // YYYY-MM-DD
std::optional<int32_t> read_offset(std::string_view& text);         // Z, +hh:mm, +hhmm, +hh: seconds east

enum class TimeBasis : uint8_t { utc, offset, zone, assumed, boot, bounded };
enum class TimePrecision : uint8_t { ns, us, ms, s, two_s, min, day };
std::string_view to_text(TimeBasis basis);
std::string_view to_text(TimePrecision precision);

}  // namespace necropsy
