// SPDX-License-Identifier: Apache-2.0
// Which session an act was done in (table `act`), and in whose session each su and sudo happened (login.parent_login).
#pragma once
#include "store/database.hpp"

namespace necropsy {

void find_acts(Database& db);

}  // namespace necropsy
