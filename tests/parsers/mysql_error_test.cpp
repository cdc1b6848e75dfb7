// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <map>

#include "base/text.hpp"
#include "support/run_parser.hpp"

namespace necropsy::parsers {
ParserEntry mysql_error();
}
using namespace necropsy;
using namespace necropsy::test;

namespace {
const ParserEntry kParser = parsers::mysql_error();

GotEvent one(std::string line) {
  const Got got = run_parser(kParser, line + "\n");
  INFO(line);
  REQUIRE(got.problems.empty());
  REQUIRE(got.events.size() == 1);
  return got.events[0];
}
void expect(std::string line, std::string_view expected) { CHECK_MESSAGE(difference(expected, one(line)) == "", line); }
}  // namespace

TEST_CASE("samples") { CHECK(check_samples(kParser) == ""); }

TEST_CASE("stamps of all releases, line by line in one file") {
  RunOptions options;
  options.zone = "Europe/Berlin";
  const Got got = run_parser(kParser,
                             "991231 23:59:59  mysqld started\n"
                             "080721  3:04:00 [Warning] x\n"
                             "091121 13:17:58InnoDB: Warning: cannot find a free slot\n"
                             "2015-10-07 06:09:42 5907 [Note] x\n"
                             "2016-05-03  9:12:01 140239845235329 [Note] x\n"
                             "2013-12-04 10:11:12 7f8c2a3b4700 InnoDB: Error: y\n"
                             "2018-05-03  9:12:01 0 [Note] InnoDB: z\n"
                             "161209 13:08:33 mysqld_safe Starting mysqld daemon with databases from /var/lib/mysql\n"
                             "2016-12-09T12:08:33.784722Z 0 [Note] /usr/sbin/mysqld: ready for connections.\n"
                             "2018-09-07T18:45:40.098124+08:00 7 [Warning] x\n"
                             "2019-03-24T13:44:31.555406Z 6 [Warning] [MY-010068] [Server] x\n"
                             "2016-02-24T15:26:18.237955 6 [Note] x\n",
                             options);
  CHECK(got.problems.empty());
  REQUIRE(got.events.size() == 12);
  const std::vector<std::string> expected = {
      "service.started time=1999-12-31T22:59:59Z basis=zone",
      "database.message time=2008-07-21T01:04:00Z basis=zone attr:level=Warning",
      "database.message time=2009-11-21T12:17:58Z basis=zone",
      "database.message time=2015-10-07T04:09:42Z basis=zone attr:thread=5907",
      "database.message time=2016-05-03T07:12:01Z basis=zone attr:thread=140239845235329",
      "database.error time=2013-12-04T09:11:12Z basis=zone attr:thread=7f8c2a3b4700",
      "database.message time=2018-05-03T07:12:01Z attr:level=Note",
      "service.started time=2016-12-09T12:08:33Z basis=zone",
      "database.started time=2016-12-09T12:08:33.784722Z basis=utc",
      "database.message time=2018-09-07T10:45:40.098124Z basis=offset",
      "database.message time=2019-03-24T13:44:31.555406Z basis=utc attr:code=MY-010068 attr:subsystem=Server",
      "database.message time=2016-02-24T15:26:18.237955Z basis=assumed"};
  for (size_t i = 0; i < expected.size(); ++i) CHECK(difference(expected[i], got.events[i]) == "");
}

