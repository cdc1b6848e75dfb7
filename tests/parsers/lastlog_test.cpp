// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <map>

#include "base/text.hpp"
#include "support/run_parser.hpp"
#include "support/utmp_bytes.hpp"

namespace necropsy::parsers {
ParserEntry lastlog();
}
using namespace necropsy;
using namespace necropsy::test;

namespace {

const ParserEntry kParser = parsers::lastlog();
constexpr uint64_t kT = 1700000000;  // 2023-11-14T22:13:20Z

std::string entry(uint64_t seconds, std::string_view line, std::string_view host, size_t size = 292, bool big = false) {
  std::string out(size, '\0');
  const size_t time = size == 296 ? 8 : 4;
  put_number(out, 0, time, seconds, big);
  line.copy(out.data() + time, 32);
  host.copy(out.data() + time + (size == 32 ? 12 : 32), 256);
  return out;
}

Got run(std::string bytes, const HostProfile* host = nullptr) {
  RunOptions options;
  options.path = "/var/log/lastlog";
  options.host = host;
  return run_parser(kParser, bytes, options);
}

// A file with holes: only the given places hold anything.
class SparseStream final : public ContentStream {
 public:
  explicit SparseStream(uint64_t size) : size_(size) {}
  void put(uint64_t offset, std::string bytes) { parts_[offset] = std::move(bytes); }
  uint64_t size() const override { return size_; }
  Result<size_t> read(uint64_t offset, std::span<std::byte> out) override {
    if (offset >= size_) return 0;
    const size_t count = static_cast<size_t>(std::min<uint64_t>(out.size(), size_ - offset));
    std::memset(out.data(), 0, count);
    for (const auto& [at, bytes] : parts_) {
      const uint64_t begin = std::max(at, offset), end = std::min(at + bytes.size(), offset + count);
      if (begin < end) std::memcpy(out.data() + (begin - offset), bytes.data() + (begin - at), end - begin);
    }
    return count;
  }

 private:
  uint64_t size_;
  std::map<uint64_t, std::string> parts_;
};

}  // namespace

TEST_CASE("samples") { CHECK(check_samples(kParser) == ""); }

TEST_CASE("probe") {
  const std::string one = entry(kT, "pts/0", "h.example");
  CHECK(probe(kParser, one, "/var/log/lastlog") == Match::yes);
  CHECK(probe(kParser, one, "/x") == Match::no);
  CHECK(probe(kParser, one + one, "/x") == Match::yes);
  CHECK(probe(kParser, one.substr(0, 100), "/var/log/lastlog") == Match::no);
  CHECK(probe(kParser, std::string(2920, '\0'), "/var/log/lastlog") == Match::maybe);
  CHECK(probe(kParser, std::string(2920, '\0'), "/x") == Match::no);
  CHECK(probe(kParser, "", "/var/log/lastlog") == Match::maybe);
  std::string text;
  while (text.size() < 2 * 292) text += "2024-01-01 text of a log that has a date in front of each line\n";
  text.resize(2 * 292);
  CHECK(probe(kParser, text, "/var/log/lastlog") == Match::no);
}

TEST_CASE("record number is the uid; names come from the image's accounts") {
  HostProfile host;
  host.accounts.resize(2);
  host.accounts[0].name = "root";
  host.accounts[0].id = "0";
  host.accounts[1].name = "toor";
  host.accounts[1].id = "0";
  const Got got = run(entry(kT, "tty1", "") + std::string(4 * 292, '\0') + entry(kT + 60, "1", "far.example"), &host);
  CHECK(got.problems.empty());
  CHECK(got.read == 2);
  REQUIRE(got.events.size() == 2);
  CHECK(difference("authentication.login.success time=2023-11-14T22:13:20Z user=root attr:uid=0 attr:tty=tty1 ip= "
                   "source_host= attr:last_login=1",
                   got.events[0]) == "");
  CHECK(difference("authentication.login.success user= source_host=far.example attr:uid=5 attr:tty=1", got.events[1]) ==
        "");
  CHECK(contains(got.events[1]["message"], "uid 5 (no account has this uid)"));
  CHECK(got.events[1].where.offset == 5 * 292);
  CHECK(got.events[1].where.length == 292);
  CHECK(got.events[1].record == 6);
}

