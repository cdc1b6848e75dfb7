// SPDX-License-Identifier: Apache-2.0
// Case files that are cut, damaged, from a newer program or half written, and disks that fill up while one is written.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sys/mount.h>
#include <unistd.h>

#include <fstream>

#include "base/text.hpp"
#include "e2e/hostile_run.hpp"
#include "e2e/server_tree.hpp"

using namespace necropsy;
using namespace necropsy::test;

namespace {

const std::vector<std::string> kReaders = {"info", "timeline", "logins", "accounts", "findings", "ask", "verify"};

// A server's logs and the dump of the case that comes of them when nothing is in the way.
struct Scene {
  Folder folder{"hostile-full"};
  ServerTree tree = write_server(folder / "tree", 6000);
  fs::path evidence = folder / "tree";
  std::string whole;
  Scene() {
    const HostileRun run(folder, {evidence});
    REQUIRE(run.ran.code == 0);
    whole = dump_views(run.db);
  }
};

// What a run that met a full disk must leave behind: exit code 4, a sentence, a case that reads, and a way on.
void check_full(const Ran& ran) {
  CHECK_MESSAGE(ran.code == 4, ran.code, " ", ran.err);
  CHECK_MESSAGE(contains(ran.err, "necropsy: the case file: "), ran.err);
  CHECK_MESSAGE((contains(ran.err, "full") || contains(ran.err, "disk I/O error")), ran.err);
  CHECK_MESSAGE(contains(ran.err, "running the same command again resumes"), ran.err);
}

}  // namespace

TEST_CASE("a case that is cut, damaged, newer or half written is refused or read with its fault named") {
  const Folder folder("hostile-cases");
  write_server(folder / "tree", 2000);
  const HostileRun run(folder, {folder / "tree"});
  REQUIRE(run.ran.code == 0);
  const std::string good = read_file(run.db);
  const fs::path bad = folder / "bad.db";
  const auto both = [&](const std::string& what, const char* word) {
    CAPTURE(what);
    const std::string before = read_file(bad);
    for (const std::string& command : kReaders) {
      CAPTURE(command);
      const Ran ran = program({command, bad.string()});
      CHECK_MESSAGE((ran.code == 3 || ran.code == 4), ran.code);
      CHECK_MESSAGE(contains(ran.err, word), ran.err);
      CHECK_MESSAGE(contains(ran.err, "necropsy: "), ran.err);
    }
    const Ran ingest = program({"ingest", (folder / "tree").string(), "--case", bad.string(), "--quiet"});
    CHECK_MESSAGE((ingest.code == 3 || ingest.code == 4), ingest.code);
    CHECK_MESSAGE(contains(ingest.err, word), ingest.err);
    CHECK_MESSAGE(read_file(bad) == before, "a file that is no good case was written to");
  };
  write_file(bad, std::string_view(good).substr(0, 50));
  both("cut in the header", "");
  write_file(bad, std::string_view(good).substr(0, good.size() / 2));
  both("cut in the middle", "damaged");
  std::string schema = good;
  for (size_t i = 100; i < 4096; ++i) schema[i] = static_cast<char>(schema[i] ^ 0x5A);
  write_file(bad, schema);
  both("first page overwritten", "damaged");
  std::string newer = good;
  newer.replace(60, 4, std::string("\0\0\x27\x0F", 4));  // user_version, big-endian (SQLite file format, 1.3)
  write_file(bad, newer);
  both("of a newer program", "newer necropsy (schema 9999");
  std::string unfinished = good;
  unfinished.replace(60, 4, std::string(4, '\0'));
  write_file(bad, unfinished);
  both("without a schema version", "never finished");

  // Pages in the middle: whatever a command meets of them, it says so or is not concerned; none crashes.
  std::string pages = good;
  for (size_t i = good.size() / 3; i < good.size() / 2; ++i) pages[i] = static_cast<char>(i * 131);
  write_file(bad, pages);
  std::string told;
  for (const std::string& command : kReaders) {
    const Ran ran = program({command, bad.string()});
    CHECK_MESSAGE(ran.code >= 0, command);
    told += fmt::format("{}: {} {}\n", command, ran.code, ran.err);
  }
  CHECK_MESSAGE(contains(told, "damaged, its evidence is not"), told);
}

