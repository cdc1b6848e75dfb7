// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <map>

#include "base/text.hpp"
#include "support/run_parser.hpp"

namespace necropsy::parsers {
ParserEntry vsftpd();
}
using namespace necropsy;
using namespace necropsy::test;

namespace {
const ParserEntry kParser = parsers::vsftpd();
const std::string kStamp = "Mon Jun  6 18:43:28 2016 [pid 3] ";

GotEvent one(std::string line) {
  const Got got = run_parser(kParser, kStamp + line + "\n");
  INFO(line);
  REQUIRE(got.problems.empty());
  REQUIRE(got.events.size() == 1);
  return got.events[0];
}
void expect(std::string line, std::string_view expected) { CHECK_MESSAGE(difference(expected, one(line)) == "", line); }
}  // namespace

TEST_CASE("samples") { CHECK(check_samples(kParser) == ""); }

TEST_CASE("every verb, done and refused") {
  expect("CONNECT: Client \"192.0.2.1\"", "network.connection ip=192.0.2.1 user=");
  expect("[bob] OK LOGIN: Client \"192.0.2.1\"", "ftp.login.success user=bob method=password");
  expect("[bob] FAIL LOGIN: Client \"192.0.2.1\"", "ftp.login.failure user=bob");
  expect("FAIL LOGIN: Client \"192.0.2.1\"", "ftp.login.failure user=");
  expect("[anonymous] OK LOGIN: Client \"192.0.2.1\", anon password \"a \"b\" c\"",
         "ftp.login.success method=anonymous");
  expect("[bob] OK DOWNLOAD: Client \"192.0.2.1\", \"/etc/passwd\", 12 bytes, 1.50Kbyte/sec",
         "ftp.download.success path=/etc/passwd size=12 attr:rate_kbytes=1.50");
  expect("[bob] FAIL DOWNLOAD: Client \"192.0.2.1\", \"/home/a*\", 0.00Kbyte/sec",
         "ftp.download.failure path=/home/a* size=");
  expect("[bob] OK DELETE: Client \"192.0.2.1\", \"/a b\"", "ftp.delete.success path=\"/a b\"");
  expect("[bob] FAIL DELETE: Client \"192.0.2.1\", \"/a\"", "ftp.delete.failure path=/a");
  expect("[bob] OK MKDIR: Client \"192.0.2.1\", \"/a\"", "ftp.mkdir.success path=/a");
  expect("[bob] OK RMDIR: Client \"192.0.2.1\", \"/a\"", "ftp.rmdir.success path=/a");
  expect("[bob] OK CHMOD: Client \"192.0.2.1\", \"/a b 4755\"",
         "ftp.command.success path=\"/a b\" attr:mode=4755 attr:verb=CHMOD");
  expect("[bob] OK RENAME: Client \"192.0.2.1\", \"/a /b\"", "ftp.rename.success path=/a attr:new_path=/b attr:names=");
  expect("[bob] OK RENAME: Client \"192.0.2.1\", \"/a\", \"/b\"", "ftp.rename.success path=/a attr:new_path=/b");
  expect("FTP command: Client \"192.0.2.1\", \"USER bob\"", "ftp.command ip=192.0.2.1 message=\"USER bob\"");
  expect("[bob] FTP command: Client \"192.0.2.1\", \"PASS <password>\"",
         "ftp.command user=bob message=\"PASS <password>\"");
  expect("[bob] FTP response: Client \"192.0.2.1\", \"530 Permission denied.\"",
         "ftp.login.failure user=bob attr:reason=\"530 Permission denied.\"");
  expect("[bob] FTP response: Client \"192.0.2.1\", \"530 Login incorrect.\"", "ftp.message user=bob");
  expect("[bob] OK UPLOAD: Client \"192.0.2.1\", \"/x\", 0.00Kbyte/sec", "ftp.upload.success size=0");
  expect("[bob] FTP response: Client \"192.0.2.1\", \"221 Goodbye.\"", "ftp.logout user=bob");
  expect("FTP response: Client \"192.0.2.1\", \"221 Goodbye.\"", "ftp.message user=");
  expect("[bob] DEBUG: Client \"192.0.2.1\", \"x\"", "ftp.message message=x");
  expect("[bob] OK APPEND: Client \"192.0.2.1\", \"/a\"", "ftp.command.success attr:verb=APPEND path=/a");
}

