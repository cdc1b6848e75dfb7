// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "base/text.hpp"
#include "support/run_parser.hpp"
#include "support/utmp_bytes.hpp"

namespace necropsy::parsers {
ParserEntry utmp();
}
using namespace necropsy;
using namespace necropsy::test;

namespace {

const ParserEntry kParser = parsers::utmp();
constexpr uint64_t kT = 1700000000;  // 2023-11-14T22:13:20Z

std::string login(uint64_t at, std::string line = "pts/0", std::string user = "eve", std::string host = "h.example") {
  return utmp_bytes({.type = 7, .pid = 100, .line = line, .id = "ts/0", .user = user, .host = host, .seconds = at});
}
std::string dead(uint64_t at, std::string line = "pts/0", uint32_t pid = 100) {
  return utmp_bytes({.type = 8, .pid = pid, .line = line, .seconds = at});
}
Got run(const std::string& bytes, std::string path = "/var/log/wtmp") {
  RunOptions options;
  options.path = std::move(path);
  return run_parser(kParser, bytes, options);
}

// One line of utmpdump's output.
struct Dumped {
  int type = 0;
  int64_t pid = 0;
  std::string id, user, line, host, address, time;
};
std::vector<Dumped> dumped(std::string_view text) {
  std::vector<Dumped> out;
  for (std::string_view line : split(text, '\n')) {
    if (!line.starts_with('[')) continue;
    std::vector<std::string> fields;
    while (eat(line, "[")) fields.emplace_back(trim(take_until(line, "] [")));
    // take_until() ate the bracket of the next field too.
    while (!line.empty()) {
      std::string_view field = take_until(line, "] [");
      if (field.ends_with(']')) field.remove_suffix(1);
      fields.emplace_back(trim(field));
    }
    REQUIRE(fields.size() == 8);
    out.push_back({*to_number<int>(fields[0]), *to_number<int64_t>(fields[1]), fields[2], fields[3], fields[4],
                   fields[5], fields[6], fields[7]});
  }
  return out;
}

}  // namespace

TEST_CASE("samples") { CHECK(check_samples(kParser) == ""); }

TEST_CASE("probe") {
  CHECK(probe(kParser, login(kT)) == Match::yes);
  CHECK(probe(kParser, login(kT) + dead(kT + 9)) == Match::yes);
  CHECK(probe(kParser, std::string(4096, 'x'), "/var/log/wtmp") == Match::no);
  CHECK(probe(kParser, std::string(768, '\0'), "/var/log/wtmp") == Match::maybe);
  CHECK(probe(kParser, std::string(768, '\0'), "/srv/blob") == Match::no);
  CHECK(probe(kParser, "", "/var/log/btmp") == Match::maybe);
  CHECK(probe(kParser, "Jan  9 03:07:11 web1 sshd[812]: Accepted\n") == Match::no);
}

TEST_CASE("login, logout, boot, shutdown, run level, set clock") {
  const std::string v4("\xC0\x00\x02\x07", 4);
  const std::string bytes =
      utmp_bytes({.type = 2, .line = "~", .id = "~~", .user = "reboot", .host = "6.1", .seconds = kT}) +
      utmp_bytes(
          {.type = 1, .pid = 20019, .line = "~", .id = "~~", .user = "runlevel", .host = "6.1", .seconds = kT + 1}) +
      utmp_bytes({.type = 5, .pid = 7, .line = "tty1", .id = "1", .seconds = kT + 2}) +
      utmp_bytes({.type = 6, .pid = 7, .line = "tty1", .id = "1", .user = "LOGIN", .seconds = kT + 2}) +
      utmp_bytes({.type = 7,
                  .pid = 8,
                  .line = "pts/0",
                  .user = "eve",
                  .host = "h.example",
                  .seconds = kT + 3,
                  .microseconds = 5,
                  .address = v4}) +
      utmp_bytes({.type = 8, .pid = 8, .line = "pts/0", .seconds = kT + 4}) +
      utmp_bytes({.type = 4, .line = "|", .user = "date", .seconds = kT + 5}) +
      utmp_bytes({.type = 3, .line = "}", .user = "date", .seconds = kT - 55}) +
      utmp_bytes({.type = 1, .line = "~", .id = "~~", .user = "shutdown", .host = "6.1", .seconds = kT - 50});
  const Got got = run(bytes);
  CHECK(got.problems.empty());
  CHECK(got.read == 9);
  REQUIRE(got.events.size() == 9);
  CHECK(difference("host.boot time=2023-11-14T22:13:20Z basis=utc attr:kernel=6.1", got.events[0]) == "");
  CHECK(difference("host.message attr:runlevel=3 attr:previous_runlevel=N pid=", got.events[1]) == "");
  CHECK(difference("process.started attr:tty=tty1", got.events[2]) == "");
  CHECK(difference("session.message attr:tty=tty1 user=", got.events[3]) == "");
  CHECK(difference("authentication.login.success time=2023-11-14T22:13:23.000005Z user=eve ip=192.0.2.7 "
                   "source_host=h.example attr:tty=pts/0 attr:access=remote pid=8",
                   got.events[4]) == "");
  CHECK(difference("authentication.logout user= attr:login_user=eve attr:login_record=5", got.events[5]) == "");
  CHECK(difference("host.time-changed attr:clock=old", got.events[6]) == "");
  CHECK(difference("host.time-changed attr:clock=new attr:jump_s=-60 attr:time_went_back_s=", got.events[7]) == "");
  CHECK(difference("host.shutdown attr:time_went_back_s=", got.events[8]) == "");
  for (size_t i = 0; i < got.events.size(); ++i) {
    CHECK(got.events[i].where.offset == i * 384);
    CHECK(got.events[i].where.length == 384);
    CHECK(got.events[i].record == i + 1);
  }
}

