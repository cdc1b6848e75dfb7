// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>

#include "base/text.hpp"
#include "support/run_parser.hpp"

namespace necropsy::parsers {
ParserEntry apache_access();
}
using namespace necropsy;
using namespace necropsy::test;

namespace {
const ParserEntry kParser = parsers::apache_access();

// The only event of one line, as text.
GotEvent one(std::string line, std::string path = "/var/log/apache2/access.log") {
  RunOptions options;
  options.path = std::move(path);
  const Got got = run_parser(kParser, line + "\n", options);
  INFO(line);
  REQUIRE(got.problems.empty());
  REQUIRE(got.events.size() == 1);
  return got.events[0];
}
void expect(std::string line, std::string_view expected) { CHECK_MESSAGE(difference(expected, one(line)) == "", line); }
const std::string kStamp = " [13/Jan/2016:19:31:16 +0000] ";
}  // namespace

TEST_CASE("samples") { CHECK(check_samples(kParser) == ""); }

TEST_CASE("the formats of Apache and nginx") {
  expect("192.0.2.1 - -" + kStamp + "\"GET / HTTP/1.1\" 304 -",
         "web.request.success ip=192.0.2.1 status=304 bytes=0 agent= attr:tail= user=");
  expect("192.0.2.1 - -" + kStamp + "\"GET / HTTP/1.1\" 200 7 \"-\" \"curl/7\"",
         "web.request.success agent=curl/7 attr:referrer=");
  expect("www.example.org 192.0.2.1 - -" + kStamp + "\"GET / HTTP/1.1\" 500 803 \"-\" \"-\"",
         "web.request.failure ip=192.0.2.1 attr:vhost=www.example.org attr:vhost_port= agent=");
  expect("10.0.0.9:8080 2001:DB8:0::1 - -" + kStamp + "\"GET / HTTP/1.1\" 200 1",
         "web.request.success ip=2001:db8::1 attr:vhost=10.0.0.9 attr:vhost_port=8080");
  expect("www.example.org client.example.net - -" + kStamp + "\"GET / HTTP/1.1\" 200 1",
         "web.request.success ip= source_host=client.example.net attr:vhost=www.example.org");
  expect("client.example.net - -" + kStamp + "\"GET / HTTP/1.1\" 200 1",
         "web.request.success source_host=client.example.net attr:vhost=");
  expect("::ffff:192.0.2.1 - -" + kStamp + "\"GET / HTTP/1.1\" 200 1", "web.request.success ip=192.0.2.1");
  expect("192.0.2.1 - -" + kStamp + "\"GET / HTTP/1.1\" 200 1 \"-\" \"UA\" 523 1024",
         "web.request.success status=200 bytes=1 agent=UA attr:tail=\"523 1024\"");
  CHECK(one("192.0.2.1 - -" + kStamp + "\"GET / HTTP/1.1\" 200 1 0.005 \"-\" \"UA\"")["attr:tail"] ==
        "0.005 \"-\" \"UA\"");
  CHECK(one("192.0.2.1 - -" + kStamp + "\"GET / HTTP/1.1\" 200 1 0.005 \"-\" \"UA\"")["agent"] == "UA");
  expect("192.0.2.1 - -" + kStamp + "\"GET / HTTP/1.1\" 200 1 \"-\" \"UA\" \"-\"",
         "web.request.success agent=UA attr:tail= attr:forwarded_for=");
  expect("192.0.2.1 - -" + kStamp + "\"GET / HTTP/1.1\" 200 1 \"203.0.113.5\"",
         "web.request.success attr:forwarded_for=203.0.113.5 agent= attr:referrer=");
  expect("203.0.113.5, 10.0.0.1 - -" + kStamp + "\"GET / HTTP/1.1\" 200 1",
         "web.request.success ip=203.0.113.5 attr:forwarded_for=\"203.0.113.5, 10.0.0.1\"");
  expect("192.0.2.1" + kStamp + "\"GET / HTTP/1.1\" 200 1", "web.request.success ip=192.0.2.1 status=200");
  expect("192.0.2.1 - -" + kStamp + "\"GET / HTTP/1.1\" 200", "web.request.success status=200 bytes=");
}

