// SPDX-License-Identifier: Apache-2.0
// Structures of filesystems from their bytes, without a filesystem around them. The first byte of the input chooses
// among the structures of one kind.
#include <algorithm>

#include "evidence/ext_directory.hpp"
#include "evidence/ext_inode.hpp"
#include "evidence/fat_times.hpp"
#include "evidence/iso_record.hpp"
#include "evidence/ntfs_record.hpp"
#include "fuzz/target.hpp"

namespace necropsy::fuzz {
namespace {

uint8_t choose(Bytes& input, uint8_t of) {
  if (input.empty()) return 0;
  const auto first = static_cast<uint8_t>(input[0]);
  input = input.subspan(1);
  return static_cast<uint8_t>(first % of);
}

void ext(Bytes input) {
  const uint8_t what = choose(input, 3);
  if (what == 0) {
    const auto superblock = decode_ext_superblock(input);
    if (!superblock) return;
    const uint64_t groups = superblock->group_count();
    require(superblock->block_size >= 1024 && superblock->block_size <= 65'536, "a block size that is none");
    require(superblock->inodes_per_group > 0 && superblock->blocks_per_group > 0, "empty groups");
    for (const uint64_t group : {uint64_t{0}, uint64_t{1}, groups / 2, groups - 1}) {
      superblock->group_has_superblock(group);
      superblock->descriptor_offset(group);
    }
    // What follows the superblock stands for a group descriptor and an inode.
    const Bytes rest = input.subspan(std::min(input.size(), kExtSuperblockSize));
    decode_ext_group(rest.first(std::min<size_t>(rest.size(), superblock->desc_size)), *superblock);
    if (const auto inode =
            decode_ext_inode(rest.first(std::min<size_t>(rest.size(), superblock->inode_size)), 12, *superblock)) {
      inode->type();
      ext_flag_words(inode->flags);
      ext_inline_rest(rest);
    }
  } else if (what == 1) {
    const uint8_t how = choose(input, 4);
    ExtNames names;
    const ExtBlockLook look = read_ext_directory_block(input, how & 1, 1000, how & 2, names);
    require(!look.damaged || look.damaged_at <= input.size(), "damage outside the block");
    for (const auto& entry : names.entries()) {
      const std::string_view name = names.name(entry);
      require(!name.empty() && name.size() == entry.length, "a name without text");
    }
    require(names.entries().size() <= input.size() / 8 + 1, "more names than fit into the block");
    names.drop_copies();
    begins_ext_directory(input, 2);
  } else {
    const ByteReader in(input);
    ext_time(in.u32le(0).value_or(0), in.u32le(4));
    ext_inline_rest(input);
  }
}

void ntfs_record(Bytes input) {
  std::vector<std::byte> record(input.begin(), input.end());
  apply_ntfs_fixups(record);
  auto file = decode_ntfs_record(record, 64, NtfsDepth::runs);
  decode_ntfs_record(record, 64, NtfsDepth::sizes);
  if (!file) return;
  add_ntfs_attributes(record, *file, NtfsDepth::runs);
  for (const NtfsStream& stream : file->streams)
    for (const NtfsRun& run : stream.runs) require(run.length > 0, "a run of nothing");
  ntfs_flag_words(file->attributes);
}

void ntfs_parts(Bytes input) {
  switch (choose(input, 8)) {
    case 0:
      decode_ntfs_boot(input);
      break;
    case 1: {
      std::vector<NtfsRun> runs;
      decode_ntfs_runs(input, 0, runs);
      require(runs.size() <= input.size(), "more runs than bytes");
      break;
    }
    case 2:
      require(decode_ntfs_attribute_list(input).size() <= input.size(), "more entries than bytes");
      break;
    case 3:
      require(decode_ntfs_index(input).size() <= input.size(), "more entries than bytes");
      break;
    case 4:
      require(carve_ntfs_index(input, 5, 5).size() <= input.size(), "more entries than bytes");
      break;
    case 5:
      ntfs_reparse_target(input);
      break;
    case 6:
      ntfs_owner(input);
      sid_text(input);
      break;
    default:
      decode_ntfs_name(input);
      decode_ntfs_times(ByteReader(input), 0);
  }
}

void fat_entry(Bytes input) {
  for (size_t at = 0; at < input.size(); at += 32) {
    const Bytes entry = input.subspan(at, std::min<size_t>(32, input.size() - at));
    const Bytes next = input.subspan(at + entry.size(), std::min<size_t>(32, input.size() - at - entry.size()));
    if (const auto got = decode_fat_entry(entry)) fat_flag_words(got->attributes);
    decode_exfat_entry(entry, next);
    decode_exfat_entry(entry, {});
  }
}

void iso_record(Bytes input) {
  iso_time(input);
  iso_long_time(input);
  const size_t length = input.empty() ? 0 : std::to_integer<size_t>(input[0]);
  auto record = decode_iso_record(input.first(std::min(length, input.size())));
  if (record) add_rock_ridge(input.subspan(std::min(length, input.size())), *record);
}

}  // namespace

extern const Target reader_ext, reader_ntfs_record, reader_ntfs_parts, reader_fat_entry, reader_iso_record;
const Target reader_ext{ext};
const Target reader_ntfs_record{ntfs_record};
const Target reader_ntfs_parts{ntfs_parts};
const Target reader_fat_entry{fat_entry};
const Target reader_iso_record{iso_record};

}  // namespace necropsy::fuzz
