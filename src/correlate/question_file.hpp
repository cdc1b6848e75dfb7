// SPDX-License-Identifier: Apache-2.0
// A question: one file schema/questions/NAME.sql, a checked comment header and one SELECT (docs/adding-a-question.md).
#pragma once
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.hpp"

namespace necropsy {

using ParameterValue = std::variant<int64_t, double, std::string>;
std::string to_text(const ParameterValue& value);

struct QuestionParameter {
  std::string name;  // bound as :name
  ParameterValue value;
  std::string meaning;
};

struct Question {
  std::string name;  // of the file, without .sql
  std::string title, meaning, phase, severity, needs, wrong_when, sentence;
  int64_t confidence = 0;
  std::string attack;  // ATT&CK technique; empty for none
  std::vector<QuestionParameter> parameters;
  bool finding = false;  // its rows become findings
  std::string select;    // macros written out
  std::string events;    // second query (subject, host_id, event_id, role); empty where there is none
  bool built_in = true;
};

// Reads the header and splits header, SELECT and `-- events:`. The error names the file and the key.
Result<Question> read_question(std::string_view name, std::string_view text);

// Words a header may use.
bool is_severity(std::string_view word);
bool is_phase(std::string_view word);
bool is_role(std::string_view word);
int severity_rank(std::string_view word);  // info 0 … critical 4

}  // namespace necropsy
