// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <vector>

#include "formats/cron_entry.hpp"
#include "formats/syslog_line.hpp"

using namespace necropsy;

namespace {

// `YYYY-MM-DD hh:mm:ss.nanos precision [offset]` of the stamp, or `none`.
std::string stamp_text(std::string_view line) {
  SyslogStamp s;
  if (!read_syslog_stamp(line, s)) return "none";
  std::string text =
      fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}.{:09} {}", s.has_year ? s.civil.year : 0, s.civil.month,
                  s.civil.day, s.civil.hour, s.civil.minute, s.civil.second, s.civil.nanos, to_text(s.precision));
  if (s.instant) text = "instant " + iso_nano(*s.instant);
  if (s.offset) text += s.zulu ? " Z" : fmt::format(" {:+}", *s.offset);
  if (s.facility >= 0) text += fmt::format(" pri {}.{}", s.facility, s.severity);
  return text;
}

// `host|tag|pid|text` of the rest.
std::string header_text(std::string_view line) {
  SyslogStamp s;
  if (!read_syslog_stamp(line, s)) return "none";
  SyslogHeader h;
  read_syslog_header(line, s, h);
  return fmt::format("{}|{}|{}|{}", h.host, h.tag, h.pid ? std::to_string(*h.pid) : "", h.text);
}

}  // namespace

TEST_CASE("stamps") {
  CHECK(stamp_text("Jun 14 15:16:01 combo x") == "0000-06-14 15:16:01.000000000 s");
  CHECK(stamp_text("Feb  6 15:16:30 victoria x") == "0000-02-06 15:16:30.000000000 s");
  CHECK(stamp_text("Feb 6 15:16:30 victoria x") == "0000-02-06 15:16:30.000000000 s");
  CHECK(stamp_text("Feb 06 15:16:30 victoria x") == "0000-02-06 15:16:30.000000000 s");
  CHECK(stamp_text("Feb 29 15:16:30 victoria x") == "0000-02-29 15:16:30.000000000 s");
  CHECK(stamp_text("Mar 23 23:01:18.123 h x") == "0000-03-23 23:01:18.123000000 ms");
  CHECK(stamp_text("Mar 23 23:01:18.123456 h x") == "0000-03-23 23:01:18.123456000 us");
  CHECK(stamp_text("Oct 27 2015 09:24:46 h x") == "2015-10-27 09:24:46.000000000 s");
  CHECK(stamp_text("2015 Oct 27 09:24:46 h x") == "2015-10-27 09:24:46.000000000 s");
  CHECK(stamp_text("*Mar  1 00:01:02.123: %LINK-3-UPDOWN: x") == "0000-03-01 00:01:02.123000000 ms");
  CHECK(stamp_text("Nov 18 01:15:43: --- last message repeated 5 times ---") == "0000-11-18 01:15:43.000000000 s");
  CHECK(stamp_text("2020-05-31T00:00:45.738158+00:00 h x") == "2020-05-31 00:00:45.738158000 us +0");
  CHECK(stamp_text("2020-05-31T00:00:45.738-07:00 h x") == "2020-05-31 00:00:45.738000000 ms -25200");
  CHECK(stamp_text("2020-05-31T00:00:45Z h x") == "2020-05-31 00:00:45.000000000 s Z");
  CHECK(stamp_text("2025-03-04T01:06:36.645577 h x") == "2025-03-04 01:06:36.645577000 us");
  CHECK(stamp_text("2013-11-16 21:59:30,121 h x") == "2013-11-16 21:59:30.121000000 ms");
  CHECK(stamp_text("2013-11-16 21:59:30 +0100 x") == "2013-11-16 21:59:30.000000000 s +3600");
  CHECK(stamp_text("<15>Mar  6 04:07:23 h x") == "0000-03-06 04:07:23.000000000 s pri 1.7");
  CHECK(stamp_text("<38>1 2019-07-08T17:40:17.954167-04:00 h s") == "2019-07-08 17:40:17.954167000 us -14400 pri 4.6");
  CHECK(stamp_text("@400000004c91b044077a9e94 x") == "instant 2010-09-16T05:50:50.125476500Z");
  CHECK(stamp_text("[20220407-12:11:06] [INFO ] x") == "2022-04-07 12:11:06.000000000 s");
  CHECK(stamp_text("1403884279 - 06/27/2014 17:51:19 Host: x") == "instant 2014-06-27T15:51:19.000000000Z");
}

