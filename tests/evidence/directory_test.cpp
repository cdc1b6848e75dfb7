// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>
#include <fcntl.h>

#include <algorithm>

#include "base/text.hpp"
#include "evidence/evidence_files.hpp"

using namespace necropsy;
using namespace necropsy::testing;

namespace {

struct Walked final : FileVisitor {
  std::vector<FileRecord> records;
  size_t stop_after = SIZE_MAX;
  bool file(const FileRecord& r) override {
    records.push_back(r);
    return records.size() < stop_after;
  }
  std::vector<std::string> paths() const {
    std::vector<std::string> out;
    for (const FileRecord& r : records) out.push_back(r.path);
    return out;
  }
  const FileRecord* at(std::string_view path) const {
    for (const FileRecord& r : records)
      if (r.path == path) return &r;
    return nullptr;
  }
};

struct Tree {
  std::unique_ptr<Image> image;
  std::unique_ptr<FileTree> tree;
  Walked walked;
  std::vector<Problem> problems;
};

Tree open_directory(const std::string& path) {
  Tree t;
  Opened opened = open_all(path);
  REQUIRE(opened.image);
  CHECK(opened.image->facts().format == "directory");
  REQUIRE(opened.volumes.size() == 1);
  CHECK(opened.volumes[0].state == "filesystem");
  t.image = std::move(opened.image);
  auto tree = t.image->open_tree(opened.volumes[0], [](Problem) {});
  REQUIRE(tree);
  t.tree = std::move(*tree);
  t.tree->walk(t.walked, [&](Problem p) { t.problems.push_back(std::move(p)); });
  return t;
}

}  // namespace

TEST_CASE("a directory is walked in a fixed order, root first, each directory before what it holds") {
  Folder folder;
  write_file(folder.path("var/log/syslog"), "one\n");
  write_file(folder.path("var/log/auth.log"), "two\n");
  write_file(folder.path("etc/passwd"), "root:x:0:0::/root:/bin/sh\n");
  write_file(folder.path("b\xff name\n"), "odd");
  Tree t = open_directory(folder.root());
  CHECK(t.problems.empty());
  CHECK(t.tree->facts().type == "directory");
  CHECK(t.walked.paths() == std::vector<std::string>{"/", "/b\xff name\n", "/etc", "/etc/passwd", "/var", "/var/log",
                                                     "/var/log/auth.log", "/var/log/syslog"});
  Walked again;
  t.tree->walk(again, [](Problem) {});
  CHECK(again.paths() == t.walked.paths());
  Walked some;
  some.stop_after = 3;
  t.tree->walk(some, [](Problem) {});
  CHECK(some.records.size() == 3);

  const FileRecord* odd = t.walked.at("/b\xff name\n");
  REQUIRE(odd);
  auto stream = t.tree->open(odd->ref);
  REQUIRE(stream);
  CHECK(read_all(**stream, 100) == "odd");
}

