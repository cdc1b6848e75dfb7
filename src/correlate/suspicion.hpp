// SPDX-License-Identifier: Apache-2.0
// Which sessions are not to be trusted: table `suspicion`, view `bad_session`. Decided here once, for all questions.
#pragma once
#include "store/database.hpp"

namespace necropsy {

void find_suspicion(Database& db);

}  // namespace necropsy
