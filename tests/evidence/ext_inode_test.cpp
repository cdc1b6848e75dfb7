// SPDX-License-Identifier: Apache-2.0
#include "evidence/ext_inode.hpp"

#include <doctest/doctest.h>

#include <random>
#include <vector>

#include "evidence/ext_directory.hpp"

using namespace necropsy;

namespace {

struct Buffer {
  std::vector<std::byte> bytes;
  explicit Buffer(size_t size) : bytes(size) {}
  void put(size_t at, uint64_t value, size_t size) {
    for (size_t i = 0; i < size; ++i) bytes[at + i] = static_cast<std::byte>(value >> (8 * i));
  }
  void u16(size_t at, uint16_t v) { put(at, v, 2); }
  void u32(size_t at, uint32_t v) { put(at, v, 4); }
  void text(size_t at, std::string_view v) {
    for (size_t i = 0; i < v.size(); ++i) bytes[at + i] = static_cast<std::byte>(v[i]);
  }
};

Buffer superblock() {
  Buffer b(1024);
  b.u32(0, 2048);   // inodes
  b.u32(4, 8192);   // blocks
  b.u32(20, 1);     // first data block
  b.u32(24, 0);     // 1 KiB
  b.u32(32, 8192);  // blocks per group
  b.u32(40, 2048);  // inodes per group
  b.u16(56, 0xEF53);
  b.u16(58, 1);
  b.u32(76, 1);
  b.u32(84, 11);
  b.u16(88, 256);
  return b;
}

std::string iso(const std::optional<Timestamp>& t) { return t ? iso_nano(*t) : "-"; }

void entry(Buffer& b, size_t at, uint32_t inode, uint16_t length, std::string_view name, uint8_t type) {
  b.u32(at, inode);
  b.u16(at + 4, length);
  b.put(at + 6, name.size(), 1);
  b.put(at + 7, type, 1);
  b.text(at + 8, name);
}

std::string shown(const ExtNames& names) {
  std::string out;
  for (const auto& e : names.entries())
    out += (out.empty() ? "" : " ") + std::string(e.deleted ? "-" : "+") + std::string(names.name(e)) + "=" +
           std::to_string(e.inode);
  return out;
}

}  // namespace

TEST_CASE("ext: seconds are signed, two epoch bits carry them to 2446, the rest is nanoseconds") {
  // Cases of the table in the kernel's ext4/inodes documentation.
  CHECK(iso_nano(ext_time(0x80000000, 0u)) == "1901-12-13T20:45:52.000000000Z");
  CHECK(iso_nano(ext_time(0xFFFFFFFF, 0u)) == "1969-12-31T23:59:59.000000000Z");
  CHECK(iso_nano(ext_time(0x7FFFFFFF, 0u)) == "2038-01-19T03:14:07.000000000Z");
  CHECK(iso_nano(ext_time(0x80000000, 1u)) == "2038-01-19T03:14:08.000000000Z");
  CHECK(iso_nano(ext_time(0x7FFFFFFF, 1u)) == "2174-02-25T09:42:23.000000000Z");
  CHECK(iso_nano(ext_time(0x80000000, 2u)) == "2174-02-25T09:42:24.000000000Z");
  CHECK(iso_nano(ext_time(0x7FFFFFFF, 3u)) == "2446-05-10T22:38:55.000000000Z");
  CHECK(iso_nano(ext_time(1, 123456789u << 2)) == "1970-01-01T00:00:01.123456789Z");
  CHECK(iso_nano(ext_time(0xFFFFFFFF, 999999999u << 2)) == "1969-12-31T23:59:59.999999999Z");
  // 30 bits hold more than a second has: such nanoseconds are none.
  CHECK(iso_nano(ext_time(1, 0xFFFFFFFCu)) == "1970-01-01T00:00:01.000000000Z");
  CHECK(iso_nano(ext_time(0xFFFFFFFF, std::nullopt)) == "1969-12-31T23:59:59.000000000Z");
}

