// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <random>
#include <vector>

#include "evidence/ntfs_record.hpp"

using namespace necropsy;

namespace {

std::string iso(const std::optional<Timestamp>& t) { return t ? iso_nano(*t) : "-"; }

void put(std::string& out, uint64_t value, size_t size) {
  for (size_t i = 0; i < size; ++i) out += static_cast<char>(i < 8 ? value >> (8 * i) : 0);
}
std::string utf16(std::string_view text) {
  std::string out;
  for (char c : text) (out += c) += '\0';
  return out;
}
// 100 ns since 1601 of a day.
uint64_t filetime(int64_t year, unsigned month, unsigned day, uint64_t ticks = 0) {
  return static_cast<uint64_t>(days_from_civil(year, month, day) - days_from_civil(1601, 1, 1)) * 864'000'000'000ull +
         ticks;
}
std::string times(uint64_t created, uint64_t modified, uint64_t changed, uint64_t accessed) {
  std::string out;
  for (uint64_t t : {created, modified, changed, accessed}) put(out, t, 8);
  return out;
}
std::string resident(uint32_t type, std::string content, uint16_t id, std::string_view name = {}, uint16_t flags = 0) {
  const std::string wide = utf16(name);
  const size_t at = (24 + wide.size() + 7) / 8 * 8, length = (at + content.size() + 7) / 8 * 8;
  std::string out;
  put(out, type, 4), put(out, length, 4), put(out, 0, 1), put(out, name.size(), 1), put(out, 24, 2), put(out, flags, 2);
  put(out, id, 2), put(out, content.size(), 4), put(out, at, 2), put(out, 0, 2);
  out += wide;
  out.resize(at);
  out += content;
  out.resize(length);
  return out;
}
std::string file_name(uint64_t parent, uint16_t sequence, std::string_view name, uint8_t space, uint64_t when) {
  std::string out;
  put(out, parent, 6), put(out, sequence, 2);
  out += times(when, when + 1, when + 2, when + 3);
  put(out, 0, 8), put(out, 0, 8), put(out, 0x20, 4), put(out, 0, 4), put(out, name.size(), 1), put(out, space, 1);
  return out + utf16(name);
}
std::string record(const std::string& attributes, uint16_t flags = 1) {
  std::string out = "FILE";
  put(out, 48, 2), put(out, 3, 2), put(out, 0, 8), put(out, 7, 2), put(out, 1, 2), put(out, 56, 2), put(out, flags, 2);
  put(out, 56 + attributes.size() + 8, 4), put(out, 1024, 4), put(out, 0, 8), put(out, 9, 2), put(out, 0, 2);
  put(out, 40, 4);
  out.resize(56);
  out += attributes + "\xFF\xFF\xFF\xFF";
  out.resize(1024);
  // Update sequence: the mark at the end of each stride, what stood there in the array.
  out[48] = 5, out[49] = 0;
  for (int stride = 0; stride < 2; ++stride) {
    out[50 + 2 * stride] = out[510 + 512 * stride];
    out[51 + 2 * stride] = out[511 + 512 * stride];
    out[510 + 512 * stride] = 5, out[511 + 512 * stride] = 0;
  }
  return out;
}
Result<NtfsFile> decode(std::string bytes, NtfsDepth depth = NtfsDepth::runs) {
  apply_ntfs_fixups(std::as_writable_bytes(std::span(bytes)));
  return decode_ntfs_record(as_bytes(bytes), 40, depth);
}
std::string standard_information(const std::string& four_times, uint32_t attributes = 0x22) {
  std::string out = four_times;
  put(out, attributes, 4), put(out, 0, 12), put(out, 0, 4), put(out, 261, 4), put(out, 0, 16);
  return out;
}

}  // namespace

