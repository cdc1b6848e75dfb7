// SPDX-License-Identifier: Apache-2.0
// Evidence that is empty, cut, foreign or locked, and command lines that are wrong: what the user reads.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <thread>

#include "base/text.hpp"
#include "e2e/case_run.hpp"
#include "e2e/server_tree.hpp"

using namespace necropsy;
using namespace necropsy::test;

namespace {

// One ingest into a fresh case.
struct Ingest {
  const Folder& folder;
  fs::path db = folder / "case.db";
  Ran ran;
  Ingest(const Folder& f, const std::vector<std::string>& evidence) : folder(f) {
    for (const char* end : {"", "-wal", "-shm"}) fs::remove(db.string() + end);
    std::vector<std::string> words = {"ingest", "--case", db.string(), "--jobs", "1", "--quiet"};
    words.insert(words.end(), evidence.begin(), evidence.end());
    ran = program(words);
    CHECK_MESSAGE(ran.code >= 0, "ended by a signal: ", ran.err);
    CHECK(faults_of_file(db) == "");
  }
  std::string problems() const {
    return query(db, "SELECT code, severity, what, file_path FROM problems ORDER BY offset, code");
  }
  std::string coverage() const { return query(db, "SELECT log_path, status, reason FROM coverage ORDER BY log_path"); }
};

std::string put(std::string image, size_t at, std::string_view bytes) {
  bytes.copy(image.data() + at, bytes.size());
  return image;
}

constexpr std::string_view kLines =
    "Mar  2 10:00:01 web1 sshd[1]: Accepted password for alice from 192.0.2.1 port 4000 ssh2\n"
    "Mar  2 10:00:02 web1 sshd[1]: pam_unix(sshd:session): session opened for user alice(uid=1000) by (uid=0)\n";

}  // namespace

TEST_CASE("images with nothing in them") {
  const Folder folder("hostile-empty");
  write_file(folder / "zeros.img", std::string(1 << 20, '\0'));
  const Ingest zeros(folder, {folder / "zeros.img"});
  CHECK(zeros.ran.code == 1);
  CHECK(contains(zeros.problems(), "no-filesystem|warning"));

  write_file(folder / "empty.img", "");
  const Ingest empty(folder, {folder / "empty.img"});
  CHECK(empty.ran.code == 0);
  CHECK(empty.coverage() == "/empty.img|no-parser|the file is empty\n");
}

TEST_CASE("volumes that are known by their signature and not read") {
  const Folder folder("hostile-signatures");
  const std::string blank(8 << 20, '\0');
  struct {
    const char* name;
    std::string image;
    const char* code;
    const char* word;
  } cases[] = {
      {"luks", put(blank, 0, std::string_view("LUKS\xBA\xBE\0\2", 8)), "encrypted", "LUKS"},
      {"bitlocker", put(put(blank, 3, "-FVE-FS-"), 510, "\x55\xAA"), "encrypted", "BitLocker"},
      {"xfs", put(blank, 0, "XFSB"), "unsupported", "XFS"},
      {"lvm", put(put(blank, 512, "LABELONE"), 512 + 24, "LVM2 001"), "unsupported", "LVM2"},
  };
  for (const auto& c : cases) {
    const fs::path image = folder / (std::string(c.name) + ".img");
    write_file(image, c.image);
    const Ingest bare(folder, {image});
    CHECK_MESSAGE(bare.ran.code == 1, std::string(c.name));
    CHECK_MESSAGE(contains(bare.problems(), c.code), std::string(c.name), ": ", bare.problems());
    CHECK_MESSAGE(contains(bare.problems(), c.word), std::string(c.name), ": ", bare.problems());
    // In a partition beside a filesystem that is read.
    fs::create_directories(folder / "files");
    write_file(folder / "files/etc/hostname", "box\n");
    make_ext4(folder / "root.ext4", folder / "files", 4);
    make_disk(folder / "disk.img", {folder / "root.ext4", image});
    const Ingest part(folder, {folder / "disk.img"});
    CHECK_MESSAGE(part.ran.code == 1, std::string(c.name));
    CHECK_MESSAGE(contains(part.problems(), "p2"), std::string(c.name), ": ", part.problems());
    CHECK_MESSAGE(contains(part.problems(), c.word), std::string(c.name), ": ", part.problems());
    CHECK(query(part.db, "SELECT count(*) FROM files WHERE file_path = '/etc/hostname'") == "1\n");
  }
}

