// SPDX-License-Identifier: Apache-2.0
// The query plan of each question and step: what was measured to be slow is refused (docs/performance.md). Needs no
// rows: SQLite plans an empty case as a full one without statistics.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "base/text.hpp"
#include "correlate/runner.hpp"
#include "store/case_file.hpp"

using namespace necropsy;

namespace {

std::vector<std::string> plan_of(Database& db, const std::string& sql) {
  std::vector<std::string> lines;
  Statement s = db.prepare("EXPLAIN QUERY PLAN " + sql);
  while (s.step()) lines.emplace_back(s.text(3));
  return lines;
}

// Empty when the line is fine. Scans by the partial index of rare kinds, or by a covering index, are.
std::string fault(const std::string& line) {
  for (const char* view : {"timeline", "event_row", "file_row", "notable"})
    for (const char* how : {"MATERIALIZE ", "CO-ROUTINE "})
      if (line == std::string(how) + view) return "computes the whole of " + std::string(view) + " first";
  if (!line.starts_with("SCAN ")) return {};
  if (contains(line, "event_rare") || contains(line, "COVERING INDEX")) return {};
  for (const char* table : {"event", "file_time", "event_row", "file_row", "timeline", "e", "ft"})
    if (line == std::string("SCAN ") + table || line.starts_with(std::string("SCAN ") + table + " "))
      return "reads all of " + std::string(table);
  return {};
}

}  // namespace

TEST_CASE("no question computes the timeline first or reads all events") {
  Database db = memory_case();
  const auto questions = load_questions();
  REQUIRE(questions.has_value());
  REQUIRE(questions->size() >= 10);
  for (const Question& q : *questions) {
    CAPTURE(q.name);
    const auto checked = check_question(db, q);
    if (!checked) FAIL_CHECK(checked.error().what);
    for (const std::string* sql : {&q.select, &q.events}) {
      if (trim(*sql).empty()) continue;
      for (const std::string& line : plan_of(db, *sql)) {
        CAPTURE(line);
        CHECK(fault(line).empty());
      }
    }
  }
}

TEST_CASE("the check of plans finds what it is for") {
  Database db = memory_case();
  const auto refused = [&](const std::string& sql) {
    for (const std::string& line : plan_of(db, sql))
      if (!fault(line).empty()) return true;
    return false;
  };
  CHECK(refused("SELECT event_category, count(*) FROM timeline GROUP BY 1"));
  CHECK(refused("SELECT count(*) FROM event e WHERE e.text LIKE '%x%'"));
  CHECK_FALSE(refused("SELECT e.event_id FROM event e WHERE e.kind >= 128 AND e.kind IN (200, 201)"));
  CHECK_FALSE(refused("SELECT * FROM timeline WHERE ts BETWEEN 1 AND 2 ORDER BY ts, ts_ns, event_id LIMIT 5"));
}
