// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "base/text.hpp"
#include "support/run_parser.hpp"

namespace necropsy::parsers {
ParserEntry apt_history();
}
using namespace necropsy;
using namespace necropsy::test;

namespace {
const ParserEntry kParser = parsers::apt_history();
Got run(std::string_view bytes) {
  RunOptions options;
  options.path = "/var/log/apt/history.log";
  options.zone = "Europe/Berlin";
  return run_parser(kParser, bytes, options);
}
constexpr std::string_view kInstall =
    "\nStart-Date: 2023-07-12  04:08:31\nCommandline: apt-get install nmap\nRequested-By: eve (1005)\n"
    "Install: liblua:amd64 (5.3, automatic), nmap:amd64 (7.40)\nEnd-Date: 2023-07-12  04:09:57\n";
}  // namespace

TEST_CASE("samples") { CHECK(check_samples(kParser) == ""); }

TEST_CASE("probe") {
  CHECK(probe(kParser, kInstall) == Match::yes);
  CHECK(probe(kParser, "Start-Date: 2023-07-12  04:08:31\n") == Match::maybe);
  CHECK(probe(kParser, "Start-Date: 2023-07-12  04:08:31\n", "/var/log/apt/history.log") == Match::yes);
  CHECK(probe(kParser, "Start-Date: never\n", "/var/log/apt/history.log") == Match::no);
  CHECK(probe(kParser, "Log started: 2019-07-10  16:38:08\n", "/var/log/apt/term.log") == Match::no);
}

TEST_CASE("a stanza is one event with who, what and until when") {
  const Got got = run(kInstall);
  CHECK(got.problems.empty());
  REQUIRE(got.events.size() == 1);
  CHECK(difference("package.installed time=2023-07-12T02:08:31Z basis=zone user=eve process=apt "
                   "command=\"apt-get install nmap\" attr:requested_by_uid=1005 attr:install_count=2 "
                   "attr:install=\"liblua:amd64 (5.3, automatic), nmap:amd64 (7.40)\" "
                   "attr:end_date=2023-07-12T02:09:57.000000Z attr:no_end=",
                   got.events[0]) == "");
  CHECK(got.events[0]["message"] == "apt: 2 installed: liblua:amd64, nmap:amd64");
  CHECK(got.events[0].where.offset == 1);
  CHECK(got.events[0].where.length == kInstall.size() - 1);
  CHECK(got.events[0].record == 0);
}

TEST_CASE("kinds of run") {
  const auto kind = [](std::string_view fields) {
    const Got got =
        run("Start-Date: 2023-07-12  04:08:31\n" + std::string(fields) + "End-Date: 2023-07-12  04:08:32\n");
    REQUIRE(got.events.size() == 1);
    return got.events[0].text.substr(0, got.events[0].text.find(' '));
  };
  CHECK(kind("Upgrade: a:amd64 (1, 2)\n") == "package.upgraded");
  CHECK(kind("Remove: a:amd64 (1)\n") == "package.removed");
  CHECK(kind("Purge: a:amd64 (1)\n") == "package.removed");
  CHECK(kind("Install: a:amd64 (1)\nRemove: b:amd64 (1)\n") == "package.installed");
  CHECK(kind("Install: a:amd64 (1)\nError: Sub-process /usr/bin/dpkg returned an error code (1)\n") ==
        "package.failed.failure");
  CHECK(kind("Commandline: apt-get check\n") == "package.message");
}

TEST_CASE("stanzas that are torn") {
  // Killed in the middle: no End-Date, the next begins.
  Got got =
      run("Start-Date: 2023-07-12  04:08:31\nInstall: a:amd64 (1)\nStart-Date: 2023-07-12  05:00:00\n"
          "Remove: a:amd64 (1)\nEnd-Date: 2023-07-12  05:00:02\n");
  REQUIRE(got.events.size() == 2);
  CHECK(difference("package.installed attr:no_end=1", got.events[0]) == "");
  CHECK(difference("package.removed attr:no_end=", got.events[1]) == "");
  // The front is gone: dated by its end.
  got = run("Install: a:amd64 (1)\nEnd-Date: 2023-07-12  05:00:02\n");
  REQUIRE(got.events.size() == 1);
  CHECK(got.events[0]["time"] == "2023-07-12T03:00:02Z");
  // No date at all.
  got = run("Install: a:amd64 (1)\n\nStart-Date: yesterday\nInstall: a (1)\n\n" + std::string(kInstall));
  CHECK(got.events.size() == 1);
  CHECK(got.unparsed == 2);
  REQUIRE(got.problems.size() == 2);
  CHECK(got.problems[0].code == "unknown-record");
  CHECK(got.problems[1].code == "bad-time");
}

TEST_CASE("command lines may hold line ends, later versions more fields") {
  const Got got =
      run("Start-Date: 2023-07-12  04:08:31\nCommandline: apt-get install -o A=b\nc d\nNew-Field: x\n"
          "Install: a:amd64 (1)\nEnd-Date: 2023-07-12  04:08:32\n");
  REQUIRE(got.events.size() == 1);
  CHECK(got.unparsed == 0);
  CHECK(got.events[0]["command"] == "apt-get install -o A=b\nc d");
  CHECK(got.events[0]["attr:other"] == "New-Field: x");
}

TEST_CASE("long lists are counted whole and kept in part") {
  std::string list;
  for (int i = 0; i < 2000; ++i) list += (i ? ", package" : "package") + std::to_string(i) + ":amd64 (1.0, 2.0)";
  const Got got = run("Start-Date: 2023-07-12  04:08:31\nUpgrade: " + list + "\nEnd-Date: 2023-07-12  04:08:32\n");
  REQUIRE(got.events.size() == 1);
  CHECK(difference("package.upgraded attr:upgrade_count=2000 attr:lists_shortened=1", got.events[0]) == "");
  const std::string kept = got.events[0]["attr:upgrade"];
  CHECK(kept.size() <= 15 * 1024);
  CHECK(kept.ends_with(")"));
}

TEST_CASE("real files: one event a stanza") {
  for (const char* name : {"data/logs/dpkg/apt_history.log", "data/logs/dpkg/Debian9-apt-history.log"}) {
    const auto bytes = shared_file(name);
    if (!bytes) continue;
    CAPTURE(name);
    const Got got = run(*bytes);
    size_t stanzas = 0, requested = 0, errors = 0;
    for (std::string_view line : split(*bytes, '\n')) {
      stanzas += line.starts_with("Start-Date:");
      requested += line.starts_with("Requested-By:");
      errors += line.starts_with("Error:");
    }
    CHECK(got.match == Match::yes);
    CHECK(got.problems.empty());
    CHECK(got.read == stanzas);
    REQUIRE(got.events.size() == stanzas);
    size_t with_user = 0, failed = 0;
    for (const GotEvent& e : got.events) {
      with_user += !e["user"].empty();
      failed += e.action == Action::package_failed;
      CHECK(bytes->substr(e.where.offset, 12) == "Start-Date: ");
      CHECK(e["attr:end_date"] != "");
      CHECK(e["command"] != "");
    }
    CHECK(with_user == requested);
    CHECK(failed == errors);
  }
}