TEST_CASE("ext: i_extra_isize says which fields an inode has, not the inode size") {
  Buffer sb = superblock();
  const auto about = decode_ext_superblock(sb.bytes);
  REQUIRE(about);
  Buffer b(256);
  b.u16(0, 0104755);
  b.u16(2, 1000);
  b.u16(120, 1);  // uid, high
  b.u32(4, 4096);
  b.u32(108, 1);  // size, high
  b.u32(8, 100);
  b.u32(12, 200);
  b.u32(16, 300);
  b.u32(20, 400);
  b.u16(26, 1);
  b.u32(132, 5u << 2);
  b.u32(136, 6u << 2);
  b.u32(140, 7u << 2);
  b.u32(144, 500);
  b.u32(148, 8u << 2);
  const auto at = [&](uint16_t extra) {
    b.u16(128, extra);
    return decode_ext_inode(b.bytes, 12, *about);
  };
  auto inode = at(32);
  REQUIRE(inode);
  CHECK(inode->mode == 0104755);
  CHECK(inode->type() == FileType::regular);
  CHECK(inode->uid == 65536 + 1000);
  CHECK(inode->size == (1ull << 32) + 4096);
  CHECK(inode->deletion == 400);
  CHECK(iso(inode->changed) == "1970-01-01T00:03:20.000000005Z");
  CHECK(iso(inode->modified) == "1970-01-01T00:05:00.000000006Z");
  CHECK(iso(inode->accessed) == "1970-01-01T00:01:40.000000007Z");
  CHECK(iso(inode->created) == "1970-01-01T00:08:20.000000008Z");
  CHECK(inode->nanoseconds);
  inode = at(0);
  CHECK(iso(inode->changed) == "1970-01-01T00:03:20.000000000Z");
  CHECK(iso(inode->created) == "-");
  CHECK_FALSE(inode->nanoseconds);
  inode = at(12);  // up to mtime_extra
  CHECK(iso(inode->modified) == "1970-01-01T00:05:00.000000006Z");
  CHECK(iso(inode->accessed) == "1970-01-01T00:01:40.000000000Z");
  inode = at(20);  // crtime without its extra
  CHECK(iso(inode->created) == "1970-01-01T00:08:20.000000000Z");
  for (uint16_t bad : {3, 129, 200, 65535}) CHECK(iso(at(bad)->created) == "-");
  // 128 bytes: the old inode.
  inode = decode_ext_inode(Bytes(b.bytes).first(128), 12, *about);
  CHECK(iso(inode->created) == "-");
  CHECK_FALSE(decode_ext_inode(Bytes(b.bytes).first(127), 12, *about));
}

TEST_CASE("ext: a creation time of zero is none, a modification time of zero is 1970") {
  const auto about = decode_ext_superblock(superblock().bytes);
  Buffer b(256);
  b.u16(0, 0100644);
  b.u16(128, 32);
  auto inode = decode_ext_inode(b.bytes, 12, *about);
  CHECK(iso(inode->modified) == "1970-01-01T00:00:00.000000000Z");
  CHECK(iso(inode->created) == "-");
  inode = decode_ext_inode(Buffer(256).bytes, 12, *about);
  CHECK_FALSE(inode->used);
  CHECK(iso(inode->modified) == "-");
}

