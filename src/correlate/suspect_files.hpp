// SPDX-License-Identifier: Apache-2.0
// Files that stand out by themselves: by place, name and mode (temp.candidate_file), then by birth, and which of them
// are web shells (tables suspect_file, web_shell, web_shell_request). Runs before the sessions are judged.
#pragma once
#include "store/database.hpp"

namespace necropsy {

void find_suspect_files(Database& db);

}  // namespace necropsy
