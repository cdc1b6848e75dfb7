// SPDX-License-Identifier: Apache-2.0
// From records of one utmp, wtmp or btmp, in file order, to events. Remembers what stands on each terminal line, so
// that the end of a login prompt is not taken for a logout, and holds back undated records until the next dated one
// bounds them.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "formats/utmp_record.hpp"
#include "parse/parser.hpp"

namespace necropsy::utmp {

enum class Kind : uint8_t { utmp, wtmp, btmp };  // current state by slots; history; failed logins

class Teller {
 public:
  Teller(Kind kind, UtmpLayout layout, const ParseContext& context, EventSink& sink)
      : kind_(kind), layout_(layout), context_(context), sink_(sink) {}
  // `bytes` is one whole record that judge_utmp() found loose or good.
  void record(Bytes bytes, uint64_t offset, uint64_t number);
  // `count` records of zeros in a row.
  void zeroed(uint64_t count, uint64_t offset, uint64_t number);
  void finish();

 private:
  struct Slot {
    int16_t type = 0;
    int64_t pid = 0;
    uint64_t record = 0;
    std::string user;
  };
  struct Waiting {
    std::string bytes;  // empty for a run of zeros
    uint64_t count = 1, offset = 0, number = 0;
    std::optional<Timestamp> after;
    std::optional<Slot> before;  // what stood on its line
  };

  void settle(std::optional<Timestamp> before, bool at_end);
  void tell(const UtmpRecord& record, const EventTime& time, Extent where, uint64_t number, const Slot* slot,
            std::optional<int64_t> back_seconds);
  void tell_zeroed(const Waiting& waiting, const EventTime& time, bool at_end);
  void remember(const UtmpRecord& record, uint64_t number);

  Kind kind_;
  UtmpLayout layout_;
  const ParseContext& context_;
  EventSink& sink_;
  std::optional<Timestamp> last_;       // time of the last dated record
  std::optional<Timestamp> old_clock_;  // time of an OLD_TIME record that waits for its NEW_TIME
  std::unordered_map<std::string, Slot> slots_;
  std::vector<Waiting> waiting_;
};

}  // namespace necropsy::utmp