TEST_CASE("a login prompt that ends is no logout; a logout without login is one") {
  const Got got = run(utmp_bytes({.type = 6, .pid = 7, .line = "tty1", .id = "1", .user = "LOGIN", .seconds = kT}) +
                      dead(kT + 1, "tty1", 7) + dead(kT + 2, "pts/4", 9) +
                      utmp_bytes({.type = 8, .pid = 140, .id = "l3", .seconds = kT + 3}));
  REQUIRE(got.events.size() == 4);
  CHECK(difference("process.exited attr:tty=tty1", got.events[1]) == "");
  CHECK(difference("authentication.logout attr:tty=pts/4 attr:login_user=", got.events[2]) == "");
  CHECK(difference("process.exited attr:ut_id=l3", got.events[3]) == "");
}

TEST_CASE("a dead slot keeps the address of its session") {
  const Got got = run(utmp_bytes({.type = 8,
                                  .pid = 2388,
                                  .line = "pts/0",
                                  .id = "/0",
                                  .seconds = kT,
                                  .address = std::string("\xC0\x00\x02\xBA", 4)}),
                      "/var/run/utmp");
  REQUIRE(got.events.size() == 1);
  CHECK(difference("authentication.logout user= ip=192.0.2.186 attr:tty=pts/0", got.events[0]) == "");
}

TEST_CASE("where a session comes from") {
  const auto one = [](std::string line, std::string host) {
    const Got got = run(login(kT, std::move(line), "eve", std::move(host)));
    REQUIRE(got.events.size() == 1);
    return got.events[0];
  };
  CHECK(difference("authentication.login.success attr:access=console service=console ip= source_host=",
                   one("tty1", "")) == "");
  CHECK(difference("authentication.login.success attr:access=display attr:ut_host_local=:0 source_host=",
                   one("pts/0", ":0")) == "");
  CHECK(difference("authentication.login.success attr:access=local", one("pts/7", "tmux(123).%0")) == "");
  CHECK(difference("authentication.login.success ip=198.51.100.9 source_host= attr:access=remote",
                   one("pts/1", "198.51.100.9")) == "");
  CHECK(difference("authentication.login.success ip=198.51.100.9", one("pts/1", "198.51.100.9 via mosh [77]")) == "");
  CHECK(difference("authentication.login.success source_host=far.example", one("pts/1", "far.example:S.0")) == "");
  CHECK(difference("authentication.login.success ip=2001:db8::7", one("pts/1", "2001:db8::7")) == "");
  CHECK(difference("authentication.login.success service=ftp source_host=h.example attr:access=ftp",
                   one("ftpd973", "h.example")) == "");
}

TEST_CASE("address and host text that differ are both kept") {
  const Got got = run(utmp_bytes({.type = 7,
                                  .pid = 1,
                                  .line = "pts/0",
                                  .user = "eve",
                                  .host = "203.0.113.88",
                                  .seconds = kT,
                                  .address = std::string("\xCB\x00\x71\x56", 4)}));
  REQUIRE(got.events.size() == 1);
  CHECK(difference("authentication.login.success ip=203.0.113.86 source_host=203.0.113.88", got.events[0]) == "");
}

