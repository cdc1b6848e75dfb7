// SPDX-License-Identifier: Apache-2.0
// NtfsTree: the FileTree of an NTFS volume. The walk goes through the MFT, not through the folders: every $FILE_NAME of
// every record is a name, and its parent reference leads to the path.
#pragma once
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "evidence/file_tree.hpp"
#include "evidence/ntfs_volume.hpp"
#include "evidence/walk_problems.hpp"

namespace necropsy {

class NtfsTree final : public FileTree {
 public:
  NtfsTree(std::unique_ptr<NtfsVolume> volume, uint64_t volume_offset);

  const FilesystemFacts& facts() const override { return facts_; }
  void walk(FileVisitor& visitor, const ProblemHandler& problems) override;
  Result<std::unique_ptr<ContentStream>> open(const FileRef& ref) override;
  std::optional<FileRecord> find(std::string_view path) override;
  std::vector<FileRecord> list(std::string_view directory) override;

  NtfsVolume& volume() { return *volume_; }
  // The record of one name of a file, and of one of its streams (nothing: the unnamed one, or a directory).
  // Path and state are the caller's.
  void describe(const NtfsFile& file, const NtfsName* name, const NtfsStream* stream, FileRecord& record);
  // Path of a directory as a file's name gives its parent, and the state of files in it.
  struct Folder {
    std::string path;  // empty for the root
    FileState state = FileState::allocated;
  };
  Folder folder(uint64_t number, uint16_t sequence);

 private:
  struct Known {
    bool directory = false, in_use = false;
    uint16_t sequence = 0;
    Folder folder;
  };
  Known know(uint64_t number, int depth);
  Folder folder_at(uint64_t number, uint16_t sequence, int depth);
  struct Place {
    uint64_t record = 0;
    std::string path;
  };
  std::optional<Place> resolve(std::string_view path);

  std::unique_ptr<NtfsVolume> volume_;
  uint64_t volume_offset_;
  FilesystemFacts facts_;
  std::unordered_map<uint64_t, Known> known_;
  size_t known_bytes_ = 0;
};

// Names that stand for themselves: of a pair of Win32 and DOS names in one folder, the DOS one is left out.
std::vector<const NtfsName*> shown_names(const NtfsFile& file);
// The name that belongs in the path of what lies below.
const NtfsName* path_name(const NtfsFile& file);
// Number by which a stream is found again: its attribute id, or a number of its own where two streams share one.
int32_t stream_number(const NtfsFile& file, const NtfsStream& stream);

}  // namespace necropsy
