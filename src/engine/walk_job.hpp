// SPDX-License-Identifier: Apache-2.0
// From FileRecords to rows, and the recognition of logs on the way.
#pragma once
#include <string>
#include <vector>

#include "engine/channel.hpp"
#include "engine/jobs.hpp"
#include "evidence/file_tree.hpp"
#include "parse/time_resolver.hpp"

namespace necropsy {

// Whether a file of this name is worth a look inside. Kinds of files that are never logs (programs, pictures, headers,
// translations) are passed over by their ending unless they are deleted or nameless, or stand where a log stands.
bool worth_probing(const FileRecord& record, std::string_view path);

// Times of a record as rows, equal ones together. `zone`: of the host, for filesystems with local times.
void group_times(const FileRecord& record, MacbSource source, const TimeZone& zone, FileRow& row);

class WalkCollector final : public FileVisitor {
 public:
  WalkCollector(Channel& channel, FileTree& tree, const Job& job, const ProblemHandler& problems);
  bool file(const FileRecord& record) override;
  bool finish();
  uint64_t names() const { return number_; }

 private:
  void probe(const FileRecord& record, const std::string& path, uint64_t number);
  void tell(std::string_view code, const std::string& what, const std::string& path, std::optional<uint64_t> offset);
  bool flush();

  Channel& channel_;
  FileTree& tree_;
  const Job& job_;
  const ProblemHandler& problems_;
  MacbSource source_;
  bool single_ = false;  // the evidence is one file, meant to be a log
  TimeZone zone_;
  TextTable texts_;
  std::vector<FileRow> rows_;
  std::vector<wire::Candidate> candidates_;
  struct ToProbe {
    FileRecord record;
    std::string path;
    uint64_t number;
  };
  std::vector<ToProbe> waiting_;
  wire::Out out_;
  uint64_t number_ = 0;
};

}  // namespace necropsy