TEST_CASE("no stamps") {
  for (std::string_view line : {"",
                                "Jun",
                                "Jun 14",
                                "Jun 14 15:16",
                                "Jun 14 15:16:0",
                                "Jun 32 15:16:01 h",
                                "Feb 30 15:16:01 h",
                                "Feb 29 2015 15:16:01 h",
                                "Jun  0 15:16:01 h",
                                "MMM 22 07:54:32 h",
                                "Jun 14 25:16:01 h",
                                "Jun 14 15:61:01 h",
                                "Jun 14 15:16:61 h",
                                "Jun 14 15:16:01x",
                                "Mar 23 Wrong line",
                                "2020-13-01T00:00:00 h",
                                "2020-02-30T00:00:00 h",
                                "2015-03-12T23:16:52.071:INFO:x",
                                "<999>Jun 14 15:16:01",
                                "@400000004c91b044077a9e9 x",
                                "@300000004c91b044077a9e94 x",
                                "@400000004c91b044ffffffff x",
                                "[20221307-12:11:06] x",
                                "text",
                                " \t",
                                "<",
                                "<1",
                                "<15>1 ",
                                "1403884279 - 06/27"})
    CHECK_MESSAGE(stamp_text(line) == "none", std::string(line));
  CHECK(is_broken_stamp("MMM 22 07:54:32 h"));
  CHECK(is_broken_stamp("Mar 23 Wrong line"));
  CHECK(is_broken_stamp("Feb 30 15:16:01 h"));
  CHECK_FALSE(is_broken_stamp("and more text"));
  CHECK_FALSE(is_broken_stamp("for 10 seconds"));
  CHECK_FALSE(is_broken_stamp(""));
  CHECK_FALSE(is_broken_stamp("Mar"));
}

TEST_CASE("a file keeps its shape, and may change it") {
  SyslogStamp s;
  REQUIRE(read_syslog_stamp("Jun 14 15:16:01 h", s));
  CHECK(s.shape == StampShape::month_day);
  REQUIRE(read_syslog_stamp("2020-05-31T00:00:45Z h", s));
  CHECK(s.shape == StampShape::iso);
  CHECK(s.zulu);
  REQUIRE(read_syslog_stamp("Jun 14 15:16:01 h", s));
  CHECK_FALSE(s.has_year);
  CHECK_FALSE(s.offset);
  CHECK_FALSE(s.zulu);
  CHECK(s.precision == TimePrecision::s);
}