TEST_CASE("refused logins: names that hold log words") {
  const std::string p = "130324 17:56:14 [Warning] ";
  expect(p + "Access denied for user 'root'@'localhost' (using password: YES)",
         "database.login.failure user=root source_host=localhost ip=");
  expect(p + "Access denied for user ''@'192.0.2.1' to database 'shop'",
         "database.login.failure user= ip=192.0.2.1 attr:database=shop");
  expect("2020-01-16 21:34:14 4644 [Warning] Access denied for user 'root'@'192.0.2.1'",
         "database.login.failure user=root ip=192.0.2.1 attr:using_password=");
  expect(
      "2019-01-03T08:50:04.634875Z 113 [Note] [MY-010926] [Server] Access denied for user 'root'@'192.0.2.1' (using "
      "password: NO)",
      "database.login.failure user=root ip=192.0.2.1 attr:using_password=NO method=sql");
  const GotEvent forged =
      one(p + "Access denied for user 'a'@'198.51.100.1' (using password: YES)'@'192.0.2.1' (using password: NO)");
  CHECK(forged["ip"] == "192.0.2.1");
  // Other text that holds the words is no refusal.
  CHECK(one(p + "x Access denied for user 'root'@'192.0.2.1' (using password: NO)").action == Action::database_message);
  CHECK(one(p + "Access denied for user 'root'@'localhost' (using password: YES) condition leads elsewhere").action ==
        Action::database_message);
  // A user name made of a syslog prefix and a stamp does not become a line of its own.
  const GotEvent prefix =
      one(p + "Access denied for user 'x mysqld: 100101 0:00:00 [Note] y'@'192.0.2.1' (using password: NO)");
  CHECK(prefix["time"] == "2013-03-24T17:56:14Z");
  CHECK(prefix["ip"] == "192.0.2.1");
}

TEST_CASE("through syslog: the inner stamp knows the year") {
  expect(
      "Sep 16 21:30:26 host7 mysqld: 130916 21:30:26 [Warning] Access denied for user 'h'@'192.0.2.1' (using password: "
      "YES)",
      "database.login.failure time=2013-09-16T21:30:26Z ip=192.0.2.1 attr:syslog_host=host7");
  expect(
      "2019-09-06T01:45:18 srv mysqld[12]: 2019-09-06  1:45:18 140581192722176 [Warning] Access denied for user "
      "'g'@'192.0.2.2' (using password: YES)",
      "database.login.failure time=2019-09-06T01:45:18Z basis=assumed ip=192.0.2.2 attr:syslog_host=srv");
}

TEST_CASE("life of the server") {
  expect("080721  9:22:14 [Note] /usr/libexec/mysqld: Normal shutdown", "database.stopped attr:stage=begun user=");
  expect("2020-01-16 21:34:14 0 [Note] /usr/sbin/mariadbd (initiated by: root[root] @ localhost []): Normal shutdown",
         "database.stopped attr:stage=begun user=root source_host=localhost");
  expect("080721  9:22:20 [Note] /usr/libexec/mysqld: Shutdown complete", "database.stopped attr:stage=complete");
  expect("080721  9:22:20  InnoDB: Shutdown completed; log sequence number 1 3703096531", "database.message");
  expect("080721 09:22:22  mysqld ended", "service.stopped");
  expect("081117 16:15:07  mysqld restarted", "service.crashed");
  expect("161209 13:08:33 mysqld_safe mysqld from pid file /var/run/mysqld/mysqld.pid ended", "service.stopped");
  expect(
      "2020-08-06T14:25:02.835618Z 0 [System] [MY-010931] [Server] /usr/sbin/mysqld: ready for connections. Version: "
      "'8.0.21'  socket: '/x'  port: 3306  MySQL.",
      "database.started attr:server_version=8.0.21");
  expect("080821 19:14:12  InnoDB: Database was not shut down normally!", "database.message attr:unclean_shutdown=1");
  expect("161209 13:08:33 mysqld_safe Starting mysqld daemon with --skip-grant-tables",
         "service.started attr:skip_grant_tables=1");
  expect("161209 13:08:33 [ERROR] mysqld got signal 11 ;", "process.crashed attr:signal=11");
  expect("161209 13:08:33 - mysqld got exception 0xc0000005 ;", "process.crashed attr:signal=0xc0000005");
}

