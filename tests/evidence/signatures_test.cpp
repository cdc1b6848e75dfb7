// SPDX-License-Identifier: Apache-2.0
#include "evidence/signatures.hpp"

#include <doctest/doctest.h>

#include "base/text.hpp"
#include "evidence/evidence_files.hpp"

using namespace necropsy;
using namespace necropsy::testing;
using std::string_view_literals::operator""sv;

namespace {

constexpr size_t kMiB = 1 << 20;

Signature identify_bytes(std::string bytes) {
  MemoryStream stream(std::move(bytes));
  return identify(stream);
}

Signature with_magic(size_t at, std::string_view magic, size_t size = 4 * kMiB) {
  std::string bytes(size, '\0');
  put(bytes, at, magic);
  return identify_bytes(std::move(bytes));
}

// A superblock of ext2 with the given feature words.
std::string ext_superblock(uint32_t compat, uint32_t incompat, uint32_t read_only) {
  std::string s(1024, '\0');
  put_le(s, 0, 128, 4);
  put_le(s, 4, 4096, 4);
  put_le(s, 56, 0xef53, 2);
  put_le(s, 92, compat, 4);
  put_le(s, 96, incompat, 4);
  put_le(s, 100, read_only, 4);
  return s;
}

struct Unreadable final : ContentStream {
  uint64_t size() const override { return 64 * kMiB; }
  Result<size_t> read(uint64_t offset, std::span<std::byte> out) override {
    if (offset < 65536) return fail(ErrorCode::io, "bad spot", offset);
    std::fill(out.begin(), out.end(), std::byte{});
    return out.size();
  }
};

}  // namespace

TEST_CASE("volumes that are not read are named by their signature") {
  struct Case {
    size_t at;
    std::string_view magic;
    VolumeKind kind;
    const char* content;
  };
  const Case cases[] = {
      {0, "LUKS\xba\xbe\0\1"sv, VolumeKind::encrypted, "LUKS1"},
      {0, "LUKS\xba\xbe\0\2"sv, VolumeKind::encrypted, "LUKS2"},
      {0, "\xeb\x58\x90-FVE-FS-"sv, VolumeKind::encrypted, "BitLocker"},
      {512, "LABELONE\1\0\0\0\0\0\0\0\0\0\0\0\x20\0\0\0LVM2 001"sv, VolumeKind::unsupported, "LVM2"},
      {0, "XFSB\0\0\x10\0"sv, VolumeKind::unsupported, "XFS"},
      {65536 + 64, "_BHRfS_M"sv, VolumeKind::unsupported, "Btrfs"},
      {1024, "\x10\x20\xf5\xf2"sv, VolumeKind::unsupported, "F2FS"},
      {65536 + 52, "ReIsEr2Fs"sv, VolumeKind::unsupported, "ReiserFS"},
      {32768, "JFS1\1\0\0\0"sv, VolumeKind::unsupported, "JFS"},
      {32, "NXSB"sv, VolumeKind::unsupported, "APFS"},
      {3, "ReFS\0\0\0\0"sv, VolumeKind::unsupported, "ReFS"},
      {131072 + 5 * 1024, "\x0c\xb1\xba\0\0\0\0\0"sv, VolumeKind::unsupported, "ZFS"},
      {131072, "\0\0\0\0\0\xba\xb1\x0c"sv, VolumeKind::unsupported, "ZFS"},
      {4096 + 24, "\xc6\x85\x73\xf6\x4e\x1a\x45\xca\x82\x65\xf5\x7f\x48\xba\x6d\x81"sv, VolumeKind::unsupported,
       "bcache"},
      {0x200000, "\x5e\xf1\xab\x2f"sv, VolumeKind::unsupported, "VMFS"},
      {0, "\x31\x30\x52\xc5\x4d\x4d\x41\xc8"sv, VolumeKind::unsupported, "HAMMER"},
      {0, "hsqs"sv, VolumeKind::unsupported, "squashfs"},
      {4086, "SWAPSPACE2"sv, VolumeKind::swap, "swap"},
      {65526, "SWAPSPACE2"sv, VolumeKind::swap, "swap"},
      {32769, "CD001"sv, VolumeKind::filesystem, "iso9660"},
      {8192 + 1372, "\x54\x19\1\0"sv, VolumeKind::filesystem, "ufs1"},
      {65536 + 1372, "\x19\1\x54\x19"sv, VolumeKind::filesystem, "ufs2"},
      {1024, "H+\0\4"sv, VolumeKind::filesystem, "hfs+"},
      {3, "EXFAT   "sv, VolumeKind::filesystem, "exfat"},
      {4 * kMiB - 512, "GEOM::ELI"sv, VolumeKind::encrypted, "GELI"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.content);
    const Signature found = with_magic(c.at, c.magic);
    CHECK(found.kind == c.kind);
    CHECK(found.content == c.content);
    // The same bytes one place further are nothing.
    const Signature moved = with_magic(c.at + 1, c.magic, 4 * kMiB + 2);
    CHECK(moved.content != c.content);
  }
}

TEST_CASE("ext: which of the three, by its features") {
  const auto type = [](uint32_t compat, uint32_t incompat, uint32_t read_only) {
    std::string bytes(kMiB, '\0');
    put(bytes, 1024, ext_superblock(compat, incompat, read_only));
    return identify_bytes(std::move(bytes)).content;
  };
  CHECK(type(0, 0x2, 0x1) == "ext2");
  CHECK(type(0x4, 0x2, 0x1) == "ext3");
  CHECK(type(0x4, 0x6, 0x3) == "ext3");    // journal to recover
  CHECK(type(0x4, 0x42, 0x1) == "ext4");   // extents
  CHECK(type(0x4, 0x2, 0x400) == "ext4");  // checksums
  CHECK(type(0, 0x2c2, 0x46b) == "ext4");  // without a journal
  CHECK(type(0x4, 0x8, 0) == "ext journal");
}