TEST_CASE("times: offsets, fractions, counts since 1970") {
  expect("192.0.2.1 - - [01/Jan/2016:00:30:00 +0330] \"GET / HTTP/1.1\" 200 1",
         "web.request.success time=2015-12-31T21:00:00Z basis=offset");
  expect("192.0.2.1 - - [13/Jan/2016:19:31:16.123456 -0500] \"GET / HTTP/1.1\" 200 1",
         "web.request.success time=2016-01-14T00:31:16.123456Z basis=offset");
  const GotEvent nano = one("192.0.2.1 - - [13/Jan/2016:19:31:16.123456789 +0000] \"GET / HTTP/1.1\" 200 1");
  CHECK(nano.time.precision == TimePrecision::ns);
  CHECK(iso_nano(nano.time.when) == "2016-01-13T19:31:16.123456789Z");
  expect("192.0.2.1 - - [2016-01-13T19:31:16+02:00] \"GET / HTTP/1.1\" 200 1",
         "web.request.success time=2016-01-13T17:31:16Z basis=offset");
  expect("192.0.2.1 - - [1452713476] \"GET / HTTP/1.1\" 200 1",
         "web.request.success time=2016-01-13T19:31:16Z basis=utc");
  expect("192.0.2.1 - - [1452713476.250] \"GET / HTTP/1.1\" 200 1",
         "web.request.success time=2016-01-13T19:31:16.250000Z basis=utc");
}

TEST_CASE("requests that are none, and odd ones") {
  expect("192.0.2.1 - -" + kStamp + "\"-\" 408 -", "web.request.failure url=- http_method= message= format=");
  expect("192.0.2.1 - -" + kStamp + "\"\" 400 0", "web.request.failure url= http_method= status=400");
  expect("192.0.2.1 - -" + kStamp + "\"\\x16\\x03\\x01\\x02\" 400 226 \"-\" \"-\"",
         "web.request.failure http_method= url=\\x16\\x03\\x01\\x02");
  expect("192.0.2.1 - -" + kStamp + "\"CONNECT mail.example:25 HTTP/1.0\" 405 1",
         "web.request.failure http_method=CONNECT url=mail.example:25 attr:protocol=HTTP/1.0");
  expect("192.0.2.1 - -" + kStamp + "\"GET /old\" 200 1",
         "web.request.success http_method=GET url=/old attr:protocol=");
  expect("192.0.2.1 - -" + kStamp + "\"SEARCH /\\x90\\x02\\xb1\\x02\" 414 1",
         "web.request.failure http_method=SEARCH url=/\\x90\\x02\\xb1\\x02");
  expect("192.0.2.1 - -" + kStamp + "\"GET /a b c HTTP/1.1\" 404 1", "web.request.failure url=\"/a b c\"");
  expect("192.0.2.1 - -" + kStamp + "\"GET /default.ida?" + std::string(3000, 'X') + "%u9090 HTTP/1.0\" 404 1",
         "web.request.failure http_method=GET");
}

TEST_CASE("users: realms, domains, blanks") {
  expect("192.0.2.1 - EX\\\\eve" + kStamp + "\"GET / HTTP/1.1\" 200 1", "web.request.success user=EX\\eve");
  CHECK(one("192.0.2.1 - no\\\"one" + kStamp + "\"GET / HTTP/1.1\" 401 1")["user"] == "no\"one");
  expect("192.0.2.1 - eve the admin" + kStamp + "\"GET / HTTP/1.1\" 200 1",
         "web.request.success user=\"eve the admin\"");
  expect("192.0.2.1 - \"\"" + kStamp + "\"GET / HTTP/1.1\" 401 1", "web.request.failure user=");
  expect("192.0.2.1 ident7 eve" + kStamp + "\"GET / HTTP/1.1\" 200 1",
         "web.request.success user=eve attr:ident=ident7");
}

