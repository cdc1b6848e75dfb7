// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <unordered_set>

#include "parse/dpkg_database.hpp"
#include "support/fake_files.hpp"

using namespace necropsy;
using namespace necropsy::test;

namespace {

constexpr const char* kSumA = "0123456789abcdef0123456789abcdef";
constexpr const char* kSumB = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

struct Read {
  std::vector<PackageFile> files;
  std::vector<Problem> problems;
  size_t packages = 0;
  const PackageFile* at(std::string_view path) const {
    for (const PackageFile& f : files)
      if (f.path == path) return &f;
    return nullptr;
  }
};

Read read(const ProfileFiles& files) {
  Read out;
  out.packages = read_dpkg_database(
      files, [&](PackageFile f) { out.files.push_back(std::move(f)); },
      [&](Problem p) { out.problems.push_back(std::move(p)); });
  return out;
}

FakeFiles machine() {
  FakeFiles files;
  files
      .put("/var/lib/dpkg/status",
           "Package: coreutils\nStatus: install ok installed\nArchitecture: amd64\nVersion: 9.1-1\n"
           "Description: tools\n more text\n /etc/not/a/conffile x\n\n"
           "Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nMulti-Arch: same\nVersion: 2.36-9\n"
           "Conffiles:\n /etc/ld.so.conf.d/x86_64-linux-gnu.conf " +
               std::string(kSumB) + "\n /etc/old file " + std::string(kSumA) +
               " obsolete\n /etc/new.conf newconffile\n\n"
               "Package: gone\nStatus: deinstall ok config-files\nArchitecture: all\nVersion: 1\n")
      .put("/var/lib/dpkg/info/coreutils.list",
           "/.\n/bin\n/bin/ls\n/usr\n/usr/bin\n/usr/bin/test\n/usr/share\n/usr/share/doc\n/usr/share/doc/coreutils\n",
           1700000000)
      .put("/var/lib/dpkg/info/coreutils.md5sums", std::string(kSumA) + "  bin/ls\n" + kSumB + "  usr/bin/test\n")
      .put("/var/lib/dpkg/info/libc6:amd64.list",
           "/.\n/lib\n/lib/x86_64-linux-gnu\n/lib/x86_64-linux-gnu/libc.so.6\n/etc\n/etc/ld.so.conf.d\n"
           "/etc/ld.so.conf.d/x86_64-linux-gnu.conf\n",
           1700000500)
      .put("/var/lib/dpkg/info/libc6:amd64.md5sums", std::string(kSumA) + "  lib/x86_64-linux-gnu/libc.so.6\n");
  return files;
}

}  // namespace

TEST_CASE("files of packages with sums, versions and times") {
  FakeFiles files = machine();
  const Read got = read(files.callbacks());
  CHECK(got.problems.empty());
  CHECK(got.packages == 2);
  const PackageFile* ls = got.at("/bin/ls");
  REQUIRE(ls);
  CHECK(ls->package == "coreutils");
  CHECK(ls->version == "9.1-1");
  CHECK(ls->md5 == kSumA);
  CHECK_FALSE(ls->conffile);
  CHECK(ls->installed == Timestamp::from_unix(1700000000));
  CHECK_FALSE(got.at("/bin"));
  CHECK_FALSE(got.at("/usr/share/doc"));
  const PackageFile* conf = got.at("/etc/ld.so.conf.d/x86_64-linux-gnu.conf");
  REQUIRE(conf);
  CHECK(conf->package == "libc6");
  CHECK(conf->conffile);
  CHECK(conf->md5 == kSumB);
  REQUIRE(got.at("/etc/old file"));
  CHECK(got.at("/etc/old file")->md5 == kSumA);
  REQUIRE(got.at("/etc/new.conf"));
  CHECK(got.at("/etc/new.conf")->md5 == "");
  CHECK_FALSE(got.at("/etc/not/a/conffile"));
}

TEST_CASE("a merged /usr: files are where the links lead") {
  FakeFiles files = machine();
  files.link("/bin", "usr/bin").link("/lib", "usr/lib").link("/var/run", "/run");
  const Read got = read(files.callbacks());
  REQUIRE(got.at("/usr/bin/ls"));
  CHECK(got.at("/usr/bin/ls")->md5 == kSumA);
  CHECK(got.at("/usr/lib/x86_64-linux-gnu/libc.so.6"));
  CHECK_FALSE(got.at("/bin/ls"));
  const MergedFolders merged = MergedFolders::of(files.callbacks());
  CHECK(merged.canonical_package_path("/var/run/x.pid") == "/run/x.pid");
  CHECK(merged.canonical_package_path("/binary") == "/binary");
  CHECK(merged.canonical_package_path("/bin") == "/bin");
  MergedFolders ring;
  ring.add("/a", "/b");
  ring.add("/b", "/a");
  CHECK(ring.canonical_package_path("/a/x").ends_with("/x"));
}

