// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "base/text.hpp"
#include "formats/utmp_record.hpp"
#include "support/run_parser.hpp"
#include "support/utmp_bytes.hpp"

using namespace necropsy;
using namespace necropsy::test;

namespace {

const UtmpFields kLogin{.type = 7,
                        .pid = 4711,
                        .line = "pts/3",
                        .id = "ts/3",
                        .user = "eve",
                        .host = "h.example",
                        .seconds = 1700000000,
                        .microseconds = 123456,
                        .address = std::string("\xC0\x00\x02\x09", 4)};

struct Case {
  UtmpLayout layout;
  size_t size;
  bool big;
};
constexpr Case kCases[] = {{UtmpLayout::linux384_le, 384, false}, {UtmpLayout::linux384_be, 384, true},
                           {UtmpLayout::linux400_le, 400, false}, {UtmpLayout::linux400_be, 400, true},
                           {UtmpLayout::libc5_le, 56, false},     {UtmpLayout::libc5_be, 56, true}};

UtmpVote vote(std::string_view bytes) {
  std::array<UtmpVote, kUtmpLayouts.size()> votes;
  for (size_t i = 0; i < votes.size(); ++i) votes[i] = count_utmp(as_bytes(bytes), kUtmpLayouts[i]);
  return best_utmp(votes);
}

}  // namespace

TEST_CASE("each layout is read field by field and chosen over the others") {
  for (const Case& c : kCases) {
    CAPTURE(c.size);
    CAPTURE(c.big);
    CHECK(record_size(c.layout) == c.size);
    std::string bytes;
    UtmpFields f = kLogin;
    if (c.size == 56) f.seconds = 900000000;  // libc5 was gone by 2006
    for (int i = 0; i < 3; ++i) bytes += utmp_bytes(f, c.size, c.big);
    const UtmpVote best = vote(bytes);
    CHECK(best.layout == c.layout);
    CHECK(best.good == 3);
    CHECK(best.share() == 1.0);
    const auto r = read_utmp(as_bytes(bytes), c.layout);
    REQUIRE(r);
    CHECK(r->type == 7);
    CHECK(r->pid == 4711);
    CHECK(r->line == "pts/3");
    CHECK(r->user == "eve");
    CHECK(r->host == "h.example");
    CHECK(r->seconds == static_cast<int64_t>(f.seconds));
    CHECK(r->microseconds == (c.size == 56 ? 0 : 123456));
    CHECK(r->address == "192.0.2.9");
    CHECK(r->id == (c.size == 56 ? "ts" : "ts/3"));
  }
}

TEST_CASE("text that fills its field is not terminated") {
  UtmpFields f = kLogin;
  f.user = std::string(32, 'u');
  f.host = std::string(256, 'h');
  const std::string bytes = utmp_bytes(f);
  const auto r = read_utmp(as_bytes(bytes), UtmpLayout::linux384_le);
  REQUIRE(r);
  CHECK(r->user == f.user);
  CHECK(r->host == f.host);
}

TEST_CASE("a 32-bit time is unsigned") {
  UtmpFields f = kLogin;
  f.seconds = 0x80000001;  // 2038-01-19T03:14:09Z
  const std::string bytes = utmp_bytes(f);
  CHECK(judge_utmp(as_bytes(bytes), UtmpLayout::linux384_le) == UtmpQuality::good);
  CHECK(read_utmp(as_bytes(bytes), UtmpLayout::linux384_le)->seconds == 2147483649);
}

TEST_CASE("addresses") {
  const auto address = [](std::string raw, std::string host = "h.example") {
    UtmpFields f = kLogin;
    f.address = std::move(raw);
    f.host = std::move(host);
    const std::string bytes = utmp_bytes(f);
    return read_utmp(as_bytes(bytes), UtmpLayout::linux384_le)->address;
  };
  CHECK(address({}) == "");
  CHECK(address(std::string("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01", 16)) == "2001:db8::1");
  CHECK(address(std::string("\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\0\x02\x01", 16)) == "192.0.2.1");
  CHECK(address(std::string("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01", 16)) == "::1");
  // Junk behind an IPv4 address that the host text confirms.
  CHECK(address(std::string("\xC0\0\x02\x01junkjunkjunk", 16), "192.0.2.1") == "192.0.2.1");
}