TEST_CASE("zeroed records are bounded by their neighbours") {
  const Got got = run(login(kT) + std::string(768, '\0') + dead(kT + 100));
  REQUIRE(got.events.size() == 3);
  CHECK(got.read == 4);
  CHECK(difference("authentication.message basis=bounded attr:tampered=zeroed attr:records=2 attr:at_end=",
                   got.events[1]) == "");
  CHECK(got.events[1].time.earliest == Timestamp::from_unix(kT));
  CHECK(got.events[1].time.latest == Timestamp::from_unix(kT + 100));
  CHECK(got.events[1].where.offset == 384);
  CHECK(got.events[1].where.length == 768);
  CHECK(got.events[1].record == 2);
  CHECK(got.events[2].record == 4);
}

TEST_CASE("zeroed records at the end are bounded by the file's own time") {
  RunOptions options;
  options.path = "/var/log/wtmp";
  options.modified = Timestamp::from_unix(kT + 5000);
  const Got got = run_parser(kParser, login(kT) + std::string(384, '\0'), options);
  REQUIRE(got.events.size() == 2);
  CHECK(difference("authentication.message attr:tampered=zeroed attr:at_end=1", got.events[1]) == "");
  CHECK(got.events[1].time.latest == Timestamp::from_unix(kT + 5000));
}

TEST_CASE("a file of zeros without any time is a problem, not an event") {
  const Got got = run(std::string(768, '\0'));
  CHECK(got.events.empty());
  CHECK(got.read == 2);
  REQUIRE(got.problems.size() == 1);
  CHECK(got.problems[0].code == "bad-time");
}

TEST_CASE("a login whose name was taken out") {
  const Got got = run(login(kT) + login(kT + 5, "pts/1", "", ""));
  REQUIRE(got.events.size() == 2);
  CHECK(difference("authentication.message time=2023-11-14T22:13:25Z attr:tampered=zeroed attr:tty=pts/1",
                   got.events[1]) == "");
}

TEST_CASE("a nameless record on the line of an open session closes it") {
  const Got got = run(login(kT, "ftpd973") + login(kT + 5, "ftpd973", "", ""));
  REQUIRE(got.events.size() == 2);
  CHECK(difference("authentication.logout attr:tty=ftpd973", got.events[1]) == "");
}

TEST_CASE("a record without time stands between its neighbours") {
  const Got got = run(login(kT) + login(0, "pts/1") + login(kT + 7, "pts/2"));
  REQUIRE(got.events.size() == 3);
  CHECK(difference("authentication.login.success basis=bounded attr:no_time=1 attr:tty=pts/1", got.events[1]) == "");
  CHECK(got.events[1].time.earliest == Timestamp::from_unix(kT));
  CHECK(got.events[1].time.latest == Timestamp::from_unix(kT + 7));
}

TEST_CASE("time that goes back is marked in a history, not among slots") {
  const std::string bytes = login(kT) + login(kT - 3600, "pts/1") + login(kT + 1, "pts/2");
  const Got history = run(bytes);
  REQUIRE(history.events.size() == 3);
  CHECK(difference("authentication.login.success attr:time_went_back_s=3600", history.events[1]) == "");
  CHECK(history.events[2]["attr:time_went_back_s"] == "");
  CHECK(run(bytes, "/var/run/utmp").events[1]["attr:time_went_back_s"] == "");
}

TEST_CASE("failed logins") {
  const std::string bytes =
      utmp_bytes({.type = 6,
                  .pid = 5,
                  .line = "ssh:notty",
                  .user = "root",
                  .host = "198.51.100.4",
                  .seconds = kT,
                  .address = std::string("\xC6\x33\x64\x04", 4)}) +
      utmp_bytes({.type = 6, .pid = 6, .line = "tty1", .id = "1", .user = "hunter2", .seconds = kT + 1}) +
      utmp_bytes({.type = 7, .pid = 6, .line = "tty1", .id = "1", .seconds = kT + 2}) +
      utmp_bytes({.type = 6, .pid = 9, .line = "ssh:notty", .user = "a\x01\x02z", .seconds = kT + 3});
  for (const std::string path : {"/var/log/btmp.1", "/mnt/x/inode-9"}) {
    CAPTURE(path);
    const Got got = run(bytes, path);
    REQUIRE(got.events.size() == 4);
    CHECK(difference("authentication.login.failure user=root ip=198.51.100.4 source_host= service=sshd",
                     got.events[0]) == "");
    CHECK(difference("authentication.login.failure user=hunter2 service=console", got.events[1]) == "");
    CHECK(difference("authentication.login.failure user=", got.events[2]) == "");
    CHECK(got.events[3]["user"] == "a\x01\x02z");
  }
}

