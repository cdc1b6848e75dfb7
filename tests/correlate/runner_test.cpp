// SPDX-License-Identifier: Apache-2.0
#include "correlate/runner.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "support/case_text.hpp"

using namespace necropsy;

namespace {

const std::string kHeader =
    "-- title: Title {name}\n-- meaning: m\n-- phase: context\n-- severity: low\n-- confidence: 50\n-- attack: none\n"
    "-- needs: n\n-- wrong-when: w\n-- sentence: {name} did it[, with {what}].\n";

Question question(const std::string& finding, const std::string& sql) {
  auto q = read_question("mine", kHeader + "-- finding: " + finding + "\n" + sql);
  REQUIRE(q.has_value());
  return *q;
}

std::string error_of(const std::string& text) {
  const auto q = read_question("mine", text);
  return q ? std::string() : q.error().what;
}

Database small_case() {
  Database db = memory_case();
  test::CaseText text(db);
  for (const char* line : {"host alpha", "log /var/log/auth.log syslog", "  2024-03-01T10:00:00 session.message x5"})
    text.line(line);
  text.done();
  return db;
}

}  // namespace

TEST_CASE("a header says all that it must, once, and nothing else") {
  CHECK(error_of(kHeader + "-- finding: no\nSELECT 1").empty());
  CHECK(contains(error_of(kHeader + "SELECT 1"), "mine.sql: `finding` is missing"));
  CHECK(contains(error_of(kHeader + "-- finding: no\n-- colour: red\nSELECT 1"), "`colour` is no key"));
  CHECK(contains(error_of(kHeader + "-- finding: no\n-- title: again\nSELECT 1"), "stands twice"));
  CHECK(contains(error_of(kHeader + "-- finding: maybe\nSELECT 1"), "yes or no"));
  CHECK(contains(error_of(kHeader + "-- finding: no\n"), "no SELECT"));
  CHECK(contains(error_of(kHeader + "-- finding: no\n-- parameter: x\nSELECT 1"), "a parameter reads"));
  CHECK(contains(error_of("-- severity: terrible\n"), "severity is one of"));
  CHECK(contains(error_of("-- phase: lunch\n"), "phase is one of"));
  CHECK_FALSE(read_question("../evil", kHeader).has_value());
}

TEST_CASE("a value goes on over indented lines; parameters know their type") {
  const auto q = read_question("mine", kHeader +
                                           "-- finding: no\n-- parameter: n = 5 : how many,\n--   and more\n"
                                           "-- parameter: r = 1.5 : real\n-- parameter: t = '' : text\nSELECT 1\n");
  REQUIRE(q.has_value());
  REQUIRE(q->parameters.size() == 3);
  CHECK(q->parameters[0].meaning == "how many, and more");
  CHECK(std::get<int64_t>(q->parameters[0].value) == 5);
  CHECK(std::get<double>(q->parameters[1].value) == 1.5);
  CHECK(std::get<std::string>(q->parameters[2].value).empty());
}

TEST_CASE("the case refuses questions that do more than ask") {
  Database db = small_case();
  CHECK(check_question(db, question("no", "SELECT 'a' AS name, 'b' AS what")).has_value());
  const auto refused = [&](const std::string& finding, const std::string& sql) {
    const auto checked = check_question(db, question(finding, sql));
    return checked ? std::string() : checked.error().what;
  };
  CHECK(contains(refused("no", "DELETE FROM event"), "only reading"));
  CHECK(contains(refused("no", "SELECT 'a' AS name, 'b' AS what; DROP TABLE event"), "more than one statement"));
  CHECK(contains(refused("no", "SELECT 'a' AS name"), "{what} is no column"));
  CHECK(contains(refused("no", "SELECT nonsense"), "no such column"));
  CHECK(contains(refused("yes", "SELECT 'a' AS name, 'b' AS what, 's' AS subject"), "needs the column host_id"));
  CHECK(contains(refused("yes", "SELECT 'a' AS name, 'b' AS what, 's' AS subject, 1 AS host_id"), "cites events"));
  CHECK(contains(
      refused("yes", "SELECT 'a' AS name, 'b' AS what, 's' AS subject, 1 AS host_id\n-- events:\nSELECT 1 AS event_id"),
      "no column subject"));
}

