// SPDX-License-Identifier: Apache-2.0
// ExtTree: the FileTree of an ext2/3/4 volume.
#pragma once
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "evidence/ext_directory.hpp"
#include "evidence/ext_volume.hpp"
#include "evidence/file_tree.hpp"
#include "evidence/walk_problems.hpp"

namespace necropsy {

// What may still be read of folders, so that a few blocks cannot pass for millions of names.
struct ExtFolderBudget {
  uint64_t bytes = 0;
  // Blocks whose names were given: of two folders that claim one block, at most one is right. Removed folders apart,
  // since their blocks may serve another one by now.
  std::unordered_set<uint64_t> named, named_by_removed;
};

class ExtTree final : public FileTree {
 public:
  ExtTree(std::unique_ptr<ExtVolume> volume, uint64_t volume_offset);

  const FilesystemFacts& facts() const override { return facts_; }
  void walk(FileVisitor& visitor, const ProblemHandler& problems) override;
  Result<std::unique_ptr<ContentStream>> open(const FileRef& ref) override;
  std::optional<FileRecord> find(std::string_view path) override;
  std::vector<FileRecord> list(std::string_view directory) override;

  ExtVolume& volume() { return *volume_; }
  // Names of a directory. False when not all of it could be read (said through `problems`).
  bool read_names(const ExtInode& directory, bool removed, ExtNames& names, ExtFolderBudget& budget,
                  WalkProblems* problems, const std::string& path);
  // All of the record but its path.
  void describe(const ExtInode& inode, bool allocated, FileRecord& record, WalkProblems* problems);
  bool is_system_inode(uint32_t number) const;
  bool on_orphan_list(uint32_t number) const;

 private:
  struct Place {
    uint32_t inode = 0;
    std::string path;  // without links; empty for the root
  };
  std::optional<Place> resolve(std::string_view path);

  std::unique_ptr<ExtVolume> volume_;
  uint64_t volume_offset_;
  FilesystemFacts facts_;
  std::vector<uint32_t> orphan_list_;  // sorted
};

}  // namespace necropsy
