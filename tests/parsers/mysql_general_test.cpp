// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "base/text.hpp"
#include "support/run_parser.hpp"

namespace necropsy::parsers {
ParserEntry mysql_general();
}
using namespace necropsy;
using namespace necropsy::test;

namespace {
const ParserEntry kParser = parsers::mysql_general();
const std::string kHeader =
    "/usr/sbin/mysqld, Version: 5.0.77-log (Source distribution). started with:\n"
    "Tcp port: 3306  Unix socket: /var/run/mysqld/mysqld.sock\n"
    "Time                 Id Command    Argument\n";

Got run(const std::string& bytes, std::string zone = "") {
  RunOptions options;
  options.path = "/var/log/mysql/mysql.log";
  options.zone = std::move(zone);
  return run_parser(kParser, bytes, options);
}
// One entry, and behind it what proves that a connection was let in.
GotEvent one(std::string entry) {
  const Got got = run("080412 14:02:19\t     12 " + entry + "\n\t\t     12 Quit\t\n");
  INFO(entry);
  REQUIRE(got.problems.empty());
  REQUIRE(got.events.size() == 2);
  return got.events[0];
}
void expect(std::string entry, std::string_view expected) {
  CHECK_MESSAGE(difference(expected, one(entry)) == "", entry);
}
}  // namespace

TEST_CASE("samples") { CHECK(check_samples(kParser) == ""); }

TEST_CASE("the time is carried forward, no statement is lost for lack of one") {
  const Got got = run(kHeader +
                          "080412  9:02:19\t      1 Connect     root@192.0.2.5 on \n"
                          "\t\t      1 Query       SELECT 1\n"
                          "080412  9:02:20\t      2 Connect     shop@localhost on shop\n"
                          "               \t      1 Query       SELECT 2\n"
                          "\t\t      2 Quit       \n" +
                          kHeader +
                          "\t\t      1 Query\tSELECT 3\n"
                          "080412  9:05:00\t      1 Query\tSELECT 4\n",
                      "Europe/Berlin");
  REQUIRE(got.events.size() == 7);
  CHECK(got.read == 7);
  CHECK(got.unparsed == 0);
  CHECK(difference("database.login.success time=2008-04-12T07:02:19Z basis=zone user=root ip=192.0.2.5 session=1",
                   got.events[0]) == "");
  CHECK(difference(
            "database.query time=2008-04-12T07:02:19Z basis=zone attr:client_user=root attr:client=192.0.2.5 user= ip=",
            got.events[1]) == "");
  // A Connect entry waits for what proves it: the next entry of its connection.
  CHECK(difference("database.query time=2008-04-12T07:02:20Z session=1 attr:client_user=root", got.events[2]) == "");
  CHECK(difference("database.login.success session=2 user=shop", got.events[3]) == "");
  CHECK(difference("database.logout session=2 attr:client_user=shop attr:client=localhost", got.events[4]) == "");
  // Behind a header, before the first stamp: between the stamps around it.
  CHECK(got.events[5]["basis"] == "bounded");
  CHECK(iso_micro(*got.events[5].time.earliest) == "2008-04-12T07:02:20.000000Z");
  CHECK(iso_micro(*got.events[5].time.latest) == "2008-04-12T07:05:00.000000Z");
  CHECK(got.events[6]["basis"] == "zone");
}

TEST_CASE("statements above the first stamp are bounded by it; without any stamp nothing is dated") {
  const Got got =
      run("rest of a statement\nand more\n\t\t    5 Query\tSELECT 1\n\t\t    5 Query\tSELECT 2\n080412 14:02:19\t    5 "
          "Quit\t\n");
  REQUIRE(got.events.size() == 3);
  CHECK(got.unparsed == 1);
  CHECK(got.problems[0].code == "truncated");
  for (int i : {0, 1}) {
    CHECK(got.events[i]["basis"] == "bounded");
    CHECK(!got.events[i].time.earliest);
    CHECK(iso_micro(*got.events[i].time.latest) == "2008-04-12T14:02:19.000000Z");
  }
  const Got none = run("\t\t    5 Query\tSELECT 1\n\t\t    5 Query\tSELECT 2\n");
  CHECK(none.events.empty());
  CHECK(none.unparsed == 2);
}

