// SPDX-License-Identifier: Apache-2.0
// Same evidence, same rows: whatever the number of workers, whatever the container.
#include <doctest/doctest.h>

#include "base/text.hpp"
#include "e2e/case_run.hpp"
#include "e2e/server_tree.hpp"

using namespace necropsy;
using namespace necropsy::test;

namespace {

std::string dump_of(const Folder& folder, const std::vector<fs::path>& evidence, const std::string& jobs) {
  const fs::path db = folder / "case.db";
  fs::remove(db);
  std::vector<std::string> words = {"ingest", "--case", db.string(), "--jobs", jobs, "--quiet"};
  for (const fs::path& item : evidence) words.push_back(item.string());
  const Ran ran = program(words);
  CHECK_MESSAGE(ran.code == 0, ran.err, query(db, "SELECT file_path, code, what FROM problems"));
  CHECK(faults_of_file(db) == "");
  return dump_views(db);
}

}  // namespace

TEST_CASE("dumps of all views are the same for each number of workers and each container") {
  const Folder folder("determinism");
  const ServerTree tree = write_server(folder / "tree", 4000);
  const fs::path raw = folder / "disk.img";
  make_server_disk(tree, folder.path(), raw, 24);
  const std::string sum = sha256_of(raw);
  const auto written = fs::last_write_time(raw);

  const std::string whole = "\n" + dump_of(folder, {raw}, "0");
  // It is a dump of something: both volumes, all logs, accounts, sessions, findings.
  for (const char* row : {"\nfiles\tweb1\tdisk\tp1\t/etc/passwd\t", "\nfiles\tweb1\tdisk\tp2\t/var/log/auth.log\t",
                          "\ncoverage\tweb1\tdisk\t/var/log/auth.log.2.gz\tsyslog\tcomplete\t",
                          "\ncoverage\tweb1\tdisk\t/var/log/wtmp\tutmp\tcomplete\t",
                          "\ncoverage\tweb1\tdisk\t/var/log/mysql/mysql.log\tmysql_general\tcomplete\t",
                          "\naccounts\tweb1\talice\t", "\nlogins\t", "\nhosts\tweb1\tlinux\t"})
    CHECK_MESSAGE(contains(whole, row), std::string(row));
  CHECK(contains(whole, "/tmp/gone.sh"));
  CHECK(contains(whole, sum));

  for (const char* jobs : {"1", "4"}) {
    const std::string other = "\n" + dump_of(folder, {raw}, jobs);
    CHECK_MESSAGE(other == whole, "--jobs ", std::string(jobs), first_difference(whole, other));
  }

  // One more process reads the case for each container: same label, same rows.
  fs::create_directories(folder / "e01");
  tool({"ewfacquire", "-u", "-q", "-c", "none", "-S", "8MiB", "-t", (folder / "e01/disk").string(), raw.string()});
  CHECK(fs::exists(folder / "e01/disk.E01"));
  CHECK(fs::exists(folder / "e01/disk.E02"));
  for (const auto& [kind, file, options] : {std::tuple{"vmdk", "vmdk/disk.vmdk", "subformat=monolithicSparse"},
                                            std::tuple{"vpc", "vhd/disk.vhd", "force_size=on"}}) {
    fs::create_directories((folder / file).parent_path());
    tool({"qemu-img", "convert", "-O", kind, "-o", options, raw.string(), (folder / file).string()});
  }
  for (const char* container : {"e01/disk.E01", "vmdk/disk.vmdk", "vhd/disk.vhd"}) {
    const std::string before = sha256_of(folder / container);
    const std::string other = "\n" + dump_of(folder, {folder / container}, "2");
    CHECK_MESSAGE(other == whole, std::string(container), first_difference(whole, other));
    CHECK(sha256_of(folder / container) == before);
  }
  CHECK(sha256_of(raw) == sum);
  CHECK(fs::last_write_time(raw) == written);
}

TEST_CASE("a disk, a folder and single logs of one case come in the same order for each number of workers") {
  const Folder folder("determinism-many");
  const ServerTree tree = write_server(folder / "tree", 1000);
  make_server_disk(tree, folder.path(), folder / "disk.img", 24);
  const std::vector<fs::path> evidence = {folder / "disk.img", tree.var, tree.var / "log/auth.log.1",
                                          tree.var / "log/auth.log.2.gz", tree.var / "log/wtmp"};
  const std::string whole = dump_of(folder, evidence, "0");
  CHECK(contains(whole, "\ncoverage\tvar\tvar\t"));
  for (const char* jobs : {"1", "3", "8"}) {
    const std::string other = dump_of(folder, evidence, jobs);
    CHECK_MESSAGE(other == whole, "--jobs ", std::string(jobs), first_difference(whole, other));
  }
}