TEST_CASE("diversions move the files of others") {
  FakeFiles files = machine();
  files.put("/var/lib/dpkg/diversions", "/bin/ls\n/bin/ls.distrib\nbetter-ls\n/usr/bin/test\n/usr/bin/test.orig\n:\n");
  const Read got = read(files.callbacks());
  CHECK(got.at("/bin/ls.distrib"));
  CHECK_FALSE(got.at("/bin/ls"));
  CHECK(got.at("/usr/bin/test.orig"));
  files.put("/var/lib/dpkg/diversions", "/bin/ls\n/bin/ls.distrib\ncoreutils\nrest\n");
  const Read own = read(files.callbacks());
  CHECK(own.at("/bin/ls"));
  REQUIRE(own.problems.size() == 1);
  CHECK(own.problems[0].code == "truncated");
}

TEST_CASE("damage and what status does not know") {
  FakeFiles files = machine();
  files.put("/var/lib/dpkg/info/tool:amd64.list", "/.\n/usr/bin/tool\n", 1700000900)
      .put("/var/lib/dpkg/info/tool:amd64.md5sums", "xyz\n" + std::string(kSumA) + "  usr/bin/tool\nshort  a\n")
      .put("/var/lib/dpkg/info/coreutils.list", "bin/ls\n/bin/ls\n");
  const Read got = read(files.callbacks());
  CHECK(got.packages == 3);
  REQUIRE(got.at("/usr/bin/tool"));
  CHECK(got.at("/usr/bin/tool")->package == "tool");
  CHECK(got.at("/usr/bin/tool")->md5 == kSumA);
  CHECK(got.at("/usr/bin/test"));  // from the sums, though the list lost it
  REQUIRE(got.problems.size() == 3);
  CHECK(got.problems[0].code == "malformed");
  CHECK(got.problems[0].file_path == "/var/lib/dpkg/info/coreutils.list");
  CHECK(got.problems[1].code == "unknown-package");
  CHECK(got.problems[2].code == "malformed");
  CHECK(read(FakeFiles().callbacks()).packages == 0);
  const Read junk = read(FakeFiles().put("/var/lib/dpkg/status", "\x01\x02junk\n").callbacks());
  CHECK(junk.packages == 0);
  CHECK(junk.problems.size() == 1);
}

TEST_CASE("slim images: one stanza a file") {
  FakeFiles files;
  files.put("/var/lib/dpkg/status.d/tzdata", "Package: tzdata\nVersion: 2024a-0\nArchitecture: all\n")
      .put("/var/lib/dpkg/status.d/tzdata.md5sums", std::string(kSumA) + "  usr/share/zoneinfo/UTC\n", 1700000000);
  const Read got = read(files.callbacks());
  CHECK(got.packages == 1);
  REQUIRE(got.at("/usr/share/zoneinfo/UTC"));
  CHECK(got.at("/usr/share/zoneinfo/UTC")->version == "2024a-0");
  CHECK(got.at("/usr/share/zoneinfo/UTC")->installed == Timestamp::from_unix(1700000000));
}

// The machine that runs the tests, where it is a Debian: every sum of its database must come out.
TEST_CASE("a real database") {
  namespace fs = std::filesystem;
  std::error_code error;
  if (!fs::is_directory("/var/lib/dpkg/info", error)) return;
  ProfileFiles files;
  files.read = [](std::string_view path, size_t) -> std::optional<std::string> {
    std::ifstream in{std::string(path), std::ios::binary};
    if (!in) return std::nullopt;
    std::ostringstream content;
    content << in.rdbuf();
    return content.str();
  };
  files.find = [](std::string_view) -> std::optional<FileRecord> { return std::nullopt; };
  files.list = [](std::string_view directory) {
    std::vector<FileRecord> found;
    std::error_code failed;
    for (const auto& entry : fs::directory_iterator(std::string(directory), failed)) {
      FileRecord record;
      record.path = entry.path().string();
      record.type = entry.is_symlink()     ? FileType::symlink
                    : entry.is_directory() ? FileType::directory
                                           : FileType::regular;
      if (entry.is_symlink()) record.target = fs::read_symlink(entry.path(), failed).string();
      found.push_back(std::move(record));
    }
    return found;
  };
  const Read got = read(files);
  std::unordered_set<std::string> sums, conffiles;
  for (const PackageFile& f : got.files) (f.conffile ? conffiles : sums).insert(f.conffile ? f.path : f.md5);
  size_t lines = 0, missed = 0;
  for (const auto& entry : fs::directory_iterator("/var/lib/dpkg/info")) {
    if (entry.path().extension() != ".md5sums") continue;
    std::ifstream in(entry.path());
    for (std::string line; std::getline(in, line);) {
      if (line.size() < 35) continue;
      ++lines;
      missed += !sums.contains(line.substr(0, 32)) && !conffiles.contains("/" + line.substr(34));
    }
  }
  MESSAGE(got.packages << " packages, " << got.files.size() << " files, " << lines << " sums");
  CHECK(lines > 0);
  CHECK(missed == 0);
}
