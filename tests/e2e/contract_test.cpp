// SPDX-License-Identifier: Apache-2.0
// Independent checks of the contract, where they are there, and counts of records for every log of lines.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "base/text.hpp"
#include "e2e/case_run.hpp"
#include "e2e/server_tree.hpp"

using namespace necropsy;
using namespace necropsy::test;

namespace {

const fs::path kTools = fs::path(NECROPSY_SHARED_DIR) / "tools";

void check(const fs::path& db, const std::string& label, const fs::path& evidence) {
  if (!fs::exists(kTools / "check_case.py")) return;
  const Ran contract = run({"python3", (kTools / "check_case.py").string(), db.string()});
  CHECK_MESSAGE(contract.code == 0, evidence.string(), "\n", contract.out, contract.err);
  const Ran audit = run({"python3", (kTools / "audit_rows.py").string(), db.string(), "--evidence",
                         label + "=" + evidence.string(), "-n", "500"});
  CHECK_MESSAGE(audit.code == 0, evidence.string(), "\n", audit.out, audit.err);
}

}  // namespace

TEST_CASE("a disk, a folder and a single log keep the contract") {
  const Folder folder("contract");
  const ServerTree tree = write_server(folder / "tree", 2000);
  const fs::path disk = folder / "disk.img", db = folder / "case.db";
  make_server_disk(tree, folder.path(), disk, 24);
  REQUIRE(program({"ingest", disk.string(), "--case", db.string(), "--quiet"}).code == 0);
  check(db, "disk", disk);
  const auto counted = [&](const std::string& path) {
    return query(
        db,
        fmt::format("SELECT records_read + records_unparsed FROM coverage WHERE log_path = '{}' AND events > 0", path));
  };
  for (const auto& [path, lines] : tree.line_logs) CHECK_MESSAGE(counted(path) == fmt::format("{}\n", lines), path);

  // The same as one folder: /var lies in /.
  const fs::path whole = folder / "whole";
  fs::copy(tree.root, whole, fs::copy_options::recursive | fs::copy_options::copy_symlinks);
  fs::copy(tree.var, whole / "var", fs::copy_options::recursive | fs::copy_options::copy_symlinks);
  fs::remove(db);
  REQUIRE(program({"ingest", whole.string(), "--case", db.string(), "--quiet"}).code == 0);
  check(db, "whole", whole);
  for (const auto& [path, lines] : tree.line_logs) CHECK_MESSAGE(counted(path) == fmt::format("{}\n", lines), path);

  for (const auto& [path, lines] : tree.line_logs) {
    const fs::path log = whole / path.substr(1);
    fs::remove(db);
    const Ran ran = program({"ingest", log.string(), "--case", db.string(), "--tz", "Europe/Berlin", "--quiet"});
    REQUIRE_MESSAGE(ran.code == 0, path, ": ", ran.err);
    check(db, query(db, "SELECT label FROM evidence_items").substr(0, log.filename().string().size()), log);
    CHECK_MESSAGE(counted("/" + log.filename().string()) == fmt::format("{}\n", lines), path);
  }
}