TEST_CASE("a user name cannot forge a request") {
  expect("192.0.2.1 - x [01/Jan/2000:00:00:00 +0000] \\\"GET /forged HTTP/1.1\\\" 200 5" + kStamp +
             "\"GET /real HTTP/1.1\" 401 9",
         "web.request.failure time=2016-01-13T19:31:16Z url=/real status=401");
  expect("192.0.2.1 - x [01/Jan/2000:00:00:00 +0000] y" + kStamp + "\"GET /real HTTP/1.1\" 401 9",
         "web.request.failure time=2016-01-13T19:31:16Z url=/real");
}

TEST_CASE("quotes: escaped, not escaped, not closed") {
  CHECK(one("192.0.2.1 - -" + kStamp + "\"GET /a\\\"b\\x22 HTTP/1.1\" 200 5")["url"] == "/a\"b\\x22");
  CHECK(one("192.0.2.1 - -" + kStamp + "\"GET / HTTP/1.1\" 200 5 \"-\" \"() { :;}; echo \\\"x\\\"\"")["agent"] ==
        "() { :;}; echo \"x\"");
  // An escaped quote with status and numbers behind it is text of the client.
  expect("192.0.2.1 - -" + kStamp + "\"GET /x HTTP/1.1\" 404 5 \"-\" \"a\\\" 200 99\"",
         "web.request.failure status=404 bytes=5 attr:ambiguous=");
  expect("192.0.2.1 - -" + kStamp + "\"GET /$%7B(\"Text\"+\"1\")%7D/a.action HTTP/1.0\" 404 1164",
         "web.request.failure status=404 bytes=1164 attr:protocol=HTTP/1.0");
  CHECK(one("192.0.2.1 - -" + kStamp + "\"GET /$%7B(\"Text\"+\"1\")%7D/a.action HTTP/1.0\" 404 1164")["url"] ==
        "/$%7B(\"Text\"+\"1\")%7D/a.action");
  // Not escaped, and both places close a whole request line: said so.
  expect("192.0.2.1 - -" + kStamp + "\"GET /x HTTP/1.0\" 200 5 \"-\" \"u\" HTTP/1.1\" 404 9",
         "web.request.success url=/x attr:ambiguous=1");
  expect("192.0.2.1 - -" + kStamp + "\"GET / HTTP/1.1\" 200 5 \"-\" \"Mozilla/5.0 (bot.html",
         "web.request.success agent=\"Mozilla/5.0 (bot.html\" attr:truncated=1");
  expect("192.0.2.1 - -" + kStamp + "\"GET /cut-off", "web.request url=/cut-off status= attr:truncated=1");
  expect("192.0.2.1 - -" + kStamp + "\"GET / HTTP/1.1\" 200 5 \"-\" \"Foo 15\" bar\"",
         "web.request.success attr:referrer= attr:tail=");
  CHECK(one("192.0.2.1 - -" + kStamp + "\"GET / HTTP/1.1\" 200 5 \"-\" \"Foo 15\" bar\"")["agent"] == "Foo 15\" bar");
}

TEST_CASE("FTP servers that write this format") {
  expect("192.0.2.1 UNKNOWN nobody" + kStamp + "\"PASS (hidden)\" 530 -",
         "ftp.login.failure user=nobody ip=192.0.2.1 method=password attr:reply=530 status=");
  expect("192.0.2.1 UNKNOWN bob" + kStamp + "\"RETR a b.txt\" 226 99", "ftp.download.success path=\"a b.txt\" size=99");
  expect("192.0.2.1 UNKNOWN bob" + kStamp + "\"DELE x\" 550 -", "ftp.delete.failure path=x size=");
  CHECK(difference("ftp.upload.success path=/x.php size=11974 user=bob",
                   one("192.0.2.1 - bob" + kStamp + "\"PUT /x.php\" 200 11974", "/var/log/pure-ftpd/transfer.log")) ==
        "");
  // A web server that was sent words of FTP.
  expect("192.0.2.1 - -" + kStamp + "\"QUIT\" 400 266 \"-\" \"-\"", "web.request.failure http_method=QUIT status=400");
  expect("192.0.2.1 - -" + kStamp + "\"USER root\" 501 266", "web.request.failure http_method=USER url=root");
  expect("192.0.2.1 - bob" + kStamp + "\"PUT /x.php\" 200 11974", "web.request.success http_method=PUT url=/x.php");
}

