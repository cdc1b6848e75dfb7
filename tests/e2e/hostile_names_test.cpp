// SPDX-License-Identifier: Apache-2.0
// Names of files that would lead out of a folder, overwrite a file, or act on a terminal: `extract` stays inside its
// folder, loses none and overwrites none.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <fstream>
#include <map>

#include "base/text.hpp"
#include "e2e/hostile_run.hpp"

using namespace necropsy;
using namespace necropsy::test;

namespace {

// Replaces a name in the directory blocks of an image by one of the same length that no system call would make.
void rename_in_image(const fs::path& image, std::string_view from, std::string_view to) {
  REQUIRE(from.size() == to.size());
  std::string bytes = read_file(image);
  size_t found = 0;
  for (size_t at = bytes.find(from); at != std::string::npos; at = bytes.find(from, at + 1), ++found)
    to.copy(bytes.data() + at, to.size());
  REQUIRE_MESSAGE(found == 1, std::string(from));
  write_file(image, bytes);
}

// Every file below a folder with its content, by path.
std::map<std::string, std::string> files_below(const fs::path& folder) {
  std::map<std::string, std::string> out;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    CHECK_MESSAGE(!entry.is_symlink(), entry.path().string());
    if (entry.is_regular_file()) out[fs::relative(entry.path(), folder).string()] = read_file(entry.path());
  }
  return out;
}

}  // namespace

TEST_CASE("names with .., /, backslash, NUL, escapes, overrides and case twins are extracted inside the folder") {
  const Folder folder("names");
  const fs::path tree = folder / "files", image = folder / "disk.img", out = folder / "out";
  const std::vector<std::string> names = {"esc\x1b[2J",
                                          "line\nbreak",
                                          "\xe2\x80\xae"
                                          "gpj.exe",
                                          "not\xff\xfeutf8",
                                          "back\\slash",
                                          "back/slash",
                                          "..\\..\\climb",
                                          "C:drive",
                                          "-rf",
                                          "twin",
                                          "TWIN",
                                          "Twin",
                                          "con",
                                          "MANIFEST.tsv",
                                          std::string(255, 'n'),
                                          std::string(254, 'n') + "m"};
  int number = 0;
  for (const std::string& name : names)
    if (!contains(name, "/")) write_file(tree / name, fmt::format("content {}", ++number));
  write_file(tree / "NAMEONE01", "climbed once");
  write_file(tree / "NAMETWO02/inner", "climbed twice");
  write_file(tree / "NAMETHREE", "held a NUL");
  write_file(tree / "NAMEF", "absolute");
  fs::create_symlink("/etc", tree / "link");
  make_ext4(image, tree, 8);
  rename_in_image(image, "NAMEONE01", "../../x01");
  rename_in_image(image, "NAMETWO02", "../../../");
  rename_in_image(image, "NAMETHREE", std::string_view("nul\0\0byte", 9));
  rename_in_image(image, "NAMEF", "/etc/");
  // What must stay as it is.
  write_file(folder / "x01", "mine");
  write_file(folder / "climb", "mine");
  const HostileRun run(folder, {image});
  CHECK(run.ran.code == 0);
  fs::remove_all(tree);
  const auto before = files_below(folder.path());

  const Ran extracted = program({"extract", run.db.string(), "*", "-o", out.string()});
  CHECK_MESSAGE(extracted.code == 0, extracted.err);
  auto after = files_below(folder.path());
  std::map<std::string, std::string> made;
  for (auto it = after.begin(); it != after.end();) {
    if (it->first.starts_with("out/")) {
      made.insert(*it);
      it = after.erase(it);
    } else {
      ++it;
    }
  }
  CHECK(after == before);  // nothing outside the folder
  CHECK(!fs::exists(folder.path().parent_path() / "x01"));
  std::multimap<std::string, std::string> by_content;
  for (const auto& [path, content] : made) {
    by_content.emplace(content, path);
    for (char c : path) CHECK_MESSAGE(static_cast<unsigned char>(c) >= 0x20, displayable(path));
    CHECK_MESSAGE(!contains(path, "\\"), path);
    CHECK_MESSAGE(!contains("/" + path + "/", "/../"), path);
  }
  for (int n = 1; n <= number; ++n) CHECK_MESSAGE(by_content.count(fmt::format("content {}", n)) == 1, n);
  for (const char* content : {"climbed once", "climbed twice", "held a NUL", "absolute"})
    CHECK_MESSAGE(by_content.count(content) == 1, std::string(content));
  // The list names each file, one a line, and its digests are right.
  const std::string manifest = read_file(out / "MANIFEST.tsv");
  size_t listed = 0;
  for (std::string_view line : split(manifest, '\n')) {
    const auto cells = split(line, '\t');
    if (cells.size() < 6 || cells[0] == "sha256") continue;
    ++listed;
    CHECK_MESSAGE(sha256_of(out / std::string(cells[5])) == cells[0], std::string(line));
  }
  CHECK(listed == made.size() - 1);
}

TEST_CASE("extract overwrites nothing, follows no link, and says what it could not write") {
  const Folder folder("names-again");
  write_file(folder / "top/tmp/a.txt", "the evidence's");
  write_file(folder / "top/tmp/b.txt", "the evidence's too");
  const HostileRun run(folder, {folder / "top"});
  CHECK(run.ran.code == 0);
  const fs::path out = folder / "out";
  const std::vector<std::string> words = {"extract", run.db.string(), "/tmp/*", "-o", out.string()};
  REQUIRE(program(words).code == 0);
  const std::string first = read_file(out / "MANIFEST.tsv");
  CHECK(read_file(out / "top/tmp/a.txt") == "the evidence's");
  // A person has changed one of them; a second and third extract leave it and the first list alone.
  write_file(out / "top/tmp/a.txt", "my notes");
  for (int i = 0; i < 3; ++i) {
    const Ran again = program(words);
    CHECK_MESSAGE(again.code == 0, again.err);
    CHECK(read_file(out / "top/tmp/a.txt") == "my notes");
    CHECK(read_file(out / "MANIFEST.tsv") == first);
  }
  CHECK(contains(program(words).err, "MANIFEST-"));
  // A link where a folder should be made, by whoever shares the machine.
  fs::remove_all(out);
  fs::create_directories(out);
  fs::create_directories(folder / "elsewhere");
  fs::create_symlink(folder / "elsewhere", out / "top");
  const Ran linked = program(words);
  CHECK(linked.code == 1);
  CHECK(contains(linked.err, "could not be written"));
  CHECK(fs::is_empty(folder / "elsewhere"));
}

TEST_CASE("evidence called MANIFEST.tsv is extracted beside the list") {
  const Folder folder("names-manifest");
  write_file(folder / "MANIFEST.tsv/var/log/auth.log", std::string(kGoodLines));
  const HostileRun run(folder, {folder / "MANIFEST.tsv"});
  const Ran out = program({"extract", run.db.string(), "--logs", "-o", (folder / "out").string()});
  CHECK_MESSAGE(out.code == 0, out.err);
  size_t copies = 0;
  for (const auto& [path, content] : files_below(folder / "out")) copies += content == kGoodLines;
  CHECK(copies == 1);
}
