// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "base/text.hpp"
#include "support/run_parser.hpp"

namespace necropsy::parsers {
ParserEntry xferlog();
}
using namespace necropsy;
using namespace necropsy::test;

namespace {
const ParserEntry kParser = parsers::xferlog();
const std::string kStamp = "Fri May 14 05:16:12 2010 ";

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

TEST_CASE("directions, completion, access modes, both column counts") {
  expect("7 192.0.2.1 11974 /a.php a _ i r bob ftp 0 * c",
         "ftp.upload.success path=/a.php size=11974 user=bob ip=192.0.2.1 attr:transfer_seconds=7 attr:transfer_type=a "
         "attr:access_mode=r attr:completion=c service=ftp attr:auth_user= attr:special_action=");
  expect("7 192.0.2.1 11974 /a.tar b CT o g guest1 ftp 1 identuser i",
         "ftp.download.failure user=guest1 attr:special_action=CT attr:auth_user=identuser attr:completion=i");
  expect("0 192.0.2.1 0 /a b _ d r bob ftp 0 * c", "ftp.delete.success path=/a");
  expect("0 192.0.2.1 5 /a b _ i r bob ftp 0 *", "ftp.upload.success attr:completion= attr:auth_user=");
  expect("0 192.0.2.1 5 /a b _ i r bob ftp 1 c", "ftp.upload.success attr:completion= attr:auth_user=c");
  expect("0 192.0.2.1 5 /a b _ i r bob ftp 1 c i", "ftp.upload.failure attr:completion=i attr:auth_user=c");
  expect("0 192.0.2.1 5 /a b _ i a me@x.example ftp 0 * c",
         "ftp.upload.success user= method=anonymous attr:anonymous_password=me@x.example");
}

TEST_CASE("hosts: names, IPv6, none") {
  expect("0 client.example.net 5 /a b _ i r bob ftp 0 * c", "ftp.upload.success ip= source_host=client.example.net");
  expect("0 2001:db8::1 5 /a b _ i r bob ftp 0 * c", "ftp.upload.success ip=2001:db8::1");
  expect("0 ::ffff: 5 /a b _ i r bob ftp 0 * c", "ftp.upload.success ip= source_host= size=5 path=/a");
  expect("0  5 /a b _ i r bob ftp 0 * c", "ftp.upload.success ip= source_host= size=5 path=/a");
}

TEST_CASE("names with blanks and with the log's own letters") {
  expect("0 192.0.2.1 5 /my files/a b _ i r x y.php b _ o r bob ftp 0 * c",
         "ftp.download.success path=\"/my files/a b _ i r x y.php\" user=bob");
  expect("0 192.0.2.1 5 /a b _ i r bob smith ftp 0 * c", "ftp.upload.success path=/a user=\"bob smith\"");
}

TEST_CASE("damage and foreign lines") {
  const Got got =
      run_parser(kParser, kStamp + "0 192.0.2.1 5 /a b _ i r bob ftp 0 * c\r\n\n" + kStamp + "0 192.0.2.1 5 /a b _\n" +
                              "Mon Jun  6 18:43:28 2016 [pid 2] CONNECT: Client \"192.0.2.9\"\n" + "garbage\n" +
                              kStamp + "0 192.0.2.1 5 /b b _ o r bob ftp 0 * c");
  CHECK(got.events.size() == 2);
  CHECK(got.read == 2);
  CHECK(got.unparsed == 3);
  CHECK(got.events[1].record == 6);
}

TEST_CASE("newsyslog's mark takes its year from the line behind it") {
  const Got got = run_parser(kParser,
                             "Dec 31 23:59:59 host newsyslog[566]: logfile turned over\n"
                             "Fri Jan  1 00:16:12 2010 0 192.0.2.1 5 /a b _ i r bob ftp 0 * c\n");
  REQUIRE(got.events.size() == 2);
  CHECK(difference("host.log-rotated time=2009-12-31T23:59:59Z year_inferred=1 process=newsyslog", got.events[0]) ==
        "");
  RunOptions options;
  options.modified = Timestamp::from_unix(1268666200);  // 2010-03-15
  const Got alone = run_parser(kParser, "Mar 15 15:15:21 host newsyslog[566]: logfile first created\n", options);
  REQUIRE(alone.events.size() == 1);
  CHECK(alone.events[0]["time"] == "2010-03-15T15:15:21Z");
  const Got unknown = run_parser(kParser, "Mar 15 15:15:21 host newsyslog[566]: logfile first created\n");
  CHECK(unknown.events.empty());
  CHECK(unknown.unparsed == 1);
}

TEST_CASE("time: local time of the host") {
  RunOptions options;
  options.zone = "Europe/Berlin";
  const Got got = run_parser(kParser, kStamp + "0 192.0.2.1 5 /a b _ i r bob ftp 0 * c\n", options);
  CHECK(got.events.at(0)["time"] == "2010-05-14T03:16:12Z");
  CHECK(got.events.at(0)["basis"] == "zone");
}

TEST_CASE("every prefix of a line is safe") {
  const std::string line = kStamp + "7 192.0.2.1 11974 /a b.php a _ i r bob ftp 0 * c";
  for (size_t n = 1; n <= line.size(); ++n) {
    const Got got = run_parser(kParser, std::string_view(line).substr(0, n));
    CHECK(got.read + got.unparsed == 1);
  }
}

TEST_CASE("probe: its own, and not what looks alike") {
  CHECK(probe(kParser, kStamp + "0 192.0.2.1 5 /a b _ i r bob ftp 0 * c\n") == Match::yes);
  CHECK(probe(kParser, "Mon Jun  6 18:43:28 2016 [pid 2] CONNECT: Client \"192.0.2.9\"\n") == Match::no);
  CHECK(probe(kParser, "Mar 15 15:15:21 host newsyslog[566]: logfile first created\n") == Match::maybe);
  CHECK(probe(kParser, "Mar 15 15:15:21 host sshd[566]: x\n") == Match::no);
  CHECK(probe(kParser, "[Sun Dec 04 04:47:44 2005] [error] x\n") == Match::no);
  CHECK(probe(kParser, "") == Match::no);
}
