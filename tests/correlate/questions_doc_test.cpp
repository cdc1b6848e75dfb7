// SPDX-License-Identifier: Apache-2.0
// docs/questions.md lists each question with what its header says. UPDATE_DOCS=1 writes the list anew.
#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "base/text.hpp"
#include "correlate/runner.hpp"

using namespace necropsy;

namespace {

constexpr std::string_view kMark = "<!-- list -->\n";

std::string list_of_questions() {
  const auto questions = load_questions();
  REQUIRE(questions.has_value());
  std::string out = "\n## The questions\n";
  for (const Question& q : *questions) {
    out += "\n### `" + q.name + "`" + (q.finding ? " **F**" : "") + "\n" + q.meaning + "\n\n";
    out += "- Severity " + q.severity + " unless the row says more or less, confidence " +
           std::to_string(q.confidence) + ", phase " + q.phase + (q.attack.empty() ? "" : ", " + q.attack) + "\n";
    out += "- Needs: " + q.needs + "\n";
    out += "- Wrong when: " + q.wrong_when + "\n";
    for (const QuestionParameter& p : q.parameters)
      out += "- `--set " + p.name + "=" + to_text(p.value) + "`: " + p.meaning + "\n";
  }
  return out;
}

}  // namespace

TEST_CASE("docs/questions.md says what the headers say") {
  const std::string path = NECROPSY_SOURCE_DIR "/docs/questions.md";
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  const std::string whole = text.str();
  const size_t mark = whole.find(kMark);
  REQUIRE(mark != std::string::npos);
  const std::string wanted = whole.substr(0, mark + kMark.size()) + list_of_questions();
  if (std::getenv("UPDATE_DOCS")) std::ofstream(path, std::ios::binary) << wanted;
  const bool same = whole == wanted || std::getenv("UPDATE_DOCS");
  INFO("run with UPDATE_DOCS=1 to write the list anew");
  CHECK(same);
}
