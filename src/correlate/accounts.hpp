// SPDX-License-Identifier: Apache-2.0
// Accounts: how each came to be and was used; names and ids that only logs or files know.
#pragma once
#include "store/database.hpp"

namespace necropsy {

// Needs sessions, failures and acts.
void find_accounts(Database& db);

}  // namespace necropsy
