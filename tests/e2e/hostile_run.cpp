// SPDX-License-Identifier: Apache-2.0
#include "e2e/hostile_run.hpp"

#include <doctest/doctest.h>

namespace necropsy::test {

HostileRun::HostileRun(const Folder& folder, const std::vector<std::string>& words, const char* by)
    : db(folder / "case.db") {
  for (const char* end : {"", "-wal", "-shm", "-journal"}) fs::remove(db.string() + end);
  std::vector<std::string> all = {by, "ingest", "--case", db.string(), "--jobs", "2", "--quiet"};
  all.insert(all.end(), words.begin(), words.end());
  ran = run(all);
  CHECK_MESSAGE(ran.code >= 0, "ended by a signal: ", ran.err);
  CHECK(faults_of_file(db) == "");
#if !defined(__SANITIZE_ADDRESS__)
  CHECK_MESSAGE(ran.peak_mebibytes <= kMostMebibytes, ran.peak_mebibytes, " MiB");
#endif
}

std::string HostileRun::problems() const {
  return query(db, "SELECT code, severity, what, file_path FROM problems ORDER BY file_path, code, offset, what");
}
std::string HostileRun::coverage() const {
  return query(db, "SELECT log_path, status, reason FROM coverage ORDER BY log_path");
}
std::string HostileRun::good_events() const {
  return query(db, "SELECT count(*) FROM timeline WHERE parser = 'syslog' AND user_name = 'alice'");
}

}  // namespace necropsy::test