TEST_CASE("headers") {
  CHECK(header_text("Jun 14 15:16:01 combo sshd(pam_unix)[19939]: text") == "combo|sshd(pam_unix)|19939|text");
  CHECK(header_text("Jun 14 15:16:01 combo sudo:    bob : TTY") == "combo|sudo||bob : TTY");
  CHECK(header_text("Jun 14 15:16:01 combo syslogd 1.4.1: restart.") == "combo|syslogd||1.4.1: restart.");
  CHECK(header_text("Jun 14 15:16:01 combo Job `cron.daily' terminated") == "combo|||Job `cron.daily' terminated");
  CHECK(header_text("Jun 14 15:16:01 combo  -- root[2421]: ROOT LOGIN ON tty2") ==
        "combo|-- root|2421|ROOT LOGIN ON tty2");
  CHECK(header_text("Jun 14 15:16:01 combo -- MARK --") == "combo|||-- MARK --");
  CHECK(header_text("Jun 14 15:16:01 kernel: [9.1] x") == "|kernel||[9.1] x");
  CHECK(header_text("Jun 14 15:16:01 dropbear[1252]: x") == "|dropbear|1252|x");
  CHECK(header_text("Jun 14 15:16:01 [sshd] User root") == "|sshd||User root");
  CHECK(header_text("Jun 14 15:16:01 [sshd]: User root") == "|sshd||User root");
  CHECK(header_text("Jun 14 15:16:01 2001:db8::1 sshd[9]: x") == "2001:db8::1|sshd|9|x");
  CHECK(header_text("Nov 18 01:15:43: --- last message repeated 5 times ---") ==
        "|||--- last message repeated 5 times ---");
  CHECK(header_text("Apr  2 17:51:27 <4.3> pancake sshd[55624]: x") == "pancake|sshd|55624|x");
  CHECK(header_text("Apr  2 17:51:27 <auth.info> pancake sshd[55624]: x") == "pancake|sshd|55624|x");
  CHECK(header_text("Mar 11 19:26:45 host proc[1985] <Info>: msg") == "host|proc|1985|msg");
  CHECK(header_text("Mar 29 05:59:23 dusky sshd[20878]: [ID 800047 auth.info] Failed x") ==
        "dusky|sshd|20878|Failed x");
  CHECK(header_text("2016-10-25T12:37:23.297265-07:00 INFO sched[13707]: x") == "|sched|13707|x");
  CHECK(header_text("2016-10-25T12:37:23.297265-07:00 info-host sched[13707]: x") == "info-host|sched|13707|x");
  CHECK(header_text("Jan 10 00:00:00 myhost proftpd[12345] my.domain (1.2.3.4[1.2.3.4]): x") ==
        "myhost|proftpd|12345|my.domain (1.2.3.4[1.2.3.4]): x");
  CHECK(header_text("2013-11-16 21:59:30,121 novo proftpd[25891] localhost (a[1.2.3.4]): x") ==
        "novo|proftpd|25891|localhost (a[1.2.3.4]): x");
  CHECK(header_text("2014-12-02 03:00:23 auth_plain authenticator failed for x") ==
        "|||auth_plain authenticator failed for x");
  CHECK(header_text("Aug 30 00:10:57 auth(a@b,192.0.2.1,sasl:login)<Cv>: Info: x") ==
        "|auth(a@b,192.0.2.1,sasl:login)<Cv>||Info: x");
  CHECK(header_text("Jun 14 15:16:01 h") == "h|||");
  CHECK(header_text("Jun 14 15:16:01") == "|||");
  CHECK(header_text("Jun 14 15:16:01 h p[99999999999999999999]: x") == "h|p||x");
  CHECK(header_text("Jun 14 15:16:01 h p[12") == "h|||p[12");
}

TEST_CASE("RFC 5424") {
  CHECK(header_text("<38>1 2019-07-08T17:40:17.954167-04:00 h.example sshd 55555 - [timeQuality tzKnown=\"1\"][x@1 "
                    "t=\"[b\\\"]]\"] Failed x") == "h.example|sshd|55555|Failed x");
  CHECK(header_text("<14>1 2021-03-06T04:07:38Z hostname log_tag - - -  this is info") ==
        "hostname|log_tag||this is info");
  CHECK(header_text("<14>1 2021-03-06T04:07:38Z - - - - - \xEF\xBB\xBFtext") == "|||text");
  CHECK(header_text("<14>1 2021-03-06T04:07:38Z h a 1 id [unclosed x=\"y") == "h|a|1|[unclosed x=\"y");
  CHECK(header_text("<14>1 2021-03-06T04:07:38Z h a") == "h|a||");
  SyslogStamp s;
  SyslogHeader h;
  const std::string_view line = "<14>1 2021-03-06T04:07:38Z h a 1 ID47 [x y=\"z\"] t";
  REQUIRE(read_syslog_stamp(line, s));
  read_syslog_header(line, s, h);
  CHECK(h.message_id == "ID47");
  CHECK(h.structured_data == "[x y=\"z\"]");
  CHECK(h.facility == 1);
  CHECK(h.severity == 6);
}