TEST_CASE("containers that are cut or not read") {
  const Folder folder("hostile-containers");
  fs::create_directories(folder / "files");
  write_file(folder / "files/etc/hostname", "box\n");
  make_ext4(folder / "disk.img", folder / "files", 8);
  tool({"qemu-img", "convert", "-O", "qcow2", (folder / "disk.img").string(), (folder / "disk.qcow2").string()});
  const Ingest qcow(folder, {folder / "disk.qcow2"});
  CHECK(qcow.ran.code == 3);
  CHECK(contains(qcow.problems(), "qcow2"));
  CHECK(contains(qcow.ran.err, "qemu-img convert"));

  tool({"ewfacquire", "-u", "-q", "-c", "none", "-t", (folder / "whole").string(), (folder / "disk.img").string()});
  const std::string ewf = read_file(folder / "whole.E01");
  REQUIRE(ewf.size() > 100000);
  // To a third: the filesystem's beginning is there. To a few bytes: nothing is.
  write_file(folder / "third.E01", std::string_view(ewf).substr(0, ewf.size() / 3));
  const Ingest third(folder, {folder / "third.E01"});
  CHECK((third.ran.code == 1 || third.ran.code == 3));
  CHECK(contains(third.problems(), "|error|"));
  write_file(folder / "tiny.E01", std::string_view(ewf).substr(0, 40));
  const Ingest tiny(folder, {folder / "tiny.E01"});
  CHECK(tiny.ran.code == 3);
  CHECK(contains(tiny.ran.err, "tiny.E01"));
  // The whole beside the broken: what opens is read.
  const Ingest both(folder, {folder / "tiny.E01", folder / "whole.E01"});
  CHECK(both.ran.code == 1);
  CHECK(query(both.db, "SELECT count(*) FROM files WHERE file_path = '/etc/hostname'") == "1\n");

  const Ingest nothing(folder, {folder / "nowhere.img"});
  CHECK(nothing.ran.code == 3);
  CHECK(contains(nothing.ran.err, "nowhere.img"));
}

TEST_CASE("folders with loops, pipes and logs that break off") {
  const Folder folder("hostile-folder");
  const fs::path top = folder / "top";
  write_file(top / "var/log/auth.log", std::string(kLines));
  write_file(top / "var/log/empty.log", "");
  std::string broken(kLines);
  broken += std::string(3000, '\xFE') + std::string("\0\0\0\x01\x02\n", 6) + "2 no date at all\n";
  broken += kLines;
  write_file(top / "var/log/messages", broken);
  write_file(top / "var/log/syslog.2.gz", std::string("\x1F\x8B\x08\0\0\0\0\0\0\x03", 10) + "no deflate at all");
  fs::create_symlink("loop", top / "loop");
  fs::create_symlink("..", top / "var/up");
  fs::create_symlink("/nowhere/at/all", top / "dangling");
  tool({"mkfifo", (top / "var/log/pipe.log").string()});
  const Ingest in(folder, {top});
  CHECK(in.ran.code == 1);
  CHECK(query(in.db, "SELECT count(*) FROM files WHERE file_path LIKE '/var/up/%' OR file_path LIKE '/loop/%'") ==
        "0\n");
  CHECK(query(in.db, "SELECT type, target FROM files WHERE file_path = '/dangling'") == "symlink|/nowhere/at/all\n");
  CHECK(query(in.db, "SELECT type FROM files WHERE file_path = '/var/log/pipe.log'") == "fifo\n");
  // The lines before and behind the damage are there; the damage is counted and told of.
  CHECK(query(in.db, "SELECT events, records_read FROM coverage WHERE log_path = '/var/log/messages' AND events > 0") ==
        "4|4\n");
  CHECK(query(in.db, "SELECT count(*) FROM problems WHERE file_path = '/var/log/messages'") != "0\n");
  CHECK(query(in.db, "SELECT status, events FROM coverage WHERE log_path = '/var/log/auth.log' AND events > 0") ==
        "complete|2\n");
  CHECK(contains(in.coverage(), "/var/log/syslog.2.gz|"));
  CHECK(contains(in.problems(), "/var/log/syslog.2.gz"));
}

TEST_CASE("a log handed over by itself") {
  const Folder folder("hostile-log");
  write_file(folder / "secure.old", std::string(kLines));
  const Ingest good(folder, {folder / "secure.old"});
  CHECK(good.ran.code == 0);
  CHECK(query(good.db, "SELECT count(*) FROM timeline WHERE parser = 'syslog'") == "2\n");
  write_file(folder / "notes.txt", "buy milk\nand bread\n");
  const Ingest foreign(folder, {folder / "notes.txt"});
  CHECK(foreign.ran.code == 1);
  CHECK(contains(foreign.coverage(), "/notes.txt|no-parser|"));
  CHECK(contains(foreign.problems(), "unknown-content"));
}