TEST_CASE("addresses and names") {
  expect("CONNECT: Client \"::ffff:192.0.2.1\"", "network.connection ip=192.0.2.1");
  expect("CONNECT: Client \"2001:DB8::1\"", "network.connection ip=2001:db8::1");
  CHECK(one("[bob] OK UPLOAD: Client \"192.0.2.1\", \"/a \"b\", \"c\", 5 bytes\", 40 bytes, 1.00Kbyte/sec")["path"] ==
        "/a \"b\", \"c\", 5 bytes");
  const GotEvent same = one("[bob] OK RENAME: Client \"192.0.2.1\", \"/d /x/a /d /x/b\"");
  CHECK(same["path"] == "/d /x/a");
  CHECK(same["attr:new_path"] == "/d /x/b");
  CHECK(same["attr:names"] == "/d /x/a /d /x/b");
}

TEST_CASE("a name made of log words forges no success") {
  // Before the login the user name is the client's to choose.
  const GotEvent login = one("[x] OK LOGIN: Client \"198.51.100.1\"] FAIL LOGIN: Client \"192.0.2.1\"");
  CHECK(login["ip"] == "192.0.2.1");
  CHECK(login.outcome == Outcome::failure);
  const GotEvent deleted =
      one("[x] OK DELETE: Client \"198.51.100.1\", \"/etc/passwd] FAIL LOGIN: Client \"192.0.2.1\"");
  CHECK(deleted.action == Action::ftp_login);
  CHECK(deleted.outcome == Outcome::failure);
  // A path cannot forge a transfer: size and rate stand behind it.
  const GotEvent upload =
      one("[bob] OK UPLOAD: Client \"192.0.2.1\", \"/x] FAIL LOGIN: Client \"6.6.6.6\"\", 1 bytes, 2.00Kbyte/sec");
  CHECK(upload.action == Action::ftp_upload);
  CHECK(upload["user"] == "bob");
  CHECK(upload["ip"] == "192.0.2.1");
  const GotEvent command =
      one("[bob] OK DELETE: Client \"198.51.100.1\", \"/x] FTP command: Client \"192.0.2.1\", \"PASS <password>\"");
  CHECK(command.action == Action::ftp_command);
  CHECK(command["ip"] == "192.0.2.1");
  // A process that is known to act for a user goes on to do so.
  const Got session =
      run_parser(kParser, kStamp + "[bob] OK MKDIR: Client \"192.0.2.1\", \"/y\"\n" + kStamp +
                              "[bob] OK MKDIR: Client \"192.0.2.1\", \"/x] FAIL LOGIN: Client \"6.6.6.6\", \"y\"\n");
  REQUIRE(session.events.size() == 2);
  CHECK(session.events[1].action == Action::ftp_mkdir);
  CHECK(session.events[1]["ip"] == "192.0.2.1");
  CHECK(session.events[1]["attr:ambiguous"].empty());
  // Two readings: the one that claims less, and said so.
  const GotEvent both = one("[bob] OK MKDIR: Client \"192.0.2.1\", \"/x] FAIL LOGIN: Client \"6.6.6.6\", \"y\"");
  CHECK(both.outcome == Outcome::failure);
  CHECK(both["attr:ambiguous"] == "1");
}

