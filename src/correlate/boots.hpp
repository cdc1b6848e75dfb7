// SPDX-License-Identifier: Apache-2.0
// Boots of each host, from all logs that tell of them: fills `boot`, and host.last_seen and stopped_how.
#pragma once
#include <cstdint>
#include <map>
#include <vector>

#include "store/database.hpp"

namespace necropsy {

struct Boot {
  int64_t start = 0;  // µs
  int64_t end = 0;    // shutdown, or the last record before the next boot; INT64_MAX for the last one
  bool clean = false;
};
using Boots = std::map<int64_t, std::vector<Boot>>;  // by host, in time order

void find_boots(Database& db);
Boots read_boots(Database& db);
// Last sign of life on the disks and whether the machine was shut down; after find_boots.
void find_last_seen(Database& db);

}  // namespace necropsy
