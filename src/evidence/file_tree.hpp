// SPDX-License-Identifier: Apache-2.0
// FileTree: one filesystem (or directory, or single file) of the evidence, read-only.
// One thread; each worker opens its own.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "model/file_record.hpp"
#include "model/problem.hpp"
#include "parse/content_stream.hpp"

namespace necropsy {

// What the superblock (boot sector, $Volume) says.
struct FilesystemFacts {
  std::string type;  // ext4, ext3, ext2, ntfs, fat12, fat16, fat32, exfat, iso9660, hfs+, ufs2, directory, file …
  uint32_t block_size = 0;
  std::string label, uuid;
  std::string last_mount_point;
  std::string state;  // clean, not cleanly unmounted, errors …
  std::optional<Timestamp> created, mounted, checked, written;
};

using ProblemHandler = std::function<void(Problem)>;

// What the walk hands on; return false to stop it.
class FileVisitor {
 public:
  virtual ~FileVisitor() = default;
  virtual bool file(const FileRecord& record) = 0;
};

class FileTree {
 public:
  virtual ~FileTree() = default;
  virtual const FilesystemFacts& facts() const = 0;
  // Every name, in a fixed order (the same on every run): allocated, deleted, then inodes without a name (orphans as
  // /$OrphanFiles/inode-N, allocated ones without a name likewise with state orphan). The root directory itself is the
  // first record (path "/"). Damage is reported and walked around.
  virtual void walk(FileVisitor& visitor, const ProblemHandler& problems) = 0;
  // Content of one file; for files whose content is not intact whatever its metadata still point to.
  virtual Result<std::unique_ptr<ContentStream>> open(const FileRef& ref) = 0;
  // By path from the volume's root; symlinks inside the tree are followed (at most 16). NTFS and FAT without case.
  virtual std::optional<FileRecord> find(std::string_view path) = 0;
  // Allocated names of one directory (symlinks to it followed), sorted by name, `.` and `..` left out; at most 100,000.
  // For reading configuration spread over a folder; full records, as find() gives them.
  virtual std::vector<FileRecord> list(std::string_view directory) = 0;
};

}  // namespace necropsy
