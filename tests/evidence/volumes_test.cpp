// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <map>

#include "base/text.hpp"
#include "evidence/evidence_files.hpp"

using namespace necropsy;
using namespace necropsy::testing;
using std::string_view_literals::operator""sv;

namespace {

constexpr size_t kMiB = 1 << 20;

// A disk of zeros with a partition table by sfdisk.
std::string make_table(const Folder& folder, size_t size, const std::string& script, const std::string& more = "") {
  const std::string path = write_file(folder.path("disk.dd"), std::string(size, '\0'));
  write_file(folder.path("script"), script);
  REQUIRE(run("sfdisk -q " + more + " " + path + " < " + folder.path("script")));
  return path;
}

// Puts a filesystem made by `command` at `offset` of the image.
void put_volume(const Folder& folder, const std::string& image, size_t offset, size_t size,
                const std::string& command) {
  const std::string part = write_file(folder.path("part"), std::string(size, '\0'));
  REQUIRE(run(command + " " + part));
  std::string bytes = read_file(image);
  put(bytes, offset, read_file(part));
  write_file(image, bytes);
}

std::string summary(const Opened& opened) {
  std::string text;
  for (const VolumeInfo& v : opened.volumes)
    text += v.name + " " + std::to_string(v.offset.value_or(0) / 512) + "+" + std::to_string(v.length / 512) + " " +
            v.state + (v.content.empty() ? "" : " " + v.content) + "\n";
  return text;
}

bool tree_opens(Opened& opened, std::string_view name) {
  const VolumeInfo* volume = opened.volume(name);
  if (!volume) return false;
  auto tree = opened.image->open_tree(*volume, [](Problem) {});
  return tree && (*tree)->find("/");
}

}  // namespace

TEST_CASE("MBR: primary, logical, swap, LVM and gaps; swap and empty ones are no problem") {
  NEEDS("sfdisk") NEEDS("mke2fs") NEEDS("mkswap") Folder folder;
  const std::string path = make_table(folder, 40 * kMiB,
                                      "label: dos\n"
                                      "start=2048, size=16384, type=83\n"
                                      "start=20480, size=8192, type=82\n"
                                      "start=32768, size=45056, type=5\n"
                                      "start=34816, size=16384, type=83\n"
                                      "start=53248, size=8192, type=8e\n"
                                      "start=65536, size=4096, type=83\n");
  put_volume(folder, path, 2048 * 512, 8 * kMiB, "mke2fs -q -F -t ext3");
  put_volume(folder, path, 20480 * 512, 4 * kMiB, "mkswap");
  put_volume(folder, path, 34816 * 512, 8 * kMiB, "mke2fs -q -F -t ext4");
  std::string bytes = read_file(path);
  put(bytes, 53248 * 512 + 512, "LABELONE\1\0\0\0\0\0\0\0\0\0\0\0\x20\0\0\0LVM2 001"sv);
  write_file(path, bytes);

  Opened opened = open_all(path);
  CHECK(summary(opened) ==
        "u1 0+2048 unallocated\n"
        "p1 2048+16384 filesystem ext3\n"
        "u2 18432+2048 unallocated\n"
        "p2 20480+8192 swap swap\n"
        "u3 28672+6144 unallocated\n"
        "p5 34816+16384 filesystem ext4\n"
        "u4 51200+2048 unallocated\n"
        "p6 53248+8192 unsupported LVM2\n"
        "u5 61440+4096 unallocated\n"
        "p7 65536+4096 empty\n"
        "u6 69632+12288 unallocated\n");
  CHECK(opened.problems.size() == 1);
  CHECK(opened.count("unsupported") == 1);
  CHECK(opened.volume("p1")->type == "MBR 0x83 Linux");
  CHECK(tree_opens(opened, "p1"));
  CHECK(tree_opens(opened, "p5"));
  CHECK_FALSE(tree_opens(opened, "p2"));
  CHECK_FALSE(tree_opens(opened, "p6"));

  // --offset reads the one volume that starts there.
  Opened one = open_all(path, OpenOptions{.offset = 34816 * 512});
  REQUIRE(one.volumes.size() == 1);
  CHECK(one.volumes[0].name == "whole");
  CHECK(one.volumes[0].offset == 34816u * 512);
  CHECK(one.volumes[0].content == "ext4");
  CHECK(tree_opens(one, "whole"));
  Opened beyond = open_all(path, OpenOptions{.offset = 1ull << 40});
  REQUIRE(beyond.volumes.size() == 1);
  CHECK(beyond.volumes[0].state == "missing");
  CHECK(beyond.count("truncated") == 1);
}

