// SPDX-License-Identifier: Apache-2.0
// TimeZone: the rules of a zone, from an image's own TZif file or from this machine's database; cctz behind it.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/timestamp.hpp"

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

}  // namespace necropsy
