// SPDX-License-Identifier: Apache-2.0
// One line of a log of the syslog family: stamp, host, tag, text. Structure only, no meaning.
// Sources: RFC 3164, RFC 5424, the templates of rsyslog and syslog-ng, FreeBSD syslogd(8) -v, Solaris msgid(1M),
// metalog, asl(3), multilog(8) (TAI64N). All views point into the line that was read.
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/timestamp.hpp"

namespace necropsy {

enum class StampShape : uint8_t {
  none,
  month_day,       // Mmm dd hh:mm:ss, also with fraction, with a year, or behind Cisco's `*`
  iso,             // YYYY-MM-DDThh:mm:ss[.f][Z|+hh:mm]
  iso_with_blank,  // YYYY-MM-DD hh:mm:ss[,f][ +zzzz]: proftpd, exim, FreeBSD userlog
  tai64n,          // @ and 24 hex digits
  compact,         // [YYYYMMDD-hh:mm:ss]: xrdp
  epoch,           // 1403884279 - 06/27/2014 17:51:19: portsentry
};

struct SyslogStamp {
  StampShape shape = StampShape::none;
  bool has_year = false;
  Civil civil;                       // year is 0 without has_year; unused when `instant` is set
  std::optional<int32_t> offset;     // seconds east of UTC, where the stamp says so
  bool zulu = false;                 // the offset was written as Z
  std::optional<Timestamp> instant;  // stamps that count from an epoch
  TimePrecision precision = TimePrecision::s;
  int facility = -1, severity = -1;  // from a <PRI> in front; -1 when there is none
  bool rfc5424 = false;              // <PRI>1 in front
  size_t end = 0;                    // where the rest of the line begins
};

// Reads the stamp at the front of `line`. Looks first for the shape that `out` holds from the line before: one file
// keeps one shape. False when the line begins with none.
bool read_syslog_stamp(std::string_view line, SyslogStamp& out);

// Whether a line without a readable stamp was meant to have one (`MMM 22 07:54:32 …`, `Mar 23 Wrong`, `Feb 30 …`):
// such a line is damaged, and no continuation of the record above.
bool is_broken_stamp(std::string_view line);

struct SyslogHeader {
  std::string_view host;  // empty when the line names none
  std::string_view tag;   // without pid and colon; empty when there is none
  std::optional<int64_t> pid;
  std::string_view text;   // without blanks around it
  std::string_view shown;  // tag, pid and text as they stand in the line, where they stand together
  std::string_view message_id, structured_data;  // RFC 5424
  int facility = -1, severity = -1;
  bool has_colon = false;  // the tag was closed by a colon: the usual sign of a syslog line
};

// What follows the stamp, `line` from `stamp.end` on. Never fails: without a tag all is text.
void read_syslog_header(std::string_view line, const SyslogStamp& stamp, SyslogHeader& out);

// Where the next message begins in a line that a forward format glued together (`…debug<14>Mar  6 …`), at or after
// `from`; npos when there is none.
size_t find_glued_message(std::string_view line, size_t from);

}  // namespace necropsy
