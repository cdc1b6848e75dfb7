// SPDX-License-Identifier: Apache-2.0
// The stamps of MySQL's and MariaDB's logs, which change with the release and mix in one file after an upgrade.
// Sources: sql/log.cc of MySQL 4.1 to 8.0 and of MariaDB 5.5 to 11, scripts/mysqld_safe.sh.
#pragma once
#include <cstddef>
#include <optional>
#include <string_view>

#include "base/timestamp.hpp"
#include "parse/time_resolver.hpp"

namespace necropsy {

struct MysqlStamp {
  Civil civil;
  std::optional<int32_t> offset;  // seconds east of UTC, where the stamp says so (Z is 0)
  bool zulu = false;
  bool iso = false;     // YYYY-MM-DD, not YYMMDD
  bool with_t = false;  // a T between date and time: UTC by default even where the Z is missing (5.7)
  TimePrecision precision = TimePrecision::s;
  size_t end = 0;  // where the rest of the line begins
};

// `YYMMDD [h]h:mm:ss`, `YYYY-MM-DD [h]h:mm:ss[.f]`, `YYYY-MM-DDThh:mm:ss[.f][Z|+hh:mm]` at the front of `line`. Hours
// below ten may be padded with a blank.
bool read_mysql_stamp(std::string_view line, MysqlStamp& out);

EventTime resolve_mysql_stamp(const MysqlStamp& stamp, TimeResolver& clock);

}  // namespace necropsy