TEST_CASE("times, owner and mode are the file's, to the nanosecond") {
  Folder folder;
  const std::string path = write_file(folder.path("x"), "12345");
  const timespec times[] = {{-86'400, 123'456'789}, {5'000'000'000, 7}};
  REQUIRE(utimensat(AT_FDCWD, path.c_str(), times, 0) == 0);
  REQUIRE(chmod(path.c_str(), 04751) == 0);
  Tree t = open_directory(folder.root());
  const FileRecord* x = t.walked.at("/x");
  REQUIRE(x);
  CHECK(x->accessed == Timestamp::from_unix(-86'400, 123'456'789));
  CHECK(x->modified == Timestamp::from_unix(5'000'000'000, 7));
  CHECK(x->changed);
  CHECK(x->mode == 04751u);
  CHECK(x->uid == getuid());
  CHECK(x->size == 5);
  CHECK(x->type == FileType::regular);
  CHECK(x->state == FileState::allocated);
  CHECK(x->content_intact);
  struct stat st {};
  REQUIRE(stat(path.c_str(), &st) == 0);
  CHECK(x->ref.inode == st.st_ino);

  // Reading leaves the access time alone.
  auto stream = t.tree->open(x->ref);
  REQUIRE(stream);
  CHECK(read_all(**stream, 10) == "12345");
  REQUIRE(stat(path.c_str(), &st) == 0);
  CHECK(st.st_atim.tv_sec == -86'400);
}

TEST_CASE("no symlink leads out of the tree; inside, they lead where the machine would have gone") {
  Folder outside, folder;
  write_file(outside.path("secret"), "analyst's own");
  write_file(folder.path("usr/share/zoneinfo/Europe/Berlin"), "TZif2");
  write_file(folder.path("etc/real"), "here");
  write_file(folder.path("secret"), "the machine's");
  const auto link = [&](const std::string& target, std::string_view name) {
    REQUIRE(symlink(target.c_str(), folder.path(name).c_str()) == 0);
  };
  link("/usr/share/zoneinfo/Europe/Berlin", "etc/localtime");
  link("../usr", "etc/usr");
  link("real", "etc/alias");
  link("../../../../../../secret", "etc/climb");
  link(outside.root(), "etc/away");
  link(outside.path("secret"), "etc/stolen");
  link("loop-b", "loop-a");
  link("loop-a", "loop-b");
  link("/", "etc/root");
  Tree t = open_directory(folder.root());
  CHECK(t.problems.empty());

  const FileRecord* localtime = t.walked.at("/etc/localtime");
  REQUIRE(localtime);
  CHECK(localtime->type == FileType::symlink);
  CHECK(localtime->target == "/usr/share/zoneinfo/Europe/Berlin");
  for (const std::string& path : t.walked.paths()) CHECK_FALSE(path.starts_with("/etc/usr/"));

  auto zone = t.tree->find("/etc/localtime");
  REQUIRE(zone);
  CHECK(zone->path == "/usr/share/zoneinfo/Europe/Berlin");
  CHECK(zone->type == FileType::regular);
  auto alias = t.tree->find("/etc/alias");
  REQUIRE(alias);
  CHECK(alias->path == "/etc/real");
  auto through = t.tree->find("/etc/usr/share/zoneinfo/Europe/Berlin");
  REQUIRE(through);
  auto climb = t.tree->find("/etc/climb");
  REQUIRE(climb);
  CHECK(climb->path == "/secret");
  auto stream = t.tree->open(climb->ref);
  REQUIRE(stream);
  CHECK(read_all(**stream, 100) == "the machine's");
  CHECK_FALSE(t.tree->find("/etc/away"));
  CHECK_FALSE(t.tree->find("/etc/away/secret"));
  CHECK_FALSE(t.tree->find("/etc/stolen"));
  CHECK_FALSE(t.tree->find("/loop-a"));
  CHECK(t.tree->find("/etc/root"));
  CHECK(t.tree->find("/etc/root")->path == "/");
  CHECK(t.tree->find("/")->type == FileType::directory);
  CHECK(t.tree->find("/../../etc/./real"));
  CHECK_FALSE(t.tree->find("/etc/real/more"));

  FileRef ref;
  for (const char* path :
       {"/etc/away/secret", "/etc/usr/../../../../etc/passwd", "../../../../etc/passwd", "/nothing"}) {
    ref.path = path;
    auto opened = t.tree->open(ref);
    if (opened) CHECK(read_all(**opened, 100) != "analyst's own");
    CHECK_FALSE(opened);
  }
  // A link's own content is its target.
  ref.path = "/etc/stolen";
  auto content = t.tree->open(ref);
  REQUIRE(content);
  CHECK(read_all(**content, 1000) == outside.path("secret"));
}

TEST_CASE("what is no file is listed and never opened") {
  Folder folder;
  REQUIRE(mkfifo(folder.path("pipe").c_str(), 0600) == 0);
  fs::create_directory(folder.path("dir"));
  Tree t = open_directory(folder.root());
  const FileRecord* pipe = t.walked.at("/pipe");
  REQUIRE(pipe);
  CHECK(pipe->type == FileType::fifo);
  CHECK_FALSE(pipe->content_intact);
  CHECK_FALSE(t.tree->open(pipe->ref));  // and does not wait for a writer
  CHECK_FALSE(t.tree->open(t.walked.at("/dir")->ref));
  CHECK_FALSE(open_all(folder.path("pipe")).image);
}

TEST_CASE("list gives the names of one directory, sorted, as find would") {
  Folder folder;
  for (const char* name : {"c", "a", "b"}) write_file(folder.path(std::string("etc/cron.d/") + name), name);
  REQUIRE(symlink("cron.d", folder.path("etc/jobs").c_str()) == 0);
  Tree t = open_directory(folder.root());
  for (const char* directory : {"/etc/cron.d", "/etc/cron.d/", "/etc/jobs"}) {
    CAPTURE(directory);
    const auto records = t.tree->list(directory);
    REQUIRE(records.size() == 3);
    CHECK(records[0].path == "/etc/cron.d/a");
    CHECK(records[2].path == "/etc/cron.d/c");
    CHECK(records[1].ref.inode == t.tree->find("/etc/cron.d/b")->ref.inode);
  }
  CHECK(t.tree->list("/").size() == 1);
  CHECK(t.tree->list("/etc/cron.d/a").empty());
  CHECK(t.tree->list("/none").empty());
}

TEST_CASE("nesting without end is cut and said; everything above is there") {
  Folder folder;
  int at = open(folder.root().c_str(), O_RDONLY | O_DIRECTORY);
  REQUIRE(at >= 0);
  size_t made = 0;
  for (; made < 500; ++made) {
    if (mkdirat(at, "d", 0700) != 0) break;
    const int next = openat(at, "d", O_RDONLY | O_DIRECTORY);
    close(at);
    at = next;
  }
  close(at);
  REQUIRE(made == 500);
  Tree t = open_directory(folder.root());
  CHECK(t.walked.records.size() >= 400);
  CHECK(t.walked.records.size() <= 501);
  CHECK(std::any_of(t.problems.begin(), t.problems.end(), [](const Problem& p) { return p.code == "limit"; }));
}

TEST_CASE("a directory that cannot be entered is a problem") {
  if (geteuid() == 0) {
    MESSAGE("skipped: root may enter every directory");
    return;
  }
  Folder folder;
  write_file(folder.path("closed/x"), "x");
  REQUIRE(chmod(folder.path("closed").c_str(), 0) == 0);
  Tree t = open_directory(folder.root());
  CHECK(t.problems.size() == 1);
  chmod(folder.path("closed").c_str(), 0700);
}
