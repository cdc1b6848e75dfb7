// SPDX-License-Identifier: Apache-2.0
// Sessions: reads every record of logins and logouts in time order and fills `login` and `login_event`.
// Memory holds open sessions only; rows on their way lie in temporary tables.
#pragma once
#include "correlate/boots.hpp"
#include "correlate/failures.hpp"
#include "store/database.hpp"

namespace necropsy {

// Step 1: each log by itself, into temp.raw_session and temp.raw_event.
void collect_sessions(Database& db, const Boots& boots);
// Step 2: rows of several logs that tell of one session become one row of `login`.
void merge_sessions(Database& db, const Boots& boots);
// Step 3: failed tries before each login, and the verdict. Needs failure_cover.
void judge_sessions(Database& db, const FailedTries& tries);

}  // namespace necropsy
