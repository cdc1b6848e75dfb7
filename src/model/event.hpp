// SPDX-License-Identifier: Apache-2.0
// Event: one thing that happened at a time, as a parser states it. Plain data; all text is borrowed from the parser's
// buffers and is copied by whoever keeps it.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/timestamp.hpp"
#include "model/vocabulary.hpp"

namespace necropsy {

// A time and how it was reached.
struct EventTime {
  Timestamp when;
  TimeBasis basis = TimeBasis::utc;
  TimePrecision precision = TimePrecision::s;
  bool year_inferred = false;
  bool ambiguous = false;  // the local time came twice (clock set back); chosen by line order
  bool skipped = false;    // the local time never was (clock set forward)
  // For bounded times (`when` is then the earliest known bound); also for others where bounds are known.
  std::optional<Timestamp> earliest, latest;
};

// Where a record lies: bytes of the (unpacked) file. A row without a place does not exist.
struct Extent {
  uint64_t offset = 0;
  uint32_t length = 0;
};

// A field of the record without a column of its own, by the record's own field name.
struct Attribute {
  std::string_view key;
  std::string_view text;  // when number is not set
  std::optional<int64_t> number = {};
};

// The arguments of message_format, in this fixed order (SQLite printf(), only %s; %.0s swallows one not wanted):
//   1 user  2 target_user  3 source_ip, else source_host  4 source_port  5 auth_method  6 process_name  7 process_pid
//   8 file_path  9 service_name  10 command_line
// It is a constant of the parser, never text from evidence.
struct Event {
  EventTime time;
  Action action = Action::host_message;
  Outcome outcome = Outcome::none;
  std::string_view host_name;    // the host that the record names; empty when the record names none
  std::string_view user_name;    // who acted
  std::string_view target_user;  // the account acted upon
  std::string_view source_ip;    // canonical (canonical_ip)
  std::string_view source_host;
  std::optional<uint32_t> source_port;
  std::string_view destination_ip, destination_host;
  std::optional<uint32_t> destination_port;
  std::string_view auth_method;  // password, publickey, keyboard-interactive, interactive, network, … (docs/schema.md)
  std::string_view session_id;   // the source's own session, logon or connection id
  std::string_view process_name;
  std::optional<int64_t> process_pid;
  std::string_view command_line;
  std::string_view service_name;
  std::string_view http_method, url, user_agent;
  std::optional<int64_t> http_status, http_bytes;
  std::string_view file_path;
  std::optional<int64_t> file_size;
  // Exactly one of the two: a constant template over the fields above, or the record's own text.
  std::string_view message_format;
  std::string_view message;
  Extent where;
  uint64_t record = 0;  // line or record number in the file, from 1; 0 for records of several lines that have none
  // How often the record says this happened ("message repeated N times"); kept as attribute repeat_count when > 1.
  uint32_t repeat_count = 1;
  std::span<const Attribute> attributes;
};

}  // namespace necropsy
