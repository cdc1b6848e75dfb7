// SPDX-License-Identifier: Apache-2.0
// Failed tries: temp.failure (all of them), `attack_wave` (runs by peer) and `failure_cover` (where they would be
// seen).
#pragma once
#include "store/database.hpp"

namespace necropsy {

// Also fills temp.host_name and temp.log_of_source, which later steps use.
void prepare_names(Database& db);
void collect_failures(Database& db);

}  // namespace necropsy