TEST_CASE("a case whose first transaction never came, and one that a killed run left with its journal") {
  const Folder folder("hostile-half");
  write_file(folder / "auth.log", std::string(kGoodLines));
  const fs::path db = folder / "case.db";
  // Empty, as a run leaves it that is killed at once: reading says so, ingesting makes it a case.
  write_file(db, "");
  CHECK(program({"info", db.string()}).code == 3);
  CHECK(program({"ingest", (folder / "auth.log").string(), "--case", db.string(), "--quiet"}).code == 0);
  CHECK(faults_of_file(db) == "");
  // A -wal of something else beside a sound case is not taken for its own.
  write_file(db.string() + "-wal", std::string(64'000, 'w'));
  const Ran info = program({"info", db.string()});
  CHECK_MESSAGE(info.code == 0, info.err);
  CHECK(query(db, "SELECT count(*) FROM timeline") == "2\n");
}

TEST_CASE("the disk fills up while a case is written: readable, exit code 4, and it resumes") {
  const Scene s;
  const fs::path db = s.folder / "case.db";
  const uint64_t whole = fs::file_size(db);
  REQUIRE(whole > (1u << 20));
  int stopped = 0;
  // A limit on the size of any file, at several places; the -wal counts too.
  for (const double part : {0.02, 0.2, 0.45, 0.7, 0.9}) {
    CAPTURE(part);
    for (const char* end : {"", "-wal", "-shm", "-journal"}) fs::remove(db.string() + end);
    const auto kibibytes = static_cast<uint64_t>(static_cast<double>(whole) * part / 1024);
    const Ran ran = run({"bash", "-c",
                         fmt::format("ulimit -f {}; exec '{}' ingest '{}' --case '{}' --jobs 2 --quiet", kibibytes,
                                     NECROPSY_PROGRAM, s.evidence.string(), db.string())});
    ++stopped;
    check_full(ran);
    const Ran info = program({"info", db.string()});
    CHECK_MESSAGE((info.code == 0 || (part < 0.3 && contains(info.err, "nothing in it")) ||
                   (part < 0.1 && contains(info.err, "is empty"))),
                  info.err);
    const Ran again = program({"ingest", s.evidence.string(), "--case", db.string(), "--jobs", "2", "--quiet"});
    CHECK_MESSAGE(again.code == 0, again.err);
    const std::string dump = dump_views(db);
    CHECK_MESSAGE(dump == s.whole, first_difference(s.whole, dump));
  }
  CHECK(stopped == 5);
}

TEST_CASE("a filesystem that is really full, where one may be mounted") {
  const Scene s;
  const uint64_t whole = fs::file_size(s.folder / "case.db");
  const fs::path place = s.folder / "small";
  fs::create_directories(place);
  if (mount("none", place.c_str(), "tmpfs", 0, fmt::format("size={}k", whole / 2048).c_str()) != 0) {
    MESSAGE("skipped: nothing may be mounted here");
    return;
  }
  const fs::path db = place / "case.db";
  const std::vector<std::string> words = {"ingest", s.evidence.string(), "--case", db.string(), "--jobs", "2",
                                          "--quiet"};
  const Ran ran = program(words);
  check_full(ran);
  const Ran info = program({"info", db.string()});
  CHECK_MESSAGE(info.code == 0, info.err);
  // As full as before: the same again, and nothing is lost.
  CHECK(program(words).code == 4);
  CHECK(mount("none", place.c_str(), "tmpfs", MS_REMOUNT, "size=200m") == 0);
  const Ran again = program(words);
  CHECK_MESSAGE(again.code == 0, again.err);
  const std::string dump = dump_views(db);
  CHECK_MESSAGE(dump == s.whole, first_difference(s.whole, dump));
  CHECK(umount(place.c_str()) == 0);
}

TEST_CASE("no room for unpacking a log is no fault of the log") {
  const Folder folder("hostile-spool");
  const fs::path place = folder / "small", db = place / "case.db";
  write_file(folder / "top/etc/hostname", "web1\n");
  std::string log(kGoodLines);
  for (int i = 0; i < 300'000; ++i)
    log += fmt::format("Mar  3 {:02}:{:02}:{:02} web1 cron[{}]: nothing to do\n", i / 3600 % 24, i / 60 % 60, i % 60,
                       i % 7);
  write_file(folder / "top/var/log/auth.log.1", log);
  tool({"gzip", "-n", (folder / "top/var/log/auth.log.1").string()});
  fs::create_directories(place);
  if (mount("none", place.c_str(), "tmpfs", 0, "size=9m") != 0) {
    MESSAGE("skipped: nothing may be mounted here");
    return;
  }
  const std::vector<std::string> words = {"ingest", (folder / "top").string(), "--case", db.string(), "--quiet"};
  const Ran ran = program(words);
  CHECK_MESSAGE(ran.code == 4, ran.err);
  CHECK_MESSAGE(contains(ran.err, "no room beside the case file for unpacking /var/log/auth.log.1.gz"), ran.err);
  CHECK(mount("none", place.c_str(), "tmpfs", MS_REMOUNT, "size=500m") == 0);
  CHECK(program(words).code == 0);
  CHECK(query(db, "SELECT status FROM coverage WHERE log_path = '/var/log/auth.log.1.gz'") == "complete\n");
  CHECK(umount(place.c_str()) == 0);
}
