// SPDX-License-Identifier: Apache-2.0
// ExtVolume: inodes, allocation bitmaps and block maps of an ext2/3/4 filesystem, read from the volume's bytes.
// One thread. Everything is looked up on demand through the reader's cache; nothing grows with the filesystem.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "evidence/ext_inode.hpp"
#include "evidence/volume_reader.hpp"
#include "parse/content_stream.hpp"

namespace necropsy {

// A piece of a file: `length` blocks from block `logical` of the file on.
struct ExtRun {
  uint64_t logical = 0, length = 0;
  uint64_t physical = 0;  // first block on the volume; without meaning for a hole
  bool hole = true;       // nothing stored (or preallocated and never written): reads as zeros
  uint64_t end() const { return logical + length; }
};

class ExtVolume {
 public:
  // The primary superblock or, asked for with `backup`, the first backup that makes sense. Backups outlive the
  // filesystem: ask for one only where nothing else is found on the volume.
  static Result<std::unique_ptr<ExtVolume>> open(TSK_IMG_INFO* image, uint64_t offset, uint64_t length,
                                                 bool backup = false);

  const ExtSuperblock& superblock() const { return superblock_; }
  bool from_backup() const { return from_backup_; }
  uint64_t volume_size() const { return reader_.size(); }
  // Inodes are numbered 1 … inode_count(): what the superblock says, cut to what the volume has room for.
  uint32_t inode_count() const { return inode_count_; }
  Result<ExtGroup> group(uint64_t number);

  Result<ExtInode> inode(uint32_t number);
  // What the bitmap says; an unreadable bitmap says nothing.
  std::optional<bool> inode_allocated(uint32_t number);
  // Whether all blocks of the range are free; where the bitmap cannot be read, no.
  bool blocks_free(uint64_t first, uint64_t count);

  // The run that holds block `logical` of the file; runs of a file do not overlap and are never empty.
  Result<ExtRun> map(const ExtInode& inode, uint64_t logical);
  // Blocks a file can have by its way of mapping.
  uint64_t mappable_blocks(const ExtInode& inode) const;
  // Bytes [offset, offset+out.size()) of the content; the caller keeps inside the size.
  Result<void> read_content(const ExtInode& inode, uint64_t offset, std::span<std::byte> out);
  // Size that content can have: at most what can be mapped; a size beyond the volume ends with the last mapped block.
  uint64_t content_size(const ExtInode& inode);
  Result<std::string> inline_content(const ExtInode& inode);
  // Text of a symbolic link, at most 4096 bytes; empty when it is encrypted.
  Result<std::string> link_target(const ExtInode& inode);
  // A deleted file whose blocks are all there and not in use by anything else.
  bool content_intact(const ExtInode& inode);
  Result<std::unique_ptr<ContentStream>> open_content(uint32_t number);

  Result<void> read_block(uint64_t block, std::span<std::byte> out);

 private:
  ExtVolume(TSK_IMG_INFO* image, uint64_t offset, uint64_t length) : reader_(image, offset, length) {}
  Result<ExtRun> map_extents(const ExtInode& inode, uint64_t logical);
  Result<ExtRun> map_pointers(const ExtInode& inode, uint64_t logical);
  std::optional<bool> bit(uint64_t bitmap_block, uint64_t index);

  VolumeReader reader_;
  ExtSuperblock superblock_;
  uint32_t inode_count_ = 0;
  bool from_backup_ = false;
  uint64_t check_budget_ =
      0;  // blocks that may still be looked up for content_intact: hostile maps may name any number
  std::optional<uint64_t> group_number_;
  ExtGroup group_;
  std::vector<std::byte> node_;  // one block of a block map
};

}  // namespace necropsy