TEST_CASE("a case that is none, or cannot be made") {
  const Folder folder("hostile-case");
  write_file(folder / "auth.log", std::string(kLines));
  const std::string log = folder / "auth.log";
  const auto ingest = [&](const fs::path& db) { return program({"ingest", log, "--case", db.string(), "--quiet"}); };
  const std::string text = "These are my notes, and no case at all. ";
  write_file(folder / "notes.txt", text);
  const Ran on_text = ingest(folder / "notes.txt");
  CHECK(on_text.code == 3);
  CHECK(contains(on_text.err, "no case"));
  CHECK(read_file(folder / "notes.txt") == text);
  tool({"sqlite3", (folder / "other.db").string(), "CREATE TABLE bookmarks(url)"});
  const std::string before = read_file(folder / "other.db");
  const Ran on_other = ingest(folder / "other.db");
  CHECK(on_other.code == 3);
  CHECK(contains(on_other.err, "no case of necropsy"));
  CHECK(read_file(folder / "other.db") == before);
  CHECK(ingest(folder.path()).code == 3);
  const Ran no_folder = ingest(folder / "not/there/case.db");
  CHECK(no_folder.code == 4);
  CHECK(contains(no_folder.err, "folder"));
  for (const char* command : {"info", "timeline", "logins", "accounts", "findings", "ask", "verify"}) {
    CHECK_MESSAGE(program({command, (folder / "notes.txt").string()}).code == 3, std::string(command));
    CHECK_MESSAGE(program({command, (folder / "nowhere.db").string()}).code == 3, std::string(command));
    CHECK_MESSAGE(!fs::exists(folder / "nowhere.db"), std::string(command));
  }
}

TEST_CASE("two runs into one case: the second is refused, the first goes on") {
  const Folder folder("hostile-two");
  const ServerTree tree = write_server(folder / "tree", 20000);
  const std::string db = folder / "case.db";
  Running first = start_program({"ingest", (folder / "tree").string(), "--case", db, "--jobs", "1", "--quiet"});
  while (!first.over() && (!fs::exists(db) || first.children().empty()))
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  REQUIRE(!first.over());
  const Ran second = program({"ingest", (tree.var / "log/auth.log").string(), "--case", db, "--quiet"});
  CHECK(second.code == 4);
  CHECK(contains(second.err, "another necropsy is writing"));
  const Ran done = first.wait();
  CHECK_MESSAGE(done.code == 0, done.err);
  CHECK(faults_of_file(db) == "");
  CHECK(query(db, "SELECT count(*) FROM evidence_items") == "1\n");
}

TEST_CASE("command lines that are wrong end with code 2 and say why") {
  const Folder folder("hostile-usage");
  write_file(folder / "auth.log", std::string(kLines));
  const std::string log = folder / "auth.log", db = folder / "case.db";
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{},
                                             {"dissect"},
                                             {"ingest"},
                                             {"ingest", "--case", db},
                                             {"ingest", log},
                                             {"ingest", log, "--case", db, "--tz", "Mars/Olympus"},
                                             {"ingest", log, "--case", db, "--only", "no_such_parser"},
                                             {"ingest", log, "--case", db, "--deadline", "soon"},
                                             {"ingest", log, "--case", db, "--jobs", "-1"},
                                             {"ingest", log, "--case", db, "--colour"}}) {
    std::string line;
    for (const std::string& word : words) line += word + " ";
    const Ran ran = program(words);
    CHECK_MESSAGE(ran.code == 2, line);
    CHECK_MESSAGE(ran.err.size() > 10, line);
    CHECK_MESSAGE(ran.out.empty(), line);
  }
  CHECK(!fs::exists(db));
  REQUIRE(program({"ingest", log, "--case", db, "--quiet"}).code == 0);
  CHECK(program({"timeline", db, "--from", "yesterday"}).code == 2);
  CHECK(program({"sql", db, "SELECT FROM WHERE"}).code == 2);
  CHECK(program({"sql", db, "DELETE FROM event"}).code == 2);
  CHECK(program({"ask", db, "no-such-question"}).code == 2);
  CHECK(query(db, "SELECT count(*) FROM timeline") == "2\n");
}

TEST_CASE("a reader that goes away ends the output quietly") {
  const Folder folder("hostile-pipe");
  const ServerTree tree = write_server(folder / "tree", 3000);
  const std::string db = folder / "case.db";
  REQUIRE(program({"ingest", (tree.var / "log/auth.log").string(), "--case", db, "--quiet"}).code == 0);
  for (const char* format : {"table", "csv", "jsonl"}) {
    const Ran ran = run({"bash", "-c",
                         fmt::format("set -o pipefail; '{}' timeline '{}' --format {} | head -n 1 > /dev/null; "
                                     "echo ${{PIPESTATUS[0]}}",
                                     NECROPSY_PROGRAM, db, format)});
    CHECK_MESSAGE(ran.out == "0\n", std::string(format));
    CHECK_MESSAGE(ran.err == "", std::string(format));
  }
}