TEST_CASE("damage inside: neighbours survive, each damaged record is counted") {
  const std::string bad(384, '\xEE');
  Got got = run(login(kT) + bad + bad + login(kT + 9) + std::string(50, '\0'));
  CHECK(got.events.size() == 2);
  CHECK(got.unparsed == 2);
  CHECK(got.read == 2);
  REQUIRE(got.problems.size() == 3);
  CHECK(got.problems[0].where.offset == 384);
  CHECK(got.problems[2].code == "truncated");
  CHECK(got.problems[2].where.offset == 4 * 384);
  CHECK(got.problems[2].where.length == 50);
  CHECK(got.events[1].record == 4);

  // Bytes pushed in: what follows is found at its new place.
  got = run(login(kT) + std::string(100, '\xEE') + login(kT + 9) + dead(kT + 10));
  CHECK(got.events.size() == 3);
  CHECK(got.events[1].where.offset == 484);
  CHECK(got.unparsed == 1);

  // The front is gone.
  got = run(login(kT).substr(100) + login(kT + 1) + login(kT + 2) + login(kT + 3));
  CHECK(got.events.size() == 3);
  CHECK(got.events[0].where.offset == 284);
  CHECK(got.unparsed == 1);
}

TEST_CASE("any cut and any flipped byte: no crash, and no more records than there are") {
  const std::string whole = login(kT) + dead(kT + 1) + login(kT + 2) + dead(kT + 3);
  for (size_t length = 0; length <= whole.size(); length += 7) {
    const Got got = run(whole.substr(0, length));
    CHECK(got.events.size() <= length / 384);
    if (length >= 384) CHECK(got.events.size() == length / 384);
  }
  for (size_t at = 0; at < whole.size(); at += 3) {
    std::string flipped = whole;
    flipped[at] = static_cast<char>(flipped[at] ^ 0xFF);
    const Got got = run(flipped);
    CHECK(got.events.size() <= 5);
    CHECK(got.read + got.unparsed >= 4);
  }
}

TEST_CASE("records of other systems are named, not read wrongly") {
  std::string bytes(304, '\0');
  std::string_view("ttyp0").copy(bytes.data(), 5);
  std::string_view("eve").copy(bytes.data() + 8, 3);
  put_number(bytes, 296, 8, kT, false);
  const Got got = run(bytes + bytes);
  CHECK(got.events.empty());
  CHECK(got.match == Match::yes);
  CHECK(got.finish == Finish::not_mine);
  REQUIRE(got.problems.size() == 1);
  CHECK(got.problems[0].code == "unsupported");
  CHECK(contains(got.problems[0].why, "OpenBSD"));
}

TEST_CASE("other layouts") {
  for (const auto& [size, big] : {std::pair{size_t{400}, false}, {400, true}, {384, true}, {56, false}}) {
    CAPTURE(size);
    CAPTURE(big);
    const uint64_t when = size == 56 ? 900000000 : kT;  // libc5 was gone by 2006
    const UtmpFields in{.type = 7,
                        .pid = 9,
                        .line = "ttyp0",
                        .user = "eve",
                        .host = "h.example",
                        .seconds = when,
                        .address = std::string("\xC0\x00\x02\x07", 4)};
    const UtmpFields out{.type = 8, .pid = 9, .line = "ttyp0", .seconds = when + 60};
    const Got got = run(utmp_bytes(in, size, big) + utmp_bytes(out, size, big));
    REQUIRE(got.events.size() == 2);
    CHECK(difference("authentication.login.success user=eve ip=192.0.2.7 source_host=h.example pid=9", got.events[0]) ==
          "");
    CHECK(got.events[0].time.when.seconds() == static_cast<int64_t>(when));
    CHECK(got.events[1].where.offset == size);
  }
}

TEST_CASE("stops when told to") {
  std::string bytes;
  for (int i = 0; i < 50; ++i) bytes += login(kT + static_cast<uint64_t>(i));
  RunOptions options;
  options.path = "/var/log/wtmp";
  options.stop_after = 3;
  const Got got = run_parser(kParser, bytes, options);
  CHECK(got.finish == Finish::partial);
  CHECK(got.events.size() == 3);
}

