// SPDX-License-Identifier: Apache-2.0
// FileRecord: one name of one file (or stream, or nameless inode) with all times its filesystem keeps.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "base/timestamp.hpp"

namespace necropsy {

enum class FileType : uint8_t {
  unknown,
  regular,
  directory,
  symlink,
  character,
  block,
  fifo,
  socket,
  whiteout,
  metadata
};
enum class FileState : uint8_t { allocated, deleted, orphan, recovered };
std::string_view to_text(FileType type);
std::string_view to_text(FileState state);

// What is needed to open the content again.
struct FileRef {
  uint64_t inode = 0;
  uint32_t sequence = 0;      // MFT sequence number; 0 elsewhere
  int32_t attribute_id = -1;  // NTFS $DATA attribute id of an alternate stream; -1 is the unnamed one
  std::string path;           // directory evidence: path below the tree's root; else empty
};

struct FileRecord {
  std::string path;  // raw bytes, from the volume's root, starting with '/'; stream as path:stream
  FileRef ref;
  FileType type = FileType::unknown;
  FileState state = FileState::allocated;
  // The name is deleted and its inode is in use by another file now: the times are not those of the deleted file.
  bool reallocated = false;
  // Content can be read: allocated, or deleted with extents that no other file uses.
  bool content_intact = false;
  std::optional<uint32_t> mode;
  std::optional<uint32_t> uid, gid;
  std::string owner_sid;  // NTFS: S-1-…
  int64_t size = 0;
  std::string target;  // of a symlink
  std::string flags;   // words separated by blanks: immutable, append-only, hidden, system, compressed, encrypted …
  std::optional<Timestamp> modified, accessed, changed, created, deleted;
  std::optional<Timestamp> fn_modified, fn_accessed, fn_changed, fn_created;
  TimePrecision precision = TimePrecision::ns;
  std::optional<TimePrecision> accessed_precision, created_precision;  // FAT: day and 10 ms; else as precision
  // NTFS: found in the unused part of a folder's index; the times are those that the index kept of the file.
  bool from_index = false;
  bool local_time = false;  // FAT: stored in the machine's local time; *times hold the civil reading as if it were UTC
};

}  // namespace necropsy
