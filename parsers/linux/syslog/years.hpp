// SPDX-License-Identifier: Apache-2.0
// Years of one file's year-less stamps, and the stamps of a clock that had lost its battery.
//
// A machine without a working clock boots on Jan 1 of some year and stays there until the network tells it the time. In
// a log without years that looks like New Year, at each boot. Such records are no turn of the year: they lie between
// their neighbours, and that is all that is known of their time.
#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "parse/time_resolver.hpp"

namespace necropsy::syslog {

class FileYears {
 public:
  // First pass: each stamp in file order, and the year that its record proves.
  void observe(unsigned month, unsigned day, std::optional<int32_t> proven);
  // See YearInference::settle.
  bool settle(std::optional<Civil> not_after, std::optional<int32_t> forced);

  struct Answer {
    int32_t year = 0;
    bool astray = false;             // the clock was lost: the stamp's date means nothing
    std::optional<Civil> not_after;  // then: the end of the day of the next record with a date
  };
  // Second pass: the same stamps in the same order.
  Answer next(unsigned month, unsigned day);
  uint64_t astray_runs() const { return astray_runs_; }

 private:
  // Records of one day that follow each other.
  struct Run {
    uint16_t key = 0;  // month * 32 + day
    bool astray = false;
    int32_t proven = 0;  // 0: nothing
    int32_t year = 0;
  };
  void mark_astray();
  std::vector<Run> runs_;
  YearInference all_;  // for a file with more runs than are kept
  bool too_many_ = false;
  size_t at_ = 0;
  uint16_t last_key_ = 0;
  int32_t last_year_ = 0;
  uint64_t astray_runs_ = 0;
};

}  // namespace necropsy::syslog
