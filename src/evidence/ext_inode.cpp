// SPDX-License-Identifier: Apache-2.0
#include "evidence/ext_inode.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

namespace necropsy {
namespace {

constexpr uint32_t kBigalloc = 0x200, kHugeFile = 0x8;

// ext4 keeps bits 32-39 of the superblock's times in bytes of their own; nothing was recorded where all are zero.
std::optional<Timestamp> superblock_time(const ByteReader& in, size_t low, size_t high) {
  const uint64_t seconds = *in.u32le(low) | static_cast<uint64_t>(*in.u8(high)) << 32;
  if (seconds == 0) return std::nullopt;
  return Timestamp::from_unix(static_cast<int64_t>(seconds));
}

std::string type_name(const ExtSuperblock& sb) {
  // What ext3 does not know: incompat but filetype, recover, journal_dev, meta_bg; ro_compat but the first three.
  if ((sb.incompat & ~0x1Eu) || (sb.ro_compat & ~0x7u)) return "ext4";
  return sb.compat & 0x4 ? "ext3" : "ext2";
}

std::string state_name(uint16_t state, uint32_t incompat) {
  std::string out = state & 1 ? "clean" : "not cleanly unmounted";
  if (state & 2) out += ", errors detected";
  if (state & 4) out += ", orphans being recovered";
  if (incompat & 0x4) out += ", journal needs recovery";
  return out;
}

bool is_power_of(uint64_t value, uint64_t base) {
  while (value % base == 0) value /= base;
  return value == 1;
}

}  // namespace

bool ExtSuperblock::group_has_superblock(uint64_t group) const {
  if (group == 0) return true;
  if (compat & 0x200) return group == backup_groups[0] || group == backup_groups[1];
  if (group == 1 || !(ro_compat & 0x1)) return true;
  return group % 2 == 1 && (is_power_of(group, 3) || is_power_of(group, 5) || is_power_of(group, 7));
}

uint64_t ExtSuperblock::descriptor_offset(uint64_t group) const {
  const uint64_t per_block = block_size / desc_size;
  const uint64_t index = group / per_block;
  uint64_t block = 0;
  if (!has_meta_bg() || index < first_meta_bg) {
    // Right after the block of the superblock; with 1 KiB blocks that is block 1 whatever first_data_block says.
    block = std::max<uint64_t>(first_data_block, block_size == 1024 ? 1 : 0) + 1 + index;
  } else {
    const uint64_t first = index * per_block;
    uint64_t before = group_has_superblock(first) ? 1 : 0;
    if (first == 0 && block_size == 1024 && first_data_block == 0) before = 2;
    block = first_data_block + first * blocks_per_group + before;
  }
  return block * block_size + group % per_block * desc_size;
}

Result<ExtSuperblock> decode_ext_superblock(Bytes bytes) {
  const ByteReader in(bytes);
  if (!in.has(0, kExtSuperblockSize))
    return fail(ErrorCode::truncated, "an ext superblock needs 1024 bytes", 0, kExtSuperblockSize, bytes.size());
  if (*in.u16le(56) != 0xEF53)
    return fail(ErrorCode::bad_value, fmt::format("superblock magic is 0x{:04X}, not 0xEF53", *in.u16le(56)), 56);
  ExtSuperblock sb;
  const auto bad = [](const char* what, size_t offset, uint64_t value) {
    return fail(ErrorCode::bad_value, fmt::format("superblock: {} is {}", what, value), offset);
  };
  const uint32_t log_block = *in.u32le(24);
  if (log_block > 6) return bad("the logarithm of the block size", 24, log_block);
  sb.block_size = 1024u << log_block;
  sb.inodes_count = *in.u32le(0);
  sb.blocks_count = *in.u32le(4);
  sb.first_data_block = *in.u32le(20);
  sb.blocks_per_group = *in.u32le(32);
  sb.inodes_per_group = *in.u32le(40);
  if (*in.u32le(76) > 0) {  // revision 1: what follows is there
    sb.first_inode = *in.u32le(84);
    sb.inode_size = *in.u16le(88);
    sb.block_group = *in.u16le(90);
    sb.compat = *in.u32le(92);
    sb.incompat = *in.u32le(96);
    sb.ro_compat = *in.u32le(100);
    const Bytes id = in.slice(104, 16);
    if (std::any_of(id.begin(), id.end(), [](std::byte b) { return b != std::byte{0}; })) {
      const std::string hex = to_hex(id);
      sb.uuid = fmt::format("{}-{}-{}-{}-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(12, 4), hex.substr(16, 4),
                            hex.substr(20));
    }
    sb.label = std::string(in.padded_text(120, 16));
    sb.last_mount_point = std::string(in.padded_text(136, 64));
    sb.first_meta_bg = *in.u32le(260);
    sb.last_orphan = *in.u32le(232);
    sb.backup_groups[0] = *in.u32le(588);
    sb.backup_groups[1] = *in.u32le(592);
    if (sb.compat & 0x4) sb.system_inodes[0] = *in.u32le(224);
    if (sb.ro_compat & 0x100) {
      sb.system_inodes[1] = *in.u32le(576);
      sb.system_inodes[2] = *in.u32le(580);
    }
    if (sb.ro_compat & 0x2000) sb.system_inodes[3] = *in.u32le(620);
    if (sb.ro_compat & 0x80) sb.system_inodes[4] = *in.u32le(384);
    if (sb.compat & 0x1000) sb.system_inodes[5] = *in.u32le(640);
  }
  if (sb.has_64bit()) {
    sb.blocks_count |= static_cast<uint64_t>(*in.u32le(336)) << 32;
    sb.desc_size = *in.u16le(254);
    if (sb.desc_size < 64 || sb.desc_size > 1024 || !std::has_single_bit(sb.desc_size))
      return bad("the size of a group descriptor", 254, sb.desc_size);
  }
  const uint64_t bits = static_cast<uint64_t>(sb.block_size) * 8;
  if (sb.ro_compat & kBigalloc) {
    const uint32_t log_cluster = *in.u32le(28);
    if (log_cluster < log_block || log_cluster - log_block > 15) return bad("the cluster size", 28, log_cluster);
    sb.blocks_per_cluster = 1u << (log_cluster - log_block);
  }
  if (sb.blocks_per_group == 0 || sb.blocks_per_group / sb.blocks_per_cluster > bits)
    return bad("the number of blocks of a group", 32, sb.blocks_per_group);
  if (sb.inodes_per_group == 0 || sb.inodes_per_group > bits)
    return bad("the number of inodes of a group", 40, sb.inodes_per_group);
  if (sb.inode_size < 128 || sb.inode_size > sb.block_size || !std::has_single_bit(sb.inode_size))
    return bad("the inode size", 88, sb.inode_size);
  if (sb.blocks_count <= sb.first_data_block || sb.first_data_block > 1 || sb.blocks_count > UINT64_MAX >> 16)
    return bad("the number of blocks", 4, sb.blocks_count);
  if (sb.inodes_count < 2) return bad("the number of inodes", 0, sb.inodes_count);
  sb.type = type_name(sb);
  sb.state = state_name(*in.u16le(58), sb.incompat);
  sb.mounted = superblock_time(in, 44, 0x275);
  sb.written = superblock_time(in, 48, 0x274);
  sb.checked = superblock_time(in, 64, 0x277);
  sb.created = superblock_time(in, 264, 0x276);
  return sb;
}

ExtGroup decode_ext_group(Bytes bytes, const ExtSuperblock& sb) {
  const ByteReader in(bytes);
  ExtGroup group;
  group.block_bitmap = in.u32le(0).value_or(0);
  group.inode_bitmap = in.u32le(4).value_or(0);
  group.inode_table = in.u32le(8).value_or(0);
  if (sb.has_group_checksums()) {
    const uint16_t flags = in.u16le(18).value_or(0);
    group.inodes_uninitialised = flags & 1;
    group.blocks_uninitialised = flags & 2;
    group.table_zeroed = flags & 4;
    group.inodes_unused = in.u16le(28).value_or(0);
  }
  if (sb.desc_size >= 64) {
    group.block_bitmap |= static_cast<uint64_t>(in.u32le(32).value_or(0)) << 32;
    group.inode_bitmap |= static_cast<uint64_t>(in.u32le(36).value_or(0)) << 32;
    group.inode_table |= static_cast<uint64_t>(in.u32le(40).value_or(0)) << 32;
    if (sb.has_group_checksums()) group.inodes_unused |= static_cast<uint32_t>(in.u16le(50).value_or(0)) << 16;
  }
  return group;
}

Timestamp ext_time(uint32_t seconds, std::optional<uint32_t> extra) {
  int64_t value = static_cast<int32_t>(seconds);
  uint32_t nanos = 0;
  if (extra) {
    value += static_cast<int64_t>(*extra & 3) << 32;
    nanos = *extra >> 2;
    if (nanos >= 1'000'000'000) nanos = 0;  // 30 bits can hold more than a second has
  }
  return Timestamp::from_unix(value, nanos);
}

FileType ExtInode::type() const {
  switch (mode >> 12) {
    case 1:
      return FileType::fifo;
    case 2:
      return FileType::character;
    case 4:
      return FileType::directory;
    case 6:
      return FileType::block;
    case 8:
      return FileType::regular;
    case 10:
      return FileType::symlink;
    case 12:
      return FileType::socket;
    default:
      return FileType::unknown;
  }
}

FileType ext_entry_type(uint8_t file_type) {
  constexpr FileType kTypes[] = {FileType::unknown, FileType::regular, FileType::directory, FileType::character,
                                 FileType::block,   FileType::fifo,    FileType::socket,    FileType::symlink};
  return file_type < std::size(kTypes) ? kTypes[file_type] : FileType::unknown;
}

Result<ExtInode> decode_ext_inode(Bytes bytes, uint32_t number, const ExtSuperblock& sb) {
  const ByteReader in(bytes);
  if (!in.has(0, 128)) return fail(ErrorCode::truncated, "an inode needs 128 bytes", 0, 128, bytes.size());
  ExtInode inode;
  inode.number = number;
  inode.mode = *in.u16le(0);
  inode.uid = *in.u16le(2) | static_cast<uint32_t>(*in.u16le(120)) << 16;
  inode.gid = *in.u16le(24) | static_cast<uint32_t>(*in.u16le(122)) << 16;
  inode.size = *in.u32le(4);
  // Where these are not directories the field was i_size_high from ext2 on; of a directory it was i_dir_acl before
  // the feature largedir.
  if (inode.is_regular() || (inode.is_directory() && (sb.incompat & 0x4000)))
    inode.size |= static_cast<uint64_t>(*in.u32le(108)) << 32;
  inode.links = *in.u16le(26);
  inode.flags = *in.u32le(32);
  inode.sectors = *in.u32le(28);
  if (sb.ro_compat & kHugeFile) {
    inode.sectors |= static_cast<uint64_t>(*in.u16le(116)) << 32;
    if (inode.flags & 0x40000) inode.sectors *= sb.block_size / 512;
  }
  inode.attribute_block = *in.u32le(104);
  if (sb.has_64bit()) inode.attribute_block |= static_cast<uint64_t>(*in.u16le(118)) << 32;
  std::memcpy(inode.block.data(), bytes.data() + 40, inode.block.size());
  inode.deletion = *in.u32le(20);

  const uint32_t atime = *in.u32le(8), ctime = *in.u32le(12), mtime = *in.u32le(16);
  inode.used = inode.mode || inode.size || inode.links || atime || ctime || mtime || inode.deletion;
  if (!inode.used) return inode;

  // i_extra_isize says which fields beyond the first 128 bytes this inode has, whatever the inode size is.
  size_t extra = 0;
  if (bytes.size() > 128) {
    extra = in.u16le(128).value_or(0);
    if (extra > bytes.size() - 128 || extra % 4 != 0) extra = 0;
  }
  const auto field = [&](size_t offset) -> std::optional<uint32_t> {
    if (128 + extra < offset + 4) return std::nullopt;
    return in.u32le(offset);
  };
  inode.changed = ext_time(ctime, field(132));
  inode.modified = ext_time(mtime, field(136));
  inode.accessed = ext_time(atime, field(140));
  inode.nanoseconds = field(140).has_value();
  // The kernel always sets a creation time where there is room for one: zero is that none was written.
  if (const auto created = field(144); created && (*created || field(148).value_or(0)))
    inode.created = ext_time(*created, field(148));
  return inode;
}

std::string ext_flag_words(uint32_t flags) {
  constexpr std::pair<uint32_t, std::string_view> kWords[] = {
      {0x1, "secure-deletion"}, {0x2, "undelete"},        {0x4, "compressed"},       {0x8, "synchronous"},
      {0x10, "immutable"},      {0x20, "append-only"},    {0x40, "nodump"},          {0x80, "noatime"},
      {0x800, "encrypted"},     {0x4000, "journal-data"}, {0x8000, "notail"},        {0x10000, "dirsync"},
      {0x20000, "topdir"},      {0x100000, "verity"},     {kExtEaInode, "ea-inode"}, {0x2000000, "dax"},
      {0x20000000, "project"},  {0x40000000, "casefold"}, {0x1000000, "snapshot"},   {kExtInlineData, "inline-data"},
  };
  std::string out;
  for (const auto& [bit, word] : kWords)
    if (flags & bit) {
      if (!out.empty()) out += ' ';
      out += word;
    }
  return out;
}

Bytes ext_inline_rest(Bytes inode_bytes) {
  // attributes.rst: magic, then entries of 16 bytes and a name; value offsets count from the first entry.
  const ByteReader in(inode_bytes);
  const uint16_t extra = in.u16le(128).value_or(0);
  const size_t start = 128u + extra;
  if (in.u32le(start).value_or(0) != 0xEA020000) return {};
  const size_t first = start + 4;
  for (size_t at = first; in.has(at, 16);) {
    const uint8_t name_length = *in.u8(at), name_index = *in.u8(at + 1);
    if (name_length == 0 && name_index == 0 && *in.u16le(at + 2) == 0) return {};
    const uint16_t value_offset = *in.u16le(at + 2);
    const uint32_t value_inode = *in.u32le(at + 4), value_size = *in.u32le(at + 8);
    if (name_index == 7 && as_text(in.slice(at + 16, name_length)) == "data") {
      if (value_inode != 0 || !in.has(first + value_offset, value_size)) return {};
      return in.slice(first + value_offset, value_size);
    }
    at += (16u + name_length + 3) & ~3u;
  }
  return {};
}

}  // namespace necropsy