TEST_CASE("ext superblock: times with high bytes, state, type by features") {
  Buffer b = superblock();
  b.u32(44, 10);
  b.u32(48, 20);
  b.u32(64, 30);
  b.u32(264, 40);
  b.put(0x275, 1, 1);
  b.text(120, "label");
  b.text(136, "/var");
  auto sb = decode_ext_superblock(b.bytes);
  REQUIRE(sb);
  CHECK(sb->type == "ext2");
  CHECK(sb->state == "clean");
  CHECK(sb->mounted->seconds() == (1ll << 32) + 10);
  CHECK(sb->written->seconds() == 20);
  CHECK(sb->checked->seconds() == 30);
  CHECK(sb->created->seconds() == 40);
  CHECK(sb->label == "label");
  CHECK(sb->last_mount_point == "/var");
  b.u32(92, 4);
  CHECK(decode_ext_superblock(b.bytes)->type == "ext3");
  b.u32(96, 0x40);
  CHECK(decode_ext_superblock(b.bytes)->type == "ext4");
  b.u32(96, 0x4);
  b.u16(58, 2);
  CHECK(decode_ext_superblock(b.bytes)->state == "not cleanly unmounted, errors detected, journal needs recovery");
}

TEST_CASE("ext superblock: impossible values are refused") {
  const auto refuses = [](size_t at, uint64_t value, size_t size) {
    Buffer b = superblock();
    b.put(at, value, size);
    return !decode_ext_superblock(b.bytes);
  };
  CHECK_FALSE(refuses(0, 2048, 4));
  CHECK(refuses(56, 0, 2));
  CHECK(refuses(24, 7, 4));
  CHECK(refuses(32, 0, 4));
  CHECK(refuses(40, 0, 4));
  CHECK(refuses(40, 0xFFFFFFFF, 4));
  CHECK(refuses(88, 0, 2));
  CHECK(refuses(88, 200, 2));
  CHECK(refuses(88, 2048, 2));
  CHECK(refuses(4, 1, 4));
  CHECK(refuses(20, 2, 4));
  CHECK(refuses(0, 1, 4));
  CHECK_FALSE(decode_ext_superblock(Bytes(superblock().bytes).first(1023)));
}

TEST_CASE("ext: group descriptors lie where sparse superblocks and meta block groups put them") {
  Buffer b = superblock();
  auto sb = decode_ext_superblock(b.bytes);
  CHECK(sb->descriptor_offset(0) == 2048);
  CHECK(sb->descriptor_offset(1) == 2048 + 32);
  b.u32(24, 2);
  b.u32(20, 0);
  b.u32(32, 32768);
  CHECK(decode_ext_superblock(b.bytes)->descriptor_offset(0) == 4096);
  b.u32(96, 0x10);
  b.u32(260, 0);
  b.u32(100, 1);  // sparse_super
  sb = decode_ext_superblock(b.bytes);
  CHECK(sb->descriptor_offset(0) == 4096);
  // 128 descriptors a block: those of groups 128 to 255 lie at the start of group 128, which has no superblock.
  CHECK(sb->descriptor_offset(129) == 128ull * 32768 * 4096 + 32);
  CHECK(sb->group_has_superblock(0));
  CHECK(sb->group_has_superblock(1));
  CHECK_FALSE(sb->group_has_superblock(2));
  CHECK(sb->group_has_superblock(3));
  CHECK(sb->group_has_superblock(25));
  CHECK(sb->group_has_superblock(49));
  CHECK_FALSE(sb->group_has_superblock(15));
}

TEST_CASE("ext directory: names in use, removed ones in the slack, the checksum at the end") {
  Buffer b(1024);
  entry(b, 0, 2, 12, ".", 2);
  entry(b, 12, 2, 12, "..", 2);
  entry(b, 24, 12, 40, "alive", 1);    // needs 16, the rest is slack
  entry(b, 40, 13, 24, "removed", 1);  // needs 16
  entry(b, 64, 14, 948, "last", 7);
  entry(b, 1012, 0, 12, "", 0xDE);
  ExtNames names;
  auto look = read_ext_directory_block(b.bytes, true, 100, false, names);
  CHECK_FALSE(look.damaged);
  CHECK(shown(names) == "+alive=12 -removed=13 +last=14");
  // All names of a removed directory are removed.
  names.clear();
  read_ext_directory_block(b.bytes, true, 100, true, names);
  CHECK(shown(names) == "-alive=12 -removed=13 -last=14");
}