TEST_CASE("5.7 and later: a stamp on every line, with its zone") {
  const Got got =
      run("2018-09-07T18:45:40.098124+08:00\t257426 Connect\tha@127.0.0.1 on shop using TCP/IP\n"
          "2018-09-07T18:45:41.098124+08:00\t257426 Quit\t\n"
          "2025-08-15T14:04:40.806553Z\t   10 Field List\ttesttab \n"
          "2025-08-15T14:04:40.806553Z\t   10 Init DB\ttestdb1\n");
  REQUIRE(got.events.size() == 4);
  CHECK(difference("database.login.success time=2018-09-07T10:45:40.098124Z basis=offset user=ha ip=127.0.0.1 "
                   "attr:database=shop attr:transport=TCP/IP",
                   got.events[0]) == "");
  CHECK(difference("database.message time=2025-08-15T14:04:40.806553Z basis=utc message=\"Field List testtab\"",
                   got.events[2]) == "");
  CHECK(difference("database.message attr:database=testdb1", got.events[3]) == "");
}

TEST_CASE("connections: users that hold the words around them") {
  expect("Connect\troot@localhost on ", "database.login.success user=root source_host=localhost attr:database= ip=");
  expect("Connect\troot@localhost on", "database.login.success user=root attr:database=");
  expect("Connect\tme@home on x@192.0.2.1 on db", "database.login.success ip=192.0.2.1 attr:database=db");
  expect("Connect\tApp@192.0.2.1 as proxied on db",
         "database.login.success user=App ip=192.0.2.1 attr:proxy_user=proxied");
  expect("Connect\tAccess denied for user 'x'@'192.0.2.1' (using password: NO)",
         "database.login.failure user=x ip=192.0.2.1");
  expect("Connect\tAccess denied for user 'x'@'192.0.2.1' to database 'mysql'",
         "database.login.failure attr:database=mysql");
  expect("Connect\tHost 'h' is not allowed to connect to this MySQL server", "database.message user=");
  expect("Change user\tbob@192.0.2.1 on db", "database.login.success user=bob attr:command=\"Change user\"");
}

TEST_CASE("a Connect entry is no success before another command proves it") {
  const Got got =
      run("080412 14:02:19\t     5 Connect\troot@192.0.2.1 on  using TCP/IP\n"
          "\t\t     6 Connect\teve@192.0.2.2 on nodb using TCP/IP\n"
          "\t\t     5 Connect\tAccess denied for user 'root'@'192.0.2.1' (using password: YES)\n"
          "\t\t     7 Connect\tshop@192.0.2.3 on  using TCP/IP\n"
          "\t\t     8 Connect\tlast@192.0.2.4 on  using TCP/IP\n"
          "\t\t     7 Query\tselect 1\n");
  CHECK(got.read == 6);
  REQUIRE(got.events.size() == 6);
  CHECK(difference("database.message user=root ip=192.0.2.1 session=5 method=sql", got.events[0]) == "");
  CHECK(difference("database.login.failure user=root ip=192.0.2.1 session=5", got.events[1]) == "");
  CHECK(difference("database.login.success user=shop session=7", got.events[2]) == "");
  CHECK(difference("database.query session=7 attr:client_user=shop", got.events[3]) == "");
  CHECK(difference("database.login user=eve session=6", got.events[4]) == "");
  CHECK(difference("database.login user=last session=8", got.events[5]) == "");
}

TEST_CASE("MariaDB's header is written with tabs and is no text of a statement") {
  const Got got =
      run("261125 17:27:01\t    12 Query\tflush logs\n"
          "mariadbd, Version: 10.11.19-MariaDB-log (Debian 12). started with:\n"
          "Tcp port: 3399  Unix socket: /run/s\nTime\t\t    Id Command\tArgument\n"
          "\t\t    12 Query\tkill 3\n");
  REQUIRE(got.events.size() == 2);
  CHECK(got.events[0]["message"] == "flush logs");
  CHECK(got.events[1]["basis"] == "bounded");
  CHECK(got.events[1].time.earliest);
}

TEST_CASE("statements that change rights, and files they name") {
  expect("Query\tGRANT ALL PRIVILEGES ON `a`.* TO 'eve'@'192.0.2.%' IDENTIFIED BY 'secret'",
         "database.grant target=eve attr:target_host=192.0.2.%");
  expect("Query\tgrant select on `to`.* to eve@localhost", "database.grant target=eve attr:target_host=localhost");
  expect("Query\tCREATE USER IF NOT EXISTS `eve`@`%` IDENTIFIED BY 'x'", "database.grant target=eve");
  expect("Query\tSET PASSWORD FOR 'root'@'localhost' = PASSWORD('x')", "database.grant target=root");
  expect("Query\tDROP USER 'bob'", "database.grant target=bob");
  expect("Query\tREVOKE ALL ON *.* FROM 'bob'@'%'", "database.grant target=bob");
  expect("Query\t/* c */ UPDATE mysql.user SET Password=PASSWORD('x') WHERE User='root'", "database.grant target=root");
  expect("Query\tINSERT INTO `mysql`.`user` VALUES('%','eve')", "database.grant target=");
  expect("Query\tFLUSH PRIVILEGES", "database.grant target=");
  expect("Query\tSELECT 'GRANT ALL ON *.* TO eve' INTO OUTFILE '/var/www/x.php'",
         "database.query target= path=/var/www/x.php");
  expect("Query\tSELECT LOAD_FILE('/etc/passwd')", "database.query path=/etc/passwd");
  expect("Query\tCREATE FUNCTION sys_exec RETURNS int SONAME 'udf.so'", "database.query path=udf.so");
  expect("Query\tset global general_log_file = '/var/www/x.php'", "database.query path=/var/www/x.php");
  expect("Query\tLOAD DATA LOCAL INFILE '/tmp/x' INTO TABLE t", "database.query path=/tmp/x");
  expect("Query\tUPDATE users SET name='GRANT' WHERE user='x'", "database.query target=");
  expect("Shutdown\t", "database.stopped message=Shutdown");
}

