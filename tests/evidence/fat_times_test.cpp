// SPDX-License-Identifier: Apache-2.0
#include "evidence/fat_times.hpp"

#include <doctest/doctest.h>

#include <array>

#include "evidence/iso_record.hpp"

using namespace necropsy;

namespace {

std::string iso(const std::optional<Timestamp>& t) { return t ? iso_nano(*t) : "-"; }

uint16_t date(int y, int m, int d) { return static_cast<uint16_t>((y - 1980) << 9 | m << 5 | d); }
uint16_t clock(int h, int m, int s) { return static_cast<uint16_t>(h << 11 | m << 5 | s / 2); }

struct Entry {
  std::array<std::byte, 32> bytes{};
  Entry& u8(size_t at, unsigned v) {
    bytes[at] = static_cast<std::byte>(v);
    return *this;
  }
  Entry& u16(size_t at, unsigned v) { return u8(at, v & 255).u8(at + 1, v >> 8); }
};

}  // namespace

TEST_CASE("fat: two seconds, ten milliseconds and a day, in the machine's own time") {
  Entry e;
  e.u8(11, 0x27).u8(13, 150).u16(14, clock(10, 20, 30)).u16(16, date(2009, 10, 5)).u16(18, date(2009, 10, 6));
  e.u16(22, clock(23, 59, 58)).u16(24, date(2107, 12, 31)).u16(28, 1234);
  const auto got = decode_fat_entry(e.bytes);
  REQUIRE(got);
  CHECK(got->local);
  CHECK(iso(got->created) == "2009-10-05T10:20:31.500000000Z");
  CHECK(iso(got->accessed) == "2009-10-06T00:00:00.000000000Z");
  CHECK(iso(got->modified) == "2107-12-31T23:59:58.000000000Z");
  CHECK(got->modified_precision == TimePrecision::two_s);
  CHECK(got->created_precision == TimePrecision::ms);
  CHECK(got->accessed_precision == TimePrecision::day);
  CHECK(got->size == 1234);
  CHECK(fat_flag_words(got->attributes) == "readonly hidden system archive");
  CHECK_FALSE(got->directory());
}

TEST_CASE("fat: what is no date is no time") {
  CHECK(iso(fat_time(0, 0, 0)) == "-");
  CHECK(iso(fat_time(date(2001, 2, 29), 0, 0)) == "-");
  CHECK(iso(fat_time(date(2000, 2, 29), 0, 0)) == "2000-02-29T00:00:00.000000000Z");
  CHECK(iso(fat_time(date(2001, 13, 1), 0, 0)) == "-");
  CHECK(iso(fat_time(date(2001, 1, 1), clock(24, 0, 0), 0)) == "-");
  CHECK(iso(fat_time(date(2001, 1, 1), clock(1, 60, 0), 0)) == "-");
  CHECK(iso(fat_time(date(2001, 1, 1), 31, 0)) == "-");  // second 62
  CHECK(iso(fat_time(date(2001, 1, 1), 0, 200)) == "2001-01-01T00:00:00.000000000Z");
}

TEST_CASE("fat: a piece of a long name and a cut entry are none") {
  Entry e;
  e.u8(11, 0x0F);
  CHECK_FALSE(decode_fat_entry(e.bytes));
  CHECK_FALSE(decode_fat_entry(Bytes(e.bytes).first(31)));
  e.u8(11, 0x08);
  CHECK(decode_fat_entry(e.bytes)->volume_label());
}

TEST_CASE("exfat: with the distance from UTC the times are UTC") {
  Entry e;
  e.u8(0, 0x85).u16(4, 0x20);
  e.u16(8, clock(10, 0, 0)).u16(10, date(2020, 6, 1)).u8(20, 150);
  e.u16(12, clock(11, 0, 0)).u16(14, date(2020, 6, 1)).u8(21, 1);
  e.u16(16, clock(12, 0, 2)).u16(18, date(2020, 6, 1));
  Entry stream;
  stream.u8(0, 0xC0).u16(24, 777);
  auto got = decode_exfat_entry(e.bytes, stream.bytes);
  REQUIRE(got);
  CHECK(got->local);
  CHECK(got->size == 777);
  CHECK(iso(got->created) == "2020-06-01T10:00:01.500000000Z");
  CHECK(iso(got->modified) == "2020-06-01T11:00:00.010000000Z");
  CHECK(iso(got->accessed) == "2020-06-01T12:00:02.000000000Z");
  e.u8(22, 0x80 | 8).u8(23, 0x80 | 8).u8(24, 0x80 | 0x7C);  // +2 h, +2 h, -1 h
  got = decode_exfat_entry(e.bytes, {});
  CHECK_FALSE(got->local);
  CHECK(iso(got->created) == "2020-06-01T08:00:01.500000000Z");
  CHECK(iso(got->accessed) == "2020-06-01T13:00:02.000000000Z");
  e.u8(24, 0x7C);  // not valid: shares the others'
  CHECK(iso(decode_exfat_entry(e.bytes, {})->accessed) == "2020-06-01T10:00:02.000000000Z");
  e.u8(0, 0x05);  // deleted
  CHECK(decode_exfat_entry(e.bytes, {}));
  e.u8(0, 0x83);  // a label
  CHECK_FALSE(decode_exfat_entry(e.bytes, {}));
}

TEST_CASE("iso 9660: the recording time has its distance from UTC; Rock Ridge adds owner, mode, times and links") {
  std::string record(33, '\0');
  record[18] = 109, record[19] = 7, record[20] = 3, record[21] = 10, record[22] = 20, record[23] = 30, record[24] = 8;
  record[32] = 1;
  record += "A";
  std::string px("PX\x24\x01", 4);
  const auto both = [&](uint32_t v) {
    for (int i = 0; i < 4; ++i) px += static_cast<char>(v >> (8 * i));
    px += std::string(4, '\0');
  };
  both(0120777), both(1), both(1000), both(100);
  const std::string tf("TF\x0C\x01\x02\x6D\x07\x03\x0A\x14\x1E\x00", 12);
  const std::string sl("SL\x11\x01\x00\x08\x00\x00\x03usr\x00\x03lib", 17);
  record += px + tf + sl;
  record[0] = static_cast<char>(record.size());
  const auto got = decode_iso_record(as_bytes(record));
  REQUIRE(got);
  CHECK(iso(got->recorded) == "2009-07-03T08:20:30.000000000Z");
  CHECK(iso(got->modified) == "2009-07-03T10:20:30.000000000Z");
  CHECK(got->mode == 0120777u);
  CHECK(got->uid == 1000u);
  CHECK(got->gid == 100u);
  CHECK(got->link == "/usr/lib");
  for (size_t n = 0; n < record.size(); ++n) (void)decode_iso_record(as_bytes(record).first(n));
  CHECK(iso(iso_long_time(as_bytes(std::string_view("2022091706111500\x08", 17)))) == "2022-09-17T04:11:15.000000000Z");
  CHECK(iso(iso_long_time(as_bytes(std::string_view("0000000000000000\0", 17)))) == "-");
}