TEST_CASE("ntfs: FILETIMEs outside 1970-2106 and their last 100 ns survive; zero is no time") {
  const std::string bytes =
      times(filetime(1955, 11, 5, 1), filetime(2500, 1, 1, 9'999'999), filetime(1601, 1, 1, 1), 0);
  const NtfsTimes t = decode_ntfs_times(ByteReader(as_bytes(bytes)), 0);
  CHECK(iso(t.created) == "1955-11-05T00:00:00.000000100Z");
  CHECK(iso(t.modified) == "2500-01-01T00:00:00.999999900Z");
  CHECK(iso(t.changed) == "1601-01-01T00:00:00.000000100Z");
  CHECK(iso(t.accessed) == "-");
  CHECK(iso(decode_ntfs_times(ByteReader(as_bytes(bytes)), 8).accessed) == "-");  // cut short
}

TEST_CASE("ntfs: $STANDARD_INFORMATION and each $FILE_NAME keep times of their own") {
  const uint64_t day = filetime(2010, 5, 1);
  const auto file = decode(record(resident(0x10, standard_information(times(day, day + 10, day + 20, day + 30)), 0) +
                                  resident(0x30, file_name(5, 5, "LONGNA~1.TXT", 2, filetime(2011, 1, 1)), 2) +
                                  resident(0x30, file_name(5, 5, "long name.txt", 1, filetime(2012, 1, 1)), 3) +
                                  resident(0x30, file_name(64, 2, "hard link", 0, filetime(2013, 1, 1)), 4) +
                                  resident(0x80, "content", 1) + resident(0x80, "other", 5, "stream")));
  REQUIRE(file);
  CHECK(file->in_use);
  CHECK(file->sequence == 7);
  CHECK_FALSE(file->damaged);
  CHECK(iso(file->times.created) == "2010-05-01T00:00:00.000000000Z");
  CHECK(iso(file->times.modified) == "2010-05-01T00:00:00.000001000Z");
  CHECK(iso(file->times.changed) == "2010-05-01T00:00:00.000002000Z");
  CHECK(iso(file->times.accessed) == "2010-05-01T00:00:00.000003000Z");
  CHECK(ntfs_flag_words(file->attributes) == "hidden archive");
  CHECK(file->security_id == 261);
  REQUIRE(file->names.size() == 3);
  CHECK(file->names[1].name == "long name.txt");
  CHECK(iso(file->names[1].times.created) == "2012-01-01T00:00:00.000000000Z");
  CHECK(file->names[2].parent == 64);
  CHECK(file->names[2].parent_sequence == 2);
  CHECK(iso(file->names[2].times.created) == "2013-01-01T00:00:00.000000000Z");
  REQUIRE(file->streams.size() == 2);
  CHECK(file->streams[0].content == "content");
  CHECK(file->streams[1].name == "stream");
  CHECK(file->streams[1].id == 5);
}

TEST_CASE("ntfs: a torn record is noticed and its sound half still read") {
  std::string bytes = record(resident(0x10, standard_information(times(1, 2, 3, 4)), 0));
  bytes[1022] = 9;
  CHECK_FALSE(apply_ntfs_fixups(std::as_writable_bytes(std::span(bytes))));
  const auto file = decode_ntfs_record(as_bytes(bytes), 40, NtfsDepth::sizes);
  REQUIRE(file);
  CHECK(file->has_standard_information);
}

TEST_CASE("ntfs: what is no record is refused; attributes that break off are said") {
  CHECK_FALSE(decode("BAAD" + std::string(1020, '\0')));
  CHECK_FALSE(decode(std::string(1024, '\0')));
  CHECK_FALSE(decode("FILE"));
  std::string bytes = record(resident(0x10, standard_information(times(1, 2, 3, 4)), 0) + resident(0x80, "x", 1));
  bytes[56 + 4] = 8;  // length of the first attribute, below its header
  CHECK(decode(bytes)->damaged);
}

