// SPDX-License-Identifier: Apache-2.0
// Progress on stderr: a line that is drawn over on a terminal, plain lines now and then elsewhere.
#pragma once
#include <chrono>
#include <string>

#include "engine/ingest.hpp"

namespace necropsy::cli {

class ProgressLine {
 public:
  explicit ProgressLine(bool quiet);
  void show(const Progress& progress);
  void end();

 private:
  using Clock = std::chrono::steady_clock;
  bool quiet_, terminal_;
  std::string stage_;
  Clock::time_point start_ = Clock::now(), stage_start_ = Clock::now(), last_ = {};
  bool drawn_ = false;
};

}  // namespace necropsy::cli
