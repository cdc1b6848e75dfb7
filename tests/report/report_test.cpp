// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "report/document.hpp"
#include "report/redact.hpp"
#include "report/report.hpp"
#include "store/case_file.hpp"

using namespace necropsy;
using namespace necropsy::report;

namespace {

// What an intruder would like a report to do.
const std::string kHostile = "<script>alert(1)</script> | \x1b[2J [x](javascript:y) \"&'\n=cmd()";

Document hostile() {
  Document d;
  d.title = kHostile;
  d.subtitle = "necropsy";
  Section s{kHostile, {}};
  s.blocks.push_back({.kind = Block::Kind::paragraph, .text = kHostile});
  s.blocks.push_back({.kind = Block::Kind::list, .items = {kHostile}});
  s.blocks.push_back({.kind = Block::Kind::table, .table = {{"a", "b"}, {{kHostile, kHostile}}}});
  FindingCard f;
  f.id = "1";
  f.severity = "high\" onload=\"x";
  f.title = f.summary = f.user = f.path = kHostile;
  f.evidence.push_back({"trigger", "7", "2024", kHostile, kHostile});
  f.cited = 3;
  s.blocks.push_back({.kind = Block::Kind::finding, .finding = f});
  d.sections.push_back(s);
  return d;
}

}  // namespace

TEST_CASE("text from evidence is inert in every format") {
  const std::string html = write_html(hostile());
  CHECK_FALSE(contains(html, "<script>alert"));
  CHECK_FALSE(contains(html, "onload=\"x"));
  CHECK_FALSE(contains(html, "\x1b"));
  CHECK(contains(html, "default-src 'none'"));
  for (const std::string& text : {write_text(hostile()), write_markdown(hostile())}) {
    CHECK_FALSE(contains(text, "\x1b"));
    CHECK(contains(text, "event 7"));
  }
  CHECK_FALSE(contains(write_markdown(hostile()), "<script>"));
  CHECK_FALSE(contains(write_markdown(hostile()), "[x](javascript"));
  const auto json = nlohmann::json::parse(write_json(hostile()));
  CHECK(json["sections"][0]["content"][3]["finding"]["event_count"] == 3);
}

TEST_CASE("words stay apart where lines break") {
  Document d;
  d.title = "t";
  Section s{"s", {}};
  std::string text;
  for (int i = 0; i < 60; ++i) text += "w" + std::to_string(i) + " ";
  s.blocks.push_back({.kind = Block::Kind::list, .items = {"6 files were", text}});
  d.sections.push_back(s);
  const std::string out = write_text(d);
  CHECK(contains(out, "  - 6 files were\n"));
  CHECK(contains(out, "w1 w2"));
  CHECK(contains(out, "\n    w"));
}

TEST_CASE("redact masks what stands behind the words for secrets") {
  CHECK(redact("user=bob password=hunter2 x") == "user=bob password=[redacted] x");
  CHECK(redact("CREATE USER a IDENTIFIED BY 'geheim'") == "CREATE USER a IDENTIFIED BY '[redacted]'");
  CHECK(redact("GET /a?token=abc&b=1") == "GET /a?token=[redacted]&b=1");
  CHECK(redact("anon password \"me@x\"") == "anon password \"[redacted]\"");
  CHECK(redact("Failed password for root from 192.0.2.1") == "Failed password for root from 192.0.2.1");
}

TEST_CASE("an empty case gives a report that says so") {
  const Database db = memory_case();
  for (ReportFormat format : {ReportFormat::text, ReportFormat::markdown, ReportFormat::html, ReportFormat::json}) {
    const auto text = make_report(db, {.format = format});
    REQUIRE(text);
    CHECK(contains(*text, "Nothing of weight was found"));
  }
}