TEST_CASE("ntfs: runs are signed differences; holes have no cluster; nonsense ends the list") {
  std::vector<NtfsRun> runs;
  CHECK(decode_ntfs_runs(as_bytes(std::string("\x21\x18\x34\x12\x01\x08\x11\x10\xF0\x00", 10)), 0, runs));
  REQUIRE(runs.size() == 3);
  CHECK(runs[0].cluster == 0x1234u);
  CHECK(runs[0].length == 0x18);
  CHECK_FALSE(runs[1].cluster);
  CHECK(runs[1].first == 0x18);
  CHECK(runs[2].cluster == 0x1224u);
  CHECK(runs[2].first == 0x20);
  runs.clear();
  CHECK_FALSE(decode_ntfs_runs(as_bytes(std::string("\x11\x10\x80", 3)), 0, runs));  // before the volume
  CHECK_FALSE(decode_ntfs_runs(as_bytes(std::string("\x44\x01", 2)), 0, runs));      // cut
  CHECK_FALSE(decode_ntfs_runs(as_bytes(std::string("\x19\x01", 2)), 0, runs));      // nine bytes of length
  CHECK_FALSE(decode_ntfs_runs(as_bytes(std::string("\x11\x00\x01", 3)), 0, runs));  // no length
  CHECK(runs.empty());
}

TEST_CASE("ntfs: owner of a security descriptor, target of links") {
  std::string sd("\x01\x00\x04\x80\x14\x00\x00\x00", 8);
  sd.resize(20);
  sd += std::string("\x01\x02\x00\x00\x00\x00\x00\x05\x20\x00\x00\x00\x20\x02\x00\x00", 16);
  CHECK(ntfs_owner(as_bytes(sd)) == "S-1-5-32-544");
  CHECK(ntfs_owner(as_bytes(sd).first(30)).empty());
  std::string link;
  const std::string substitute = utf16("\\??\\C:\\Users"), print = utf16("C:\\Users");
  put(link, 0xA0000003, 4), put(link, 0, 4), put(link, 0, 2), put(link, substitute.size(), 2);
  put(link, substitute.size() + 2, 2), put(link, print.size(), 2);
  link += substitute + std::string(2, '\0') + print;
  CHECK(ntfs_reparse_target(as_bytes(link)) == "C:\\Users");
  link[0] = 0x17, link[3] = '\x80';
  CHECK(ntfs_reparse_target(as_bytes(link)).empty());
}

TEST_CASE("ntfs: boot sectors with impossible sizes are refused") {
  std::string boot(512, '\0');
  boot.replace(3, 8, "NTFS    ");
  boot[12] = 2, boot[13] = 8, boot[64] = '\xF6', boot[68] = 1;
  auto got = decode_ntfs_boot(as_bytes(boot));
  REQUIRE(got);
  CHECK(got->cluster_size == 4096);
  CHECK(got->record_size == 1024);
  CHECK(got->index_size == 4096);
  for (const auto& [at, value] : {std::pair{12, 0}, {13, 0}, {13, 3}, {64, 0}, {64, -40}, {3, 0}}) {
    std::string bad = boot;
    bad[static_cast<size_t>(at)] = static_cast<char>(value);
    CHECK_FALSE(decode_ntfs_boot(as_bytes(bad)));
  }
}

TEST_CASE("ntfs: no byte of a record leads out of it") {
  const std::string good =
      record(resident(0x10, standard_information(times(1, 2, 3, 4)), 0) +
             resident(0x30, file_name(5, 5, "name", 1, 1), 2) + resident(0x80, "content", 1) +
             resident(0xC0, std::string(40, 'x'), 3) + resident(0x90, std::string(64, '\1'), 4, "$I30"));
  for (size_t n = 0; n <= good.size(); n += 7) (void)decode(good.substr(0, n));
  std::mt19937 random(3);
  for (int i = 0; i < 20000; ++i) {
    std::string bad = good;
    for (int n = 0; n < 1 + i % 8; ++n) bad[random() % 400] = static_cast<char>(random());
    const auto file = decode(bad);
    if (file && file->index_root) (void)decode_ntfs_index(as_bytes(file->index_root->content));
    if (file && file->reparse) (void)ntfs_reparse_target(as_bytes(file->reparse->content));
    CHECK((!file || file->names.size() < 20));
  }
}