TEST_CASE("ext directory: first entry removed keeps its place with inode 0") {
  Buffer b(1024);
  entry(b, 0, 0, 16, "gone", 1);
  entry(b, 16, 12, 1008, "alive", 1);
  ExtNames names;
  CHECK_FALSE(read_ext_directory_block(b.bytes, true, 100, false, names).damaged);
  CHECK(shown(names) == "-gone=0 +alive=12");
}

TEST_CASE("ext directory: what cannot be a name in the slack is none") {
  Buffer b(1024);
  entry(b, 0, 12, 1024, "alive", 1);
  entry(b, 16, 13, 16, "a/b", 1);                        // a slash
  entry(b, 32, 14, 16, std::string_view("a\0b", 3), 1);  // a NUL
  entry(b, 48, 101, 16, "far", 1);                       // no such inode
  entry(b, 64, 15, 16, "type", 9);                       // no such type
  entry(b, 80, 16, 14, "odd", 1);                        // length not a multiple of 4
  entry(b, 96, 17, 16, "good", 1);
  ExtNames names;
  read_ext_directory_block(b.bytes, true, 100, false, names);
  CHECK(shown(names) == "+alive=12 -good=17");
}

TEST_CASE("ext directory: a broken chain is said and searched for what follows") {
  Buffer b(1024);
  entry(b, 0, 12, 16, "one", 1);
  entry(b, 16, 13, 7, "bad", 1);
  entry(b, 32, 14, 992, "two", 1);
  ExtNames names;
  const auto look = read_ext_directory_block(b.bytes, true, 100, false, names);
  CHECK(look.damaged);
  CHECK(look.damaged_at == 16);
  CHECK(shown(names) == "+one=12 +two=14");
}

TEST_CASE("ext directory: copies of a removed name are dropped, other removed names stay") {
  ExtNames names;
  names.add(12, "a", 1, true);
  names.add(12, "a", 1, false);
  names.add(13, "b", 1, true);
  names.add(13, "b", 1, true);
  names.add(14, "b", 1, true);
  names.drop_copies();
  CHECK(shown(names) == "+a=12 -b=13 -b=14");
}

TEST_CASE("ext directory: no bytes make the reader leave the block") {
  std::mt19937 random(7);
  Buffer b(1024);
  entry(b, 0, 2, 12, ".", 2);
  entry(b, 12, 2, 12, "..", 2);
  entry(b, 24, 12, 1000, "name", 1);
  for (int i = 0; i < 20000; ++i) {
    Buffer broken = b;
    for (int n = 0; n < 1 + i % 40; ++n) broken.put(random() % 1024, random(), 1);
    const size_t size = i % 3 == 0 ? random() % 1025 : 1024;
    ExtNames names;
    read_ext_directory_block(Bytes(broken.bytes).first(size), i % 2, 100, false, names);
    CHECK(names.entries().size() <= size / 12);
    names.drop_copies();
  }
}

TEST_CASE("ext: an attribute that holds the rest of an inline file is read inside the inode only") {
  Buffer b(256);
  b.u16(128, 32);
  b.u32(160, 0xEA020000);
  b.put(164, 4, 1);  // name length
  b.put(165, 7, 1);  // system.
  b.u16(166, 60);    // value offset from 164
  b.u32(172, 5);     // size
  b.text(180, "data");
  b.text(224, "VALUE");
  CHECK(as_text(ext_inline_rest(b.bytes)) == "VALUE");
  b.u32(172, 500);
  CHECK(ext_inline_rest(b.bytes).empty());
  b.u16(128, 65535);
  CHECK(ext_inline_rest(b.bytes).empty());
}

TEST_CASE("ext: flags an analyst looks for are words") {
  CHECK(ext_flag_words(0x10 | 0x20 | 0x80000) == "immutable append-only");
  CHECK(ext_flag_words(0).empty());
}
