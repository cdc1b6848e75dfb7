// SPDX-License-Identifier: Apache-2.0
// Images of single volumes, and cases that grow: what is there keeps its ids.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <fstream>

#include "base/text.hpp"
#include "e2e/case_run.hpp"
#include "e2e/server_tree.hpp"

using namespace necropsy;
using namespace necropsy::test;

namespace {

struct Scene {
  Folder folder{"volumes"};
  ServerTree tree = write_server(folder / "tree", 1500);
  fs::path db = folder / "case.db";
  Ran ingest(std::vector<std::string> words) const {
    words.insert(words.begin(), "ingest");
    words.insert(words.end(), {"--case", db.string(), "--quiet", "--jobs", "2"});
    return program(words);
  }
};

// What tells one event from another, with its id.
constexpr std::string_view kEvents =
    "SELECT event_id, time_utc, message, log_path, log_offset FROM timeline WHERE log_path IS NOT NULL ORDER BY "
    "event_id";

}  // namespace

TEST_CASE("images of single volumes, told where they were mounted, are one host") {
  const Scene s;
  make_ext4(s.folder / "hda5.img", s.tree.root, 8);
  make_ext4(s.folder / "hda7.img", s.tree.var, 24);
  REQUIRE(s.ingest({(s.folder / "hda5.img").string() + "=/", (s.folder / "hda7.img").string() + "=/var"}).code == 0);
  CHECK(query(s.db, "SELECT host_name, time_zone FROM hosts") == "web1|Europe/Berlin\n");
  CHECK(query(s.db, "SELECT evidence, mount_point FROM volumes ORDER BY evidence") == "hda5|/\nhda7|/var\n");
  CHECK(query(s.db, "SELECT count(*) FROM files WHERE file_path = '/var/log/auth.log' AND host_name = 'web1'") ==
        "1\n");
  CHECK(contains(query(s.db, "SELECT DISTINCT time_basis FROM timeline WHERE log_path = '/var/log/auth.log'"), "zone"));
}

TEST_CASE("--offset reads the volume that no partition table names") {
  const Scene s;
  make_ext4(s.folder / "var.img", s.tree.var, 24);
  const uint64_t offset = 1234 * 512;
  {
    std::ofstream out(s.folder / "dump.bin", std::ios::binary);
    out.seekp(static_cast<std::streamoff>(offset));
    std::ifstream in(s.folder / "var.img", std::ios::binary);
    out << in.rdbuf();
  }
  REQUIRE(s.ingest({(s.folder / "dump.bin").string(), "--offset", std::to_string(offset)}).code == 0);
  CHECK(query(s.db, "SELECT offset, state FROM volumes WHERE state = 'filesystem'") ==
        fmt::format("{}|filesystem\n", offset));
  CHECK(query(s.db, "SELECT status FROM coverage WHERE log_path LIKE '%/log/auth.log'") == "complete\n");
}

TEST_CASE("--only fs leaves the logs for a later run") {
  const Scene s;
  const fs::path disk = s.folder / "disk.img";
  make_server_disk(s.tree, s.folder.path(), disk, 24);
  REQUIRE(s.ingest({disk.string()}).code == 0);
  const std::string at_once = dump_views(s.db);
  fs::remove(s.db);
  REQUIRE(s.ingest({disk.string(), "--only", "fs"}).code == 0);
  CHECK(query(s.db, "SELECT count(*) FROM timeline WHERE log_path IS NOT NULL") == "0\n");
  CHECK(query(s.db, "SELECT count(*) > 0 FROM files") == "1\n");
  // Nothing was looked for, so nothing is said to be missing.
  CHECK(query(s.db, "SELECT count(*) FROM coverage WHERE status = 'absent'") == "0\n");
  REQUIRE(s.ingest({disk.string()}).code == 0);
  const std::string later = dump_views(s.db);
  CHECK_MESSAGE(later == at_once, first_difference(at_once, later));
  // A parser that was left out is made up for, too.
  fs::remove(s.db);
  REQUIRE(s.ingest({disk.string(), "--exclude", "utmp,apache_access"}).code == 0);
  CHECK(query(s.db, "SELECT status FROM coverage WHERE log_path = '/var/log/wtmp'") == "skipped\n");
  REQUIRE(s.ingest({disk.string()}).code == 0);
  const std::string made_up = dump_views(s.db);
  CHECK_MESSAGE(made_up == at_once, first_difference(at_once, made_up));
}

TEST_CASE("evidence that is added later changes no id, and a run with nothing to do changes nothing") {
  const Scene s;
  const fs::path disk = s.folder / "disk.img";
  make_server_disk(s.tree, s.folder.path(), disk, 24);
  REQUIRE(s.ingest({disk.string()}).code == 0);
  const std::string before = query(s.db, kEvents), dump = dump_views(s.db);
  REQUIRE(s.ingest({disk.string()}).code == 0);
  const std::string again = dump_views(s.db);
  CHECK_MESSAGE(again == dump, first_difference(dump, again));
  // Another machine, and a copy of one log by itself.
  write_file(s.folder / "other/etc/hostname", "db2\n");
  write_file(s.folder / "other/var/log/auth.log",
             "Mar  2 10:00:01 db2 sshd[1]: Failed password for root from 192.0.2.1 port 1 ssh2\n");
  REQUIRE(s.ingest({(s.folder / "other").string()}).code == 0);
  REQUIRE(s.ingest({(s.tree.var / "log/auth.log.1").string()}).code == 0);
  const std::string after = query(s.db, kEvents);
  CHECK_MESSAGE(after.starts_with(before), first_difference(before, after.substr(0, before.size())));
  CHECK(after.size() > before.size());
  CHECK(query(s.db, "SELECT count(*) FROM hosts") == "3\n");
  CHECK(query(s.db, "SELECT label FROM evidence_items ORDER BY label") == "auth.log.1\ndisk\nother\n");
}