TEST_CASE("real files agree with utmpdump, field by field") {
  if (shared_dir().empty()) return;
  for (const char* name : {"CentOS7_x86_64_btmp", "CentOS7_x86_64_utmp", "CentOS7_x86_64_wtmp", "Debian13_RISC-V_wtmp",
                           "Ubuntu16_x86_32_btmp", "Ubuntu16_x86_32_wtmp", "utmp", "utmp_x86_64", "wtmp.1"}) {
    CAPTURE(name);
    const auto bytes = shared_file(std::string("data/logins/") + name);
    const auto expected = shared_file(std::string("data/expected/logins/") + name + ".utmpdump.txt");
    REQUIRE(bytes);
    REQUIRE(expected);
    const Got got = run(*bytes, std::string("/x/") + name);
    CHECK(got.match == Match::yes);
    const std::vector<Dumped> dump = dumped(*expected);
    CHECK(got.read + got.unparsed == dump.size());
    size_t next = 0;
    for (size_t i = 0; i < dump.size(); ++i) {
      const Dumped& d = dump[i];
      if (d.type == 0 && d.time.starts_with("1970")) continue;
      while (next < got.events.size() && got.events[next].record < i + 1) ++next;
      REQUIRE(next < got.events.size());
      const GotEvent& e = got.events[next];
      CAPTURE(e.text);
      CHECK(e.record == i + 1);
      CHECK(e.where.offset == i * 384);
      CHECK(e["attr:ut_type"] == std::to_string(d.type));
      std::string time = iso_micro(e.time.when);
      CHECK(time.substr(0, 19) == d.time.substr(0, 19));
      CHECK(time.substr(20, 6) == d.time.substr(20, 6));
      if (d.line != "~") CHECK(e["attr:tty"] == d.line);
      CHECK(e["attr:ut_id"] == d.id);
      if (d.type == 7 || (d.type == 6 && d.user != "LOGIN")) {
        CHECK(e["user"] == d.user);
        CHECK(e["pid"] == std::to_string(d.pid));
        if (d.address != "0.0.0.0") CHECK(e["ip"] == d.address);
        if (!d.host.empty() && d.host != d.address && d.host[0] != ':') CHECK(e["source_host"] == d.host);
      }
    }
  }
}

TEST_CASE("real files with 64-bit times agree with their decoding") {
  if (shared_dir().empty()) return;
  for (const char* name : {"Debian11_aarch64_ARM64_utmp", "Debian11_aarch64_ARM64_wtmp", "utmp_aarch64"}) {
    CAPTURE(name);
    const auto bytes = shared_file(std::string("data/logins/") + name);
    const auto table = shared_file(std::string("data/expected/logins/") + name + ".decoded400.tsv");
    REQUIRE(bytes);
    REQUIRE(table);
    const Got got = run(*bytes, std::string("/x/") + name);
    const auto lines = split(trim(*table), '\n');
    REQUIRE(got.events.size() == lines.size() - 1);
    CHECK(got.read == lines.size() - 1);
    for (size_t i = 1; i < lines.size(); ++i) {
      const auto f = split(lines[i], '\t');
      REQUIRE(f.size() == 11);
      const GotEvent& e = got.events[i - 1];
      CAPTURE(e.text);
      CHECK(e.where.offset == (i - 1) * 400);
      CHECK(e["attr:ut_type"] == f[0]);
      CHECK(e.time.when.seconds() == *to_number<int64_t>(f[7]));
      CHECK(e.time.when.nanos() == *to_number<uint32_t>(f[8]) * 1000);
      if (f[2] != "~") CHECK(e["attr:tty"] == f[2]);
      if (f[0] == "7") CHECK(e["user"] == f[4]);
      if (f[0] == "7" || f[0] == "8") CHECK(e["ip"] == (f[10] == "0.0.0.0" ? "" : f[10]));
      if (f[0] == "7" && f[5] != f[10]) CHECK(e["source_host"] == f[5]);
    }
  }
}

TEST_CASE("real files of other systems are refused by name") {
  if (shared_dir().empty()) return;
  for (const auto& [name, system] :
       {std::pair{"NetBSD9.3_x86_64_wtmpx", "NetBSD"}, {"OpenBSD7.4_x86_64_wtmp", "OpenBSD"}}) {
    const auto bytes = shared_file(std::string("data/logins/") + name);
    REQUIRE(bytes);
    const Got got = run(*bytes, "/var/log/wtmp");
    CHECK(got.events.empty());
    REQUIRE(got.problems.size() == 1);
    CHECK(contains(got.problems[0].why, system));
  }
}
