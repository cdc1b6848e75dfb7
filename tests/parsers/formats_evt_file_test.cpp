// SPDX-License-Identifier: Apache-2.0
#include "formats/evt_file.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstring>
#include <set>

#include "support/evt_builder.hpp"

using namespace necropsy;
using test::EvtBuilder;
using test::EvtRecord;

namespace {

struct Kept : evt::Visitor {
  std::vector<evt::Record> records;
  std::vector<evt::Oddity> oddities;
  std::vector<std::string> codes;
  size_t stop_after = SIZE_MAX;
  bool record(const evt::Record& r) override {
    records.push_back(r);
    records.back().data = {};
    return records.size() < stop_after;
  }
  void oddity(const evt::Oddity& o) override {
    oddities.push_back(o);
    codes.emplace_back(o.code);
  }
  std::vector<uint32_t> numbers(bool recovered) const {
    std::vector<uint32_t> out;
    for (const auto& r : records)
      if (r.recovered == recovered) out.push_back(r.number);
    return out;
  }
  bool has(std::string_view code) const { return std::find(codes.begin(), codes.end(), code) != codes.end(); }
};

evt::Summary read(const std::string& bytes, Kept& kept) {
  return evt::read_file(
      [&](uint64_t offset, std::span<std::byte> out) -> Result<size_t> {
        if (offset >= bytes.size()) return 0;
        const size_t n = std::min<size_t>(out.size(), bytes.size() - offset);
        std::memcpy(out.data(), bytes.data() + offset, n);
        return n;
      },
      bytes.size(), kept);
}

EvtRecord plain(uint32_t n, size_t length = 10) {
  return {.time = 1254751380 + n, .identifier = 528, .strings = {u"user", std::u16string(length, u'x')}};
}

void set32(std::string& bytes, size_t at, uint32_t value) { std::memcpy(bytes.data() + at, &value, 4); }
uint32_t get32(const std::string& bytes, size_t at) {
  uint32_t value;
  std::memcpy(&value, bytes.data() + at, 4);
  return value;
}

std::vector<uint32_t> run(uint32_t first, uint32_t last) {
  std::vector<uint32_t> out;
  for (uint32_t n = first; n <= last; ++n) out.push_back(n);
  return out;
}

}  // namespace

TEST_CASE("a closed log gives its records in order, with every field") {
  EvtBuilder log;
  log.add({.time = 1254751380,
           .identifier = 0x80000210,
           .strings = {u"Jürgen", u"", u"(0x0,0x3E7)"},
           .source = u"Security",
           .computer = u"SRV-Ä",
           .type = 8,
           .category = 2,
           .sid = test::evt_sid(5, {21, 1, 2, 1010}),
           .data = "abc",
           .written = 1254751385});
  log.add(plain(2));
  for (const std::string& bytes : {log.closed(), log.closed(true)}) {
    Kept kept;
    const auto summary = read(bytes, kept);
    CHECK(summary.positions == evt::Positions::header);
    CHECK(kept.oddities.empty());
    REQUIRE(kept.records.size() == 2);
    const evt::Record& r = kept.records[0];
    CHECK(r.offset == 48);
    CHECK(r.number == 1);
    CHECK(r.generated == 1254751380);
    CHECK(r.written == 1254751385);
    CHECK(r.identifier == 0x80000210);
    CHECK(r.type == 8);
    CHECK(r.category == 2);
    CHECK(r.source == "Security");
    CHECK(r.computer == "SRV-Ä");
    CHECK(r.sid == "S-1-5-21-1-2-1010");
    CHECK(r.strings == std::vector<std::string>{"Jürgen", "", "(0x0,0x3E7)"});
    CHECK(!r.recovered);
    CHECK(!r.torn);
    CHECK(!r.split);
  }
}

