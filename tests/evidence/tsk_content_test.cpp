// SPDX-License-Identifier: Apache-2.0
// Contents: against libtsk's own reading, holes, sizes that cannot be, and errors.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <sstream>

#include "base/text.hpp"
#include "evidence/evidence_support.hpp"
#include "support/run_parser.hpp"

using namespace necropsy;
using namespace necropsy::test;

namespace {

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

std::string content_of(FileTree& tree, std::string_view path, size_t limit = 16u << 20) {
  auto record = tree.find(path);
  REQUIRE_MESSAGE(record, path);
  auto stream = tree.open(record->ref);
  REQUIRE_MESSAGE(stream, path);
  auto bytes = read_all(**stream, limit);
  REQUIRE(bytes);
  return *bytes;
}

std::string pattern(size_t size, unsigned seed) {
  std::string out(size, '\0');
  for (size_t i = 0; i < size; ++i) out[i] = static_cast<char>((i * 2654435761u + seed * 40503u) >> 13);
  return out;
}

// What libtsk reads of the stream, or nothing where it fails.
std::optional<std::string> by_libtsk(TSK_FS_INFO* fs, const FileRecord& record) {
  TskFile file(tsk_fs_file_open_meta(fs, nullptr, record.ref.inode));
  if (!file || !file->meta) return std::nullopt;
  const size_t colon = record.ref.attribute_id < 0 ? std::string::npos : record.path.rfind(':');
  const TSK_FS_ATTR* attribute = nullptr;
  if (colon == std::string::npos) {
    attribute = tsk_fs_file_attr_get(file.get());
  } else {
    for (int i = 0; i < tsk_fs_file_attr_getsize(file.get()); ++i) {
      const TSK_FS_ATTR* a = tsk_fs_file_attr_get_idx(file.get(), i);
      if (a && a->name && record.path.substr(colon + 1) == a->name &&
          (a->type == TSK_FS_ATTR_TYPE_NTFS_DATA || a->type == TSK_FS_ATTR_TYPE_NTFS_IDXROOT))
        attribute = a;
    }
  }
  if (!attribute) return std::nullopt;
  std::string out(static_cast<size_t>(std::min<TSK_OFF_T>(attribute->size, 8 << 20)), '\0');
  if (out.empty()) return out;
  const ssize_t got = tsk_fs_attr_read(attribute, 0, out.data(), out.size(), TSK_FS_FILE_READ_FLAG_NONE);
  if (got < 0 || static_cast<size_t>(got) != out.size()) return std::nullopt;
  return out;
}

}  // namespace