TEST_CASE("a crash without a date is dated by what stands around it") {
  const Got got = run_parser(kParser,
                             "161209 23:59:58 [Note] x\n"
                             "00:00:05 UTC - mysqld got signal 11 ;\n"
                             "This could be because you hit a bug.\n\nstack_bottom = 0 thread_stack 0x30000\n"
                             "161210  0:00:09 [Note] y\n"
                             "mysqld got signal 6;\nmore\n"
                             "161210  0:01:00 mysqld_safe mysqld restarted\n");
  REQUIRE(got.events.size() == 5);
  CHECK(got.read == 5);
  CHECK(got.events[1].action == Action::process_crashed);
  CHECK(got.events[1]["time"] == "2016-12-10T00:00:05Z");
  CHECK(got.events[1]["attr:signal"] == "11");
  CHECK(got.events[1]["attr:lines"] == "3");
  CHECK(got.events[3]["basis"] == "bounded");
  CHECK(iso_micro(*got.events[3].time.earliest) == "2016-12-10T00:00:09.000000Z");
  CHECK(iso_micro(*got.events[3].time.latest) == "2016-12-10T00:01:00.000000Z");
}

TEST_CASE("what else matters") {
  expect(
      "2020-01-16 21:34:14 5 [Warning] Aborted connection 5 to db: 'shop' user: 'u' host: '192.0.2.1' (Got an error "
      "reading communication packets)",
      "database.logout.failure session=5 user=u ip=192.0.2.1 attr:database=shop attr:reason=\"Got an error reading "
      "communication packets\"");
  expect(
      "2020-01-16 21:34:14 5 [Warning] Aborted connection 5 to db: 'unconnected' user: 'unauthenticated' host: "
      "'192.0.2.1' (x)",
      "database.error.failure user= ip=192.0.2.1");
  expect("130324 17:56:14 [Warning] Host '192.0.2.1' is blocked because of many connection errors; unblock with 'x'",
         "database.error ip=192.0.2.1");
  expect("130324 17:56:14 [Warning] IP address '192.0.2.1' could not be resolved: Name or service not known",
         "database.message ip=192.0.2.1");
  expect("130324 17:56:14 [ERROR] Can't open shared library 'lib_mysqludf_sys.so' (errno: 0)",
         "database.error path=lib_mysqludf_sys.so");
  expect("130324 17:56:14 [ERROR] /usr/sbin/mysqld: Table './db/t' is marked as crashed and should be repaired",
         "database.error attr:unclean_shutdown=1");
  expect("191015  9:46:45\t    13 Query\tGRANT ALL ON *.* TO 'eve'@'%'",
         "database.grant session=13 target=eve attr:command=Query");
}

TEST_CASE("a stray refusal of the general log") {
  expect(
      "2023-07-31T08:34:16.116872Z        14 Connect   Access denied for user 'user'@'192.0.2.1' (using password: YES)",
      "database.login.failure time=2023-07-31T08:34:16.116872Z user=user ip=192.0.2.1 session=14");
}

TEST_CASE("unstamped lines belong to the entry above; above the first stamp they are bounded") {
  const Got got = run_parser(kParser,
                             "Current locks:\nlock: 0x1\n\n130324 17:56:14 [ERROR] Error 'x' on query. Query: 'DELETE "
                             "FROM\n   t'\nERROR: 1064  syntax\n");
  REQUIRE(got.events.size() == 2);
  CHECK(got.read == 2);
  CHECK(got.events[0]["basis"] == "bounded");
  CHECK(got.events[0]["message"] == "Current locks: lock: 0x1");
  CHECK(*got.events[0].time.latest == got.events[1].time.when);
  CHECK(got.events[1]["message"] == "Error 'x' on query. Query: 'DELETE FROM t' ERROR: 1064  syntax");
  CHECK(got.events[1]["attr:lines"] == "3");
  CHECK(got.events[1].where.length > 70);
  const Got none = run_parser(kParser, "Current locks:\n");
  CHECK(none.events.empty());
  CHECK(none.unparsed == 1);
}

