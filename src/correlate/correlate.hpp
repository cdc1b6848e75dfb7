// SPDX-License-Identifier: Apache-2.0
// The analysis of a case: from rows of logs and files to boots, sessions, accounts, gaps, findings and incidents.
// Reads the case only, never the evidence; running it again gives the same rows.
#pragma once
#include <functional>
#include <string>
#include <string_view>

#include "store/database.hpp"

namespace necropsy {

struct CorrelateOptions {
  std::string questions_dir;   // further questions; empty: the built-in ones only
  std::function<bool()> stop;  // asked now and then; true ends the run with StoreError code 9, nothing kept
  std::function<void(std::string_view)> stage = {};  // told the name of each stage as it begins
};

// Clears what an earlier run made and makes it anew, in one transaction. A question that fails costs a row in `problem`
// (code question-…), never the run. Throws StoreError when the case cannot be written.
void correlate_case(Database& db, const CorrelateOptions& options = {});

}  // namespace necropsy
