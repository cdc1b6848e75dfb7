// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <set>

#include "base/text.hpp"
#include "model/vocabulary.hpp"
#include "store/case_file.hpp"
#include "store/case_writer.hpp"
#include "store/ledger.hpp"
#include "store/schema.hpp"
#include "store/timeline_query.hpp"

using namespace necropsy;

namespace {

std::string temporary(const char* name) {
  std::string path = std::string("/tmp/necropsy-case-test-") + std::to_string(getpid()) + "-" + name;
  std::remove(path.c_str());
  return path;
}

// A host with one evidence and one log source.
void seed(Database& db) {
  db.execute(
      "INSERT INTO host(host_id, name, time_zone_source) VALUES(1, 'web', 'test');"
      "INSERT INTO evidence(evidence_id, label, path, ingest_no, status) VALUES(1, 'disk', '/d', 1, 'opened');"
      "INSERT INTO volume(volume_id, evidence_id, host_id, name, mount_point, fs_type) VALUES(1, 1, 1, 'p1', '/', "
      "'ext4');"
      "INSERT INTO source(source_id, kind, host_id, evidence_id, volume_id, parser, log_path, file_state) "
      "VALUES(1, 1, 1, 1, 1, 'fs', NULL, NULL), (2, 0, 1, 1, 1, 'syslog', '/var/log/auth.log', 0), "
      "(3, 0, 1, 1, 1, 'syslog', '/var/log/auth.log.1', 0);");
}

EventRow login(TextTable& texts, int64_t ts, const char* user, uint64_t record) {
  EventRow row;
  row.ts = ts;
  row.kind = static_cast<uint16_t>(kind_id(Action::login, Outcome::success));
  row.flags = 2 | 3 << 3;
  row.offset = record * 100;
  row.length = 100;
  row.record = record;
  row.user = texts.add(user);
  row.addr = texts.add("192.0.2.9");
  row.port = 4022;
  row.format = texts.add("accepted %1s from %.0s%s port %s");
  return row;
}

EventBatch batch_of(const TextTable& texts, std::vector<EventRow> rows) {
  EventBatch batch;
  for (size_t i = 0; i < texts.size(); ++i) batch.texts.push_back(texts[i]);
  batch.rows = std::move(rows);
  return batch;
}

}  // namespace

TEST_CASE("kinds: bulk below the border, rare above, each number once") {
  std::set<int> seen;
  for (const Kind& k : all_kinds()) {
    CHECK(seen.insert(k.id).second);
    CHECK(k.id > 0);
    CHECK(k.id < 1024);
  }
  CHECK(kind_id(Action::login, Outcome::failure) < kFirstRareKind);
  CHECK(kind_id(Action::login, Outcome::success) >= kFirstRareKind);
  CHECK(kind_id(Action::web_request, Outcome::success) < kFirstRareKind);
  // The view file_row says this number out loud.
  CHECK(kind_id(Action::file_times, Outcome::none) == 46);
}

TEST_CASE("an event comes back from the timeline as it went in") {
  Database db = memory_case();
  seed(db);
  CaseWriter writer(db);
  TextTable texts;
  EventRow row = login(texts, -1, "eve", 7);
  row.host = texts.add("other");
  row.source_host = texts.add("evil.example");
  SourceTotals totals;
  writer.add_events(2, batch_of(texts, {row}), false, {"web"}, totals);
  writer.commit();
  CHECK(totals.events == 1);
  Statement s = db.prepare("SELECT * FROM timeline");
  REQUIRE(s.step());
  std::map<std::string, std::string> got;
  for (int i = 0; i < s.columns(); ++i) got[s.column_name(i)] = s.text(i);
  CHECK(got["event_id"] == std::to_string((2ll << 32) + 1));
  CHECK(got["time_utc"] == "1969-12-31T23:59:59.999999Z");
  CHECK(got["user_name"] == "eve");
  CHECK(got["source_ip"] == "192.0.2.9");
  CHECK(got["source_host"] == "evil.example");
  CHECK(got["message"] == "accepted eve from 192.0.2.9 port 4022");
  CHECK(got["log_record"] == "7");
  CHECK(got["host_name"] == "web");
  CHECK(got["attributes"] == "{\"log_host\":\"other\"}");
  CHECK(got["time_basis"] == "zone");
  CHECK(got["sources"] == "1");
}

