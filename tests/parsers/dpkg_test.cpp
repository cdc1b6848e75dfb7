// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>

#include "base/text.hpp"
#include "support/run_parser.hpp"

namespace necropsy::parsers {
ParserEntry dpkg();
}
using namespace necropsy;
using namespace necropsy::test;

namespace {
const ParserEntry kParser = parsers::dpkg();
Got run(std::string_view bytes, std::string zone = "Europe/Berlin") {
  RunOptions options;
  options.path = "/var/log/dpkg.log";
  options.zone = std::move(zone);
  return run_parser(kParser, bytes, options);
}
}  // namespace

TEST_CASE("samples") { CHECK(check_samples(kParser) == ""); }

TEST_CASE("probe") {
  CHECK(probe(kParser, "2016-08-03 15:25:53 startup archives install\n") == Match::maybe);
  CHECK(probe(kParser, "2016-08-03 15:25:53 startup archives install\n", "/var/log/dpkg.log") == Match::yes);
  CHECK(probe(kParser, "2016-08-03 15:25:53 startup archives install\n2016-08-03 15:25:54 install a:all <none> 1\n") ==
        Match::yes);
  CHECK(probe(kParser, "2016-08-03 15:25:53 something else\n", "/var/log/dpkg.log") == Match::no);
  CHECK(probe(kParser, "2016-08-03T15:25:53 host dpkg: install\n") == Match::no);
  CHECK(probe(kParser, "") == Match::no);
}

TEST_CASE("local time, and the hour that came twice") {
  const Got got =
      run("2023-10-29 01:59:00 startup archives install\n"
          "2023-10-29 02:30:00 install a:all <none> 1\n"
          "2023-10-29 02:40:00 status installed a:all 1\n"
          "2023-10-29 02:10:00 remove a:all 1 <none>\n"
          "2023-07-01 12:00:00 purge a:all 1 <none>\n");
  REQUIRE(got.events.size() == 5);
  CHECK(got.events[1]["time"] == "2023-10-29T00:30:00Z");
  CHECK(got.events[3]["time"] == "2023-10-29T01:10:00Z");
  CHECK(got.events[3].time.ambiguous);
  CHECK(got.events[4]["time"] == "2023-07-01T10:00:00Z");
  CHECK(got.events[4]["basis"] == "zone");
  CHECK(run("2023-07-01 12:00:00 purge a:all 1 <none>\n", "").events[0]["basis"] == "assumed");
}

TEST_CASE("every action") {
  const Got got =
      run("2023-07-01 12:00:00 startup packages configure\n"
          "2023-07-01 12:00:01 install vsftpd:amd64 <none> 3.0.3-13\n"
          "2023-07-01 12:00:02 upgrade bash:amd64 5.1-1 5.1-2\n"
          "2023-07-01 12:00:03 remove rkhunter:all 1.4 <none>\n"
          "2023-07-01 12:00:04 configure vsftpd:amd64 3.0.3-13 <none>\n"
          "2023-07-01 12:00:05 trigproc man-db:amd64 2.11 <none>\n"
          "2023-07-01 12:00:06 status not-installed rkhunter:all <none>\n"
          "2023-07-01 12:00:07 conffile /etc/a file with blanks install\n"
          "2023-07-01 12:00:08 disappear old:all 1 new\n"
          "2023-07-01 12:00:09 shuffle something new\n"
          "2009-02-25 11:45:23 upgrade libc6 2.7-18 2.9-4\n");
  CHECK(got.problems.empty());
  CHECK(got.read == 11);
  REQUIRE(got.events.size() == 11);
  CHECK(difference("package.message attr:operation=startup process=dpkg", got.events[0]) == "");
  CHECK(difference("package.installed attr:package=vsftpd attr:architecture=amd64 attr:version=3.0.3-13 "
                   "attr:previous_version=",
                   got.events[1]) == "");
  CHECK(difference("package.upgraded attr:previous_version=5.1-1 attr:version=5.1-2", got.events[2]) == "");
  CHECK(difference("package.removed attr:package=rkhunter attr:version=1.4", got.events[3]) == "");
  CHECK(difference("package.message attr:status=not-installed attr:version=", got.events[6]) == "");
  CHECK(difference("package.message path=\"/etc/a file with blanks\" attr:status=install", got.events[7]) == "");
  CHECK(difference("package.message attr:operation=shuffle", got.events[9]) == "");
  CHECK(difference("package.upgraded attr:package=libc6 attr:architecture=", got.events[10]) == "");
  CHECK(got.events[1]["message"] == "Package vsftpd:amd64 3.0.3-13 installed");
  CHECK(got.events[1].where.offset == 47);
  CHECK(got.events[1].record == 2);
}

TEST_CASE("damaged lines cost themselves only") {
  const Got got =
      run("ages configure\n"
          "2023-07-01 12:00:01 install a:all <none> 1\n"
          "\n"
          "2023-13-01 12:00:01 install a:all <none> 1\n"
          "2023-07-01 12:00:02 install\n"
          "2023-07-01 12:00:0\n"
          "2023-07-01 12:00:03 remove a:all 1 <none>");
  CHECK(got.events.size() == 2);
  CHECK(got.read == 2);
  CHECK(got.unparsed == 4);
  CHECK(got.finish == Finish::complete);
}

TEST_CASE("real files: one event a line") {
  for (const char* name : {"data/logs/dpkg/dpkg.log", "data/logs/dpkg/Debian9-dpkg.log.1"}) {
    const auto bytes = shared_file(name);
    if (!bytes) continue;
    CAPTURE(name);
    const Got got = run(*bytes);
    const auto lines = split(trim(*bytes), '\n');
    CHECK(got.match == Match::yes);
    CHECK(got.problems.empty());
    CHECK(got.read == lines.size());
    REQUIRE(got.events.size() == lines.size());
    for (size_t i = 0; i < lines.size(); ++i) {
      CHECK(got.events[i].where.offset == static_cast<uint64_t>(lines[i].data() - bytes->data()));
      CHECK(contains(lines[i], " " + got.events[i]["attr:operation"] + " "));
    }
  }
}
