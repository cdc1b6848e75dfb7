// SPDX-License-Identifier: Apache-2.0
// Runs question files over a case: as a table for `ask`, into `finding` and `finding_event` for the findings.
// Evidence cannot hang it: a statement is ended after max_steps; what then is missing is said.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "correlate/question_file.hpp"
#include "store/database.hpp"

namespace necropsy {

// Built-in questions and, when `dir` is not empty, those of its *.sql files; sorted by name. A file that cannot be
// read, breaks the rules or takes the name of a built-in one is an error that names the file.
Result<std::vector<Question>> load_questions(const std::string& dir = {});
const Question* find_question(const std::vector<Question>& questions, std::string_view name);

// Compiles a question against the case: one reading statement, known columns in its sentence and title, and for a
// finding the columns `subject`, `host_id` and a citation.
Result<void> check_question(const Database& db, const Question& question);

struct RunLimits {
  std::function<bool()> stop;          // asked now and then; true ends the run
  uint64_t max_steps = 2'000'000'000;  // of SQLite's machine, about half a minute
  uint64_t max_rows = 1'000'000;
};

using Cell = std::variant<std::monostate, int64_t, double, std::string>;
std::string to_text(const Cell& cell);  // empty for NULL

struct Answer {
  std::vector<std::string> columns;
  std::vector<std::vector<Cell>> rows;
  bool cut = false;  // max_rows was reached
};
// Rows for a person: without subject, host_id and *_ts; what is cited is shown in the last column, `events`.
// `set`: values of --set by parameter name; an unknown name or a value of another type is an error.
Result<Answer> ask_question(Database& db, const Question& question, const std::map<std::string, std::string>& set = {},
                            const RunLimits& limits = {});

struct Stored {
  uint64_t findings = 0;
  uint64_t without_evidence = 0;  // rows that cited no event of the case: dropped
};
// Writes the rows of a `finding: yes` question into finding and finding_event. The caller owns the transaction.
Result<Stored> store_findings(Database& db, const Question& question, const RunLimits& limits = {});

// Puts a row's values into `{column}`; text in [ ] is left out when one of its values is NULL. Columns that end in _ts
// are shown as time. Nothing: NULL as "unknown".
std::string fill_sentence(std::string_view pattern, const std::map<std::string, Cell, std::less<>>& row);

}  // namespace necropsy
