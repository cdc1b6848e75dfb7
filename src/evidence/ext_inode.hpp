// SPDX-License-Identifier: Apache-2.0
// ext2, ext3, ext4 structures from their stored bytes: superblock, group descriptor, inode. Pure: no I/O.
// Format: Linux Documentation/filesystems/ext4 (super.rst, group_descr.rst, inodes.rst).
// libtsk 4.11 ignores the sign and the epoch bits of times, and the large inodes of ext2 and ext3; hence our own.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/timestamp.hpp"
#include "model/file_record.hpp"

namespace necropsy {

inline constexpr uint64_t kExtSuperblockOffset = 1024;
inline constexpr size_t kExtSuperblockSize = 1024;

// Flags of an inode that change how it is read.
inline constexpr uint32_t kExtEncrypted = 0x800, kExtExtents = 0x80000, kExtEaInode = 0x200000,
                          kExtInlineData = 0x10000000;

struct ExtSuperblock {
  uint32_t block_size = 0;
  uint64_t blocks_count = 0;
  uint32_t inodes_count = 0;
  uint32_t first_data_block = 0;
  uint32_t blocks_per_group = 0;
  uint32_t blocks_per_cluster = 1;  // bigalloc: one bit of the block bitmap stands for so many blocks
  uint32_t inodes_per_group = 0;
  uint16_t inode_size = 128;
  uint16_t desc_size = 32;
  std::optional<uint16_t> block_group;  // the group this copy of the superblock belongs to; revision 0 does not say
  uint32_t first_inode = 11;
  uint32_t first_meta_bg = 0;
  uint32_t compat = 0, incompat = 0, ro_compat = 0;
  uint32_t backup_groups[2] = {};              // sparse_super2
  uint32_t last_orphan = 0;                    // head of the list of deleted inodes that were still open
  std::array<uint32_t, 6> system_inodes = {};  // journal, quotas, snapshot, orphan file; 0 where there is none
  std::string type;                            // ext2, ext3, ext4, as blkid(8) names them
  std::string state, label, uuid, last_mount_point;
  std::optional<Timestamp> created, mounted, checked, written;

  bool has_64bit() const { return incompat & 0x80; }
  bool has_meta_bg() const { return incompat & 0x10; }
  bool has_file_type() const { return incompat & 0x2; }
  bool has_group_checksums() const { return ro_compat & (0x10 | 0x400); }
  uint64_t group_count() const { return (blocks_count - first_data_block + blocks_per_group - 1) / blocks_per_group; }
  bool group_has_superblock(uint64_t group) const;
  // Byte offset of a group's descriptor, from the start of the volume.
  uint64_t descriptor_offset(uint64_t group) const;
};

// `bytes`: the 1024 bytes of a superblock, the first or a backup.
Result<ExtSuperblock> decode_ext_superblock(Bytes bytes);

struct ExtGroup {
  uint64_t block_bitmap = 0, inode_bitmap = 0, inode_table = 0;  // block numbers
  uint32_t inodes_unused = 0;                                    // at the end of the table, never used
  bool inodes_uninitialised = false, blocks_uninitialised = false, table_zeroed = false;
};
ExtGroup decode_ext_group(Bytes bytes, const ExtSuperblock& superblock);

struct ExtInode {
  uint32_t number = 0;
  uint16_t mode = 0;
  uint32_t uid = 0, gid = 0;
  uint64_t size = 0;
  uint16_t links = 0;
  uint64_t sectors = 0;  // allocated, in units of 512 bytes, mapping blocks and attribute block included
  uint32_t flags = 0;
  uint64_t attribute_block = 0;
  std::array<std::byte, 60> block{};  // i_block: pointers, extents or inline data
  std::optional<Timestamp> accessed, changed, modified, created;
  uint32_t deletion = 0;     // i_dtime as stored; also the link of the list of orphans
  bool nanoseconds = false;  // the inode has the fields for them
  bool used = false;         // something was ever written to it

  FileType type() const;
  bool is_directory() const { return (mode & 0xF000) == 0x4000; }
  bool is_regular() const { return (mode & 0xF000) == 0x8000; }
  bool is_symlink() const { return (mode & 0xF000) == 0xA000; }
};
// `bytes`: superblock.inode_size bytes of the inode table.
Result<ExtInode> decode_ext_inode(Bytes bytes, uint32_t number, const ExtSuperblock& superblock);

// Seconds as a signed 32-bit number plus two epoch bits; the other 30 bits of `extra` are nanoseconds.
Timestamp ext_time(uint32_t seconds, std::optional<uint32_t> extra);
// Words for the flags that mean something to an analyst, separated by blanks.
std::string ext_flag_words(uint32_t flags);
FileType ext_entry_type(uint8_t file_type);  // of a directory entry

// Value of the attribute system.data in the inode's body: what of an inline file does not fit into i_block.
Bytes ext_inline_rest(Bytes inode_bytes);

}  // namespace necropsy