TEST_CASE("every prefix is safe") {
  const std::string text =
      "161209 23:59:58 [Note] x\n00:00:05 UTC - mysqld got signal 11 ;\nSep 16 21:30:26 h mysqld: 130916 21:30:26 "
      "[Warning] Access denied for user 'h'@'1' (using password: YES)\n";
  for (size_t n = 1; n <= text.size(); ++n) {
    const Got got = run_parser(kParser, std::string_view(text).substr(0, n));
    CHECK(got.read + got.unparsed >= 1);
    CHECK(got.events.size() == got.read);
  }
}

TEST_CASE("probe: its own, and not what looks alike") {
  CHECK(probe(kParser, "130324 17:56:14 [Warning] x\n") == Match::yes);
  CHECK(probe(kParser, "2015-10-07 06:09:42 5907 [Warning] x\n") == Match::yes);
  CHECK(probe(kParser, "garbage\n\n080721 03:03:57  mysqld started\n") == Match::yes);
  CHECK(probe(kParser, "2015-10-07 06:09:42 [ERROR] some program\n") == Match::no);
  CHECK(probe(kParser, "2015-10-07 06:09:42,123 ERROR some program\n") == Match::no);
  CHECK(probe(kParser, "Sep 16 21:30:26 h mysqld: 130916 21:30:26 [Warning] x\n") == Match::no);
  CHECK(probe(kParser, "2016-06-07T19:07:02.558338Z    3 Connect\tp@localhost on  using Socket\n") == Match::no);
  CHECK(probe(kParser, "080412 14:02:19\t     12 Connect     root@192.0.2.5 on shop\n") == Match::no);
  CHECK(probe(kParser, "2022-04-12 00:16:05.526 UTC [7755] LOG:  text\n") == Match::no);
  CHECK(probe(kParser, "") == Match::no);
}

TEST_CASE("public evidence" * doctest::skip(shared_dir().empty())) {
  // Entries are stamped lines: counted here by the shape of their first bytes.
  const auto is_stamped = [](std::string_view l) {
    return l.size() > 13 && std::all_of(l.begin(), l.begin() + 6, is_digit)
               ? l[6] == ' '
               : l.size() > 20 && is_digit(l[0]) && l[4] == '-' && l[7] == '-';
  };
  for (const char* path :
       {"errlog001.txt", "errlog003.txt", "errlog005.txt", "errlog007.txt", "logfile_mysql_error.0"}) {
    const auto bytes = shared_file(std::string("data/logs/mysql/") + path);
    REQUIRE(bytes);
    const Got got = run_parser(kParser, *bytes);
    INFO(path);
    CHECK(got.match == Match::yes);
    CHECK(got.unparsed == 0);
    uint64_t stamped = 0;
    for (std::string_view line : split(*bytes, '\n')) stamped += is_stamped(line);
    CHECK(got.read == stamped);
  }
  const auto bytes = shared_file("data/logs/fail2ban-samples/mysqld-auth");
  REQUIRE(bytes);
  std::string_view comment;
  int checked = 0;
  for (std::string_view line : split(*bytes, '\n')) {
    if (line.starts_with("#")) {
      comment = line;
      continue;
    }
    if (line.empty()) continue;
    const Got got = run_parser(kParser, std::string(line) + "\n");
    INFO(line);
    REQUIRE(got.events.size() == 1);
    const auto host = between(comment, "\"host\": \"", "\"");
    REQUIRE(host);
    const bool match = contains(comment, "\"match\": true");
    CHECK((got.events[0].action == Action::database_login) == match);
    if (match) {
      CHECK((got.events[0]["ip"] == *host || got.events[0]["source_host"] == *host));
      // Times of syslog lines have an assumed year there; the hour of UTC stamps is that of a zone.
      if (const auto time = between(comment, "\"time\": \"", "\"");
          time && !time->starts_with("2004") && !contains(line, "Z 113 "))
        CHECK(got.events[0]["time"].substr(0, 19) == *time);
    }
    ++checked;
  }
  CHECK(checked == 17);
  const auto crowd = shared_file("data/logs/crowdsec-samples/mariadb-logs.log");
  REQUIRE(crowd);
  for (const GotEvent& e : run_parser(kParser, *crowd).events) CHECK(e.action == Action::database_login);
}
