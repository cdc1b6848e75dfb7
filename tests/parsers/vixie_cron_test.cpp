// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "support/run_parser.hpp"

namespace necropsy::parsers {
ParserEntry vixie_cron();
}
using namespace necropsy;
using namespace necropsy::test;

namespace {
const ParserEntry kParser = parsers::vixie_cron();
RunOptions in_2000() {
  RunOptions o;
  o.zone = "America/Chicago";
  o.modified = Timestamp::from_unix(973743001);  // 2000-11-09 04:10:01 UTC
  return o;
}
}  // namespace

TEST_CASE("samples") { CHECK(check_samples(kParser) == ""); }

TEST_CASE("typical lines") {
  const Got got = run_parser(kParser,
                             "CRON (11/05-09:33:42-390) STARTUP (fork ok)\n"
                             "root (11/05-10:01:00-627) CMD (run-parts /etc/cron.hourly)\n"
                             "bob (11/05-10:02:00-700) AUTH (crontab command not allowed)\n"
                             "bob (11/05-10:03:00-701) DELETE (bob)\n",
                             in_2000());
  REQUIRE(got.events.size() == 4);
  CHECK(got.problems.empty());
  CHECK(got.read == 4);
  CHECK(difference("service.started time=2000-11-05T15:33:42Z basis=zone year_inferred=1", got.events[0]) == "");
  CHECK(difference("configuration.task-run time=2000-11-05T16:01:00Z user=root command=\"run-parts /etc/cron.hourly\"",
                   got.events[1]) == "");
  CHECK(got.events[1].record == 2);
  CHECK(got.events[1].where.offset == 44);
  CHECK(difference("configuration.message.failure user=bob attr:operation=AUTH", got.events[2]) == "");
  CHECK(difference("configuration.message user=bob target=bob process=crontab attr:operation=DELETE", got.events[3]) ==
        "");
}

TEST_CASE("over New Year, and Feb 29") {
  RunOptions o;
  o.zone = "UTC";
  o.modified = Timestamp::from_unix(951868800);  // 2000-03-01
  const Got got = run_parser(kParser,
                             "root (12/31-23:59:00-1) CMD (a)\n"
                             "root (01/01-00:01:00-2) CMD (b)\n"
                             "root (02/29-00:01:00-3) CMD (c)\n",
                             o);
  REQUIRE(got.events.size() == 3);
  CHECK(got.events[0]["time"] == "1999-12-31T23:59:00Z");
  CHECK(got.events[1]["time"] == "2000-01-01T00:01:00Z");
  CHECK(got.events[2]["time"] == "2000-02-29T00:01:00Z");
}

TEST_CASE("damaged lines are counted, and the rest is read") {
  const Got got = run_parser(kParser,
                             "root (11/05-10:01:00-627) CMD (x)\n"
                             "\n"
                             "root (13/05-10:01:00-627) CMD (x)\n"
                             "root (11/05-10:01:00-627\n"
                             "root (11/05-10:61:00-627) CMD (x)\n"
                             "root (11/05-10:02:00-628) CMD (y)\n"
                             "root (11/05-10:0",
                             in_2000());
  CHECK(got.events.size() == 2);
  CHECK(got.read == 2);
  CHECK(got.unparsed == 4);
}

TEST_CASE("without any time to tell the year nothing is dated") {
  RunOptions o;
  o.zone = "UTC";
  const Got got = run_parser(kParser, "root (11/05-10:01:00-627) CMD (x)\n", o);
  CHECK(got.events.empty());
  CHECK(got.unparsed == 1);
  CHECK(got.problems.at(0).code == "no-year");
}

TEST_CASE("probe") {
  CHECK(probe(kParser, "root (11/05-10:01:00-627) CMD (x)\nroot (11/05-10:02:00-627) CMD (x)\n") == Match::yes);
  CHECK(probe(kParser, "Nov  5 10:01:00 host CROND[627]: (root) CMD (x)\n") == Match::no);
  CHECK(probe(kParser, "some text (with brackets)\n") == Match::no);
}

TEST_CASE("cut anywhere: no crash, every line accounted for") {
  const std::string whole =
      "CRON (11/05-09:33:42-390) STARTUP (fork ok)\nroot (11/05-10:01:00-627) CMD (run-parts /etc/cron.hourly)\n";
  for (size_t n = 0; n <= whole.size(); ++n) {
    const Got got = run_parser(kParser, whole.substr(0, n), in_2000());
    const size_t lines = n == 0 ? 0 : n <= 44 ? 1 : 2;
    CHECK(got.read + got.unparsed == lines);
  }
}