TEST_CASE("statements over several lines") {
  const Got got =
      run("051007 21:55:24\t     42 Query       SELECT foo \n"
          "                         FROM tbl\n"
          "\n"
          "\t\t  where a = 'x 1 Query'\n"
          "\t\t                 42 Quit\n");
  REQUIRE(got.events.size() == 2);
  CHECK(got.events[0]["attr:lines"] == "4");
  CHECK(got.events[0].where.offset == 0);
  CHECK(got.events[0].where.length == got.events[1].where.offset);
  CHECK(contains(got.events[0]["message"], "FROM tbl"));
  CHECK(contains(got.events[0]["message"], "where a"));
  const Got file =
      run("051007 21:55:24\t     42 Query\tselect 1\n into outfile '/srv/x.php'\n\t\t     42 Query\tselect 1 into "
          "outfile '/srv/y.php'\n from t\n");
  REQUIRE(file.events.size() == 2);
  CHECK(difference("database.query path= attr:file=/srv/x.php", file.events[0]) == "");
  CHECK(difference("database.query path=/srv/y.php attr:file=", file.events[1]) == "");
  // A huge statement is bounded in memory, whole in its extent.
  std::string big = "051007 21:55:24\t     42 Query\tINSERT INTO t VALUES\n";
  for (int i = 0; i < 20'000; ++i) big += "(1,'xxxxxxxxxxxxxxxxxxxxxxxxxxxx'),\n";
  const Got large = run(big);
  REQUIRE(large.events.size() == 1);
  CHECK(large.events[0].where.length == big.size());
  CHECK(large.events[0]["message"].size() <= 16 * 1024);
}

TEST_CASE("every prefix is safe") {
  const std::string text =
      kHeader + "080412  9:02:19\t      1 Connect     root@192.0.2.5 on \n\t\t      1 Query       SELECT 1\nFROM x\n";
  for (size_t n = 1; n <= text.size(); ++n) {
    const Got got = run(text.substr(0, n));
    CHECK(got.events.size() == got.read);
  }
}

TEST_CASE("probe: its own, and not what looks alike") {
  CHECK(probe(kParser, kHeader + "080412 14:02:19\t     12 Connect     root@192.0.2.5 on shop\n") == Match::yes);
  CHECK(probe(kParser, "080412 14:02:19\t     12 Connect     root@192.0.2.5 on shop\n") == Match::yes);
  CHECK(probe(kParser, "x\ny\n\t\t   12 Query\tSELECT 1\n\t\t   12 Query\tSELECT 1\n") == Match::yes);
  CHECK(probe(kParser, kHeader) == Match::maybe);
  CHECK(probe(kParser, kHeader + "# Time: 071015 21:43:52\n# User@Host: root[root] @ localhost []\n") == Match::no);
  CHECK(probe(kParser,
              "130324 17:56:14 [Warning] x\n130324 17:56:14 [Warning] x\n191015  9:46:45\t    13 Query\tSHOW x\n") ==
        Match::no);
  CHECK(probe(kParser, "130324 17:56:14 [Warning] x\n") == Match::no);
  CHECK(probe(kParser, "") == Match::no);
}

TEST_CASE("public evidence" * doctest::skip(shared_dir().empty())) {
  struct File {
    const char* path;
    uint64_t entries;
  };
  for (const File& f : {File{"mysql/genlog001.txt", 7},
                        {"mysql/genlog003.txt", 7},
                        {"mysql/genlog005.txt", 13},
                        {"mysql/logfile_mysql_gen.0", 14},
                        {"mysql/pt-1573-general-log-system.log", 5}}) {
    const auto bytes = shared_file(std::string("data/logs/") + f.path);
    REQUIRE(bytes);
    const Got got = run_parser(kParser, *bytes);
    INFO(f.path);
    CHECK(got.match == Match::yes);
    CHECK(got.read == f.entries);
    CHECK(got.unparsed == 0);
  }
}
