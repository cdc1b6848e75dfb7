// SPDX-License-Identifier: Apache-2.0
// The SQL of the correlation lies in schema/correlate/; here it is found by name.
#pragma once
#include <string>
#include <string_view>

#include "store/database.hpp"

namespace necropsy {

// Text of schema/correlate/NAME.sql with its macros written out. Throws StoreError when there is none.
std::string step_text(std::string_view name);
Statement prepare_step(Database& db, std::string_view name);
void run_step(Database& db, std::string_view name);

// Path of a log without what rotation adds (.1, .2.gz, -20240101, .old …): the same for all parts of one log.
std::string log_family(std::string_view path);

// Words of category and action for rows that come as numbers.
struct KindWords {
  std::string_view category, action, outcome;
};
KindWords kind_words(int64_t kind);

}  // namespace necropsy