TEST_CASE("other layouts") {
  for (const auto& [size, big] : {std::pair{size_t{296}, false}, {296, true}, {292, true}, {32, false}}) {
    CAPTURE(size);
    CAPTURE(big);
    const uint64_t when = size == 32 ? 900000000 : kT;  // libc5 was gone by 2006
    const Got got = run(std::string(size, '\0') + entry(when, "pts/0", "192.0.2.1", size, big) +
                        entry(when + 1, ":0", ":0", size, big));
    REQUIRE(got.events.size() == 2);
    CHECK(difference("authentication.login.success ip=192.0.2.1 attr:uid=1 attr:tty=pts/0", got.events[0]) == "");
    CHECK(got.events[0].time.when.seconds() == static_cast<int64_t>(when));
    CHECK(difference("authentication.login.success attr:ll_host=:0 source_host=", got.events[1]) == "");
  }
}

TEST_CASE("damage") {
  Got got = run(entry(kT, "pts/0", "a.example") + entry(0, "pts/1", "b.example") + entry(kT, "pts/2", "c.example"));
  CHECK(got.events.size() == 2);
  CHECK(got.unparsed == 1);
  REQUIRE(got.problems.size() == 1);
  CHECK(got.problems[0].code == "bad-time");
  CHECK(got.problems[0].where.offset == 292);

  got = run(entry(kT, "pts/0", "a.example") + entry(kT, "pts/1", "b.example").substr(0, 200));
  CHECK(got.events.size() == 1);
  REQUIRE(got.problems.size() == 1);
  CHECK(got.problems[0].code == "truncated");
  CHECK(got.problems[0].where.length == 200);

  CHECK(run("").finish == Finish::complete);
  CHECK(run(std::string(1000, '\0')).finish == Finish::complete);
  CHECK(run(std::string(1000, 'x')).finish == Finish::not_mine);
}

TEST_CASE("a file that is mostly hole") {
  const uint64_t uid = 20'000'000;
  SparseStream stream((uid + 1) * 292);
  stream.put(0, entry(kT, "tty1", ""));
  stream.put(uid * 292, entry(kT + 1, "pts/0", "192.0.2.1"));
  RunOptions options;
  options.path = "/var/log/lastlog";
  const Got got = run_parser(kParser, stream, options);
  REQUIRE(got.events.size() == 2);
  CHECK(got.events[1]["attr:uid"] == "20000000");
  CHECK(got.events[1].where.offset == uid * 292);
}

TEST_CASE("real files") {
  if (shared_dir().empty()) return;
  for (const auto& [name, size] : {std::pair{"CentOS7_x86_64_lastlog", 292}, {"Debian11_aarch64_ARM64_lastlog", 296}}) {
    CAPTURE(name);
    const auto bytes = shared_file(std::string("data/logins/") + name);
    const auto table = shared_file(std::string("data/expected/logins/") + name + ".tsv");
    REQUIRE(bytes);
    REQUIRE(table);
    const Got got = run(*bytes);
    CHECK(got.problems.empty());
    const auto lines = split(trim(*table), '\n');
    REQUIRE(got.events.size() == lines.size() - 1);
    CHECK(got.read == lines.size() - 1);
    for (size_t i = 1; i < lines.size(); ++i) {
      const auto f = split(lines[i], '\t');
      REQUIRE(f.size() == 5);
      const GotEvent& e = got.events[i - 1];
      CHECK(e["attr:uid"] == f[0]);
      CHECK(e.time.when.seconds() == *to_number<int64_t>(f[1]));
      CHECK(e["attr:tty"] == f[3]);
      CHECK((e["source_host"] == f[4] || e["ip"] == f[4]));
      CHECK(e.where.offset == *to_number<uint64_t>(f[0]) * static_cast<uint64_t>(size));
    }
  }
}
