// SPDX-License-Identifier: Apache-2.0
// Ingest: the conductor. From evidence to a finished case: survey, profile, walk, parse, correlate, hash.
// Running it again adds new evidence and resumes what was interrupted.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "store/database.hpp"

namespace necropsy {

struct EvidenceArgument {
  std::string path;
  std::string mount;  // EVIDENCE=MOUNT
};

struct IngestOptions {
  std::vector<EvidenceArgument> evidence;
  std::string case_path;
  std::string host_name;               // --host
  std::string zone_name;               // --tz
  std::optional<int32_t> year;         // --year
  std::optional<double> clock_offset;  // --clock-offset, seconds
  std::optional<uint64_t> media_offset;
  int jobs = 2;
  int patience_seconds = 300;              // a worker that says nothing for so long hangs
  std::vector<std::string> only, exclude;  // fs, logs, parser names
  bool hash_files = false;
  bool remote_logs = false;
  bool force = false;  // do again what failed or was left out
};

struct Progress {
  std::string stage;             // survey, walk, parse …
  uint64_t done = 0, total = 0;  // jobs
  uint64_t bytes = 0, total_bytes = 0;
  uint64_t names = 0, events = 0;
};

struct IngestHooks {
  std::function<bool()> stop;                     // a signal came, or the deadline passed
  std::function<void(const Progress&)> progress;  // a few times a second at most matters
  std::function<void(Database&)> correlate;       // the analysis, between parsing and the raw bytes of what it cites
};

enum class IngestEnd : uint8_t { complete, with_problems, nothing_opened, stopped };

// Errors of the case file itself come as StoreError.
IngestEnd run_ingest(Database& db, const IngestOptions& options, const IngestHooks& hooks);

// Bytes of one file or event from the evidence, through a worker. For cat, extract, explain, verify.
struct ContentRequest {
  int64_t volume_id = 0;
  std::string tree_path;  // directory evidence
  uint64_t inode = 0;
  uint32_t sequence = 0;
  int32_t attribute_id = -1;
  uint64_t offset = 0, length = 0;
};
// `moved`: evidence label to its path now. Hands pieces to `out`; an empty string when all went well, else why not.
std::string read_content(Database& db, const std::vector<std::pair<std::string, std::string>>& moved,
                         const ContentRequest& request, const std::function<bool(std::string_view)>& out);

// sha256 of each evidence as it is now, against what the case holds.
struct VerifyResult {
  std::string label, path, format;
  std::string sha256_then, sha256_now;
  std::string stored_kind, stored, computed;  // hash that the container stores, and the same computed
  std::string error;
};
std::vector<VerifyResult> verify_evidence(Database& db, const std::vector<std::pair<std::string, std::string>>& moved,
                                          int jobs, const std::function<bool()>& stop);

}  // namespace necropsy
