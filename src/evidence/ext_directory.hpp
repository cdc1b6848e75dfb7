// SPDX-License-Identifier: Apache-2.0
// Directory blocks of ext2/3/4: the names in use and, in the slack behind each, those that were removed. Pure.
// Format: Linux Documentation/filesystems/ext4/directory.rst.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "model/file_record.hpp"

namespace necropsy {

// Names of one directory; their text lies in one buffer. `.` and `..` are left out.
class ExtNames {
 public:
  struct Entry {
    uint32_t inode = 0;
    uint32_t offset = 0;
    uint8_t length = 0;
    uint8_t file_type = 0;  // as stored; 0 unknown
    bool deleted = false;
  };
  void clear() {
    entries_.clear();
    text_.clear();
  }
  void add(uint32_t inode, std::string_view name, uint8_t file_type, bool deleted) {
    entries_.push_back(
        {inode, static_cast<uint32_t>(text_.size()), static_cast<uint8_t>(name.size()), file_type, deleted});
    text_ += name;
  }
  // Takes out deleted names that stand in the directory a second time (a split of its tree leaves copies behind).
  void drop_copies();
  const std::vector<Entry>& entries() const { return entries_; }
  std::string_view name(const Entry& entry) const { return std::string_view(text_).substr(entry.offset, entry.length); }

 private:
  std::vector<Entry> entries_;
  std::string text_;
};

struct ExtBlockLook {
  uint32_t damaged_at = 0;  // first offset whose entry is not one; what follows was searched entry by entry
  bool damaged = false;
};

// `file_types`: the filesystem keeps the type in the entry (else the name length has 16 bits).
// `removed`: the directory itself is deleted, so that all its names are.
ExtBlockLook read_ext_directory_block(Bytes block, bool file_types, uint32_t inode_count, bool removed,
                                      ExtNames& names);

// A directory's first block begins with `.`, which names the directory itself.
bool begins_ext_directory(Bytes block, uint32_t inode);

}  // namespace necropsy