TEST_CASE("a dirty log is read by its end-of-file record, however stale the header is") {
  EvtBuilder log;
  for (uint32_t n = 1; n <= 9; ++n) log.add(plain(n));
  for (size_t stale = 0; stale <= 9; ++stale) {
    Kept kept;
    const auto summary = read(log.dirty(stale), kept);
    CHECK(summary.positions == evt::Positions::eof_record);
    CHECK(summary.next == 10);
    CHECK(kept.numbers(false) == run(1, 9));
    CHECK(kept.numbers(true).empty());
  }
}

TEST_CASE("a header that claims to be clean and leads nowhere is not believed") {
  EvtBuilder log;
  for (uint32_t n = 1; n <= 5; ++n) log.add(plain(n));
  std::string bytes = log.dirty(2);
  set32(bytes, 36, 0);
  Kept kept;
  CHECK(read(bytes, kept).positions == evt::Positions::eof_record);
  CHECK(kept.numbers(false) == run(1, 5));
  CHECK(kept.has("stale-header"));
}

TEST_CASE("a wrapped log, at every place where the ring can turn") {
  // Records of many lengths over a small ring: each way of meeting the end of the file comes up.
  std::set<std::string> met;
  for (uint32_t size = 1024; size <= 1400; size += 4) {
    EvtBuilder log(size);
    uint32_t last = 0;
    bool split = false;
    for (uint32_t n = 1; n <= 40; ++n) {
      log.add(plain(n, n * 7 % 23));
      last = n;
      split |= log.last_is_split();
      if (n < 12) continue;
      for (const std::string& bytes : {log.closed(), log.dirty(n / 2)}) {
        Kept kept;
        read(bytes, kept);
        const auto regular = kept.numbers(false);
        REQUIRE(regular == run(last - static_cast<uint32_t>(log.held()) + 1, last));
        // What was carved is older than the chain or torn; nothing is read twice.
        for (const auto& r : kept.records)
          if (r.recovered) CHECK(r.number <= last - log.held());
      }
      if (log.eof_is_split()) met.insert("end-of-file record split");
      if (log.last_is_split()) met.insert("record split");
      if (get32(log.closed(), log.closed().size() - 4) == 0x27) met.insert("filler");
    }
  }
  CHECK(met == std::set<std::string>{"end-of-file record split", "filler", "record split"});
}

TEST_CASE("a split record keeps its strings and its start") {
  EvtBuilder log(1000);
  Kept kept;
  for (uint32_t n = 1; n < 50; ++n) {
    log.add(plain(n, 60));
    if (!log.last_is_split()) continue;
    read(log.closed(), kept);
    break;
  }
  REQUIRE(!kept.records.empty());
  const auto split = std::find_if(kept.records.begin(), kept.records.end(), [](const auto& r) { return r.split; });
  REQUIRE(split != kept.records.end());
  CHECK(split->offset + split->length > 1000);
  CHECK(split->strings.at(1) == std::string(60, 'x'));
}

TEST_CASE("records between the end-of-file record and the oldest are carved") {
  EvtBuilder log(4096);
  for (uint32_t n = 1; n <= 20; ++n) log.add(plain(n));
  std::string bytes = log.closed();
  // The log is cleared: header and end-of-file record begin anew, the old records stay where they are.
  EvtBuilder fresh(4096);
  fresh.add({.time = 1254760000, .identifier = 517, .strings = {u"SYSTEM", u"NT AUTHORITY", u"(0x0,0x3E7)", u"eve"}});
  const std::string head = fresh.closed(true);
  bytes.replace(0, head.size(), head);
  Kept kept;
  const auto summary = read(bytes, kept);
  CHECK(summary.regular == 1);
  const auto carved = kept.numbers(true);
  REQUIRE(carved.size() >= 17);
  CHECK(carved.back() == 20);
  for (const auto& r : kept.records) CHECK(!r.copy);
}

TEST_CASE("the same record twice: the second is a copy") {
  EvtBuilder log(4096);
  for (uint32_t n = 1; n <= 3; ++n) log.add(plain(n));
  std::string bytes = log.closed();
  const std::string again = test::evt_record(plain(2), 2);
  bytes.replace(3000, again.size(), again);
  bytes.replace(3500, again.size(), again);
  Kept kept;
  read(bytes, kept);
  REQUIRE(kept.records.size() == 5);
  CHECK(kept.records[3].recovered);
  CHECK(kept.records[3].copy);
  CHECK(kept.records[4].copy);
}

