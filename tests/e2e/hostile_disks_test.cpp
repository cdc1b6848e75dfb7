// SPDX-License-Identifier: Apache-2.0
// Filesystems whose structures have no end: folders nested 10,000 deep or holding each other, extents, indirect blocks
// and attribute lists that lead back to themselves. The walk ends, quickly and small, and what is sound is there.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "base/text.hpp"
#include "e2e/hostile_run.hpp"

using namespace necropsy;
using namespace necropsy::test;

namespace {

void bend(const char* kind, const fs::path& image) {
  tool({"python3", std::string(NECROPSY_SOURCE_DIR) + "/tests/e2e/hostile_disks.py", kind, image.string()});
}

void make_ext(const Folder& folder, const fs::path& image, const char* type, unsigned mebibytes, size_t file_bytes) {
  const fs::path tree = folder / "files";
  write_file(tree / "etc/hostname", "web1\n");
  write_file(tree / "var/log/auth.log", std::string(kGoodLines));
  write_file(tree / "srv/file", std::string(file_bytes, 'f'));
  fs::remove(image);
  tool({"mke2fs", "-q", "-t", type, "-b", "1024", "-N", "12000", "-O", "^metadata_csum,^has_journal,^dir_index", "-d",
        tree.string(), image.string(), fmt::format("{}M", mebibytes)});
  fs::remove_all(tree);
}

Ran run_shell(const std::string& line) { return run({"bash", "-c", line}); }

// What every one of these must keep to.
HostileRun read(const Folder& folder, const fs::path& image, double most_seconds) {
  HostileRun run(folder, {image.string()});
  CHECK_MESSAGE(run.ran.code <= 1, run.ran.err);
  CHECK(run.ran.seconds < most_seconds);
  MESSAGE(run.ran.seconds, " s, ", run.ran.peak_mebibytes, " MiB");
  return run;
}

}  // namespace

TEST_CASE("ext4: folders 10,000 levels deep") {
  const Folder folder("disks-deep");
  make_ext(folder, folder / "disk.img", "ext4", 24, 1000);
  bend("ext-deep", folder / "disk.img");
  const HostileRun run = read(folder, folder / "disk.img", 30);
  CHECK(run.ran.code == 1);
  CHECK(run.good_events() == "2\n");
  CHECK_MESSAGE(contains(run.problems(), "too-deep"), run.problems());
  // Every folder has its row all the same.
  CHECK(query(run.db, "SELECT count(*) FROM files WHERE type = 'directory' AND file_path GLOB '*/d'") == "10000\n");
  const Ran shown = program({"timeline", run.db.string()});
  CHECK(shown.code == 0);
}

TEST_CASE("ext4: folders that hold each other, with and without a name") {
  const Folder folder("disks-loop");
  make_ext(folder, folder / "disk.img", "ext4", 8, 1000);
  bend("ext-loop", folder / "disk.img");
  const HostileRun run = read(folder, folder / "disk.img", 10);
  CHECK(run.ran.code == 1);
  CHECK(run.good_events() == "2\n");
  CHECK_MESSAGE(contains(run.problems(), "damaged-directory|"), run.problems());
  CHECK(query(run.db, "SELECT count(*) FROM files WHERE file_path GLOB '*/loop/*'") == "0\n");
  CHECK(query(run.db, "SELECT count(*) < 40 FROM files") == "1\n");
}

TEST_CASE("ext: extents and indirect blocks that are their own children") {
  const Folder folder("disks-blocks");
  for (const auto& [kind, type] : {std::pair{"ext-extents", "ext4"}, {"ext-indirect", "ext2"}}) {
    CAPTURE(std::string(kind));
    make_ext(folder, folder / "disk.img", type, 8, 300'000);
    bend(kind, folder / "disk.img");
    const HostileRun run = read(folder, folder / "disk.img", 20);
    CHECK(run.good_events() == "2\n");
    CHECK(query(run.db, "SELECT count(*) FROM files WHERE file_path = '/srv/file'") == "1\n");
    // Its bytes: an error, or as many as are asked for.
    const Ran bytes =
        run_shell(fmt::format("'{}' cat '{}' /srv/file | head -c 5000000 | wc -c", NECROPSY_PROGRAM, run.db.string()));
    CHECK(bytes.seconds < 20);
    CHECK_MESSAGE((bytes.out == "0\n" || bytes.out == "5000000\n"), bytes.out, bytes.err);
    // A digest of more than the volume holds is not made.
    const Ran hashed =
        program({"ingest", (folder / "disk.img").string(), "--case", run.db.string(), "--hash", "--quiet"});
    CHECK(hashed.code <= 1);
    CHECK(hashed.seconds < 20);
    CHECK_MESSAGE(contains(run.problems(), "|error|inode "), run.problems());
    CHECK(hashed.peak_mebibytes < kMostMebibytes);
  }
}

TEST_CASE("ext4: a folder of thousands of blocks that are all the same one") {
  const Folder folder("disks-same");
  make_ext(folder, folder / "disk.img", "ext4", 8, 300'000);
  bend("ext-same-block", folder / "disk.img");
  const HostileRun run = read(folder, folder / "disk.img", 30);
  CHECK(run.good_events() == "2\n");
}

TEST_CASE("ntfs: folders that are each other's parent, attribute lists that lead to each other") {
  const Folder folder("disks-ntfs");
  write_file(folder / "a", std::string(kGoodLines));
  for (const char* kind : {"ntfs-parents", "ntfs-list"}) {
    CAPTURE(std::string(kind));
    const fs::path image = folder / "disk.img";
    std::vector<std::string> words = {"python3", std::string(NECROPSY_SOURCE_DIR) + "/tests/e2e/make_ntfs.py",
                                      image.string(), "8"};
    for (const char* path : {"one/file.txt", "two/other.txt", "logs/auth.log"})
      words.push_back((folder / "a").string() + "=" + path);
    tool(words);
    bend(kind, image);
    const HostileRun run = read(folder, image, 10);
    CHECK_MESSAGE(query(run.db, "SELECT count(*) FROM files WHERE file_path GLOB '*/auth.log'") == "1\n",
                  run.problems());
    CHECK(query(run.db, "SELECT count(*) BETWEEN 1 AND 200 FROM files") == "1\n");
    // The two files are found below wherever their folders are.
    CHECK(query(run.db, "SELECT count(*) > 0 FROM files WHERE file_path GLOB '*file.txt*' OR inode > 63") == "1\n");
    const Ran hashed = program({"ingest", image.string(), "--case", run.db.string(), "--hash", "--quiet"});
    CHECK(hashed.code <= 1);
    CHECK(hashed.seconds < 30);
  }
}

TEST_CASE("ext2: a log that leads to the same block of lines again and again is cut at what its volume holds") {
  const Folder folder("disks-lines");
  make_ext(folder, folder / "disk.img", "ext2", 8, 300'000);
  bend("ext-lines", folder / "disk.img");
  const HostileRun run = read(folder, folder / "disk.img", 60);
  CHECK(run.ran.code == 1);
  CHECK_MESSAGE(contains(run.problems(), "more bytes than its volume holds"), run.problems());
  CHECK(query(run.db, "SELECT count(*) FROM coverage WHERE log_path = '/srv/file' AND status = 'partial'") == "1\n");
  CHECK(query(run.db, "SELECT count(*) BETWEEN 1 AND 200000 FROM event") == "1\n");
}