TEST_CASE("what is no record") {
  const std::string good = utmp_bytes(kLogin);
  const auto judge = [](std::string bytes) { return judge_utmp(as_bytes(bytes), UtmpLayout::linux384_le); };
  CHECK(judge(good) == UtmpQuality::good);
  CHECK(judge(std::string(384, '\0')) == UtmpQuality::zero);
  CHECK(judge(std::string(383, '\0')) == UtmpQuality::bad);
  CHECK(judge(std::string(384, 'x')) == UtmpQuality::bad);
  std::string type = good;
  type[0] = 10;
  CHECK(judge(type) == UtmpQuality::bad);
  std::string line = good;
  line[8] = '\x01';
  CHECK(judge(line) == UtmpQuality::bad);
  std::string pid = good;
  pid[7] = '\x7f';
  CHECK(judge(pid) == UtmpQuality::bad);
  UtmpFields early = kLogin;
  early.seconds = 12;  // a board without a clock, seconds after it was switched on
  CHECK(judge(utmp_bytes(early)) == UtmpQuality::loose);
}

TEST_CASE("the next record is found behind damage of any length that is a multiple of four") {
  const std::string good = utmp_bytes(kLogin);
  for (size_t gap : {size_t{4}, size_t{100}, size_t{384}, size_t{1000}}) {
    const std::string bytes = std::string(gap, '\xEE') + good + good;
    CHECK(resync_utmp(as_bytes(bytes), 0, UtmpLayout::linux384_le) == gap);
  }
  CHECK_FALSE(resync_utmp(as_bytes(std::string(4096, 'z')), 0, UtmpLayout::linux384_le));
}

TEST_CASE("look-alikes are named") {
  const auto record = [](size_t size, size_t line, size_t user, size_t host, size_t time, size_t width, bool big,
                         int type_at) {
    std::string out(size, '\0');
    std::string_view("ttyp0").copy(out.data() + line, 5);
    std::string_view("eve").copy(out.data() + user, 3);
    std::string_view("192.0.2.1").copy(out.data() + host, 9);
    put_number(out, time, width, 1000000000, big);
    if (type_at >= 0) put_number(out, static_cast<size_t>(type_at), 2, 7, big);
    return out + out;
  };
  const auto name = [](const std::string& bytes) { return foreign_utmp(as_bytes(bytes), bytes.size()); };
  CHECK(contains(name(record(304, 0, 8, 40, 296, 8, false, -1)), "OpenBSD"));
  CHECK(contains(name(record(300, 0, 8, 40, 296, 4, false, -1)), "OpenBSD"));
  CHECK(contains(name(record(520, 36, 0, 68, 464, 8, false, 326)), "NetBSD"));
  CHECK(contains(name(record(44, 0, 8, 24, 40, 4, false, -1)), "FreeBSD"));
  CHECK(contains(name(record(36, 0, 8, 16, 32, 4, true, -1)), "SunOS"));
  CHECK(contains(name(record(372, 36, 0, 114, 80, 4, true, 72)), "Solaris"));
  CHECK(contains(name("utmpx-1.00" + std::string(618, '\0')), "macOS"));
  std::string utx;
  for (int i = 0; i < 2; ++i) {
    std::string body(20, '\0');
    body[0] = 4;
    put_number(body, 1, 8, 1700000000000000, true);
    utx += std::string("\0\x14", 2) + body;
  }
  CHECK(contains(name(utx), "FreeBSD 9"));
  CHECK(name(utmp_bytes(kLogin)).empty());
  CHECK(name(std::string(4096, '\0')).empty());
  CHECK(name(std::string(4096, 'a')).empty());
}

TEST_CASE("real files: layout of each") {
  if (shared_dir().empty()) return;
  const std::pair<const char*, UtmpLayout> files[] = {{"CentOS7_x86_64_btmp", UtmpLayout::linux384_le},
                                                      {"CentOS7_x86_64_wtmp", UtmpLayout::linux384_le},
                                                      {"Debian11_aarch64_ARM64_utmp", UtmpLayout::linux400_le},
                                                      {"Debian11_aarch64_ARM64_wtmp", UtmpLayout::linux400_le},
                                                      {"Debian13_RISC-V_wtmp", UtmpLayout::linux384_le},
                                                      {"Ubuntu16_x86_32_wtmp", UtmpLayout::linux384_le},
                                                      {"utmp_aarch64", UtmpLayout::linux400_le},
                                                      {"wtmp.1", UtmpLayout::linux384_le},
                                                      {"NetBSD9.3_x86_64_wtmpx", UtmpLayout::none},
                                                      {"OpenBSD7.4_x86_64_wtmp", UtmpLayout::none}};
  for (const auto& [file, layout] : files) {
    CAPTURE(file);
    const auto bytes = shared_file(std::string("data/logins/") + file);
    REQUIRE(bytes);
    CHECK(vote(*bytes).layout == layout);
  }
  const auto netbsd = shared_file("data/logins/NetBSD9.3_x86_64_wtmpx");
  CHECK(contains(foreign_utmp(as_bytes(*netbsd), netbsd->size()), "NetBSD"));
  const auto openbsd = shared_file("data/logins/OpenBSD7.4_x86_64_wtmp");
  CHECK(contains(foreign_utmp(as_bytes(*openbsd), openbsd->size()), "OpenBSD"));
}