TEST_CASE("a row becomes a finding with its evidence, its sentence and its span") {
  Database db = small_case();
  const Question q = question(
      "yes",
      "SELECT 's' AS subject, 1 AS host_id, 'Bob' AS name, NULL AS what, json_array(min(event_id)) AS cite_trigger, "
      "json_array(max(event_id), min(event_id), 99) AS cite_context FROM event\n"
      "-- events:\nSELECT 's' AS subject, 1 AS host_id, event_id, 'effect' AS role FROM event");
  const auto stored = store_findings(db, q);
  REQUIRE(stored.has_value());
  CHECK(stored->findings == 1);
  const auto rows = test::rows_of(db, "SELECT * FROM findings");
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].at("title") == "Title Bob");
  CHECK(rows[0].at("summary") == "Bob did it.");
  CHECK(rows[0].at("event_count") == "5");
  CHECK(rows[0].at("first_utc") == "2024-03-01T10:00:00.000000Z");
  CHECK(rows[0].at("last_utc") == "2024-03-01T10:00:04.000000Z");
  CHECK(db.value("SELECT count(*) FROM finding_event WHERE role = 'trigger'") == 1);
  CHECK(db.value("SELECT count(*) FROM finding_event WHERE role = 'effect'") == 4);
}

TEST_CASE("a row without evidence is left out and counted") {
  Database db = small_case();
  const auto stored = store_findings(
      db, question("yes",
                   "SELECT 's' AS subject, 1 AS host_id, 'x' AS name, 'y' AS what, json_array(12345) AS cite_trigger"));
  REQUIRE(stored.has_value());
  CHECK(stored->findings == 0);
  CHECK(stored->without_evidence == 1);
}

TEST_CASE("ask shows what is for people, and takes parameters by name and type") {
  Database db = small_case();
  Question q =
      question("no", "SELECT 'n' AS name, :n AS what, 's' AS subject, 1 AS first_ts, json_array(1, 2) AS cite_trigger");
  q.parameters.push_back({"n", int64_t{5}, "number"});
  auto answer = ask_question(db, q, {{"n", "7"}});
  REQUIRE(answer.has_value());
  CHECK(answer->columns == std::vector<std::string>{"name", "what", "events"});
  REQUIRE(answer->rows.size() == 1);
  CHECK(to_text(answer->rows[0][1]) == "7");
  CHECK(to_text(answer->rows[0][2]) == "1 2");
  CHECK_FALSE(ask_question(db, q, {{"m", "7"}}).has_value());
  CHECK_FALSE(ask_question(db, q, {{"n", "many"}}).has_value());
}

TEST_CASE("a question without end is ended") {
  Database db = small_case();
  const Question q = question("no",
                              "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
                              "SELECT count(*) AS name, 1 AS what FROM n");
  RunLimits limits;
  limits.max_steps = 2'000'000;
  const auto answer = ask_question(db, q, {}, limits);
  REQUIRE_FALSE(answer.has_value());
  CHECK(contains(answer.error().what, "takes too long"));
  limits.stop = [] { return true; };
  const auto stopped = ask_question(db, q, {}, limits);
  REQUIRE_FALSE(stopped.has_value());
  CHECK(stopped.error().code == ErrorCode::cancelled);
}

TEST_CASE("a folder of one's own questions: read under the same rules, and a bad one names its file") {
  namespace fs = std::filesystem;
  const fs::path dir = fs::temp_directory_path() / ("necropsy-questions-" + std::to_string(::getpid()));
  fs::create_directories(dir);
  std::ofstream(dir / "night-work.sql")
      << kHeader
      << "-- finding: yes\nSELECT 's' AS subject, 1 AS host_id, 'x' AS name, 'y' AS what, "
         "(SELECT json_array(event_id) FROM event LIMIT 1) AS cite_trigger";
  auto questions = load_questions(dir.string());
  REQUIRE(questions.has_value());
  REQUIRE(find_question(*questions, "night-work"));
  CHECK_FALSE(find_question(*questions, "night-work")->built_in);
  Database db = small_case();
  correlate_case(db, CorrelateOptions{.questions_dir = dir.string(), .stop = {}});
  CHECK(db.value("SELECT count(*) FROM finding WHERE rule = 'night-work'") == 1);
  std::ofstream(dir / "brute-force-success.sql") << kHeader << "-- finding: no\nSELECT 1";
  questions = load_questions(dir.string());
  REQUIRE_FALSE(questions.has_value());
  CHECK(contains(questions.error().what, "brute-force-success.sql"));
  // What cannot be read does not end the analysis; the case says so.
  correlate_case(db, CorrelateOptions{.questions_dir = dir.string(), .stop = {}});
  CHECK(db.value("SELECT count(*) FROM problem WHERE code = 'question-unreadable'") == 1);
  fs::remove_all(dir);
}

TEST_CASE("correlate_case can be stopped and then leaves the case as it was") {
  Database db = small_case();
  correlate_case(db);
  db.execute("INSERT INTO host(host_id, name, time_zone_source) VALUES(9, 'z', 't')");
  const auto logins = db.value("SELECT count(*) FROM boot");
  bool thrown = false;
  try {
    correlate_case(db, CorrelateOptions{.questions_dir = {}, .stop = [] { return true; }});
  } catch (const StoreError& error) {
    thrown = error.code() == 9;
  }
  CHECK(thrown);
  CHECK(db.value("SELECT count(*) FROM boot") == logins);
  correlate_case(db);
}