TEST_CASE("damage costs its own line only") {
  const std::string good = "192.0.2.1 - -" + kStamp + "\"GET / HTTP/1.1\" 200 1\n";
  const std::string bytes = good + "\n" + "garbage\n" + good + "[Sun Dec 04 04:47:44 2005] [error] x\n" +
                            "192.0.2.1 - - [99/Foo/2016:19:31:16 +0000] \"GET / HTTP/1.1\" 200 1\n" +
                            std::string(300, '\0') + good + "192.0.2.1 - -" + kStamp;
  const Got got = run_parser(kParser, bytes);
  CHECK(got.events.size() == 4);
  CHECK(got.read == 4);
  CHECK(got.unparsed == 3);
  CHECK(got.problems.size() == 3);
  for (const GotProblem& p : got.problems) CHECK(p.code == "unknown-record");
  // The place of the row is that of its bytes, behind the hole.
  CHECK(got.events[2].where.offset == bytes.rfind('\0') + 1);
  CHECK(got.events[2].where.length == good.size());
  CHECK(got.events[3]["attr:truncated"] == "1");
}

TEST_CASE("places and CRLF") {
  const Got got = run_parser(kParser, "192.0.2.1 - -" + kStamp + "\"GET /a HTTP/1.1\" 200 1\r\n192.0.2.2 - -" + kStamp +
                                          "\"GET /b HTTP/1.1\" 200 1 \"-\" \"x\"\r\n");
  REQUIRE(got.events.size() == 2);
  CHECK(got.events[0].where.offset == 0);
  CHECK(got.events[1].where.offset == got.events[0].where.length);
  CHECK(got.events[1].record == 2);
  CHECK(got.events[1]["agent"] == "x");
  CHECK(got.events[0]["bytes"] == "1");
}

TEST_CASE("probe: its own, and not what looks alike") {
  const std::string line = "192.0.2.1 - -" + kStamp + "\"GET / HTTP/1.1\" 200 1\n";
  CHECK(probe(kParser, line) == Match::yes);
  CHECK(probe(kParser, "garbage\n" + line) == Match::yes);
  CHECK(probe(kParser, "a\nb\nc\n" + line) == Match::maybe);
  // First line longer than what a probe sees.
  CHECK(probe(kParser, "192.0.2.1 - -" + kStamp + "\"SEARCH /" + std::string(8000, 'A') + "\" 414 1\n") == Match::yes);
  CHECK(probe(kParser, std::string(700, '\0') + line) == Match::yes);
  CHECK(probe(kParser, "[Sun Dec 04 04:47:44 2005] [error] [client 192.0.2.1] x\n") == Match::no);
  CHECK(probe(kParser, "Jun  8 10:43:07 web1 httpd[12]: 192.0.2.1 - -" + kStamp + "\"GET / HTTP/1.1\" 200 1\n") ==
        Match::no);
  CHECK(probe(kParser, "Jun 18 10:43:07 web1 httpd: 192.0.2.1 - -" + kStamp + "\"GET / HTTP/1.1\" 200 1\n") ==
        Match::no);
  CHECK(probe(kParser, "2020-01-01T10:00:00+00:00 w.example httpd: 192.0.2.1 - -" + kStamp +
                           "\"GET / HTTP/1.1\" 200 1\n") == Match::no);
  CHECK(probe(kParser, "http://a.example/ -> /index.html\n") == Match::no);
  CHECK(probe(kParser, "2013-07-30 00:00:00 S1 10.0.0.1 GET /x - 80 - 10.0.0.2 Mozilla 200 0 0\n") == Match::no);
  CHECK(probe(kParser, "") == Match::no);
}