TEST_CASE("priorities behind the stamp") {
  const auto priority = [](std::string_view line) {
    SyslogStamp s;
    SyslogHeader h;
    REQUIRE(read_syslog_stamp(line, s));
    read_syslog_header(line, s, h);
    return fmt::format("{}.{}", h.facility, h.severity);
  };
  CHECK(priority("Apr  2 17:51:27 <4.3> p sshd[5]: x") == "4.3");
  CHECK(priority("Apr  2 17:51:27 <auth.info> p sshd[5]: x") == "4.6");
  CHECK(priority("Apr  2 17:51:27 <authpriv.err> p sshd[5]: x") == "10.3");
  CHECK(priority("Apr  2 17:51:27 p sshd[5]: x") == "-1.-1");
  CHECK(priority("Apr  2 17:51:27 <99.3> p sshd[5]: x") == "-1.-1");
  CHECK(priority("Apr  2 17:51:27 d sshd[5]: [ID 800047 auth.notice] x") == "4.5");
}

TEST_CASE("glued messages") {
  const std::string_view line = "<15>Mar  6 04:07:23 h tag: debug <b>bold</b> <14>x<14>Mar  6 04:07:23 h tag: two";
  const size_t at = find_glued_message(line, 19);
  REQUIRE(at != std::string_view::npos);
  CHECK(line.substr(at).starts_with("<14>Mar  6"));
  CHECK(find_glued_message(line, at + 1) == std::string_view::npos);
}

TEST_CASE("cut anywhere, every byte value: no read beyond the line") {
  for (const std::string line : {"<38>1 2019-07-08T17:40:17.954167-04:00 h sshd 5 - [a b=\"c\\\"]\"] Failed",
                                 "Jun 14 15:16:01 h sshd(pam)[1]: x", "Mar 29 05:59:23 d sshd[2]: [ID 8 auth.info] F",
                                 "@400000004c91b044077a9e94 a: b", "1403884279 - 06/27/2014 17:51:19 Host: 1",
                                 "Apr  2 17:51:27 <auth.info> p s[5] <Info>: x"})
    for (size_t n = 0; n <= line.size(); ++n)
      for (int c = 0; c < 256; c += 5) {
        // A heap copy without slack: a sanitizer sees one byte too far.
        std::vector<char> part(line.begin(), line.begin() + static_cast<std::ptrdiff_t>(n));
        if (n > 0) part[n - 1] = static_cast<char>(c);
        const std::string_view text(part.data(), part.size());
        SyslogStamp s;
        SyslogHeader h;
        is_broken_stamp(text);
        find_glued_message(text, 0);
        if (read_syslog_stamp(text, s)) {
          CHECK(s.end <= text.size());
          read_syslog_header(text, s, h);
          CHECK(h.text.size() <= text.size());
        }
      }
}

TEST_CASE("cron entries") {
  CronEntry e;
  REQUIRE(read_cron_entry("(root) CMD (   run-parts (x))", e));
  CHECK(e.user == "root");
  CHECK(e.act == CronAct::run);
  CHECK(e.detail == "run-parts (x)");
  REQUIRE(read_cron_entry("(root) REPLACE (bob)", e));
  CHECK(e.act == CronAct::written);
  REQUIRE(read_cron_entry("(*system*) RELOAD (/etc/crontab)", e));
  CHECK(e.act == CronAct::noticed);
  REQUIRE(read_cron_entry("(root) WRONG FILE OWNER (x)", e));
  CHECK(e.act == CronAct::failed);
  CHECK_FALSE(read_cron_entry("root CMD (x)", e));
  CHECK_FALSE(read_cron_entry("(root) CMD (x", e));
  CHECK_FALSE(read_cron_entry("(root)", e));
  CHECK_FALSE(read_cron_entry("", e));
}
