// SPDX-License-Identifier: Apache-2.0
// Walks over images made here, over damaged ones, and over the shared collection against its bodyfiles.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <set>
#include <sstream>

#include "base/text.hpp"
#include "evidence/evidence_support.hpp"
#include "support/run_parser.hpp"

using namespace necropsy;
using namespace necropsy::test;

namespace {

std::string iso(const std::optional<Timestamp>& t) { return t ? iso_nano(*t) : "-"; }

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

std::vector<std::string> paths(const Walked& walked) {
  std::vector<std::string> out;
  for (const FileRecord& r : walked.records)
    out.push_back(fmt::format("{} {}{}", r.path, to_text(r.state), r.reallocated ? "-realloc" : ""));
  return out;
}

bool ext_tools() { return have_tools({"mke2fs", "debugfs"}); }

}  // namespace

TEST_CASE("ext2/3/4: stomped times come out as stored, in inodes of 128 and of 256 bytes") {
  if (!ext_tools()) return;
  Scratch dir;
  dir.write("tree/etc/passwd", "root:x:0:0::/root:/bin/sh\n");
  for (const char* type : {"ext2", "ext3", "ext4"})
    for (int size : {128, 256}) {
      CAPTURE(type);
      CAPTURE(size);
      REQUIRE(
          dir.run(fmt::format("rm -f img; truncate -s 8M img; mke2fs -q -F -t {} -I {} -L mylabel -d tree img && "
                              "debugfs -w -R 'sif /etc/passwd mtime 19690720201740' img && "
                              "debugfs -w -R 'sif /etc/passwd mode 0104755' img && "
                              "debugfs -w -R 'sif /etc/passwd flags 0x30' img && "
                              "debugfs -w -R 'sif /etc/passwd uid 70000' img",
                              type, size)));
      if (size == 256)
        REQUIRE(
            dir.run("debugfs -w -R 'sif /etc/passwd crtime 23780101000000' img && "
                    "debugfs -w -R 'sif /etc/passwd atime_extra 0x1d6f3455' img"));
      Opened opened = open_volume(dir / "img");
      REQUIRE(opened.tree);
      CHECK(opened.tree->facts().type == type);
      CHECK(opened.tree->facts().label == "mylabel");
      CHECK(opened.tree->facts().created);
      CHECK(opened.tree->facts().state == "clean");
      const Walked got = walk(*opened.tree);
      CHECK(got.problems.empty());
      CHECK(got.records.front().path == "/");
      CHECK(got.records.front().ref.inode == 2);
      const FileRecord& r = got["/etc/passwd"];
      CHECK(iso(r.modified) == "1969-07-20T20:17:40.000000000Z");
      CHECK(r.mode == 04755u);
      CHECK(r.uid == 70000u);
      CHECK(r.type == FileType::regular);
      CHECK(r.size == 26);
      CHECK(r.content_intact);
      CHECK_FALSE(r.deleted);
      if (size == 256) {
        CHECK(iso(r.created) == "2378-01-01T00:00:00.000000000Z");
        CHECK(r.accessed->nanos() == 123456789);
        CHECK(r.accessed->seconds() > 5'000'000'000);
        CHECK(r.precision == TimePrecision::ns);
      } else {
        CHECK_FALSE(r.created);
        CHECK(r.precision == TimePrecision::s);
      }
      CHECK(contains(r.flags, "immutable append-only"));
    }
}

TEST_CASE("ext4: links, removed names, nameless inodes, and their times of deletion") {
  if (!ext_tools()) return;
  Scratch dir;
  dir.write("tree/a/one", "1");
  dir.write("tree/a/removed", std::string(5000, 'r'));
  dir.write("tree/a/zlast", "z");
  dir.write("tree/lost/inner/deep", "d");
  dir.write("tree/alone", "x");
  REQUIRE(dir.run("ln tree/a/one tree/a/two; ln -s ../a/one tree/short; ln -s " + std::string(200, 'l') +
                  " tree/long; mkfifo tree/pipe; truncate -s 8M img && mke2fs -q -F -t ext4 -d tree img && "
                  "debugfs -w -R 'rm /a/removed' img && debugfs -w -R 'unlink /alone' img && "
                  "debugfs -w -R 'unlink /lost' img"));
  Opened opened = open_volume(dir / "img");
  REQUIRE(opened.tree);
  const Walked got = walk(*opened.tree);
  CHECK(got["/a/one"].ref.inode == got["/a/two"].ref.inode);
  CHECK(got["/short"].type == FileType::symlink);
  CHECK(got["/short"].target == "../a/one");
  CHECK(got["/long"].target == std::string(200, 'l'));
  CHECK(got["/pipe"].type == FileType::fifo);
  const FileRecord& removed = got["/a/removed"];
  CHECK(removed.state == FileState::deleted);
  CHECK_FALSE(removed.reallocated);
  CHECK(removed.content_intact);
  REQUIRE(removed.deleted);
  CHECK(removed.deleted->seconds() > 1'700'000'000);
  // Names taken out while the inode lives: in use without a name.
  const auto list = paths(got);
  size_t orphans = 0, inner = 0;
  for (const FileRecord& r : got.records) {
    if (r.state != FileState::orphan) continue;
    ++orphans;
    CHECK(r.path.starts_with("/$OrphanFiles/inode-"));
    CHECK_FALSE(r.deleted);
    inner += r.path.ends_with("/inner/deep");
  }
  CHECK(orphans == 4);  // alone, lost, lost/inner, lost/inner/deep
  CHECK(inner == 1);
  // The same on every run.
  CHECK(paths(walk(*open_volume(dir / "img").tree)) == list);
  // A visitor that has enough.
  CHECK(walk(*opened.tree, 3).records.size() == 3);

  CHECK(opened.tree->find("/a/../short")->path == "/a/one");
  CHECK(opened.tree->find("short")->ref.inode == got["/a/one"].ref.inode);
  CHECK_FALSE(opened.tree->find("/long"));
  CHECK_FALSE(opened.tree->find("/a/removed"));
  CHECK_FALSE(opened.tree->find("/A/one"));
  CHECK(opened.tree->find("/")->ref.inode == 2);
  const auto names = opened.tree->list("/a");
  REQUIRE(names.size() == 3);
  CHECK(names[0].path == "/a/one");
  CHECK(names[2].path == "/a/zlast");
  CHECK(opened.tree->list("/a/one").empty());
}

TEST_CASE("ext4: an open deleted file on the list of orphans has no time of deletion") {
  if (!ext_tools()) return;
  Scratch dir;
  dir.write("tree/open", "still here");
  REQUIRE(
      dir.run("truncate -s 8M img && mke2fs -q -F -t ext4 -d tree img && "
              "debugfs -w -R 'unlink /open' img && debugfs -w -R 'sif <12> links_count 0' img && "
              "debugfs -w -R 'sif <12> dtime 0' img && debugfs -w -R 'ssv last_orphan 12' img"));
  Opened opened = open_volume(dir / "img");
  REQUIRE(opened.tree);
  const Walked got = walk(*opened.tree);
  // Its name is known: it was removed from the folder, and the inode serves nobody else.
  const FileRecord& r = got["/open"];
  CHECK(r.state == FileState::deleted);
  CHECK_FALSE(r.reallocated);
  CHECK(r.content_intact);
  CHECK_FALSE(r.deleted);
}

TEST_CASE("ext: reused inode and reused block") {
  if (!ext_tools()) return;
  Scratch dir;
  dir.write("tree/aa", std::string(3000, 'a'));
  dir.write("tree/zz", "z");
  dir.write("new", std::string(2000, 'n'));
  REQUIRE(
      dir.run("truncate -s 8M img && mke2fs -q -F -t ext2 -d tree img && debugfs -w -R 'rm /aa' img && "
              "mkdir x; debugfs -w -R 'mkdir /sub' img && debugfs -w -R 'cd /sub' img; "
              "printf 'cd /sub\\nwrite new new\\n' | debugfs -w img"));
  Opened opened = open_volume(dir / "img");
  REQUIRE(opened.tree);
  const Walked got = walk(*opened.tree);
  CHECK(got["/sub/new"].state == FileState::allocated);
  const FileRecord& gone = got["/aa"];
  if (gone.path.empty()) return;  // the new folder took the very place of the name
  CHECK(gone.state == FileState::deleted);
  CHECK_FALSE(gone.content_intact);
}

TEST_CASE("ext4: odd geometries: 64bit, meta_bg, bigalloc, inline data, blocks of 64 KiB, many groups") {
  if (!ext_tools()) return;
  Scratch dir;
  for (int i = 0; i < 40; ++i) dir.write(fmt::format("tree/dir{}/file{}", i, i), fmt::format("content {}", i));
  for (const char* options : {"-O 64bit,^resize_inode,meta_bg", "-O 64bit,bigalloc -C 16384", "-O inline_data",
                              "-b 1024 -g 1024", "-O ^flex_bg,^64bit", "-O sparse_super2", "-b 65536 -I 512",
                              "-O ^metadata_csum,uninit_bg", "-I 1024 -b 4096", "-O ^filetype"}) {
    CAPTURE(options);
    if (!dir.run(fmt::format("rm -f img; truncate -s 64M img; mke2fs -q -F -t ext4 {} -d tree img", options))) {
      std::cout << "SKIPPED: this mke2fs does not make " << options << '\n';
      continue;
    }
    Opened opened = open_volume(dir / "img");
    REQUIRE(opened.tree);
    const Walked got = walk(*opened.tree);
    for (const Problem& p : got.problems) MESSAGE(p.code << ": " << p.what << " " << p.file_path);
    CHECK(got.problems.empty());
    CHECK(got.records.size() == 2 + 80);
    const FileRecord& r = got["/dir39/file39"];
    REQUIRE(r.ref.inode != 0);
    auto stream = opened.tree->open(r.ref);
    REQUIRE(stream);
    CHECK(read_all(**stream, 100).value() == "content 39");
  }
}

TEST_CASE("ext4: large folders, with and without an index, list every name once") {
  if (!ext_tools()) return;
  Scratch dir;
  std::filesystem::create_directories(dir / "tree/big");
  for (int i = 0; i < 5000; ++i) std::ofstream(dir / fmt::format("tree/big/some-longer-name-{:05}", i));
  REQUIRE(
      dir.run("truncate -s 32M img && mke2fs -q -F -t ext4 -N 6000 -d tree img; e2fsck -fyD img; "
              "debugfs -R 'stat /big' img | grep -q Type"));
  Opened opened = open_volume(dir / "img");
  REQUIRE(opened.tree);
  const Walked got = walk(*opened.tree);
  std::set<std::string> live;
  size_t in_use = 0;
  for (const FileRecord& r : got.records)
    if (r.path.starts_with("/big/") && r.state == FileState::allocated) ++in_use, live.insert(r.path);
  CHECK(in_use == 5000);
  CHECK(live.size() == 5000);
}

TEST_CASE("ext: a damaged superblock is replaced by its backup") {
  if (!ext_tools()) return;
  Scratch dir;
  dir.write("tree/f", "f");
  REQUIRE(
      dir.run("truncate -s 16M img && mke2fs -q -F -t ext4 -b 1024 -d tree img && "
              "dd if=/dev/zero of=img bs=1024 seek=1 count=1 conv=notrunc"));
  Opened opened = open_volume(dir / "img");
  REQUIRE(opened.tree);
  const Walked got = walk(*opened.tree);
  CHECK(got["/f"].type == FileType::regular);
  CHECK(got.has_problem("damaged"));
}

TEST_CASE("ext: bytes changed at random never stop the walk, and what is unreadable is said") {
  if (!ext_tools()) return;
  Scratch dir;
  for (int i = 0; i < 60; ++i) dir.write(fmt::format("tree/d{}/f{}", i % 7, i), std::string(i * 40, 'x'));
  REQUIRE(dir.run("truncate -s 1M img && mke2fs -q -F -t ext4 -b 1024 -O ^has_journal -d tree img"));
  const std::string good = read_file(dir / "img");
  std::mt19937 random(11);
  // Where metadata lies: changes elsewhere would test nothing.
  for (int round = 0; round < 150; ++round) {
    std::string bad = good;
    for (int n = 0; n < 200; ++n) bad[random() % 120'000] = static_cast<char>(random());
    if (round % 2 == 0) bad.replace(1024, 1024, good, 1024, 1024);
    if (round % 5 == 0) bad.resize(random() % bad.size());
    dir.write("bad", bad);
    Opened opened = open_volume(dir / "bad");
    if (!opened.tree) continue;
    const Walked got = walk(*opened.tree, 200'000);
    CHECK(got.records.size() < 200'000);
    for (const FileRecord& r : got.records) {
      CHECK(r.path.starts_with('/'));
      if (r.type != FileType::regular || r.ref.inode == 0) continue;
      auto stream = opened.tree->open(r.ref);
      std::array<std::byte, 512> head;
      if (stream) (void)(*stream)->read((*stream)->size() / 2, head);
    }
    (void)opened.tree->find("/d1/f1");
  }
}

TEST_CASE("ext: folders that contain each other are walked once") {
  if (!ext_tools()) return;
  Scratch dir;
  dir.write("tree/a/b/c/file", "x");
  REQUIRE(dir.run("truncate -s 2M img && mke2fs -q -F -t ext2 -d tree img && debugfs -w -R 'ln /a /a/b/c/loop' img"));
  Opened opened = open_volume(dir / "img");
  REQUIRE(opened.tree);
  const Walked got = walk(*opened.tree, 1000);
  CHECK(got.records.size() < 20);
  CHECK(got["/a/b/c/loop"].type == FileType::directory);
  CHECK(got.has_problem("damaged-directory"));
  CHECK_FALSE(opened.tree->find("/a/b/c/loop/b/c/loop/b/nothing"));
}

TEST_CASE("ntfs: names, streams, owner and times of $FILE_NAME of a volume made here") {
  if (!have_tools({"mkntfs", "ntfscp", "ntfscat"})) return;
  Scratch dir;
  dir.write("one.txt", "first");
  dir.write("big.bin", std::string(300'000, 'B'));
  REQUIRE(
      dir.run("truncate -s 16M img && mkntfs -q -F -Q -L volume img && ntfscp img one.txt one.txt && "
              "ntfscp img big.bin 'Big File.bin' && ntfscp -N hidden img one.txt one.txt"));
  Opened opened = open_volume(dir / "img");
  REQUIRE(opened.tree);
  const FilesystemFacts& facts = opened.tree->facts();
  CHECK(facts.type == "ntfs");
  CHECK(facts.label == "volume");
  CHECK(facts.uuid.size() == 16);
  CHECK(facts.created);
  const Walked got = walk(*opened.tree);
  CHECK(got.problems.empty());
  CHECK(got.records.front().path == "/");
  CHECK(got["/$MFT"].type == FileType::metadata);
  CHECK(got["/$Secure:$SDS"].path == "/$Secure:$SDS");
  const FileRecord& one = got["/one.txt"];
  CHECK(one.type == FileType::regular);
  CHECK(one.size == 5);
  CHECK(one.created);
  CHECK(one.fn_created);
  CHECK(one.ref.sequence != 0);
  CHECK(one.state == FileState::allocated);
  const FileRecord& stream = got["/one.txt:hidden"];
  CHECK(stream.size == 5);
  CHECK(stream.ref.attribute_id >= 0);
  CHECK_FALSE(stream.fn_created);
  CHECK(opened.tree->find("/BIG FILE.BIN")->ref.inode == got["/Big File.bin"].ref.inode);
  CHECK(opened.tree->find("/one.txt:HIDDEN")->ref.attribute_id == stream.ref.attribute_id);
  CHECK_FALSE(opened.tree->find("/none"));
  const auto names = opened.tree->list("/");
  CHECK(std::any_of(names.begin(), names.end(), [](const FileRecord& r) { return r.path == "/one.txt"; }));
}

TEST_CASE("ntfs: times of 1955 and 2500 in both attributes, a deleted file, a lost one") {
  if (!have_tools({"mkntfs", "ntfscp"})) return;
  Scratch dir;
  dir.write("f", std::string(20'000, 'q'));
  REQUIRE(
      dir.run("truncate -s 8M img && mkntfs -q -F -Q img && ntfscp img f stomped && ntfscp img f removed && "
              "ntfscp img f lost"));
  std::string bytes = read_file(dir / "img");
  // The records by their names in UTF-16; then $SI (type 0x10) and $FN (0x30) in each.
  const auto record_of = [&](std::string_view name) {
    std::string wide;
    for (char c : name) (wide += c) += '\0';
    for (size_t at = bytes.find("FILE"); at != std::string::npos; at = bytes.find("FILE", at + 4))
      if (at % 1024 == 0 && bytes.substr(at, 1024).find(wide) != std::string::npos) return at;
    return std::string::npos;
  };
  const auto content_of = [&](size_t record, uint32_t type) {
    const auto u = [&](size_t at, int n) {
      uint32_t v = 0;
      for (int i = n; i-- > 0;) v = v << 8 | static_cast<uint8_t>(bytes[at + static_cast<size_t>(i)]);
      return v;
    };
    size_t at = record + u(record + 20, 2);
    while (u(at, 4) != type) at += u(at + 4, 4);
    return at + u(at + 20, 2);
  };
  const auto put = [&](size_t at, uint64_t v) {
    for (size_t i = 0; i < 8; ++i) bytes[at + i] = static_cast<char>(v >> (8 * i));
  };
  const auto filetime = [](int64_t year, unsigned month, unsigned day) {
    return static_cast<uint64_t>(days_from_civil(year, month, day) - days_from_civil(1601, 1, 1)) * 864'000'000'000ull;
  };
  const uint64_t y1955 = filetime(1955, 11, 5) + 1, y2500 = filetime(2500, 1, 1);
  const size_t stomped = record_of("stomped"), removed = record_of("removed"), lost = record_of("lost");
  REQUIRE(stomped != std::string::npos);
  REQUIRE(removed != std::string::npos);
  REQUIRE(lost != std::string::npos);
  put(content_of(stomped, 0x10) + 8, y1955);
  put(content_of(stomped, 0x30) + 8, y2500);
  put(content_of(stomped, 0x10) + 24, 0);
  bytes[removed + 22] = 0;                                           // not in use
  bytes[removed + 16] = static_cast<char>(bytes[removed + 16] + 1);  // the sequence moves on when a record is freed
  bytes[lost + 22] = 0;
  put(content_of(lost, 0x30), 64 | 77ull << 48);  // its folder is gone
  dir.write("img", bytes);
  Opened opened = open_volume(dir / "img");
  REQUIRE(opened.tree);
  const Walked got = walk(*opened.tree);
  const FileRecord& s = got["/stomped"];
  CHECK(iso(s.modified) == "1955-11-05T00:00:00.000000100Z");
  CHECK(iso(s.fn_created) == "2500-01-01T00:00:00.000000000Z");
  CHECK_FALSE(s.accessed);
  const FileRecord& r = got["/removed"];
  CHECK(r.state == FileState::deleted);
  CHECK_FALSE(r.content_intact);  // its clusters are in use by the bitmap still
  const FileRecord& l = got["/$OrphanFiles/inode-64-77/lost"];
  CHECK(l.state == FileState::orphan);
  CHECK(l.modified);
}

TEST_CASE("ntfs: a name that only the unused part of an index still has") {
  if (!have_tools({"mkntfs", "ntfscp"})) return;
  Scratch dir;
  dir.write("f", "x");
  REQUIRE(
      dir.run("truncate -s 8M img && mkntfs -q -F -Q img && for i in 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 "
              "25 26 27 28 29; do ntfscp img f file-$i; done"));
  std::string bytes = read_file(dir / "img");
  const auto u = [&](size_t at, int n) {
    uint64_t v = 0;
    for (int i = n; i-- > 0;) v = v << 8 | static_cast<uint8_t>(bytes[at + static_cast<size_t>(i)]);
    return v;
  };
  // The node with the files: cut it behind file-25, as a removal of the rest would.
  const std::string wide("f\0i\0l\0e\0-\0002\0006\0", 14);
  size_t node = bytes.find("INDX"), entry = 0;
  for (; node != std::string::npos; node = bytes.find("INDX", node + 4096)) {
    for (size_t at = node + 24 + u(node + 24, 4); at < node + 24 + u(node + 28, 4) && u(at + 8, 2) >= 16;
         at += u(at + 8, 2))
      if (bytes.compare(at + 16 + 66, wide.size(), wide) == 0) entry = at;
    if (entry != 0) break;
  }
  REQUIRE(entry != 0);
  const size_t next = entry + u(entry + 8, 2);
  const uint64_t record = u(next, 6);
  bytes.replace(entry, 16, std::string("\0\0\0\0\0\0\0\0\x10\0\0\0\2\0\0\0", 16));
  const uint64_t end = entry + 16 - node - 24;
  for (size_t i = 0; i < 4; ++i) bytes[node + 28 + i] = static_cast<char>(end >> (8 * i));
  // file-27's record is wiped, the others still have theirs.
  for (size_t at = bytes.find("FILE0"); at != std::string::npos; at = bytes.find("FILE0", at + 4))
    if (at % 1024 == 0 && u(at + 44, 4) == record && record > 16) bytes.replace(at, 1024, std::string(1024, '\0'));
  dir.write("img", bytes);
  Opened opened = open_volume(dir / "img");
  REQUIRE(opened.tree);
  const Walked got = walk(*opened.tree);
  const FileRecord& r = got["/file-27"];
  CHECK(r.state == FileState::deleted);
  CHECK(r.from_index);
  CHECK(r.created);
  CHECK(r.ref.inode == record);
  CHECK_FALSE(r.content_intact);
  CHECK_FALSE(opened.tree->open(r.ref));
  CHECK(std::count_if(got.records.begin(), got.records.end(), [](const FileRecord& f) { return f.from_index; }) == 1);
  CHECK(got["/file-28"].state == FileState::allocated);
}

TEST_CASE("ntfs: the boot sector's copy is used where nothing else is there, and not under another filesystem") {
  if (!have_tools({"mkntfs", "ntfscp", "mkfs.fat", "mke2fs"})) return;
  Scratch dir;
  dir.write("f", "x");
  REQUIRE(dir.run("truncate -s 64M img && mkntfs -q -F -Q img && ntfscp img f name"));
  std::string bytes = read_file(dir / "img");
  std::fill_n(bytes.begin(), 512, '\0');
  dir.write("cleared", bytes);
  Opened opened = open_volume(dir / "cleared");
  REQUIRE(opened.tree);
  const Walked got = walk(*opened.tree);
  CHECK(got["/name"].type == FileType::regular);
  CHECK(got.has_problem("damaged"));
  REQUIRE(dir.run("cp img fat; mkfs.fat -F 32 fat; cp img ext; mke2fs -q -F -t ext4 ext"));
  CHECK(open_volume(dir / "fat").tree->facts().type == "fat32");
  CHECK(open_volume(dir / "ext").tree->facts().type == "ext4");
  // And a volume of ext that became one of NTFS or FAT.
  REQUIRE(dir.run(
      "truncate -s 0 img && truncate -s 64M img && mke2fs -q -F -t ext4 img && cp img fat && mkfs.fat -F 32 fat && "
      "mkntfs -q -F -Q img"));
  CHECK(open_volume(dir / "fat").tree->facts().type == "fat32");
  CHECK(open_volume(dir / "img").tree->facts().type == "ntfs");
}

TEST_CASE("ntfs: bytes changed at random never stop the walk") {
  if (!have_tools({"mkntfs", "ntfscp"})) return;
  Scratch dir;
  dir.write("f", std::string(20'000, 'q'));
  REQUIRE(dir.run("truncate -s 2M img && mkntfs -q -F -Q -c 1024 img && ntfscp img f one && ntfscp -N ads img f one"));
  const std::string good = read_file(dir / "img");
  const size_t mft = good.find("FILE0");
  REQUIRE(mft != std::string::npos);
  std::mt19937 random(5);
  for (int round = 0; round < 150; ++round) {
    std::string bad = good;
    for (int n = 0; n < 150; ++n) bad[mft + random() % (72 * 1024)] = static_cast<char>(random());
    for (int n = 0; n < 4; ++n) bad[40 + random() % 40] = static_cast<char>(random());
    if (round % 2 == 0) bad.replace(0, 512, good, 0, 512);
    dir.write("bad", bad);
    Opened opened = open_volume(dir / "bad");
    if (!opened.tree) continue;
    const Walked got = walk(*opened.tree, 100'000);
    CHECK(got.records.size() < 100'000);
    for (const FileRecord& r : got.records) {
      auto stream = r.type == FileType::directory ? tl::unexpected(Error{}) : opened.tree->open(r.ref);
      std::array<std::byte, 512> head;
      if (stream) (void)(*stream)->read((*stream)->size() / 2, head);
    }
    (void)opened.tree->find("/one");
  }
}

TEST_CASE("fat12/16/32: local times with their precision, long names, removed files") {
  if (!have_tools({"mkfs.fat", "mcopy", "mdel", "mmd"})) return;
  Scratch dir;
  dir.write("hello.txt", "hello");
  dir.write("gone.txt", std::string(3000, 'g'));
  for (const auto& [bits, size] : {std::pair{12, "2M"}, {16, "20M"}, {32, "64M"}}) {
    CAPTURE(bits);
    REQUIRE(dir.run(
        fmt::format("rm -f img; truncate -s {} img; mkfs.fat -F {} -n MYFAT -i 1234ABCD img && TZ=UTC touch -d "
                    "'2009-10-05 14:03:22' "
                    "hello.txt && TZ=UTC mcopy -m -i img hello.txt '::A long file name.txt' && mmd -i img ::SUB && "
                    "mcopy -i img gone.txt ::SUB/GONE.TXT && mdel -i img ::SUB/GONE.TXT",
                    size, bits)));
    Opened opened = open_volume(dir / "img");
    REQUIRE(opened.tree);
    CHECK(opened.tree->facts().type == fmt::format("fat{}", bits));
    CHECK(opened.tree->facts().uuid == "1234-ABCD");
    CHECK(opened.tree->facts().label == "MYFAT");
    const Walked got = walk(*opened.tree);
    CHECK(got.problems.empty());
    const FileRecord& r = got["/A long file name.txt"];
    CHECK(r.local_time);
    CHECK(r.precision == TimePrecision::two_s);
    CHECK(r.accessed_precision == TimePrecision::day);
    CHECK(iso(r.modified) == "2009-10-05T14:03:22.000000000Z");
    CHECK(r.size == 5);
    CHECK(contains(r.flags, "archive"));
    bool removed = false;
    for (const FileRecord& f : got.records)
      if (f.path.ends_with("ONE.TXT")) {
        removed = true;
        CHECK(f.state == FileState::deleted);
        CHECK(f.content_intact);
        CHECK(f.size == 3000);
      }
    CHECK(removed);
    for (const FileRecord& f : got.records) CHECK_FALSE(f.path.ends_with("$MBR"));
    CHECK(opened.tree->find("/a LONG file name.TXT")->ref.inode == r.ref.inode);
    CHECK(opened.tree->list("/").size() >= 2);
  }
}

namespace {

// One line of a bodyfile of `fls -r -m /`.
struct BodyLine {
  std::string name, inode, mode;
  bool deleted = false, reallocated = false, file_name = false;
  int64_t times[4] = {};  // a m c b
};

std::vector<BodyLine> read_body(const std::string& path) {
  std::vector<BodyLine> out;
  std::string text;
  if (path.ends_with(".gz")) {
    if (FILE* pipe = popen(("zcat '" + path + "'").c_str(), "r")) {
      char buffer[65536];
      for (size_t n; (n = fread(buffer, 1, sizeof buffer, pipe)) > 0;) text.append(buffer, n);
      pclose(pipe);
    }
  } else {
    text = read_file(path);
  }
  const auto cut = [](std::string& name, std::string_view end) {
    if (!name.ends_with(end)) return false;
    name.resize(name.size() - end.size());
    return true;
  };
  for (std::string_view line : split(text, '\n')) {
    const auto fields = split(line, '|');
    if (fields.size() < 11) continue;
    BodyLine b;
    b.name = std::string(fields[1]);
    b.mode = std::string(fields[3]);
    b.deleted = cut(b.name, " (deleted)");
    b.reallocated = cut(b.name, " (deleted-realloc)");
    b.file_name = cut(b.name, " ($FILE_NAME)");
    if (b.mode.starts_with('l')) b.name.resize(std::min(b.name.size(), b.name.find(" -> ")));
    b.inode = std::string(fields[2].substr(0, fields[2].find('-')));
    for (size_t i = 0; i < 4; ++i) b.times[i] = to_number<int64_t>(fields[7 + i]).value_or(0);
    out.push_back(std::move(b));
  }
  return out;
}

// fls shows control characters as ^.
std::string shown(std::string name) {
  for (char& c : name)
    if (static_cast<unsigned char>(c) < 32) c = '^';
  return name;
}

struct Comparison {
  size_t same = 0, different = 0, missing = 0;
  std::set<int64_t> shifts;  // distances from UTC that exFAT and ISO 9660 keep and libtsk drops
  std::vector<std::string> said;
};

Comparison compare(const Walked& walked, const std::vector<BodyLine>& body, bool shifted) {
  std::multimap<std::string, const FileRecord*> ours;
  for (const FileRecord& r : walked.records) {
    ours.emplace(fmt::format("{}|{}", shown(r.path), r.ref.inode), &r);
    if (r.state == FileState::orphan) ours.emplace(fmt::format("|{}", r.ref.inode), &r);
  }
  Comparison out;
  for (const BodyLine& b : body) {
    // What libtsk makes up: the FATs and the boot sector as files, the folder of orphans; `.` as a holder of streams.
    if (b.mode.find('v') != std::string::npos || b.mode.find('V') != std::string::npos ||
        b.name.find("/.:") != std::string::npos)
      continue;
    const bool orphan = b.name.starts_with("/$OrphanFiles/");
    auto [first, last] = ours.equal_range(fmt::format("{}|{}", b.name, b.inode));
    if (first == last && orphan) std::tie(first, last) = ours.equal_range("|" + b.inode);
    // A label entry that was taken back is no nameless file.
    if (first == last && b.name.ends_with("$EMPTY_VOLUME_LABEL")) continue;
    if (first == last) {
      ++out.missing;
      out.said.push_back("missing: " + b.name);
      continue;
    }
    bool agrees = false;
    for (auto at = first; at != last && !agrees; ++at) {
      const FileRecord& r = *at->second;
      if (b.deleted || b.reallocated || orphan ? r.state == FileState::allocated : r.state == FileState::deleted)
        continue;
      // The inode serves another file: libtsk prints that one's times.
      if (r.reallocated || b.reallocated) {
        agrees = true;
        break;
      }
      const std::optional<Timestamp> have[4] = {
          b.file_name ? r.fn_accessed : r.accessed, b.file_name ? r.fn_modified : r.modified,
          b.file_name ? r.fn_changed : r.changed, b.file_name ? r.fn_created : r.created};
      agrees = true;
      for (size_t i = 0; i < 4; ++i) {
        const int64_t want = b.times[i];
        // 0: none, or 1970. 3373865674: what libtsk makes of a FILETIME that is zero.
        if (want == 0 || (!have[i] && want == 3373865674)) continue;
        if (!have[i]) {
          agrees = false;
          continue;
        }
        const int64_t shift = have[i]->seconds() - want;
        if (shifted && shift % 900 == 0 && std::abs(shift) <= 14 * 3600)
          out.shifts.insert(shift);
        else if (shift != 0)
          agrees = false;
      }
    }
    if (agrees) {
      ++out.same;
    } else {
      ++out.different;
      out.said.push_back("differs: " + b.name);
    }
  }
  return out;
}

}  // namespace

TEST_CASE("every image of the shared collection agrees with what fls says of it, name by name") {
  const std::string shared = shared_dir();
  if (shared.empty() || !have_tools({"xz", "gzip", "bzip2", "zcat", "qemu-img"})) {
    std::cout << "SKIPPED: the shared collection or an unpacker is not here\n";
    return;
  }
  Scratch dir;
  size_t images = 0, names = 0;
  std::vector<std::string> bodies;
  for (const auto& found : std::filesystem::directory_iterator(shared + "/data/expected/images")) {
    const std::string name = found.path().filename().string();
    if (name.ends_with(".body") || name.ends_with(".body.gz")) bodies.push_back(name);
  }
  std::sort(bodies.begin(), bodies.end());
  for (const std::string& body : bodies) {
    CAPTURE(body);
    std::string image = body.substr(0, body.rfind(".body"));
    uint64_t sector = 0;
    if (const size_t at = image.rfind(".o"); at != std::string::npos)
      if (const auto number = to_number<uint64_t>(std::string_view(image).substr(at + 2))) {
        sector = *number;
        image.resize(at);
      }
    for (size_t at; (at = image.find("__")) != std::string::npos;) image.replace(at, 2, "/");
    const bool converted = image.ends_with(".as-raw");
    if (converted) image.resize(image.size() - 7);
    std::string path = shared + "/data/" + image;
    if (converted)
      REQUIRE(dir.run("qemu-img convert -O raw '" + path + "' img"));
    else if (path.ends_with(".xz"))
      REQUIRE(dir.run("xz -dc '" + path + "' >img"));
    else if (path.ends_with(".gz"))
      REQUIRE(dir.run("gzip -dc '" + path + "' >img"));
    else if (path.ends_with(".bz2"))
      REQUIRE(dir.run("bzip2 -dc '" + path + "' | dd of=img bs=64k conv=sparse"));
    if (converted || path.ends_with(".xz") || path.ends_with(".gz") || path.ends_with(".bz2")) path = dir / "img";
    Opened opened = open_volume(path, sector * 512);
    REQUIRE_MESSAGE(opened.tree, opened.error);
    const std::string& type = opened.tree->facts().type;
    const Walked got = walk(*opened.tree);
    const auto result =
        compare(got, read_body(shared + "/data/expected/images/" + body), type == "exfat" || type == "iso9660");
    for (const std::string& said : result.said) MESSAGE(said);
    CHECK(result.missing == 0);
    CHECK(result.different == 0);
    CHECK(result.shifts.size() <= 1);
    REQUIRE_FALSE(got.records.empty());
    CHECK(got.records.front().path == "/");
    ++images;
    names += result.same;
    std::filesystem::remove(dir / "img");
  }
  std::cout << images << " volumes, " << names << " lines agree\n";
  CHECK(images > 40);
}
