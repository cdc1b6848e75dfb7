// SPDX-License-Identifier: Apache-2.0
// Runs tests/questions/*.test: rows in, findings out (docs/adding-a-question.md).
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "correlate/runner.hpp"
#include "support/case_text.hpp"

using namespace necropsy;

namespace {
std::string read(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}
std::vector<std::filesystem::path> tests() {
  std::vector<std::filesystem::path> out;
  for (const auto& entry : std::filesystem::directory_iterator(NECROPSY_SOURCE_DIR "/tests/questions"))
    if (entry.path().extension() == ".test") out.push_back(entry.path());
  std::sort(out.begin(), out.end());
  return out;
}
}  // namespace

TEST_CASE("rows in, findings out") {
  const auto files = tests();
  REQUIRE(!files.empty());
  for (const auto& path : files) {
    CAPTURE(path.filename().string());
    const std::string failures = test::run_case_text(read(path), [](Database& db) {
      // Running again gives the same rows, and every cited event can be shown.
      const auto dump = [&] {
        std::string all;
        for (const char* sql : {"SELECT * FROM login ORDER BY login_id", "SELECT * FROM finding ORDER BY finding_id",
                                "SELECT * FROM finding_event ORDER BY 1, 2", "SELECT * FROM account ORDER BY 1, 2, 4",
                                "SELECT * FROM gap", "SELECT * FROM coverage_note", "SELECT * FROM boot",
                                "SELECT * FROM incident", "SELECT * FROM suspicion"})
          for (const auto& row : test::rows_of(db, sql))
            for (const auto& [key, value] : row) all += value + "|";
        return all;
      };
      const std::string first = dump();
      correlate_case(db);
      CHECK(dump() == first);
      CHECK(db.value("SELECT count(*) FROM finding_events x LEFT JOIN timeline t ON t.event_id = x.event_id "
                     "WHERE t.event_id IS NULL") == 0);
      CHECK(db.value("SELECT count(*) FROM logins WHERE logout_utc < login_utc") == 0);
      CHECK(db.value("SELECT count(*) FROM logins l LEFT JOIN timeline t ON t.event_id = l.first_event_id "
                     "WHERE t.event_id IS NULL") == 0);
    });
    INFO(failures);
    CHECK(failures.empty());
  }
}

TEST_CASE("every question for findings has a test of its own") {
  const auto questions = load_questions();
  REQUIRE(questions.has_value());
  for (const Question& q : *questions) {
    CAPTURE(q.name);
    CHECK(std::filesystem::exists(std::string(NECROPSY_SOURCE_DIR "/tests/questions/") + q.name + ".test"));
  }
}