TEST_CASE("a RAID member is named, and only a mirror's filesystem is taken at its word") {
  for (const uint32_t level : {0u, 1u, 5u}) {
    CAPTURE(level);
    std::string bytes(4 * kMiB, '\0');
    put(bytes, 1024, ext_superblock(0x4, 0x42, 0x1));
    std::string md(256, '\0');
    put_le(md, 0, 0xa92b4efc, 4);
    SUBCASE("superblock 0.90 in the last 64 KiB") {
      put_le(md, 28, level, 4);
      put(bytes, bytes.size() - 65536, md);
    }
    SUBCASE("superblock 1.0 near the end") {
      put_le(md, 72, level, 4);
      put(bytes, (bytes.size() / 512 - 16) * 512, md);
    }
    const Signature found = identify_bytes(bytes);
    if (level == 1) {
      CHECK(found.kind == VolumeKind::filesystem);
      CHECK(found.content == "ext4");
    } else {
      CHECK(found.kind == VolumeKind::unsupported);
      CHECK(found.content == "mdraid");
      CHECK(contains(found.detail, "level " + std::to_string(level)));
    }
  }
  // Version 1.2 at 4 KiB: what stands at 1024 is from before.
  std::string bytes(4 * kMiB, '\0');
  put(bytes, 1024, ext_superblock(0x4, 0x42, 0x1));
  put_le(bytes, 4096, 0xa92b4efc, 4);
  put_le(bytes, 4096 + 72, 5, 4);
  CHECK(identify_bytes(bytes).content == "mdraid");
}

TEST_CASE("a lost superblock is told from no filesystem") {
  std::string bytes(12 * kMiB, '\0');
  std::string backup = ext_superblock(0x4, 0x42, 0x1);
  put_le(backup, 76, 1, 4);
  put_le(backup, 90, 1, 2);
  put(bytes, 8193 * 1024, backup);
  const Signature found = identify_bytes(bytes);
  CHECK(found.kind == VolumeKind::unsupported);
  CHECK(found.content == "ext4");
  CHECK(contains(found.detail, "8389632"));
  std::string ntfs(2 * kMiB, '\0');
  put(ntfs, ntfs.size() - 512 + 3, "NTFS    ");
  CHECK(identify_bytes(ntfs).content == "ntfs");
  CHECK(identify_bytes(ntfs).kind == VolumeKind::unsupported);
}

TEST_CASE("empty, noise, and what cannot be read") {
  CHECK(identify_bytes(std::string(4 * kMiB, '\0')).kind == VolumeKind::empty);
  CHECK(identify_bytes("").kind == VolumeKind::empty);
  std::string late(4 * kMiB, '\0');
  late[late.size() - 100] = 'x';
  CHECK(identify_bytes(late).kind == VolumeKind::unknown);
  const Signature random = identify_bytes(noise(kMiB));
  CHECK(random.kind == VolumeKind::unknown);
  CHECK(contains(random.detail, "encrypted"));
  Unreadable bad;
  const Signature unreadable = identify(bad);
  CHECK(unreadable.kind == VolumeKind::unknown);
  CHECK(contains(unreadable.detail, "cannot be read"));
}

TEST_CASE("volumes made by the real tools") {
  Folder folder;
  const std::string path = folder.path("v");
  const auto made = [&](const std::string& command, size_t size) {
    write_file(path, std::string(size, '\0'));
    REQUIRE(run(command + " " + path));
    return identify_bytes(read_file(path));
  };
  if (have("mke2fs")) {
    CHECK(made("mke2fs -q -F -t ext2", 4 * kMiB).content == "ext2");
    CHECK(made("mke2fs -q -F -t ext3", 16 * kMiB).content == "ext3");
    CHECK(made("mke2fs -q -F -t ext4", 16 * kMiB).content == "ext4");
  }
  if (have("mkfs.vfat")) {
    CHECK(made("mkfs.vfat -F 12", 2 * kMiB).content == "fat12");
    CHECK(made("mkfs.vfat -F 16", 32 * kMiB).content == "fat16");
    CHECK(made("mkfs.vfat -F 32 -s 1", 40 * kMiB).content == "fat32");
  }
  if (have("mkntfs")) CHECK(made("mkntfs -F -Q -q", 8 * kMiB).content == "ntfs");
  if (have("mkswap")) CHECK(made("mkswap", kMiB).kind == VolumeKind::swap);
}

TEST_CASE("any head of a volume, cut or changed, is looked at without harm") {
  std::string bytes(300'000, '\0');
  put(bytes, 0, "\xeb\x3c\x90MSDOS5.0");
  put(bytes, 1024, ext_superblock(0x4, 0x42, 1));
  for (size_t size = 0; size < 70'000; size += 1 + size / 7) identify_bytes(bytes.substr(0, size));
  for (uint64_t seed = 1; seed < 60; ++seed) {
    std::string changed = bytes;
    put(changed, seed * 29 % 2000, noise(40, seed));
    identify_bytes(changed);
  }
  CHECK(identify_bytes(bytes).content == "ext4");
}
