// SPDX-License-Identifier: Apache-2.0
// Ledger: what evidence, volumes, hosts and logs a case knows, and how far each is. Running again resumes from it.
// Same thread and transaction as the CaseWriter it is given.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/file_record.hpp"
#include "model/host_profile.hpp"
#include "store/case_writer.hpp"
#include "store/database.hpp"

namespace necropsy {

struct EvidenceRow {
  int64_t id = 0;
  std::string label, path, mount, format, status;
  std::optional<uint64_t> media_offset;
  int64_t ingest_no = 0, stage = 0;
  std::string sha256;
};

struct VolumeRow {
  int64_t id = 0, evidence_id = 0;
  std::optional<int64_t> host_id;
  std::string evidence_path;
  std::optional<uint64_t> media_offset;
  std::string evidence_format;
  std::string name, type, label, content, state, mount;
  std::optional<uint64_t> offset;
  uint64_t length = 0;
  std::string fs_type, fs_label, fs_uuid, fs_state, last_mount_point;
  uint32_t block_size = 0;
  std::optional<Timestamp> created, mounted, checked, written;
  int64_t walked = 0;  // 1: names stored, 2: logs looked for, 3: both
};

struct HostRow {
  int64_t id = 0;
  std::string name, os_family, zone_tzif;
  std::vector<std::string> local_names;  // lower case: name, short name, aliases
};

struct SourceRow {
  int64_t id = 0, host_id = 0, evidence_id = 0, volume_id = 0;
  std::string parser, log_path, compression;
  FileRef ref;
  uint64_t size = 0;
  std::optional<Timestamp> modified;
  bool remote = false;
  std::string status;
};

struct CandidateRow {
  uint64_t file_number = 0;
  FileRef ref;
  std::string path, parser, compression, reason;
  uint8_t state = 0;
  uint64_t size = 0;
  std::optional<Timestamp> modified;
};

struct SourceEnd {
  std::string status, reason, zone_basis;  // of coverage
  SourceTotals totals;
  uint64_t records_read = 0, records_unparsed = 0, bytes_read = 0;
};

// A file whose bytes are wanted again.
struct FileWanted {
  int64_t id = 0;  // file_id or event_id
  int64_t volume_id = 0;
  FileRef ref;
  std::string compression;
  uint64_t offset = 0, length = 0;
};

class Ledger {
 public:
  explicit Ledger(CaseWriter& writer) : writer_(writer), db_(writer.db()) {}

  std::optional<std::string> meta(std::string_view key);
  void set_meta(std::string_view key, std::string_view value);

  int64_t next_ingest();
  // The row of this evidence, new or known. `fresh` says which.
  EvidenceRow add_evidence(const std::string& path, const std::string& mount, std::optional<uint64_t> media_offset,
                           int64_t ingest_no, bool& fresh);
  std::vector<EvidenceRow> evidence();
  void set_evidence(int64_t id, const std::string& format, uint64_t bytes, const std::string& segments_json,
                    const std::string& facts_json, const std::string& md5, const std::string& sha1,
                    std::optional<Timestamp> acquired, Timestamp opened);
  void set_evidence_status(int64_t id, const std::string& status);
  void set_evidence_stage(int64_t id, int64_t stage);
  std::string stored_hash(int64_t id, bool md5);  // that the container holds; empty without one
  void set_evidence_hash(int64_t id, const std::string& sha256, Timestamp verified, const std::string& status);

  void clear_volumes(int64_t evidence_id);  // before a survey is done again
  int64_t add_volume(const VolumeRow& volume);
  void set_volume_host(int64_t volume_id, int64_t host_id, const std::string& mount);
  void set_walked(int64_t volume_id, int64_t walked);
  std::vector<VolumeRow> volumes();

  int64_t add_host(const std::string& name, const std::string& zone_source);
  void set_profile(int64_t host_id, const HostProfile& profile);
  void set_clock_offset(int64_t host_id, double seconds, const std::string& source);
  std::vector<HostRow> hosts();
  HostProfile profile(int64_t host_id);  // what parsers need of it: names, zone, accounts

  int64_t add_source(int kind, int64_t host_id, int64_t evidence_id, int64_t volume_id, const std::string& parser);
  std::optional<int64_t> source_of_volume(int kind, int64_t volume_id);
  void finish_source(int64_t source_id, const SourceEnd& end);
  void set_source_status(int64_t source_id, const std::string& status, const std::string& reason);
  void add_candidates(int64_t volume_id, const std::vector<CandidateRow>& candidates);
  void forget_candidates(int64_t volume_id);
  // Makes sources of all candidates, in (evidence, volume, inode, stream) order; `remote`: path prefixes of log
  // servers.
  void assign_sources(bool remote_logs);
  std::vector<SourceRow> open_sources();                         // logs not done
  std::vector<SourceRow> sources_with(std::string_view status);  // of coverage: skipped, failed …
  void reopen_source(int64_t source_id);

  void add_package(int64_t host_id, const std::string& name, const std::string& version,
                   std::optional<Timestamp> installed);
  void add_package_file(int64_t host_id, const std::string& path, const std::string& package, const std::string& md5,
                        bool conffile);
  // Programs and libraries of packages whose digest is known but not yet compared. `all`: every packaged file.
  std::vector<FileWanted> package_files_to_check(int64_t host_id, bool all);
  void set_digest(int64_t file_id, const std::string& md5, const std::string& sha256);
  void compare_packages(int64_t host_id);   // package_file.md5_found from the digests
  std::vector<FileWanted> files_to_hash();  // --hash: allocated regular files without a digest
  std::vector<FileWanted> cited_files();    // that findings name and that have no digest
  std::vector<FileWanted> cited_events();   // whose raw bytes are not in the case
  void add_raw(int64_t event_id, std::string_view bytes, bool cut);
  void index_files();  // what the package check needs before the other indexes are made

  // The same record read in several files is one event with several sources.
  void merge_copies();
  uint64_t count_problems();  // of severity warning and error
  uint64_t count_events();
  uint64_t count_names();

 private:
  CaseWriter& writer_;
  Database& db_;
};

}  // namespace necropsy
