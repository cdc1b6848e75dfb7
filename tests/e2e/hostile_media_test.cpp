// SPDX-License-Identifier: Apache-2.0
// Evidence that fails, changes or vanishes while it is read, and evidence that is no file at all.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "base/text.hpp"
#include "e2e/hostile_run.hpp"

using namespace necropsy;
using namespace necropsy::test;

namespace {

// An ext4 with one good log and a file of `filler` mebibytes.
void make_image(const Folder& folder, const fs::path& image, size_t filler) {
  write_file(folder / "files/etc/hostname", "web1\n");
  write_file(folder / "files/var/log/auth.log", std::string(kGoodLines));
  std::string noise(filler << 20, '\0');
  for (size_t i = 0; i < noise.size(); ++i) noise[i] = static_cast<char>(i * 2654435761u >> 13);
  write_file(folder / "files/srv/filler.bin", noise);
  make_ext4(image, folder / "files", static_cast<unsigned>(filler + 8));
  fs::remove_all(folder / "files");
}

uint64_t place_of(const fs::path& image, std::string_view text) { return read_file(image).find(text); }

// Starts a run on a slow medium and waits until it has begun to read it.
Running start_slowly(const fs::path& evidence, const fs::path& db) {
  Running running = start_misbehaving({"ingest", evidence.string(), "--case", db.string(), "--jobs", "2", "--quiet"});
  const auto surveyed = [&] {
    try {
      return fs::exists(db) && fs::file_size(db) > 0 && query(db, "SELECT count(*) FROM volumes") != "0\n";
    } catch (const std::exception&) {
      return false;
    }
  };
  while (!running.over() && !surveyed()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  REQUIRE(!running.over());
  return running;
}

std::string changes(const fs::path& db) {
  return query(db, "SELECT severity, what FROM problems WHERE code = 'evidence-changed'");
}

}  // namespace

TEST_CASE("bad sectors: in the log, in the filesystem's own blocks, at the beginning") {
  const Folder folder("media-bad");
  make_image(folder, folder / "whole.img", 1);
  const uint64_t log = place_of(folder / "whole.img", kGoodLines);
  REQUIRE(log != std::string::npos);
  // In the log: its names are there, the log has failed or is partial, the hash says so too.
  const fs::path in_log = folder / fmt::format("bad-sector@{}+512.img", log);
  fs::rename(folder / "whole.img", in_log);
  const HostileRun run(folder, {in_log}, NECROPSY_MISBEHAVING);
  CHECK(run.ran.code == 1);
  CHECK(query(run.db, "SELECT count(*) FROM files WHERE file_path = '/var/log/auth.log'") == "1\n");
  CHECK_MESSAGE(contains(run.problems(), "read-error|"), run.problems());
  CHECK_MESSAGE(contains(run.problems(), "Input/output error"), run.problems());
  CHECK_MESSAGE(contains(run.problems(), "could not be read to its end for hashing"), run.problems());
  CHECK_MESSAGE(contains(run.problems(), "/var/log/auth.log"), run.problems());
  CHECK(query(run.db, "SELECT sha256 FROM evidence_items") == "~\n");
  CHECK(run.good_events() == "0\n");

  // In the filler: all else is as if nothing were.
  const fs::path in_filler = folder / fmt::format("bad-sector@{}+4096.img", log + (600u << 10));
  fs::rename(in_log, in_filler);
  const HostileRun beside(folder, {in_filler}, NECROPSY_MISBEHAVING);
  CHECK(beside.ran.code == 1);
  CHECK(beside.good_events() == "2\n");

  // The superblock: backups lie in other groups, and this small volume has one group.
  const fs::path in_super = folder / "bad-sector@1024+512.img";
  fs::rename(in_filler, in_super);
  const HostileRun super(folder, {in_super}, NECROPSY_MISBEHAVING);
  CHECK((super.ran.code == 1 || super.ran.code == 3));
  CHECK_MESSAGE(contains(super.problems(), "Input/output error"), super.problems());

  // Nothing at all.
  const fs::path nothing = folder / "bad-sector@0+99999999999.img";
  fs::rename(in_super, nothing);
  const HostileRun dead(folder, {nothing}, NECROPSY_MISBEHAVING);
  CHECK(dead.ran.code == 3);
  CHECK(contains(dead.ran.err, "Input/output error"));
}

TEST_CASE("an image that is cut, written to or removed while it is read") {
  const Folder folder("media-change");
  make_image(folder, folder / "whole.img", 4);
  const fs::path image = folder / "slow@3.img", db = folder / "case.db";
  for (const std::string how : {"cut", "written", "removed", "replaced"}) {
    CAPTURE(how);
    for (const char* end : {"", "-wal", "-shm"}) fs::remove(db.string() + end);
    fs::remove(image);
    fs::copy_file(folder / "whole.img", image);
    Running running = start_slowly(image, db);
    if (how == "cut") fs::resize_file(image, 2u << 20);
    if (how == "written") std::fstream(image, std::ios::binary | std::ios::in | std::ios::out).seekp(100) << "changed";
    if (how == "removed") fs::remove(image);
    if (how == "replaced") {
      write_file(folder / "other", "something else");
      fs::rename(folder / "other", image);
    }
    const Ran ran = running.wait();
    CHECK_MESSAGE(ran.code == 1, ran.err);
    CHECK(faults_of_file(db) == "");
    const std::string told = changes(db);
    CHECK_MESSAGE(told.starts_with("error|"), told);
    CHECK_MESSAGE(contains(told, "the evidence is not what it was when it was opened"), told);
    if (how == "cut" || how == "replaced") CHECK_MESSAGE(contains(told, "bytes and has"), told);
    if (how == "written") CHECK_MESSAGE(contains(told, "was written to at"), told);
    if (how == "removed") CHECK_MESSAGE(contains(told, "No such file"), told);
    CHECK(query(db, "SELECT status FROM evidence_items") == "changed\n");
    CHECK(contains(program({"info", db.string()}).out, "is not what it was"));
  }
}

TEST_CASE("an image that changes between two runs that read it") {
  const Folder folder("media-between");
  make_image(folder, folder / "disk.img", 1);
  const HostileRun first(folder, {folder / "disk.img", "--only", "fs"});
  CHECK(first.ran.code == 0);
  std::ofstream(folder / "disk.img", std::ios::binary | std::ios::app) << std::string(4096, 'x');
  const Ran second = program({"ingest", (folder / "disk.img").string(), "--case", first.db.string(), "--quiet"});
  CHECK(second.code == 1);
  CHECK(contains(changes(first.db), "bytes and has"));
  // verify says it as well, by the hash.
  const Ran verify = program({"verify", first.db.string()});
  CHECK(verify.code == 1);
}

TEST_CASE("a log of a folder that grows or goes while the folder is read") {
  const Folder folder("media-folder");
  const fs::path log = folder / "top/var/log/slow@300.auth.log", db = folder / "case.db";
  write_file(folder / "top/etc/hostname", "web1\n");
  write_file(folder / "top/var/log/auth.log", std::string(kGoodLines));
  write_file(log, std::string(kGoodLines));
  fs::rename(log, folder / "top/var/log/slow@300.log");
  const fs::path slow = folder / "top/var/log/slow@300.log";
  Running running = start_slowly(folder / "top", db);
  // The walk's look at the slow log takes 300 ms, its parsing as long again.
  std::this_thread::sleep_for(std::chrono::milliseconds(450));
  std::ofstream(slow, std::ios::app) << "Mar  2 10:00:09 web1 sshd[9]: Accepted password for bob from 192.0.2.7 port "
                                        "4000 ssh2\n";
  const Ran ran = running.wait();
  CHECK_MESSAGE(ran.code == 1, ran.err);
  CHECK_MESSAGE(contains(changes(db), "the log is not what it was when the folder was looked through"), changes(db));
  CHECK(query(db, "SELECT count(*) FROM timeline WHERE user_name = 'alice'") == "2\n");
}

TEST_CASE("evidence that is a pipe, a socket, an endless device, or may not be read") {
  const Folder folder("media-kinds");
  const fs::path pipe = folder / "pipe.img", sock = folder / "socket.img";
  REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  REQUIRE(sock.string().size() < sizeof address.sun_path);
  sock.string().copy(address.sun_path, sizeof address.sun_path - 1);
  REQUIRE(bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  for (const std::string& path :
       {pipe.string(), sock.string(), std::string("/dev/zero"), std::string("/dev/null"), std::string("/dev/stdin")}) {
    CAPTURE(path);
    const HostileRun run(folder, {path});
    CHECK(run.ran.code == 3);
    CHECK(run.ran.seconds < 10);
    CHECK_MESSAGE(contains(run.ran.err, "none of the evidence could be opened"), run.ran.err);
  }
  close(fd);
  // Files that say they are empty and are not: nothing is read, nothing hangs.
  for (const char* path : {"/proc/kmsg", "/proc/self/mem", "/proc/self/environ"}) {
    CAPTURE(path);
    const HostileRun run(folder, {path});
    CHECK(run.ran.seconds < 10);
  }
  // In a folder they are listed and never opened.
  fs::create_directories(folder / "top/var/log");
  REQUIRE(mkfifo((folder / "top/var/log/auth.log").c_str(), 0600) == 0);
  fs::create_symlink("/dev/zero", folder / "top/var/log/syslog");
  const HostileRun inside(folder, {folder / "top"});
  CHECK(inside.ran.code == 0);
  CHECK(inside.ran.seconds < 10);
  CHECK(query(inside.db, "SELECT type FROM files WHERE file_path LIKE '/var/log/%' ORDER BY file_path") ==
        "fifo\nsymlink\n");
  // What may not be read is named with the reason.
  if (geteuid() != 0) {
    write_file(folder / "locked.img", std::string(1 << 20, 'x'));
    fs::permissions(folder / "locked.img", fs::perms::none);
    const HostileRun locked(folder, {folder / "locked.img"});
    CHECK(locked.ran.code == 3);
    CHECK(contains(locked.ran.err, "Permission denied"));
  }
}