TEST_CASE("torn records keep what can still be read") {
  EvtBuilder log(4096);
  log.add(plain(1));
  std::string bytes = log.closed();
  SUBCASE("tail zeroed") {
    std::string torn = test::evt_record(plain(77, 40), 77);
    std::fill(torn.begin() + 110, torn.end(), '\0');
    bytes.replace(2000, torn.size(), torn);
    Kept kept;
    read(bytes, kept);
    REQUIRE(kept.records.size() == 2);
    CHECK(kept.records[1].torn);
    CHECK(kept.records[1].recovered);
    CHECK(kept.records[1].number == 77);
    CHECK(kept.records[1].source == "Security");
    CHECK(kept.records[1].computer == "SRV1");
  }
  SUBCASE("overwritten by another record") {
    const std::string torn = test::evt_record(plain(77, 40), 77), next = test::evt_record(plain(80), 80);
    bytes.replace(2000, torn.size(), torn);
    bytes.replace(2120, next.size(), next);
    Kept kept;
    read(bytes, kept);
    REQUIRE(kept.records.size() == 3);
    CHECK(kept.records[1].torn);
    CHECK(kept.records[1].strings.at(0) == "user");
    CHECK(kept.records[2].number == 80);
    CHECK(!kept.records[2].torn);
  }
  SUBCASE("inside the chain") {
    EvtBuilder chain(4096);
    for (uint32_t n = 1; n <= 4; ++n) chain.add(plain(n));
    bytes = chain.dirty(4);
    const auto length = get32(bytes, 48);
    set32(bytes, 48 + length + get32(bytes, 48 + length) - 4, 0x41414141);  // tail copy of the second
    Kept kept;
    read(bytes, kept);
    CHECK(kept.numbers(false) == run(1, 4));
    CHECK(kept.records[1].torn);
  }
}

TEST_CASE("a hole in the chain loses the records in it and no more") {
  EvtBuilder log(8192);
  for (uint32_t n = 1; n <= 9; ++n) log.add(plain(n));
  std::string bytes = log.dirty(9);
  const auto length = get32(bytes, 48);
  std::fill(bytes.begin() + 48 + length * 3, bytes.begin() + 48 + length * 5 - 20, '\0');
  Kept kept;
  read(bytes, kept);
  CHECK(kept.numbers(false) == std::vector<uint32_t>{1, 2, 3, 6, 7, 8, 9});
  CHECK(kept.has("broken-chain"));
  CHECK(std::any_of(kept.oddities.begin(), kept.oddities.end(), [](const auto& o) { return o.lost_record; }));
}

TEST_CASE("no end-of-file record: the chain is followed as far as it goes") {
  EvtBuilder log;
  for (uint32_t n = 1; n <= 6; ++n) log.add(plain(n));
  std::string bytes = log.dirty(3);
  bytes.resize(log.end());
  Kept kept;
  const auto summary = read(bytes, kept);
  CHECK(summary.positions == evt::Positions::guessed);
  CHECK(kept.records.size() == 6);
  CHECK(kept.has("no-eof-record"));
}

TEST_CASE("no header at all: everything is carved") {
  EvtBuilder log;
  for (uint32_t n = 1; n <= 6; ++n) log.add(plain(n));
  const std::string bytes = log.closed().substr(49, log.end() - 49);  // not even aligned
  Kept kept;
  read("??" + bytes, kept);
  CHECK(kept.numbers(true) == run(2, 6));
}

