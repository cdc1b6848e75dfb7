// SPDX-License-Identifier: Apache-2.0
// Running programs with what they used, and figures that are compared with those kept from an earlier run.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace necropsy::bench {

struct Run {
  double wall = 0, cpu = 0;  // seconds; all processes
  long peak_kib = 0;         // of the largest process
  int status = 0;
};

// A shell command with all its children accounted for.
Run run(const std::string& command);
Run best_of(int n, const std::string& command);  // by wall time
bool exists(const std::string& path);
int64_t size_of(const std::string& path);
void line(std::string_view name, const Run& r);

// A ratio or size of which less is better. Absolute times are no figures: machines differ.
void figure(const std::string& name, double value);
// Writes the figures as JSON to `write`, holds them against those in `against` (either may be empty) and says which
// grew by more than 15 %. Returns how many did.
int finish_figures(const std::string& write, const std::string& against);

}  // namespace necropsy::bench