TEST_CASE("contents on ext2/3/4 come out as they went in: direct, indirect, extents, inline") {
  if (!have_tools({"mke2fs"})) return;
  Scratch dir;
  const size_t sizes[] = {0, 1, 59, 60, 61, 120, 1024, 12 * 1024, 12 * 1024 + 1, 300'000, 5'000'000};
  for (size_t size : sizes) dir.write(fmt::format("tree/f{}", size), pattern(size, static_cast<unsigned>(size)));
  for (const char* options : {"-t ext2 -b 1024", "-t ext3 -b 4096", "-t ext4 -b 1024", "-t ext4 -O inline_data -I 256",
                              "-t ext4 -O ^extents,^64bit -b 1024"}) {
    CAPTURE(options);
    REQUIRE(dir.run(fmt::format("rm -f img; truncate -s 32M img; mke2fs -q -F {} -d tree img", options)));
    Opened opened = open_volume(dir / "img");
    REQUIRE(opened.tree);
    for (size_t size : sizes)
      CHECK(content_of(*opened.tree, fmt::format("/f{}", size)) == pattern(size, static_cast<unsigned>(size)));
    // Reads that begin and end anywhere.
    auto stream = opened.tree->open(opened.tree->find("/f300000")->ref);
    REQUIRE(stream);
    CHECK((*stream)->size() == 300'000);
    const std::string whole = pattern(300'000, 300'000);
    for (size_t at : {0ul, 1ul, 1023ul, 12'287ul, 65'535ul, 299'999ul, 300'000ul, 400'000ul}) {
      std::string out(1000, '?');
      const auto got = (*stream)->read(at, std::as_writable_bytes(std::span(out)));
      REQUIRE(got);
      CHECK(*got == (at >= 300'000 ? 0 : std::min<size_t>(1000, 300'000 - at)));
      CHECK(out.substr(0, *got) == whole.substr(std::min<size_t>(at, whole.size()), *got));
    }
  }
}

TEST_CASE("a file of a tebibyte with two written places is read at once where it is asked for") {
  if (!have_tools({"mke2fs", "truncate", "dd"})) return;
  Scratch dir;
  dir.write("tree/x", "x");
  // The place of uid 4,000,000,000 in a lastlog of 292 bytes a user.
  REQUIRE(
      dir.run("truncate -s 1T tree/lastlog && printf begin | dd of=tree/lastlog conv=notrunc && "
              "printf end | dd of=tree/lastlog bs=1 seek=1099511627776 conv=notrunc && truncate -s 16M img && "
              "mke2fs -q -F -t ext4 -d tree img"));
  Opened opened = open_volume(dir / "img");
  REQUIRE(opened.tree);
  auto stream = opened.tree->open(opened.tree->find("/lastlog")->ref);
  REQUIRE(stream);
  CHECK((*stream)->size() == (1ull << 40) + 3);
  const auto start = std::chrono::steady_clock::now();
  std::string out(5, '?');
  REQUIRE((*stream)->read(0, std::as_writable_bytes(std::span(out))).value() == 5);
  CHECK(out == "begin");
  REQUIRE((*stream)->read(1ull << 40, std::as_writable_bytes(std::span(out))).value() == 3);
  CHECK(out.substr(0, 3) == "end");
  std::string hole(64 * 1024, '?');
  for (uint64_t at = 1 << 20; at < 1ull << 40; at += 1ull << 30)
    REQUIRE((*stream)->read(at, std::as_writable_bytes(std::span(hole))).value() == hole.size());
  CHECK(std::all_of(hole.begin(), hole.end(), [](char c) { return c == 0; }));
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(20));
}

TEST_CASE("sizes that cannot be are cut to what is mapped") {
  if (!have_tools({"mke2fs", "debugfs"})) return;
  Scratch dir;
  dir.write("tree/f", pattern(5000, 1));
  for (const char* type : {"ext2", "ext4"}) {
    REQUIRE(
        dir.run(fmt::format("rm -f img; truncate -s 1M img; mke2fs -q -F -t {} -O ^has_journal -d tree img && "
                            "debugfs -w -R 'sif /f size 0x1000000000000000' img",
                            type)));
    Opened opened = open_volume(dir / "img");
    REQUIRE(opened.tree);
    auto record = opened.tree->find("/f");
    REQUIRE(record);
    auto stream = opened.tree->open(record->ref);
    REQUIRE(stream);
    CHECK((*stream)->size() <= 1u << 20);
    auto bytes = read_all(**stream, 64u << 20);
    REQUIRE(bytes);
    CHECK(bytes->substr(0, 5000) == pattern(5000, 1));
  }
}

TEST_CASE("a block that cannot be is an error, not a short read") {
  if (!have_tools({"mke2fs", "debugfs"})) return;
  Scratch dir;
  dir.write("tree/f", pattern(5000, 1));
  REQUIRE(
      dir.run("truncate -s 1M img; mke2fs -q -F -t ext2 -b 1024 -d tree img && "
              "debugfs -w -R 'sif /f block[2] 0x7fffffff' img"));
  Opened opened = open_volume(dir / "img");
  REQUIRE(opened.tree);
  auto stream = opened.tree->open(opened.tree->find("/f")->ref);
  REQUIRE(stream);
  std::string out(2048, '?');
  CHECK((*stream)->read(0, std::as_writable_bytes(std::span(out))).value() == 2048);
  const auto failed = (*stream)->read(2048, std::as_writable_bytes(std::span(out)));
  REQUIRE_FALSE(failed);
  CHECK_FALSE(failed.error().what.empty());
  // The image ends in the middle of the file.
  const std::string whole = read_file(dir / "img");
  REQUIRE(dir.run("truncate -s 1M img; mke2fs -q -F -t ext2 -b 1024 -d tree img"));
  std::string cut = read_file(dir / "img");
  cut.resize(cut.find(pattern(5000, 1).substr(0, 64)) + 1024);
  dir.write("cut", cut);
  Opened truncated = open_volume(dir / "cut");
  REQUIRE(truncated.tree);
  stream = truncated.tree->open(truncated.tree->find("/f")->ref);
  REQUIRE(stream);
  CHECK((*stream)->read(0, std::as_writable_bytes(std::span(out).first(1024))).value() == 1024);
  CHECK_FALSE((*stream)->read(1024, std::as_writable_bytes(std::span(out))));
}

TEST_CASE("deleted files: content is there while its blocks are free") {
  if (!have_tools({"mke2fs", "debugfs"})) return;
  Scratch dir;
  dir.write("tree/gone", pattern(30'000, 9));
  REQUIRE(dir.run("truncate -s 2M img; mke2fs -q -F -t ext2 -d tree img && debugfs -w -R 'rm /gone' img"));
  Opened opened = open_volume(dir / "img");
  REQUIRE(opened.tree);
  Walked got = walk(*opened.tree);
  const FileRecord gone = got["/gone"];
  CHECK(gone.content_intact);
  auto stream = opened.tree->open(gone.ref);
  REQUIRE(stream);
  CHECK(read_all(**stream, 1 << 20).value() == pattern(30'000, 9));
  // One of its blocks is taken.
  REQUIRE(
      dir.run("B=$(debugfs -R 'stat <12>' img | grep -o '([0-9-]*):[0-9]*' | head -1 | cut -d: -f2); "
              "debugfs -w -R \"setb $B\" img"));
  opened = open_volume(dir / "img");
  CHECK_FALSE(walk(*opened.tree)["/gone"].content_intact);
}

TEST_CASE("ntfs: resident, large and named streams") {
  if (!have_tools({"mkntfs", "ntfscp"})) return;
  Scratch dir;
  dir.write("small", "resident");
  dir.write("large", pattern(1'000'000, 3));
  REQUIRE(
      dir.run("truncate -s 16M img && mkntfs -q -F -Q img && ntfscp img small small && ntfscp img large large && "
              "ntfscp -N side img large small"));
  Opened opened = open_volume(dir / "img");
  REQUIRE(opened.tree);
  CHECK(content_of(*opened.tree, "/small") == "resident");
  CHECK(content_of(*opened.tree, "/LARGE") == pattern(1'000'000, 3));
  CHECK(content_of(*opened.tree, "/small:side") == pattern(1'000'000, 3));
  FileRef wrong = opened.tree->find("/small")->ref;
  ++wrong.sequence;
  CHECK_FALSE(opened.tree->open(wrong));
  CHECK_FALSE(opened.tree->open({.inode = 5, .path = {}}));
  CHECK_FALSE(opened.tree->open({.inode = 1ull << 40, .path = {}}));
}

TEST_CASE("fat: contents, and a removed file") {
  if (!have_tools({"mkfs.fat", "mcopy", "mdel"})) return;
  Scratch dir;
  dir.write("f", pattern(100'000, 4));
  REQUIRE(
      dir.run("truncate -s 4M img && mkfs.fat img && mcopy -i img f ::F.BIN && mcopy -i img f ::G.BIN && "
              "mdel -i img ::F.BIN"));
  Opened opened = open_volume(dir / "img");
  REQUIRE(opened.tree);
  CHECK(content_of(*opened.tree, "/g.bin") == pattern(100'000, 4));
  const Walked got = walk(*opened.tree);
  for (const FileRecord& r : got.records)
    if (r.state == FileState::deleted) {
      auto stream = opened.tree->open(r.ref);
      REQUIRE(stream);
      CHECK(read_all(**stream, 1 << 20).value() == pattern(100'000, 4));
    }
}

TEST_CASE("contents of the shared images are what libtsk reads") {
  const std::string shared = shared_dir();
  if (shared.empty() || !have_tools({"xz", "gzip", "bzip2"})) {
    std::cout << "SKIPPED: the shared collection or an unpacker is not here\n";
    return;
  }
  Scratch dir;
  const std::pair<const char*, uint64_t> images[] = {
      {"images/hierarchy_32.ext4", 0},
      {"images/syslog_image.dd", 0},
      {"images/image.E01", 0},
      {"images/image.vmdk", 0},
      {"images/ntfs_img.dd", 63},
      {"images/imageformat_mmls_1.E01", 128},
      {"images/fat12.img", 0},
      {"images/exfat.img", 0},
      {"images/iso9660.raw", 0},
      {"images/util-linux/ntfs.img.xz", 0},
      {"images/forensics-samples-fs.multiple.xz", 227328},
      {"images/forensics-samples-fs.multiple.xz", 391168},
      {"images/e2fsprogs/f_rehash_dir.image.gz", 0},
      {"images/e2fsprogs/f_badorphan.image.gz", 0},
      {"images/e2fsprogs/f_verity.image.gz", 0},
      {"honeynet/images/honeypot.hda1.dd.bz2", 0},
      {"honeynet/images/honeypot.hda7.dd.bz2", 0},
  };
  size_t files = 0;
  for (const auto& [name, sector] : images) {
    CAPTURE(name);
    std::string path = shared + "/data/" + name;
    const char* unpacker = path.ends_with(".xz")    ? "xz -dc"
                           : path.ends_with(".gz")  ? "gzip -dc"
                           : path.ends_with(".bz2") ? "bzip2 -dc"
                                                    : nullptr;
    if (unpacker) {
      REQUIRE(dir.run(fmt::format("{} '{}' >img", unpacker, path)));
      path = dir / "img";
    }
    Opened opened = open_volume(path, sector * 512);
    REQUIRE(opened.tree);
    TskFilesystem fs(tsk_fs_open_img(opened.image.get(), static_cast<TSK_OFF_T>(sector * 512), TSK_FS_TYPE_DETECT));
    REQUIRE(fs);
    const Walked got = walk(*opened.tree);
    for (const FileRecord& r : got.records) {
      if ((r.type != FileType::regular && r.type != FileType::metadata) || r.ref.inode == 0 || r.reallocated) continue;
      const auto theirs = by_libtsk(fs.get(), r);
      auto stream = opened.tree->open(r.ref);
      if (!theirs || !stream) continue;
      // Inline data beyond 60 bytes lies in an attribute that libtsk does not look at.
      if (contains(r.flags, "inline-data")) continue;
      const auto ours = read_all(**stream, 8 << 20);
      if (!ours) continue;
      CHECK_MESSAGE(*ours == *theirs, r.path);
      ++files;
    }
  }
  std::cout << files << " contents agree\n";
  CHECK(files > 300);
}