TEST_CASE("time: local, with the hour that came twice") {
  RunOptions options;
  options.zone = "America/New_York";
  const Got got = run_parser(kParser,
                             "Sun Nov  6 00:59:00 2016 [pid 2] CONNECT: Client \"192.0.2.1\"\n"
                             "Sun Nov  6 01:30:00 2016 [pid 2] CONNECT: Client \"192.0.2.1\"\n"
                             "Sun Nov  6 01:10:00 2016 [pid 2] CONNECT: Client \"192.0.2.1\"\n",
                             options);
  REQUIRE(got.events.size() == 3);
  CHECK(got.events[0]["time"] == "2016-11-06T04:59:00Z");
  CHECK(got.events[0]["basis"] == "zone");
  CHECK(got.events[1]["time"] == "2016-11-06T05:30:00Z");
  CHECK(got.events[2]["time"] == "2016-11-06T06:10:00Z");
  CHECK(got.events[2].time.ambiguous);
  CHECK(difference("network.connection time=2020-06-08T12:08:44Z basis=assumed",
                   run_parser(kParser, "Mon Jun 8 12:08:44 2020 [pid 27245] CONNECT: Client \"::ffff:192.0.2.9\"\n")
                       .events.at(0)) == "");
}

TEST_CASE("a line cut by a crash costs one problem and no neighbours") {
  const Got got = run_parser(kParser, kStamp + "[bob] OK LOGIN: Client \"192.0.2.7\"\r\n\nMon Jun  6 18:4\n" +
                                          "Mon Jun 36 18:43:28 2016 [pid 3] CONNECT: Client \"192.0.2.7\"\n" + kStamp +
                                          "[bob] OK UPLOAD: Client \"192.0.2.7\", \"/a\"\n" + kStamp +
                                          "[bob] OK MKDIR: Client \"192.0.2.7\", \"/a\"\n");
  CHECK(got.events.size() == 2);
  CHECK(got.read == 2);
  CHECK(got.unparsed == 3);
  CHECK(got.events[1].record == 6);
}

TEST_CASE("every prefix of a line is safe") {
  const std::string line =
      kStamp + "[bob] OK UPLOAD: Client \"::ffff:192.0.2.1\", \"/a \"b\"\", 40 bytes, 1.00Kbyte/sec";
  for (size_t n = 1; n <= line.size(); ++n) {
    const Got got = run_parser(kParser, std::string_view(line).substr(0, n));
    CHECK(got.read + got.unparsed == 1);
    CHECK(got.read == (n == line.size() ? 1 : 0));
  }
}

TEST_CASE("probe: its own, and not what looks alike") {
  CHECK(probe(kParser, kStamp + "CONNECT: Client \"192.0.2.7\"\n") == Match::yes);
  CHECK(probe(kParser, "x\ny\n" + kStamp + "CONNECT: Client \"192.0.2.7\"\n") == Match::maybe);
  CHECK(probe(kParser, "Fri May 14 05:16:12 2010 0 ::ffff:1.2.3.4 11974 /x a _ i r user ftp 0 * c\n") == Match::no);
  CHECK(probe(kParser, "[Sun Dec 04 04:47:44 2005] [error] x\n") == Match::no);
  CHECK(probe(kParser, "Oct 23 21:15:42 vps vsftpd[3]: [bob] FAIL LOGIN: Client \"192.0.2.1\"\n") == Match::no);
  CHECK(probe(kParser, "") == Match::no);
}

TEST_CASE("public evidence" * doctest::skip(shared_dir().empty())) {
  const auto bytes = shared_file("data/logs/ftp/vsftpd.log");
  REQUIRE(bytes);
  const Got got = run_parser(kParser, *bytes);
  CHECK(got.match == Match::yes);
  CHECK(got.read == 25);
  CHECK(got.unparsed == 0);
  std::map<std::string, int> kinds;
  for (const GotEvent& e : got.events) ++kinds[e.text.substr(0, e.text.find(' '))];
  CHECK(kinds == std::map<std::string, int>{{"network.connection", 4},
                                            {"ftp.login.success", 4},
                                            {"ftp.mkdir.success", 1},
                                            {"ftp.upload.success", 11},
                                            {"ftp.download.success", 3},
                                            {"ftp.download.failure", 2}});
  const auto crowd = shared_file("data/logs/crowdsec-samples/vsftpd-logs.log");
  REQUIRE(crowd);
  CHECK(run_parser(kParser, *crowd).read == 5);
}
