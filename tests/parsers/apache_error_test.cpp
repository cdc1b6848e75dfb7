// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "base/text.hpp"
#include "support/run_parser.hpp"

namespace necropsy::parsers {
ParserEntry apache_error();
}
using namespace necropsy;
using namespace necropsy::test;

namespace {
const ParserEntry kParser = parsers::apache_error();
const std::string k22 = "[Sun Dec 04 04:47:44 2005] ";
const std::string k24 = "[Wed Jun 01 10:15:32.123456 2022] ";

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

TEST_CASE("Apache 1.3 to 2.2") {
  expect(k22 + "[notice] workerEnv.init() ok /etc/x.properties",
         "web.message time=2005-12-04T04:47:44Z ip= attr:level=notice");
  expect("[Sun Dec  4 04:47:44 2005] [error] mod_jk child workerEnv in error state 6",
         "web.error time=2005-12-04T04:47:44Z");
  expect(k22 + "[error] [client 2001:db8::80da:af6b:8b2c] user eve not found: /",
         "web.error.failure ip=2001:db8::80da:af6b:8b2c port= user=eve url=/");
  expect(k22 + "[error] [client h.example.net] File does not exist: /a", "web.error source_host=h.example.net path=/a");
  expect(k22 + "[crit] (98)Address already in use: make_sock: could not bind to port 80",
         "service.failed attr:level=crit attr:os_error=\"(98)Address already in use\"");
  expect(
      k22 +
          "[error] mod_ssl: SSL handshake failed (server www.x:443, client 192.0.2.4) (OpenSSL library error follows)",
      "web.error ip=192.0.2.4");
  expect("[04/Dec/2005 04:47:44 01234] [error] SSL handshake failed: HTTP spoken on HTTPS port",
         "web.error pid=1234 time=2005-12-04T04:47:44Z");
  expect("[Sun Dec 04 04:47:44 2005] access to /x failed for 192.0.2.1, reason: no", "web.error path=/x attr:level=");
}

TEST_CASE("Apache 2.4") {
  expect(k24 +
             "[core:error] [pid 1234:tid 140] [client 192.0.2.1:5678] AH00126: Invalid URI in request GET "
             "/../../etc/passwd HTTP/1.1",
         "web.error.failure time=2022-06-01T10:15:32.123456Z ip=192.0.2.1 port=5678 pid=1234 attr:thread=140 "
         "attr:code=AH00126 "
         "attr:module=core http_method=GET url=/../../etc/passwd");
  expect(k24 + "[auth_basic:error] [pid 1] [client 2001:db8::1:51548] AH01618: user a not found: /x",
         "web.error.failure ip=2001:db8::1 port=51548");
  expect(k24 + "[auth_basic:error] [pid 1] [client [2001:db8::1]:51548] AH01618: user a not found: /x",
         "web.error.failure ip=2001:db8::1 port=51548");
  expect(k24 + "[auth_basic:error] [pid 1] [remote 192.0.2.1:35924] AH01618: user a not found: /x",
         "web.error.failure ip=192.0.2.1 port=35924");
  expect(k24 +
             "[ssl:info] [pid 1:tid 1] (70014)End of file found: [client 192.0.2.1:17036] AH02006: SSL handshake "
             "stopped: connection was closed",
         "web.message ip=192.0.2.1 attr:os_error=\"(70014)End of file found\" attr:code=AH02006 message=\"AH02006: SSL "
         "handshake stopped: connection was closed\"");
  expect(k24 +
             "[core:error] [pid 1] (13)Permission denied: [client 192.0.2.1:1] AH00035: access to /x denied "
             "(filesystem path '/q') because search permissions are missing",
         "web.error path=/x attr:code=AH00035");
  expect(k24 +
             "[:error] [pid 3790] [client 192.0.2.1:46301] script '/var/www/t.php' not found or unable to stat, "
             "referer: http://a/",
         "web.error path=/var/www/t.php attr:module= attr:referrer=http://a/");
  expect(k24 + "[core:trace3] [pid 1] protocol.c(618): [client 192.0.2.1:1] Request received",
         "web.message attr:source=protocol.c(618) ip=192.0.2.1");
  expect("[2022-06-01 10:15:32.123456] [core:error] [pid 1] x", "web.error time=2022-06-01T10:15:32.123456Z");
}

TEST_CASE("life of the server") {
  expect(
      k24 + "[mpm_event:notice] [pid 1:tid 2] AH00489: Apache/2.4.54 (Debian) configured -- resuming normal operations",
      "service.started service=apache pid=1");
  expect(k24 + "[mpm_event:notice] [pid 1:tid 2] AH00492: caught SIGWINCH, shutting down gracefully",
         "service.stopped");
  expect(k22 + "[notice] caught SIGTERM, shutting down", "service.stopped");
  expect(k22 + "[notice] Graceful restart requested, doing restart", "service.message");
  expect(k22 + "[notice] child pid 77 exit signal Segmentation fault (11), possible coredump in /tmp",
         "process.crashed pid=77 attr:signal=\"Segmentation fault (11)\"");
  expect(k24 + "[core:notice] [pid 5] AH00052: child pid 77 exit signal Aborted (6)", "process.crashed pid=77");
  expect("2020/03/06 06:30:43 [alert] 1#1: worker process 12 exited on signal 11",
         "process.crashed pid=12 service=nginx");
  expect("2020/03/06 06:30:43 [notice] 1#1: signal 15 (SIGTERM) received from 1, exiting",
         "service.stopped service=nginx");
  expect("2020/03/06 06:30:43 [notice] 1#1: start worker processes", "service.started");
}

TEST_CASE("refused credentials and files") {
  const std::string p = k22 + "[error] [client 192.0.2.1] ";
  expect(p + "user  not found: /", "web.error.failure user= url=/ attr:refused_user=1");
  expect(p + "user bob: authentication failure for \"/basic/file\": Password Mismatch",
         "web.error.failure user=bob url=/basic/file");
  expect(p + "Digest: user bob: password mismatch: /digest/x", "web.error.failure user=bob url=/digest/x");
  expect(p + "Digest: user `bob' in realm `private area' not found: /d", "web.error.failure user=bob url=/d");
  expect(p + "Authorization of user bob to access /o/x.html failed, reason: file owner dan does not match.",
         "web.error.failure user=bob");
  expect(p + "access to /x failed, reason: user 'bob' does not meet 'require'ments for user to be allowed access",
         "web.error.failure user=bob url=/x");
  expect(p + "user EX\\\\bob not found: /x", "web.error.failure user=EX\\bob");
  expect(p + "client denied by server configuration: /var/www/x", "web.error.failure path=/var/www/x user=");
  expect(p + "Directory index forbidden by rule: /var/www/", "web.error path=/var/www/");
  expect(p + "script not found or unable to stat: /usr/lib/cgi-bin/php", "web.error path=/usr/lib/cgi-bin/php");
  expect(p + "AH02811: stderr from /usr/lib/cgi-bin/luci: script not found or unable to stat",
         "web.error path=/usr/lib/cgi-bin/luci");
  // Words of the client inside a path are no message.
  expect(p + "File does not exist: /srv/[client 192.0.2.99] user root not found",
         "web.error ip=192.0.2.1 user= attr:refused_user=");
  expect(
      p + "ModSecurity: Access denied with code 403 (phase 2). Pattern match \"x\" at ARGS. [id \"950901\"] [msg \"SQL "
          "Injection\"] [uri \"/x\"] [unique_id \"Ab\"]",
      "web.error.failure status=403 url=/x attr:rule_id=950901 attr:rule_message=\"SQL Injection\" attr:unique_id=Ab");
  expect(p + "PHP Warning:  include(http://evil/x.txt): failed in /var/www/a b.php on line 12",
         "web.error attr:line=12");
}

TEST_CASE("nginx") {
  expect(
      "2020/03/06 06:30:43 [error] 411#0: *5 user \"bob\" was not found in \"/etc/nginx/.htpasswd\", client: "
      "192.0.2.1, server: s, request: \"GET /x HTTP/1.1\", host: \"h\"",
      "web.error.failure user=bob ip=192.0.2.1 http_method=GET attr:vhost=h attr:connection=5");
  expect(
      "2020/03/06 06:30:43 [error] 411#0: *5 user \"bob\": password mismatch, client: 2001:db8::1, server: s, request: "
      "\"GET /x HTTP/1.1\", host: \"h\"",
      "web.error.failure user=bob ip=2001:db8::1 port=");
  expect(
      "2020/03/06 06:30:43 [error] 411#0: *5 access forbidden by rule, client: 192.0.2.1, server: , request: \"GET /x "
      "HTTP/1.1\"",
      "web.error.failure url=/x");
  expect(
      "2020/03/06 06:30:43 [error] 4#4: *5 open() \"/srv/a, client: 6.6.6.6, server: z, request: \" failed (2: No such "
      "file or directory), client: 192.0.2.1, server: s, request: \"GET /a HTTP/1.1\"",
      "web.error ip=192.0.2.1 attr:server=s");
  expect(
      "2020/03/06 06:30:43 [error] 4#4: *5 FastCGI sent in stderr: \"PHP message: PHP Warning:  x in /srv/a.php on "
      "line 7\" while reading, client: 192.0.2.1, server: s, request: \"GET /a HTTP/1.1\", upstream: "
      "\"fastcgi://unix:/run/php.sock:\", host: \"h\"",
      "web.error path=/srv/a.php attr:line=7 attr:upstream=fastcgi://unix:/run/php.sock:");
}

TEST_CASE("what children of the server wrote") {
  const Got got = run_parser(kParser, k22 +
                                          "[error] [client 192.0.2.1] x\n"
                                          "sh: line 1: uname: command not found\n"
                                          "--2005-12-04 04:50:01--  http://evil.example/bot.txt\n"
                                          "Resolving evil.example... 192.0.2.66\n"
                                          "     0K .......... .......... 100%  1.2M=0.02s\n"
                                          "2005-12-04 04:50:02 (1.20 MB/s) - `bot.txt' saved [2345/2345]\n"
                                          "--04:51:00--  http://evil.example/b2.txt\n"
                                          "AH00558: apache2: Could not reliably determine the name\n");
  REQUIRE(got.events.size() == 8);
  CHECK(got.read == 8);
  CHECK(difference("process.message time=2005-12-04T04:47:44Z attr:stderr=1 attr:inherited_time=1", got.events[1]) ==
        "");
  CHECK(difference("process.message time=2005-12-04T04:50:01Z url=http://evil.example/bot.txt attr:inherited_time=",
                   got.events[2]) == "");
  CHECK(difference("process.message", got.events[3]) == "");
  CHECK(difference("process.message", got.events[4]) == "");
  CHECK(difference("file.downloaded time=2005-12-04T04:50:02Z path=bot.txt size=2345", got.events[5]) == "");
  CHECK(difference("process.message time=2005-12-04T04:51:00Z", got.events[6]) == "");
  CHECK(difference("web.error attr:stderr=1", got.events[7]) == "");
}

TEST_CASE("what mod_cgi of 2.4 passes on from a script") {
  const std::string p = k24 + "[cgi:error] [pid 35:tid 35] [client 192.0.2.1:53416] AH01215: ";
  expect(p + "stderr from /srv/t.sh: oops", "web.error path=/srv/t.sh attr:stderr=1");
  expect(p + "sh: 1: nosuch: not found", "process.message path= attr:stderr=1");
  expect(p + "stderr from /srv/t.sh: --2026-11-25 17:25:54--  http://evil.example/x",
         "process.message url=http://evil.example/x attr:script=/srv/t.sh time=2022-06-01T10:15:32.123456Z");
  expect(p + "stderr from /srv/t.sh: 2026-11-25 17:25:54 (1.63 MB/s) - '/tmp/dl.txt' saved [6/6]",
         "file.downloaded path=/tmp/dl.txt size=6 attr:script=/srv/t.sh ip=192.0.2.1");
  expect(k24 + "[core:info] [pid 33] [client 192.0.2.1:1] AH00128: File does not exist: /srv/none",
         "web.error path=/srv/none");
  expect(k24 + "[core:error] [pid 36] [client 192.0.2.1:1] AH10244: invalid URI path (/../../etc/passwd)",
         "web.error.failure url=/../../etc/passwd");
}

TEST_CASE("unstamped lines above the first stamp are bounded by it") {
  const Got got = run_parser(kParser, "sh: id: not found\n" + k22 + "[notice] x\n");
  REQUIRE(got.events.size() == 2);
  CHECK(got.events[0]["basis"] == "bounded");
  CHECK(got.events[0]["time"] == "2005-12-04T04:47:44Z");
  REQUIRE(got.events[0].time.latest);
  CHECK(*got.events[0].time.latest == got.events[1].time.when);
  CHECK(!got.events[0].time.earliest);
  const Got none = run_parser(kParser, "sh: id: not found\n");
  CHECK(none.events.empty());
  CHECK(none.unparsed == 1);
}

TEST_CASE("zones: the host's, and PHP's own") {
  RunOptions options;
  options.zone = "America/Chicago";
  const Got got = run_parser(kParser,
                             k22 +
                                 "[error] x\n[08-Jun-2010 10:43:07 UTC] PHP Notice:  x in /a on line 1\n"
                                 "[08-Jun-2010 10:43:07] PHP Notice:  x in /a on line 1\n",
                             options);
  REQUIRE(got.events.size() == 3);
  CHECK(got.events[0]["time"] == "2005-12-04T10:47:44Z");
  CHECK(got.events[0]["basis"] == "zone");
  CHECK(got.events[1]["time"] == "2010-06-08T10:43:07Z");
  CHECK(got.events[2]["time"] == "2010-06-08T15:43:07Z");
}

TEST_CASE("every prefix of a line is safe") {
  const std::string line = k24 +
                           "[auth_basic:error] [pid 1:tid 2] (13)Bad: [client [2001:db8::1]:51548] AH01618: user a not "
                           "found: /x, referer: http://r/";
  for (size_t n = 1; n <= line.size(); ++n) {
    const Got got = run_parser(kParser, k22 + "[notice] x\n" + line.substr(0, n));
    CHECK(got.read + got.unparsed == 2);
  }
}

TEST_CASE("probe: its own, and not what looks alike") {
  CHECK(probe(kParser, k22 + "[error] x\n") == Match::yes);
  CHECK(probe(kParser, k22 + "usb 1-1: new device\n") == Match::maybe);
  CHECK(probe(kParser, "2020/03/06 06:30:43 [error] 4#4: x\n") == Match::yes);
  CHECK(probe(kParser, "2020/03/06 06:30:43 main.go:12: x\n") == Match::no);
  CHECK(probe(kParser, "192.0.2.1 - - [13/Jan/2016:19:31:16 +0000] \"GET / HTTP/1.1\" 200 1\n") == Match::no);
  CHECK(probe(kParser, "Feb 15 16:23:00 srv httpd[22034]: [authz_core:error] [pid 22034] x\n") == Match::no);
  CHECK(probe(kParser, "Mon Jun  6 18:43:28 2016 [pid 2] CONNECT: Client \"192.0.2.9\"\n") == Match::no);
  CHECK(probe(kParser, "") == Match::no);
}

namespace {
// fail2ban's samples: a comment with the expected time (local) and host before each line.
void check_fail2ban(const char* path) {
  const auto bytes = shared_file(path);
  REQUIRE(bytes);
  std::string_view comment;
  size_t checked = 0;
  for (std::string_view line : split(*bytes, '\n')) {
    if (line.starts_with("#")) {
      if (line.starts_with("# failJSON:")) comment = line;
      continue;
    }
    if (!line.starts_with('[')) continue;
    const Got got = run_parser(kParser, std::string(line) + "\n");
    INFO(line);
    REQUIRE(got.events.size() == 1);
    if (const auto time = between(comment, "\"time\": \"", "\"")) CHECK(got.events[0]["time"].substr(0, 19) == *time);
    if (const auto host = between(comment, "\"host\": \"", "\"")) CHECK(got.events[0]["ip"] == *host);
    ++checked;
  }
  CHECK(checked > 10);
}
}  // namespace

TEST_CASE("public evidence" * doctest::skip(shared_dir().empty())) {
  check_fail2ban("data/logs/fail2ban-samples/apache-auth");
  check_fail2ban("data/logs/fail2ban-samples/apache-noscript");
  struct File {
    const char* path;
    uint64_t lines;
  };
  for (const File& f : {File{"data/logs/apache/Apache_2k.log", 2000},
                        {"data/logs/apache/Debian11-apache2-error.log", 5},
                        {"data/logs/apache/Debian9-nginx-error.log", 19}}) {
    const auto bytes = shared_file(f.path);
    REQUIRE(bytes);
    const Got got = run_parser(kParser, *bytes);
    INFO(f.path);
    CHECK(got.match == Match::yes);
    CHECK(got.read == f.lines);
    CHECK(got.unparsed == 0);
    for (const GotEvent& e : got.events) CHECK(e["attr:stderr"].empty());
  }
}
