// SPDX-License-Identifier: Apache-2.0
#include "correlate/accounts.hpp"

#include "correlate/steps.hpp"

namespace necropsy {

void find_accounts(Database& db) {
  for (const char* step : {"accounts", "file_owners", "account_bounds"}) run_step(db, step);
}

}  // namespace necropsy