TEST_CASE("times outside the years that SQLite knows are shown all the same") {
  Database db = Database::memory();
  const auto shown = [&](int64_t us) {
    return *db.text_value(expand_macros("SELECT $TIME(" + std::to_string(us) + ")"));
  };
  for (int64_t us : {int64_t{0}, int64_t{-1}, int64_t{253402300799999999}, int64_t{253402300800000000},
                     int64_t{900000000000000000}, int64_t{-62167219200000000}, int64_t{1700000000123456}})
    CHECK(shown(us) == iso_micro(Timestamp{us, 0}));
}

TEST_CASE("the timeline merges both arms in order, without a sort") {
  Database db = memory_case();
  const auto plan_of = [&](const std::string& sql) {
    Statement plan = db.prepare("EXPLAIN QUERY PLAN " + sql);
    std::string text;
    while (plan.step()) text += std::string(plan.text(3)) + "\n";
    return text;
  };
  const std::string order = " ORDER BY ts, ts_ns, event_id LIMIT 500";
  for (const std::string where : {"", "WHERE ts BETWEEN 1 AND 2", "WHERE source_ip = 'x'", "WHERE user_name = 'x'"}) {
    const std::string plan = plan_of("SELECT * FROM timeline " + where + order);
    CHECK_MESSAGE(contains(plan, "MERGE (UNION ALL)"), where);
    CHECK_FALSE(contains(plan, "MATERIALIZE"));
    CHECK_FALSE(contains(plan, "CO-ROUTINE"));
    // The index on users holds no time (docs/performance.md): one account's rows are sorted, no more.
    if (!contains(where, "user_name")) CHECK_FALSE(contains(plan, "USE TEMP B-TREE FOR ORDER BY"));
  }
}

TEST_CASE("copies merge across files, the n-th with the n-th, never inside one") {
  Database db = memory_case();
  seed(db);
  CaseWriter writer(db);
  Ledger ledger(writer);
  TextTable texts;
  std::vector<EventRow> both = {login(texts, 10, "a", 1), login(texts, 10, "a", 2), login(texts, 20, "b", 3)};
  std::vector<EventRow> copy = {login(texts, 10, "a", 5), login(texts, 20, "b", 6), login(texts, 15, "only here", 7)};
  for (auto [id, rows] : {std::pair{2, both}, {3, copy}}) {
    SourceEnd end;
    end.status = "complete";
    writer.add_events(id, batch_of(texts, rows), false, {}, end.totals);
    ledger.finish_source(id, end);
  }
  ledger.merge_copies();
  ledger.merge_copies();  // nothing more to do
  writer.commit();
  CHECK(db.value("SELECT count(*) FROM event") == 4);
  CHECK(db.value("SELECT count(*) FROM event_sources") == 6);
  CHECK(db.value("SELECT sources FROM timeline WHERE user_name = 'b'") == 2);
  CHECK(db.value("SELECT count(*) FROM timeline WHERE user_name = 'a' AND sources = 2") == 1);
  CHECK(db.value("SELECT count(*) FROM (SELECT c.events, count(*) AS n FROM coverage c JOIN event_sources s "
                 "ON s.log_path = c.log_path GROUP BY c.log_path HAVING c.events <> n)") == 0);
}

TEST_CASE("a log that is read in a later run joins the events that are there, and takes no id away") {
  Database db = memory_case();
  seed(db);
  db.execute(
      "INSERT INTO source(source_id, kind, host_id, evidence_id, volume_id, parser, log_path, file_state) "
      "VALUES(4, 0, 1, 1, 1, 'syslog', '/var/log/auth.log.2', 0)");
  CaseWriter writer(db);
  Ledger ledger(writer);
  TextTable texts;
  const auto add = [&](int64_t id, std::vector<EventRow> rows) {
    SourceEnd end;
    end.status = "complete";
    writer.add_events(id, batch_of(texts, std::move(rows)), false, {}, end.totals);
    ledger.finish_source(id, end);
  };
  // Twice in one log, once in the other: the second of the one stays alone.
  add(3, {login(texts, 10, "a", 1)});
  add(4, {login(texts, 10, "a", 1), login(texts, 10, "a", 2), login(texts, 11, "b", 3)});
  ledger.merge_copies();
  const auto ids = [&] {
    std::string out;
    Statement s = db.prepare("SELECT event_id, sources FROM timeline ORDER BY event_id");
    while (s.step()) out += std::to_string(s.integer(0) >> 32) + "/" + std::to_string(s.integer(1)) + " ";
    return out;
  };
  CHECK(ids() == "3/2 4/1 4/1 ");
  // A log with a lower number, left out at first: its first two are those that are there, its third is new.
  add(2, {login(texts, 10, "a", 1), login(texts, 10, "a", 2), login(texts, 10, "a", 3), login(texts, 12, "c", 4)});
  ledger.merge_copies();
  CHECK(ids() == "2/1 2/1 3/3 4/2 4/1 ");
  writer.commit();
  CHECK(db.value("SELECT count(*) FROM event_sources") == 8);
}

