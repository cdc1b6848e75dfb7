// SPDX-License-Identifier: Apache-2.0
// Holes in logs beyond each log's own habit, as far as the machine was on: table `gap`.
#pragma once
#include "correlate/boots.hpp"
#include "store/database.hpp"

namespace necropsy {

// Needs temp.log_of_source and the boots.
void find_gaps(Database& db, const Boots& boots);

}  // namespace necropsy
