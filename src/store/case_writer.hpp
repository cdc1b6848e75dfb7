// SPDX-License-Identifier: Apache-2.0
// CaseWriter: the one road by which rows get into a case.
// Thread: the one that made it. Owns the open transaction (50,000 rows each). Never parses, never drops a row silently:
// what cannot be stored ends the run with a StoreError.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "model/host_profile.hpp"
#include "model/problem.hpp"
#include "model/rows.hpp"
#include "store/database.hpp"

namespace necropsy {

// Whom a problem belongs to; what is not known stays empty.
struct ProblemOwner {
  std::optional<int64_t> host_id, evidence_id, volume_id, source_id;
  std::string parser;
};

struct SourceTotals {
  uint64_t events = 0;
  int64_t first_ts = kNone, last_ts = kNone;
};

class CaseWriter {
 public:
  explicit CaseWriter(Database& db);
  ~CaseWriter();

  Database& db() { return db_; }
  // Opens a transaction when none is open; commits when enough rows are in it.
  void begin();
  void commit();
  void rollback();

  int64_t intern(std::string_view text);
  // Appends events of one source; numbers them from totals.events + 1. `local_names`: names of the host itself, in
  // lower case; other host names are kept for remote logs and noted as attribute log_host for local ones.
  void add_events(int64_t source_id, const EventBatch& batch, bool remote, const std::vector<std::string>& local_names,
                  SourceTotals& totals);
  // Appends names of one volume; numbers them from `next` on and moves it.
  void add_files(int64_t source_id, int64_t volume_id, const FileBatch& batch, uint64_t& next, SourceTotals& totals);
  // `once`: not when the same row is there already, from a run that did the same work before.
  void add_problem(const ProblemOwner& owner, const Problem& problem, uint64_t repeats = 1, bool once = false);
  // Counts for `activity`, kept until the source is done.
  void flush_activity(int64_t source_id);
  // Throws away all rows of a source: a job that did not end, or failed.
  void forget_source(int64_t source_id);

 private:
  struct Statements;
  void count_row();
  int64_t intern_dir(int64_t volume_id, std::string_view path);
  int64_t intern_template(std::string_view format);

  Database& db_;
  std::unique_ptr<Statements> sql_;
  bool open_ = false;
  uint64_t rows_ = 0;
  // Bounded caches in front of the UNIQUE indexes (high-cardinality texts must not grow memory).
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view s) const { return std::hash<std::string_view>{}(s); }
  };
  std::unordered_map<std::string, int64_t, Hash, std::equal_to<>> strings_, dirs_, templates_;
  std::map<int64_t, std::map<std::pair<int, int64_t>, int64_t>> activity_;  // source -> (kind, day) -> n
};

}  // namespace necropsy
