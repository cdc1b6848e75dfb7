// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "base/text.hpp"
#include "support/run_parser.hpp"

namespace necropsy::parsers {
ParserEntry mysql_slow();
}
using namespace necropsy;
using namespace necropsy::test;

namespace {
const ParserEntry kParser = parsers::mysql_slow();
const std::string kHeader =
    "/usr/sbin/mysqld, Version: 5.0.38-log (Ubuntu). started with:\n"
    "Tcp port: 3306  Unix socket: /var/run/mysqld/mysqld.sock\n"
    "Time                 Id Command    Argument\n";
const std::string kQuery = "# Query_time: 2  Lock_time: 0  Rows_sent: 1  Rows_examined: 0\n";
}  // namespace

TEST_CASE("samples") { CHECK(check_samples(kParser) == ""); }

TEST_CASE("entries that share a time line, in local time") {
  RunOptions options;
  options.zone = "Europe/Berlin";
  const Got got = run_parser(kParser,
                             kHeader + "# Time: 071015 21:43:52\n# User@Host: root[root] @ localhost []\n" + kQuery +
                                 "use test;\nselect sleep(2) from n;\n# User@Host: shop[shop] @  [192.0.2.4]\n" +
                                 kQuery + "SET insert_id=34484549,timestamp=1192477435;\nselect 1;\n" + kHeader +
                                 "# User@Host: [SQL_SLAVE] @  []\n# Thread_id: 10  Schema:   QC_hit: No\n" + kQuery +
                                 "# No InnoDB statistics available for this query\nupdate t\n set a = 1;\n",
                             options);
  CHECK(got.problems.empty());
  REQUIRE(got.events.size() == 3);
  CHECK(got.read == 3);
  CHECK(difference(
            "database.query time=2007-10-15T19:43:52Z basis=zone user=root source_host=localhost attr:database=test "
            "attr:time_from=time-line message=\"select sleep(2) from n;\"",
            got.events[0]) == "");
  CHECK(difference("database.query time=2007-10-15T19:43:55Z basis=utc user=shop ip=192.0.2.4 "
                   "attr:time_from=set-timestamp message=\"select 1;\"",
                   got.events[1]) == "");
  CHECK(difference("database.query time=2007-10-15T19:43:52Z basis=zone user=SQL_SLAVE session=10 attr:database= "
                   "attr:time_from=time-line-above "
                   "message=\"update t  set a = 1;\"",
                   got.events[2]) == "");
  // A row begins where its account stands.
  CHECK(got.events[0].record == 5);
  CHECK(got.events[1].where.offset > got.events[0].where.offset);
}

TEST_CASE("time line and account in one line; administrator commands; rights") {
  const Got got =
      run_parser(kParser, "# Time: 071218 11:48:27 # User@Host: [SQL_SLAVE] @  []\n# Thread_id: 10\n" + kQuery +
                              "BEGIN;\n"
                              "# User@Host: root[root] @ localhost []  Id:    12\n" +
                              kQuery +
                              "SET timestamp=1197996507;\n# administrator command: Quit;\n"
                              "# User@Host: root[root] @ localhost []  Id:    12\n" +
                              kQuery +
                              "SET timestamp=1197996507;\nGRANT ALL ON *.* TO 'eve'@'%';\n"
                              "# User@Host: root[root] @ localhost []\n" +
                              kQuery + "SET timestamp=1197996507;\nselect 1 into outfile '/srv/x.php';\n");
  REQUIRE(got.events.size() == 4);
  CHECK(difference("database.query user=SQL_SLAVE message=BEGIN;", got.events[0]) == "");
  CHECK(difference("database.query session=12 message=\"administrator command: Quit;\"", got.events[1]) == "");
  CHECK(difference("database.grant time=2007-12-18T16:48:27Z target=eve attr:target_host=%", got.events[2]) == "");
  CHECK(difference("database.query path= attr:file=/srv/x.php", got.events[3]) == "");
}

TEST_CASE("short format without accounts") {
  const Got got = run_parser(
      kParser, kQuery + "SET timestamp=1197996507;\nselect 1;\n" + kQuery + "SET timestamp=1197996508;\nselect 2;\n");
  CHECK(got.match == Match::yes);
  REQUIRE(got.events.size() == 2);
  CHECK(got.events[1]["time"] == "2007-12-18T16:48:28Z");
}

TEST_CASE("no time, damaged time, beginning rotated away") {
  const Got got = run_parser(kParser, " from t;\nmore;\n# User@Host: root[root] @ localhost []\n" + kQuery +
                                          "select 1;\n" + "# Time: garbage\n# User@Host: root[root] @ localhost []\n" +
                                          kQuery + "SET timestamp=1197996507;\nselect 2;\n" +
                                          "# User@Host: root[root] @ localhost []\n" + kQuery + "select 3;\n");
  REQUIRE(got.events.size() == 2);
  CHECK(got.read == 2);
  CHECK(got.unparsed == 2);  // the orphan text and the entry without any time
  CHECK(got.events[1]["basis"] == "bounded");
  CHECK(*got.events[1].time.earliest == got.events[0].time.when);
}

TEST_CASE("a statement may hold comment lines and settings of its own") {
  const Got got =
      run_parser(kParser, "# User@Host: root[root] @ localhost []\n" + kQuery +
                              "SET timestamp=1197996507;\nselect 1\n# comment\nSET timestamp=1;\nfrom t;\n");
  REQUIRE(got.events.size() == 1);
  CHECK(got.events[0]["time"] == "2007-12-18T16:48:27Z");
  CHECK(contains(got.events[0]["message"], "# comment SET timestamp=1; from t;"));
}

TEST_CASE("every prefix is safe") {
  const std::string text = kHeader + "# Time: 071015 21:43:52\n# User@Host: root[root] @ localhost []\n" + kQuery +
                           "use test;\nSET timestamp=1197996507;\nselect 1;\n";
  for (size_t n = 1; n <= text.size(); ++n) {
    const Got got = run_parser(kParser, std::string_view(text).substr(0, n));
    CHECK(got.events.size() == got.read);
  }
}

TEST_CASE("probe: its own, and not what looks alike") {
  CHECK(probe(kParser, kHeader + "# Time: 071015 21:43:52\n# User@Host: root[root] @ localhost []\n") == Match::yes);
  CHECK(probe(kParser, kHeader) == Match::maybe);
  CHECK(probe(kParser, kHeader + "080412 14:02:19\t     12 Connect     root@192.0.2.5 on shop\n") != Match::yes);
  CHECK(probe(kParser, "# Time: now\n# comment\n") == Match::no);
  CHECK(probe(kParser, "") == Match::no);
}

TEST_CASE("public evidence" * doctest::skip(shared_dir().empty())) {
  for (const char* path : {"slow001.txt", "slow002.txt", "logfile_mysql_slow.0"}) {
    const auto bytes = shared_file(std::string("data/logs/mysql/") + path);
    REQUIRE(bytes);
    const Got got = run_parser(kParser, *bytes);
    INFO(path);
    uint64_t entries = 0;
    for (size_t at = bytes->find("# User@Host: "); at != std::string::npos; at = bytes->find("# User@Host: ", at + 1))
      ++entries;
    CHECK(got.match == Match::yes);
    CHECK(got.read == entries);
    CHECK(got.unparsed == 0);
  }
}