TEST_CASE("hostile values neither hang nor read outside") {
  EvtBuilder log(8192);
  for (uint32_t n = 1; n <= 5; ++n) log.add(plain(n));
  const std::string good = log.dirty(5);
  for (size_t field : {16, 20, 24, 28, 32, 36, 48, 48 + 36, 48 + 40, 48 + 44, 48 + 48, 48 + 52}) {
    for (uint32_t value : {0u, 1u, 0x27u, 0x28u, 0x30u, 0x38u, 48u, 8191u, 8192u, 0x10000u, 0x7FFFFFFFu, 0xFFFFFFFFu,
                           0xFFFFFFFCu, 0xFFFFFFC8u}) {
      std::string bytes = good;
      set32(bytes, field, value);
      Kept kept;
      read(bytes, kept);
      CHECK(kept.records.size() <= 10);
      for (const auto& r : kept.records) CHECK(r.offset < bytes.size());
    }
  }
  SUBCASE("an end-of-file record that points at itself, at the end, at the header") {
    for (uint32_t begin : {0u, 16u, log.end(), 8191u, 0xFFFFFFFFu}) {
      std::string bytes = good;
      set32(bytes, log.end() + 20, begin);
      Kept kept;
      read(bytes, kept);
      CHECK(kept.records.size() <= 10);
    }
  }
  SUBCASE("a file of nothing but marks") {
    std::string bytes;
    while (bytes.size() < (4u << 20)) bytes += std::string("\x38\x00\x00\x00LfLe", 8);
    const auto start = std::chrono::steady_clock::now();
    Kept kept;
    read(bytes, kept);
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(20));
    CHECK(kept.oddities.size() < 100);
  }
  SUBCASE("a file of nothing but end-of-file signatures") {
    std::string one;
    for (uint32_t v : {40u, 0x11111111u, 0x22222222u, 0x33333333u, 0x44444444u, 48u, 48u, 7u, 1u, 40u})
      one.append(reinterpret_cast<const char*>(&v), 4);
    std::string bytes = good.substr(0, 48);
    while (bytes.size() < (4u << 20)) bytes += one;
    Kept kept;
    read(bytes, kept);
    CHECK(kept.records.empty());
  }
}

TEST_CASE("a record longer than 64 KiB") {
  EvtBuilder log(1 << 20);
  log.add({.time = 1254751380, .identifier = 1, .strings = {std::u16string(100'000, u'y')}, .source = u"Big"});
  log.add(plain(2));
  Kept kept;
  read(log.closed(), kept);
  REQUIRE(kept.records.size() == 2);
  CHECK(kept.records[0].strings.at(0).size() == 100'000);
}

TEST_CASE("unreadable sectors lose their own records only") {
  EvtBuilder log(1 << 18);
  for (uint32_t n = 1; n <= 2000; ++n) log.add(plain(n));
  const std::string bytes = log.dirty(3);
  Kept kept;
  evt::read_file(
      [&](uint64_t offset, std::span<std::byte> out) -> Result<size_t> {
        if (offset == 65536) return fail(ErrorCode::io, "bad sector");
        const size_t n = std::min<size_t>(out.size(), bytes.size() - offset);
        std::memcpy(out.data(), bytes.data() + offset, n);
        return n;
      },
      bytes.size(), kept);
  CHECK(kept.has("read-error"));
  CHECK(kept.records.size() > 1000);
  CHECK(kept.records.back().number == 2000);
  CHECK(std::count(kept.codes.begin(), kept.codes.end(), "read-error") == 1);
}

TEST_CASE("the visitor stops the reading") {
  EvtBuilder log;
  for (uint32_t n = 1; n <= 6; ++n) log.add(plain(n));
  Kept kept;
  kept.stop_after = 3;
  CHECK(read(log.closed(), kept).stopped);
  CHECK(kept.records.size() == 3);
}

TEST_CASE("security identifiers") {
  CHECK(evt::sid_text(as_bytes(test::evt_sid(5, {18}))) == "S-1-5-18");
  CHECK(evt::sid_text(as_bytes(test::evt_sid(5, {32, 544}))) == "S-1-5-32-544");
  CHECK(evt::sid_text(as_bytes(test::evt_sid(5, {32, 544}).substr(0, 12))) == "");
  CHECK(evt::sid_text(as_bytes(std::string("\x02\x01\0\0\0\0\0\x05\x12\0\0\0", 12))) == "");
}
