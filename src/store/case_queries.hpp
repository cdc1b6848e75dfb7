// SPDX-License-Identifier: Apache-2.0
// Reads that commands and the report share. SQL stays in store/ and schema/.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/database.hpp"

namespace necropsy {

struct CaseCounts {
  int64_t names = 0, events = 0, findings = 0, problems = 0, logs = 0;
};
CaseCounts count_case(const Database& db);

// What the processes that read the evidence were confined by in the last run.
std::string case_sandbox(const Database& db);

// All rows of a contract view in a fixed order. Unknown names are refused.
Statement select_view(const Database& db, std::string_view view);
Statement select_logins(const Database& db, bool all, const std::string& user, const std::string& ip);
Statement select_accounts(const Database& db, const std::string& user);
Statement select_findings(const Database& db, std::optional<int64_t> id);
// What a finding cites, with the rows of the timeline.
Statement select_finding_events(const Database& db, int64_t finding_id);
// One event: the row of the timeline, its further places, its raw bytes.
Statement select_event(const Database& db, int64_t event_id);
Statement select_event_sources(const Database& db, int64_t event_id);
std::optional<std::string> event_raw(const Database& db, int64_t event_id, bool& cut);

// Keeps the analyst's word; false when there is no such finding.
bool decide_finding(Database& db, int64_t finding_id, const std::string& status, const std::string& why, int64_t when);

// Packaged programs and libraries whose content is not what their package shipped.
Statement select_package_differences(const Database& db);

// A file of the case, with what is needed to read it.
struct StoredFile {
  int64_t file_id = 0, volume_id = 0, size = 0;
  std::string evidence, path, tree_path, sha256;
  uint64_t inode = 0;
  uint32_t sequence = 0;
  int32_t attribute_id = -1;
  bool allocated = true, intact = true, regular = true;
};
// By path (GLOB where it holds wildcards; Windows paths without case), by inode number, or by finding.
std::vector<StoredFile> find_files(const Database& db, const std::string& path_or_inode);
std::vector<StoredFile> finding_files(const Database& db, int64_t finding_id);
std::vector<StoredFile> log_files(const Database& db);
// Where an event's bytes lie: its file, and the byte on the evidence where that can be said.
struct EventPlace {
  StoredFile file;
  std::string compression;
  int64_t offset = 0, length = 0;
};
std::optional<EventPlace> place_of_event(const Database& db, int64_t event_id);

}  // namespace necropsy