TEST_CASE("GPT: names, types, numbers with a hole, reserved partitions, and the backup when the first is gone") {
  NEEDS("sfdisk") NEEDS("mke2fs") Folder folder;
  const std::string path =
      make_table(folder, 40 * kMiB,
                 "label: gpt\n"
                 "1: start=2048, size=2048, type=21686148-6449-6E6F-744E-656564454649, name=\"grub\"\n"
                 "3: start=4096, size=16384, type=0FC63DAF-8483-4772-8E79-3D69D8477DE4, name=\"r\xc3\xb6\xc3\xb6t\"\n"
                 "4: start=20480, size=8192, type=E6D6D379-F507-44C2-A23C-238F2A3DF928\n"
                 "7: start=28672, size=8192, type=01234567-89AB-CDEF-0123-456789ABCDEF\n");
  put_volume(folder, path, 4096 * 512, 8 * kMiB, "mke2fs -q -F -t ext4");
  std::string bytes = read_file(path);
  put(bytes, 2048 * 512, noise(300'000));  // GRUB's core image
  put(bytes, 20480 * 512, "LUKS\xba\xbe\0\2"sv);
  write_file(path, bytes);
  const std::string expected =
      "u1 0+2048 unallocated\n"
      "p1 2048+2048 reserved\n"
      "p3 4096+16384 filesystem ext4\n"
      "p4 20480+8192 encrypted LUKS2\n"
      "p7 28672+8192 empty\n"
      "u2 36864+45056 unallocated\n";
  Opened opened = open_all(path);
  CHECK(summary(opened) == expected);
  CHECK(opened.volume("p3")->label == "r\xc3\xb6\xc3\xb6t");
  CHECK(opened.volume("p3")->type == "GPT Linux filesystem");
  CHECK(opened.volume("p1")->type == "GPT BIOS boot");
  CHECK(opened.volume("p7")->type == "GPT 01234567-89ab-cdef-0123-456789abcdef");
  CHECK(opened.problems.size() == 1);
  CHECK(opened.count("encrypted") == 1);
  CHECK(tree_opens(opened, "p3"));

  SUBCASE("the header at the beginning is wiped") {
    put(bytes, 512, std::string(512, '\0'));
    Opened backup = open_all(write_file(path, bytes));
    CHECK(summary(backup) == expected);
    CHECK(backup.count("bad-partition-table") == 1);
  }
  SUBCASE("an entry was changed: the checksum speaks against it") {
    put_le(bytes, 1024 + 2 * 128 + 32, 99'999, 8);
    Opened backup = open_all(write_file(path, bytes));
    CHECK(summary(backup) == expected);
    CHECK(backup.count("bad-partition-table") == 1);
  }
  SUBCASE("the first megabyte is gone, protective MBR and all") {
    put(bytes, 0, std::string(kMiB, '\0'));
    Opened backup = open_all(write_file(path, bytes));
    CHECK(summary(backup) == expected);
    CHECK(backup.count("bad-partition-table") == 2);
  }
  SUBCASE("cut: the end of the disk is missing") {
    Opened cut = open_all(write_file(path, bytes.substr(0, 24'000 * 512)));
    CHECK(cut.volume("p3"));
    CHECK(tree_opens(cut, "p3"));
    CHECK(cut.volume("p4")->length == (24'000 - 20'480) * 512u);
    CHECK(cut.volume("p7")->state == "missing");
    CHECK(cut.count("truncated") == 2);
  }
  SUBCASE("both tables are damaged: read as it stands, with a warning") {
    put_le(bytes, 1024 + 3 * 128 + 56, 'x', 1);
    put(bytes, bytes.size() - 512, std::string(512, '\0'));
    Opened damaged = open_all(write_file(path, bytes));
    CHECK(damaged.volume("p3"));
    CHECK(damaged.count("bad-partition-table") == 1);
  }
}

TEST_CASE("sectors of 4096 bytes: GPT by its place, MBR by what the partitions hold") {
  NEEDS("mke2fs")
  Folder folder;
  std::string volume;
  {
    const std::string part = write_file(folder.path("part"), std::string(8 * kMiB, '\0'));
    REQUIRE(run("mke2fs -q -F -t ext4 " + part));
    volume = read_file(part);
  }
  std::string mbr(16 * kMiB, '\0');
  put_mbr_entry(mbr, 0, 0, 0x83, 256, 2048);
  put(mbr, 256 * 4096, volume);
  Opened opened = open_all(write_file(folder.path("mbr.dd"), mbr));
  REQUIRE(opened.volume("p1"));
  CHECK(opened.volume("p1")->offset == 256u * 4096);
  CHECK(opened.volume("p1")->length == 8 * kMiB);
  CHECK(opened.volume("p1")->content == "ext4");
  CHECK(tree_opens(opened, "p1"));

  // A GPT header in sector 1 and its table in sector 2; checksums left out, as a damaged one.
  std::string gpt(16 * kMiB, '\0');
  put_mbr_entry(gpt, 0, 0, 0xee, 1, 4095);
  const size_t h = 4096, e = 2 * 4096;
  put(gpt, h, "EFI PART"sv);
  put_le(gpt, h + 12, 92, 4);
  put_le(gpt, h + 24, 1, 8);
  put_le(gpt, h + 72, 2, 8);
  put_le(gpt, h + 80, 128, 4);
  put_le(gpt, h + 84, 128, 4);
  put(gpt, e, "\xaf\x3d\xc6\x0f\x83\x84\x72\x47\x8e\x79\x3d\x69\xd8\x47\x7d\xe4"sv);
  put_le(gpt, e + 32, 256, 8);
  put_le(gpt, e + 40, 256 + 2047, 8);
  put(gpt, 256 * 4096, volume);
  Opened wide = open_all(write_file(folder.path("gpt.dd"), gpt));
  REQUIRE(wide.volume("p1"));
  CHECK(wide.volume("p1")->offset == 256u * 4096);
  CHECK(wide.volume("p1")->type == "GPT Linux filesystem");
  CHECK(tree_opens(wide, "p1"));
}

TEST_CASE("hostile tables: loops, chains, overlaps, partitions beyond the end") {
  Folder folder;
  const auto opened = [&](const std::string& bytes) { return open_all(write_file(folder.path("h.dd"), bytes)); };

  SUBCASE("an extended partition that leads to itself") {
    std::string disk(4 * kMiB, '\0');
    put_mbr_entry(disk, 0, 0, 0x05, 63, 4000);
    put_mbr_entry(disk, 63, 0, 0x83, 1, 100);
    put_mbr_entry(disk, 63, 1, 0x05, 0, 4000);
    Opened o = opened(disk);
    CHECK(o.volume("p5"));
    CHECK_FALSE(o.volume("p6"));
    CHECK(o.count("bad-partition-table") == 1);
  }
  SUBCASE("two that lead to each other") {
    std::string disk(4 * kMiB, '\0');
    put_mbr_entry(disk, 0, 0, 0x0f, 100, 4000);
    put_mbr_entry(disk, 100, 0, 0x83, 1, 100);
    put_mbr_entry(disk, 100, 1, 0x05, 200, 4000);
    put_mbr_entry(disk, 300, 0, 0x83, 1, 100);
    put_mbr_entry(disk, 300, 1, 0x05, 0, 4000);
    Opened o = opened(disk);
    CHECK(o.volume("p5"));
    CHECK(o.volume("p6"));
    CHECK_FALSE(o.volume("p7"));
    CHECK(o.count("bad-partition-table") == 1);
  }
  SUBCASE("a chain of thousands") {
    std::string disk(4 * kMiB, '\0');
    put_mbr_entry(disk, 0, 0, 0x05, 1, 8000);
    for (uint32_t i = 1; i < 8000; ++i) {
      put_mbr_entry(disk, i, 0, 0x83, 1, 1);
      put_mbr_entry(disk, i, 1, 0x05, i, 8000);
    }
    Opened o = opened(disk);
    CHECK(o.count("limit") == 1);
    CHECK(o.volumes.size() < 3000);
  }
  SUBCASE("the second table of the chain is damaged") {
    std::string disk(4 * kMiB, '\0');
    put_mbr_entry(disk, 0, 0, 0x05, 63, 4000);
    put_mbr_entry(disk, 63, 0, 0x83, 1, 100);
    put_mbr_entry(disk, 63, 1, 0x05, 200, 100);
    Opened o = opened(disk);
    CHECK(o.volume("p5"));
    CHECK(o.count("bad-partition-table") == 1);
  }
  SUBCASE("beyond the end, in part and whole, and overlapping") {
    std::string disk(4 * kMiB, '\0');
    put_mbr_entry(disk, 0, 0, 0x83, 63, 4000);
    put_mbr_entry(disk, 0, 1, 0x83, 2000, 1'000'000);
    put_mbr_entry(disk, 0, 2, 0x83, 4'000'000, 1000);
    put_mbr_entry(disk, 0, 3, 0x83, 0xffffffff, 0xffffffff);
    Opened o = opened(disk);
    REQUIRE(o.volume("p2"));
    CHECK(o.volume("p2")->length == 4 * kMiB - 2000 * 512);
    CHECK(o.volume("p3")->state == "missing");
    CHECK(o.volume("p3")->length == 0);
    CHECK(o.volume("p4")->state == "missing");
    CHECK(o.count("truncated") == 3);
    CHECK(o.count("overlap") == 1);
    CHECK_FALSE(tree_opens(o, "p3"));
  }
  SUBCASE("a GPT with impossible numbers") {
    std::string disk(4 * kMiB, '\0');
    put_mbr_entry(disk, 0, 0, 0xee, 1, 8191);
    for (uint64_t seed = 1; seed < 200; ++seed) {
      put(disk, 512, noise(1024 + 128 * 8, seed));
      put(disk, 512, "EFI PART"sv);
      if (seed % 2) {
        put_le(disk, 512 + 72, 2, 8);
        put_le(disk, 512 + 80, 8, 4);
        put_le(disk, 512 + 84, 128, 4);
      }
      Opened o = opened(disk);
      CHECK(o.image);
      CHECK(o.volumes.size() <= 20);
      for (const VolumeInfo& v : o.volumes)
        if (v.state != "missing") CHECK(v.offset.value_or(0) + v.length <= disk.size());
    }
  }
}

TEST_CASE("a boot sector is no partition table, and an old superblock is no filesystem of a partitioned disk") {
  NEEDS("mke2fs") NEEDS("mkfs.vfat") NEEDS("sfdisk") Folder folder;
  SUBCASE("FAT whose boot code looks like a table") {
    const std::string path = write_file(folder.path("fat"), std::string(32 * kMiB, '\0'));
    REQUIRE(run("mkfs.vfat -F 16 " + path));
    std::string bytes = read_file(path);
    put(bytes, 446, std::string(64, '\0'));
    put_mbr_entry(bytes, 0, 0, 0x20, 100, 1000);
    Opened o = open_all(write_file(path, bytes));
    REQUIRE(o.volumes.size() == 1);
    CHECK(o.volumes[0].name == "whole");
    CHECK(o.volumes[0].content == "fat16");
    CHECK(tree_opens(o, "whole"));
  }
  SUBCASE("an ext superblock from before the disk was partitioned") {
    const std::string path = make_table(folder, 20 * kMiB, "label: dos\nstart=2048, size=16384, type=83\n");
    put_volume(folder, path, 2048 * 512, 8 * kMiB, "mke2fs -q -F -t ext4");
    std::string bytes = read_file(path);
    put(bytes, 1024, std::string_view(bytes).substr(2048 * 512 + 1024, 1024));
    Opened o = open_all(write_file(path, bytes));
    CHECK(summary(o) == "u1 0+2048 unallocated\np1 2048+16384 filesystem ext4\nu2 18432+22528 unallocated\n");
  }
  SUBCASE("a disk that was partitioned and lost its table shows what stands where partitions begin") {
    const std::string path = write_file(folder.path("lost.dd"), std::string(20 * kMiB, '\0'));
    put_volume(folder, path, 10 * kMiB, 8 * kMiB, "mke2fs -q -F -t ext4");
    std::string bytes = read_file(path);
    put_mbr_entry(bytes, 0, 0, 0x83, 2048, 8192);
    Opened o = open_all(write_file(path, bytes));
    CHECK(o.volume("p1"));
    put_mbr_entry(bytes, 0, 0, 0x83, 2048, 10 * kMiB / 512 - 2048);
    Opened lost = open_all(write_file(path, bytes));
    CHECK(lost.count("lost-volume") == 1);
    for (const Problem& p : lost.problems)
      if (p.code == "lost-volume") {
        CHECK(p.severity == Severity::info);
        CHECK(p.offset == 10 * kMiB);
      }
  }
}

TEST_CASE("a member of a mirror is read where its data begin") {
  NEEDS("mke2fs")
  Folder folder;
  std::string disk(16 * kMiB, '\0');
  put_mbr_entry(disk, 0, 0, 0xfd, 2048, 28'000);
  const std::string path = write_file(folder.path("md.dd"), disk);
  put_volume(folder, path, (2048 + 2048) * 512, 8 * kMiB, "mke2fs -q -F -t ext4");
  std::string bytes = read_file(path);
  for (const uint32_t level : {1u, 5u}) {
    CAPTURE(level);
    put_le(bytes, 2048 * 512 + 4096, 0xa92b4efc, 4);
    put_le(bytes, 2048 * 512 + 4096 + 72, level, 4);
    put_le(bytes, 2048 * 512 + 4096 + 128, 2048, 8);
    Opened o = open_all(write_file(path, bytes));
    REQUIRE(o.volume("p1"));
    if (level == 1) {
      CHECK(o.volume("p1")->state == "filesystem");
      CHECK(o.volume("p1")->offset == (2048u + 2048u) * 512);
      CHECK(tree_opens(o, "p1"));
      CHECK(o.count("raid-member") == 1);
    } else {
      CHECK(o.volume("p1")->state == "unsupported");
      CHECK(o.volume("p1")->content == "mdraid");
    }
  }
}

TEST_CASE("BSD slices hold partitions of their own, counted from the disk or from the slice") {
  NEEDS("mke2fs")
  Folder folder;
  for (const bool absolute : {true, false}) {
    CAPTURE(absolute);
    std::string disk(16 * kMiB, '\0');
    put_mbr_entry(disk, 0, 0, 0xa5, 2048, 28'000);
    const std::string path = write_file(folder.path("bsd.dd"), disk);
    put_volume(folder, path, (2048 + 1024) * 512, 8 * kMiB, "mke2fs -q -F -t ext2");
    std::string bytes = read_file(path);
    const size_t label = 2048 * 512 + 512;
    put_le(bytes, label, 0x82564557, 4);
    put_le(bytes, label + 40, 512, 4);
    put_le(bytes, label + 132, 0x82564557, 4);
    put_le(bytes, label + 138, 8, 2);
    const auto entry = [&](size_t i, uint32_t size, uint32_t offset, uint8_t type) {
      put_le(bytes, label + 148 + i * 16, size, 4);
      put_le(bytes, label + 148 + i * 16 + 4, offset, 4);
      put_le(bytes, label + 148 + i * 16 + 12, type, 1);
    };
    const uint32_t base = absolute ? 2048 : 0;
    entry(0, 16'384, base + 1024, 17);
    entry(2, 28'000, base, 0);
    entry(4, 4096, base + 20'000, 7);
    Opened o = open_all(write_file(path, bytes));
    REQUIRE(o.volume("p1a"));
    CHECK(o.volume("p1a")->offset == (2048u + 1024u) * 512);
    CHECK(o.volume("p1a")->type == "BSD ext2fs");
    CHECK(tree_opens(o, "p1a"));
    REQUIRE(o.volume("p1e"));
    CHECK(o.volume("p1e")->offset == (2048u + 20'000u) * 512);
    CHECK_FALSE(o.volume("p1"));
  }
}

TEST_CASE("every tool's filesystem opens as what it is") {
  Folder folder;
  struct Case {
    const char *tool, *command, *type;
    size_t size;
  };
  const Case cases[] = {{"mke2fs", "mke2fs -q -F -t ext2", "ext2", 4 * kMiB},
                        {"mke2fs", "mke2fs -q -F -t ext4 -O 64bit,metadata_csum", "ext4", 16 * kMiB},
                        {"mkfs.vfat", "mkfs.vfat -F 12", "fat12", 2 * kMiB},
                        {"mkfs.vfat", "mkfs.vfat -F 16", "fat16", 32 * kMiB},
                        {"mkfs.vfat", "mkfs.vfat -F 32 -s 1", "fat32", 40 * kMiB},
                        {"mkntfs", "mkntfs -F -Q -q", "ntfs", 8 * kMiB}};
  for (const Case& c : cases) {
    if (!have(c.tool)) continue;
    CAPTURE(c.command);
    const std::string path = write_file(folder.path("v"), std::string(c.size, '\0'));
    REQUIRE(run(std::string(c.command) + " " + path));
    Opened o = open_all(path);
    REQUIRE(o.volumes.size() == 1);
    CHECK(o.problems.empty());
    CHECK(o.volumes[0].content == c.type);
    auto tree = o.image->open_tree(o.volumes[0], [](Problem) {});
    REQUIRE(tree);
    CHECK((*tree)->facts().type == c.type);
  }
}

TEST_CASE("public images: volumes as mmls and fsstat see them") {
  const std::string shared = std::string(getenv("NECROPSY_SHARED") ? getenv("NECROPSY_SHARED") : NECROPSY_SHARED_DIR);
  const std::string data = shared + "/data";
  if (!fs::exists(data + "/expected/images/SUMMARY.tsv")) {
    MESSAGE("skipped: no shared data");
    return;
  }
  // image, how opened, type, size, volume system, offset in sectors, partition, filesystem or "-" …
  struct Row {
    uint64_t size, offset;
    std::string system, filesystem;
  };
  std::map<std::string, std::vector<Row>> images;
  const std::string table = read_file(data + "/expected/images/SUMMARY.tsv");
  for (std::string_view line : split(table, '\n')) {
    const auto cell = split(line, '\t');
    if (cell.size() < 8 || cell[0] == "image") continue;
    const auto size = to_number<uint64_t>(cell[3]), offset = to_number<uint64_t>(cell[5]);
    REQUIRE(size);
    REQUIRE(offset);
    images[std::string(cell[0])].push_back({*size, *offset * 512, std::string(cell[4]), std::string(cell[7])});
  }
  CHECK(images.size() > 40);
  Folder folder;
  size_t compared = 0;
  for (const auto& [name, rows] : images) {
    CAPTURE(name);
    if (rows[0].size > 300'000'000) continue;  // sparse and large: the replay looks at them
    std::string path = data + "/" + name;
    const std::string out = folder.path("image");
    if (name.ends_with(".as-raw")) {
      if (!have("qemu-img")) continue;
      if (!run("qemu-img convert -O raw " + path.substr(0, path.size() - 7) + " " + out)) continue;
      path = out;
    }
    for (const auto& [ending, tool] : {std::pair{".gz", "gzip"}, {".xz", "xz"}, {".bz2", "bzip2"}})
      if (name.ends_with(ending)) {
        REQUIRE(run("sh -c '" + std::string(tool) + " -dc \"" + path + "\" > \"" + out + "\"'"));
        path = out;
      }
    if (name.ends_with(".qcow2") || name.ends_with(".dmg")) {
      Opened refused = open_all(path);
      CHECK_FALSE(refused.image);
      CHECK(contains_ignore_case(refused.error, name.ends_with(".dmg") ? "dmg" : "qcow2"));
      ++compared;
      continue;
    }
    Opened o = open_all(path);
    REQUIRE(o.image);
    CHECK(o.image->facts().bytes == rows[0].size);
    for (const Row& row : rows) {
      CAPTURE(row.offset);
      const auto here = std::find_if(o.volumes.begin(), o.volumes.end(), [&](const VolumeInfo& v) {
        return v.offset == row.offset && v.state != "unallocated" && (row.system == "none") == (v.name == "whole");
      });
      if (row.filesystem == "-") {
        // libtsk found nothing: named by signature, or a whole that holds partitions, or damaged.
        if (here != o.volumes.end() && here->state == "filesystem") CHECK(name.ends_with("f_crashdisk.image.gz"));
        ++compared;
        continue;
      }
      if (here == o.volumes.end()) {
        FAIL_CHECK("no volume at " << row.offset);
        continue;
      }
      std::string want = to_lower(row.filesystem);
      want.erase(std::remove(want.begin(), want.end(), ' '), want.end());
      // By the features of the superblock, which fsstat reads the same way but for extents without any other of ext4.
      CHECK(here->state == "filesystem");
      CHECK(here->content == want);
      ++compared;
    }
    for (const VolumeInfo& v : o.volumes)
      if (v.state == "unknown" || v.state == "unsupported" || v.state == "encrypted")
        CHECK(std::any_of(o.problems.begin(), o.problems.end(),
                          [&](const Problem& p) { return p.offset == v.offset && p.stage == Stage::volume; }));
  }
  CHECK(compared > 50);
}
