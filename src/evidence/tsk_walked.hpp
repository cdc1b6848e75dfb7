// SPDX-License-Identifier: Apache-2.0
// TskWalkedTree: the FileTree of a filesystem whose names libtsk finds (FAT, exFAT, ISO 9660, HFS+, UFS).
#pragma once
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "evidence/file_tree.hpp"
#include "evidence/tsk_handles.hpp"
#include "evidence/volume_reader.hpp"
#include "evidence/walk_problems.hpp"

namespace necropsy {

class TskWalkedTree final : public FileTree {
 public:
  TskWalkedTree(TSK_IMG_INFO* image, uint64_t offset, uint64_t length, TskFilesystem filesystem);

  const FilesystemFacts& facts() const override { return facts_; }
  void walk(FileVisitor& visitor, const ProblemHandler& problems) override;
  Result<std::unique_ptr<ContentStream>> open(const FileRef& ref) override;
  std::optional<FileRecord> find(std::string_view path) override;
  std::vector<FileRecord> list(std::string_view directory) override;

  TSK_FS_INFO* filesystem() { return filesystem_.get(); }
  bool is_fat() const;
  // What libtsk made up: the boot sector and the FATs as files, the folder of orphans.
  bool is_virtual(const TSK_FS_NAME& name) const;
  // All of the record but path and state. `name`: nothing for a nameless one. False when there is no metadata.
  bool describe(uint64_t number, const TSK_FS_NAME* name, FileRecord& record);
  bool same_name(std::string_view a, std::string_view b) const;
  // A deleted file whose blocks are all free.
  bool content_intact(uint64_t number);

 private:
  struct Place {
    uint64_t number = 0;
    std::string path;
  };
  std::optional<Place> resolve(std::string_view path);
  void read_facts();
  bool describe_fat(uint64_t number, FileRecord& record);
  bool describe_iso(uint64_t number, FileRecord& record);

  TskFilesystem filesystem_;
  VolumeReader reader_;
  uint64_t offset_;
  FilesystemFacts facts_;
  uint64_t check_budget_ = 0;
  std::unordered_map<uint64_t, uint64_t> iso_records_;  // libtsk's number: offset of the directory record
};

}  // namespace necropsy