TEST_CASE("a source that did not end can be forgotten whole") {
  Database db = memory_case();
  seed(db);
  CaseWriter writer(db);
  TextTable texts;
  SourceTotals totals;
  EventRow row = login(texts, 10, "a", 1);
  row.command = texts.add("id");
  writer.add_events(2, batch_of(texts, {row}), false, {}, totals);
  writer.add_problem({.source_id = 2}, Problem{.code = "x", .what = "y"});
  writer.forget_source(2);
  writer.commit();
  for (const char* table : {"event", "event_extra", "problem", "activity_count"})
    CHECK(db.value(std::string("SELECT count(*) FROM ") + table) == 0);
}

TEST_CASE("files that are no case are refused with a reason") {
  const std::string path = temporary("none");
  const auto why = [&](CaseMode mode) {
    auto db = open_case(path, mode);
    return db ? std::string() : db.error().what;
  };
  CHECK(contains(why(CaseMode::read), "no such case file"));
  { std::ofstream(path) << "just text, long enough to be no database header at all ............................"; }
  CHECK(contains(why(CaseMode::read), "no SQLite file"));
  CHECK(contains(why(CaseMode::create_or_write), "no SQLite file"));
  std::remove(path.c_str());
  { Database::open(path, Database::Mode::create).execute("CREATE TABLE t(x)"); }
  CHECK(contains(why(CaseMode::create_or_write), "no case of necropsy"));
  std::remove(path.c_str());
  {
    auto db = open_case(path, CaseMode::create_or_write);
    REQUIRE(db);
    db->execute("PRAGMA user_version = 999");
    close_case(*db);
  }
  CHECK(contains(why(CaseMode::read), "newer necropsy"));
  std::remove(path.c_str());
}

TEST_CASE("two writers: the second is refused while the first writes") {
  const std::string path = temporary("two");
  auto first = open_case(path, CaseMode::create_or_write);
  REQUIRE(first);
  first->execute("BEGIN IMMEDIATE");
  auto second = open_case(path, CaseMode::create_or_write);
  CHECK_FALSE(second);
  first->execute("ROLLBACK");
  close_case(*first);
  std::remove(path.c_str());
}

TEST_CASE("a path filter finds folders by their index and log rows by their text") {
  Database db = memory_case();
  seed(db);
  CaseWriter writer(db);
  TextTable texts;
  FileRow row;
  row.dir = texts.add("/tmp/it's");
  row.name = texts.add("x.sh");
  row.type = 1;
  row.state = 16;
  row.times = 1;
  row.time[0] = {5, 0, 1 | 3 << 7};
  FileBatch files;
  for (size_t i = 0; i < texts.size(); ++i) files.texts.push_back(texts[i]);
  files.rows = {row};
  uint64_t next = 0;
  SourceTotals totals;
  writer.add_files(1, 1, files, next, totals);
  TextTable more;
  EventRow upload = login(more, 6, "ftp", 1);
  upload.path = more.add("/tmp/it's/x.sh");
  writer.add_events(2, batch_of(more, {upload}), false, {}, totals);
  writer.commit();
  for (const char* pattern : {"/tmp/it's/*", "/tmp/it's/x.sh", "/tmp/*/x.sh", "\\tmp\\it's\\x.sh"}) {
    TimelineFilter filter;
    filter.path = pattern;
    Statement s = select_timeline(db, filter);
    int n = 0;
    while (s.step()) ++n;
    CHECK_MESSAGE(n == 2, pattern);
  }
}