TEST_CASE("hostile lines end in bounded time") {
  const auto begin = std::chrono::steady_clock::now();
  const size_t n = 900'000;
  for (const std::string& unit : {std::string("["), std::string("\""), std::string("\\\""), std::string("\" 200 5 "),
                                  std::string(" HTTP/1.1\" 200 5 \""), std::string(", "), std::string("] \""),
                                  std::string("[13/Jan/2016:19:31:16 +0000] ")}) {
    std::string body;
    while (body.size() < n) body += unit;
    run_parser(kParser, "192.0.2.1 - -" + kStamp + "\"" + body + "\n");
    run_parser(kParser, "192.0.2.1 - " + body + kStamp + "\"GET / HTTP/1.1\" 200 5\n");
    run_parser(kParser, "192.0.2.1 - -" + kStamp + "\"GET / HTTP/1.1\" 200 5 " + body + "\n");
  }
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(20));
}

TEST_CASE("every prefix of a line is safe") {
  const std::string line = "www.example.org:443 192.0.2.1 - eve" + kStamp +
                           "\"GET /a\\\"b HTTP/1.1\" 200 5 \"http://r/\" \"UA \\\"x\\\"\" \"10.0.0.1\" 12 3";
  for (size_t n = 0; n <= line.size(); ++n) {
    const Got got = run_parser(kParser, std::string_view(line).substr(0, n));
    CHECK(got.read + got.unparsed == (n == 0 ? 0 : 1));
  }
}

TEST_CASE("public evidence" * doctest::skip(shared_dir().empty())) {
  struct File {
    const char* path;
    uint64_t lines, unparsed;
  };
  for (const File& f : {File{"data/logs/apache/apache_access.log", 15, 0},
                        {"data/logs/apache/Debian11-apache2-access.log", 5, 0},
                        {"data/logs/apache/Debian9-nginx-access.log", 19, 0},
                        {"data/logs/apache/logfile_access_log.0", 3, 0},
                        {"data/logs/apache/logfile_access_log.1", 1, 0}}) {
    const auto bytes = shared_file(f.path);
    REQUIRE(bytes);
    const Got got = run_parser(kParser, *bytes);
    INFO(f.path);
    CHECK(got.match == Match::yes);
    CHECK(got.read + got.unparsed == f.lines);
    CHECK(got.unparsed == f.unparsed);
  }
  const auto shop = shared_file("data/logs/apache/logfile_shop_access_log.0");
  REQUIRE(shop);
  const Got got = run_parser(kParser, *shop);
  size_t lines = 0;
  for (std::string_view line : split(*shop, '\n')) lines += !trim(line).empty();
  CHECK(got.read == lines);
  CHECK(got.unparsed == 0);
}

// NECROPSY_BENCH=1: lines per second.
TEST_CASE("speed" * doctest::skip(std::getenv("NECROPSY_BENCH") == nullptr)) {
  std::string bytes;
  for (int i = 0; i < 1'000'000; ++i)
    bytes += fmt::format(
        "192.0.2.{} - - [13/Jan/2016:19:{:02}:{:02} +0100] \"GET /themes/{}/index.php?page={} HTTP/1.1\" 200 {} "
        "\"http://www.example.org/{}\" \"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/79.0 "
        "Safari/537.36\"\n",
        i % 250, i / 60 % 60, i % 60, i % 17, i, i % 9000, i % 100);
  MemoryStream stream(std::move(bytes));
  const auto begin = std::chrono::steady_clock::now();
  const Count count = count_events(kParser, stream);
  const double s = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  MESSAGE(fmt::format("{} lines, {:.2f} s, {:.0f} lines/s", count.read, s, static_cast<double>(count.read) / s));
  CHECK(count.read == 1'000'000);
  CHECK(static_cast<double>(count.read) / s > 1e6);
}
