// SPDX-License-Identifier: Apache-2.0
// Opening a case file: new, to go on with, or to read. A file that is no case, or a case of a newer necropsy, is
// refused with a sentence that says so.
#pragma once
#include <string>

#include "base/result.hpp"
#include "store/database.hpp"

namespace necropsy {

enum class CaseMode { read, write, create_or_write };

// Write modes take the case for themselves until it is closed (two ingests into one case: the second is refused), set
// WAL and the pragmas of docs/schema.md, migrate older cases and make the views anew.
Result<Database> open_case(const std::string& path, CaseMode mode);
// Checkpoint, leave WAL: one portable file.
void close_case(Database& db);
// An empty case in memory, indexes included: for tests and for checking questions.
Database memory_case();

}  // namespace necropsy
