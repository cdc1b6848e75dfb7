// SPDX-License-Identifier: Apache-2.0
#include "evidence/ext_volume.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace necropsy {
namespace {

constexpr uint64_t kMaxLink = 4096;
// A file of more runs than this is not checked for being intact: it counts as not.
constexpr uint64_t kMaxRunsChecked = 65'536;
constexpr uint64_t kMinChecked = 1u << 20;  // blocks that may be looked up in any case

class ExtContent final : public ContentStream {
 public:
  ExtContent(ExtVolume& volume, const ExtInode& inode)
      : volume_(volume), inode_(inode), size_(volume.content_size(inode)) {}
  uint64_t size() const override { return size_; }
  Result<size_t> read(uint64_t offset, std::span<std::byte> out) override {
    if (offset >= size_) return 0;
    const auto count = static_cast<size_t>(std::min<uint64_t>(out.size(), size_ - offset));
    if (auto done = volume_.read_content(inode_, offset, out.first(count)); !done) return tl::unexpected(done.error());
    return count;
  }

 private:
  ExtVolume& volume_;
  ExtInode inode_;
  uint64_t size_;
};

}  // namespace

Result<std::unique_ptr<ExtVolume>> ExtVolume::open(TSK_IMG_INFO* image, uint64_t offset, uint64_t length, bool backup) {
  std::unique_ptr<ExtVolume> volume(new ExtVolume(image, offset, length));
  std::array<std::byte, kExtSuperblockSize> bytes;
  const auto load = [&](uint64_t at) -> Result<ExtSuperblock> {
    if (auto done = volume->reader_.read(at, bytes); !done) return tl::unexpected(done.error());
    return decode_ext_superblock(bytes);
  };
  Result<ExtSuperblock> superblock = fail(ErrorCode::not_found, "no backup of an ext superblock was found");
  if (!backup) {
    superblock = load(kExtSuperblockOffset);
  } else {
    // The first backup lies at the start of group 1, which is as long as one block of bitmap has bits.
    for (uint64_t block_size = 1024; block_size <= 65536 && !superblock; block_size *= 2) {
      const uint64_t at = (block_size * 8 + (block_size == 1024 ? 1 : 0)) * block_size;
      auto found = load(at);
      if (found && found->block_size == block_size && found->block_group.value_or(1) == 1) superblock = found;
    }
    volume->from_backup_ = true;
  }
  if (!superblock) return tl::unexpected(superblock.error());
  volume->superblock_ = *superblock;
  const ExtSuperblock& sb = volume->superblock_;
  const uint64_t by_groups = sb.group_count() * sb.inodes_per_group;
  volume->inode_count_ = static_cast<uint32_t>(
      std::min({static_cast<uint64_t>(sb.inodes_count), by_groups, volume->reader_.size() / sb.inode_size}));
  volume->node_.resize(sb.block_size);
  volume->check_budget_ = 4 * (volume->reader_.size() / sb.block_size) + kMinChecked;
  return volume;
}

Result<void> ExtVolume::read_block(uint64_t block, std::span<std::byte> out) {
  if (block >= superblock_.blocks_count)
    return fail(ErrorCode::bad_value, fmt::format("block {} is beyond the filesystem", block));
  return reader_.read(block * superblock_.block_size, out);
}

Result<ExtGroup> ExtVolume::group(uint64_t number) {
  if (group_number_ == number) return group_;
  std::array<std::byte, 64> bytes;
  const size_t size = std::min<size_t>(superblock_.desc_size, bytes.size());
  if (auto done = reader_.read(superblock_.descriptor_offset(number), std::span(bytes).first(size)); !done)
    return tl::unexpected(done.error());
  group_ = decode_ext_group(std::span(bytes).first(size), superblock_);
  group_number_ = number;
  return group_;
}

Result<ExtInode> ExtVolume::inode(uint32_t number) {
  if (number == 0 || number > inode_count_)
    return fail(ErrorCode::bad_value, fmt::format("there is no inode {}", number));
  const uint64_t index = number - 1;
  auto in_group = group(index / superblock_.inodes_per_group);
  if (!in_group) return tl::unexpected(in_group.error());
  if (in_group->inode_table == 0 || in_group->inode_table >= superblock_.blocks_count)
    return fail(ErrorCode::bad_value, fmt::format("the inode table of group {} is said to lie at block {}",
                                                  index / superblock_.inodes_per_group, in_group->inode_table));
  std::array<std::byte, 160> bytes;
  // Fields that are decoded lie in the first 160 bytes; attributes behind them are read where they matter.
  const std::span<std::byte> raw = std::span(bytes).first(std::min<size_t>(superblock_.inode_size, bytes.size()));
  const uint64_t at =
      in_group->inode_table * superblock_.block_size + index % superblock_.inodes_per_group * superblock_.inode_size;
  if (auto done = reader_.read(at, raw); !done) return tl::unexpected(done.error());
  return decode_ext_inode(raw, number, superblock_);
}

std::optional<bool> ExtVolume::bit(uint64_t bitmap_block, uint64_t index) {
  std::byte byte;
  if (bitmap_block == 0 || bitmap_block >= superblock_.blocks_count || index / 8 >= superblock_.block_size ||
      !reader_.read(bitmap_block * superblock_.block_size + index / 8, {&byte, 1}))
    return std::nullopt;
  return (byte >> (index % 8) & std::byte{1}) != std::byte{0};
}

std::optional<bool> ExtVolume::inode_allocated(uint32_t number) {
  if (number == 0 || number > inode_count_) return std::nullopt;
  const uint64_t index = number - 1;
  auto in_group = group(index / superblock_.inodes_per_group);
  if (!in_group) return std::nullopt;
  if (in_group->inodes_uninitialised) return false;
  return bit(in_group->inode_bitmap, index % superblock_.inodes_per_group);
}

bool ExtVolume::blocks_free(uint64_t first, uint64_t count) {
  const ExtSuperblock& sb = superblock_;
  if (first < sb.first_data_block || first >= sb.blocks_count || count > sb.blocks_count - first ||
      count > check_budget_)
    return false;
  check_budget_ -= count;
  std::array<std::byte, 512> bytes;
  for (const uint64_t end = first + count; first < end;) {
    const uint64_t index = first - sb.first_data_block;
    const uint64_t group_end = first + (sb.blocks_per_group - index % sb.blocks_per_group);
    auto in_group = group(index / sb.blocks_per_group);
    if (!in_group) return false;
    if (in_group->blocks_uninitialised) {
      first = group_end;
      continue;
    }
    const uint64_t start = index % sb.blocks_per_group / sb.blocks_per_cluster / 8;
    const auto size = static_cast<size_t>(std::min<uint64_t>(bytes.size(), sb.block_size - start));
    if (in_group->block_bitmap == 0 || in_group->block_bitmap >= sb.blocks_count ||
        !reader_.read(in_group->block_bitmap * sb.block_size + start, std::span(bytes).first(size)))
      return false;
    for (; first < std::min(end, group_end); ++first) {
      const uint64_t bit = (first - sb.first_data_block) % sb.blocks_per_group / sb.blocks_per_cluster;
      if (bit / 8 >= start + size) break;
      if ((bytes[bit / 8 - start] >> (bit % 8) & std::byte{1}) != std::byte{0}) return false;
    }
  }
  return true;
}

uint64_t ExtVolume::mappable_blocks(const ExtInode& inode) const {
  if (inode.flags & kExtExtents) return 1ull << 32;
  const uint64_t pointers = superblock_.block_size / 4;
  return 12 + pointers + pointers * pointers + pointers * pointers * pointers;
}

Result<ExtRun> ExtVolume::map(const ExtInode& inode, uint64_t logical) {
  if (logical >= mappable_blocks(inode)) return ExtRun{logical, UINT64_MAX - logical, 0, true};
  auto run = inode.flags & kExtExtents ? map_extents(inode, logical) : map_pointers(inode, logical);
  if (run && !run->hole &&
      (run->physical >= superblock_.blocks_count || run->length > superblock_.blocks_count - run->physical))
    return fail(ErrorCode::bad_value,
                fmt::format("inode {}: block {} of the file is said to lie at block {}, beyond the filesystem",
                            inode.number, logical, run->physical));
  return run;
}

// extents.rst: a tree of nodes of 12 bytes a record, the first of them the header, the root inside the inode.
Result<ExtRun> ExtVolume::map_extents(const ExtInode& inode, uint64_t logical) {
  std::span<const std::byte> node(inode.block);
  uint64_t hole_end = 1ull << 32;  // where the next thing that is mapped may begin
  int depth_above = 6;
  for (;;) {
    const ByteReader in(node);
    const uint16_t entries = in.u16le(2).value_or(0);
    const uint16_t depth = in.u16le(6).value_or(0);
    if (in.u16le(0).value_or(0) != 0xF30A || depth >= depth_above || 12u * (entries + 1u) > node.size())
      return fail(ErrorCode::bad_value, fmt::format("inode {}: a node of its extent tree is damaged", inode.number));
    depth_above = depth;
    // The last entry that begins at or before `logical`.
    size_t low = 0, high = entries;
    while (low < high) {
      const size_t middle = (low + high) / 2;
      if (*in.u32le(12 * (middle + 1)) <= logical)
        low = middle + 1;
      else
        high = middle;
    }
    if (low < entries) hole_end = std::min<uint64_t>(hole_end, *in.u32le(12 * (low + 1)));
    if (low == 0) return ExtRun{logical, std::max<uint64_t>(hole_end, logical + 1) - logical, 0, true};
    const size_t at = 12 * low;
    const uint64_t first = *in.u32le(at);
    if (depth == 0) {
      uint64_t length = *in.u16le(at + 4);
      const bool unwritten = length > 32768;
      if (unwritten) length -= 32768;
      if (logical >= first + length)
        return ExtRun{logical, std::max<uint64_t>(hole_end, logical + 1) - logical, 0, true};
      const uint64_t start = static_cast<uint64_t>(*in.u16le(at + 6)) << 32 | *in.u32le(at + 8);
      return ExtRun{logical, first + length - logical, start + (logical - first), unwritten};
    }
    const uint64_t child = static_cast<uint64_t>(*in.u16le(at + 8)) << 32 | *in.u32le(at + 4);
    if (auto done = read_block(child, node_); !done) return tl::unexpected(done.error());
    node = node_;
  }
}

// ext2's scheme: 12 direct pointers, then blocks of pointers, of blocks of pointers, and once more.
Result<ExtRun> ExtVolume::map_pointers(const ExtInode& inode, uint64_t logical) {
  const uint64_t per_block = superblock_.block_size / 4;
  std::span<const std::byte> table(inode.block);
  size_t slot = 0, slots = 12;
  uint64_t span = 1;    // blocks that one pointer of `table` stands for
  uint64_t within = 0;  // `logical` counted from the first block that table[slot] stands for
  if (logical < 12) {
    slot = logical;
  } else {
    uint64_t rest = logical - 12;
    slot = 12;
    span = per_block;
    while (rest >= span) {
      rest -= span;
      span *= per_block;
      ++slot;
    }
    within = rest;
    slots = slot + 1;
  }
  for (;;) {
    const ByteReader in(table);
    const uint64_t pointer = in.u32le(4 * slot).value_or(0);
    if (pointer == 0 || span == 1) {
      uint64_t length = span - within;
      // Neighbours that continue it belong to the same run.
      for (size_t next = slot + 1; next < slots; ++next) {
        const uint64_t follow = in.u32le(4 * next).value_or(0);
        if (pointer == 0 ? follow != 0 : follow != pointer + (next - slot)) break;
        length += span;
      }
      return ExtRun{logical, length, pointer, pointer == 0};
    }
    if (auto done = read_block(pointer, node_); !done) return tl::unexpected(done.error());
    table = node_;
    span /= per_block;
    slot = static_cast<size_t>(within / span);
    within %= span;
    slots = static_cast<size_t>(per_block);
  }
}

Result<void> ExtVolume::read_content(const ExtInode& inode, uint64_t offset, std::span<std::byte> out) {
  if (inode.flags & kExtInlineData) {
    auto content = inline_content(inode);
    if (!content) return tl::unexpected(content.error());
    std::fill(out.begin(), out.end(), std::byte{0});
    if (offset < content->size())
      std::memcpy(out.data(), content->data() + offset, std::min<size_t>(out.size(), content->size() - offset));
    return {};
  }
  const uint64_t block_size = superblock_.block_size;
  while (!out.empty()) {
    auto run = map(inode, offset / block_size);
    if (!run) return tl::unexpected(run.error());
    const uint64_t within = offset % block_size;
    const uint64_t available = run->length > UINT64_MAX / block_size ? UINT64_MAX : run->length * block_size - within;
    const auto count = static_cast<size_t>(std::min<uint64_t>(out.size(), available));
    if (run->hole) {
      std::fill_n(out.begin(), count, std::byte{0});
    } else if (auto done = reader_.read(run->physical * block_size + within, out.first(count)); !done) {
      return done;
    }
    offset += count;
    out = out.subspan(count);
  }
  return {};
}

uint64_t ExtVolume::content_size(const ExtInode& inode) {
  const uint64_t block_size = superblock_.block_size;
  if (inode.flags & kExtInlineData) return std::min<uint64_t>(inode.size, superblock_.inode_size);
  const uint64_t size = std::min(inode.size, mappable_blocks(inode) * block_size);
  if (size <= reader_.size()) return size;
  uint64_t end = 0, logical = 0;
  for (uint64_t runs = 0; logical < (size + block_size - 1) / block_size; ++runs) {
    auto run = map(inode, logical);
    if (runs >= kMaxRunsChecked) return size;
    if (!run) break;
    if (!run->hole) end = run->end() * block_size;
    logical = run->end();
  }
  return std::min(size, std::max(end, reader_.size()));
}

Result<std::string> ExtVolume::inline_content(const ExtInode& inode) {
  auto in_group = group((inode.number - 1) / superblock_.inodes_per_group);
  if (!in_group) return tl::unexpected(in_group.error());
  std::vector<std::byte> raw(superblock_.inode_size);
  const uint64_t at = in_group->inode_table * superblock_.block_size +
                      static_cast<uint64_t>((inode.number - 1) % superblock_.inodes_per_group) * superblock_.inode_size;
  if (auto done = reader_.read(at, raw); !done) return tl::unexpected(done.error());
  std::string content(as_text(inode.block));
  content += as_text(ext_inline_rest(raw));
  if (content.size() > inode.size) content.resize(static_cast<size_t>(inode.size));
  return content;
}

Result<std::string> ExtVolume::link_target(const ExtInode& inode) {
  if (inode.flags & kExtEncrypted) return std::string();
  if (inode.flags & kExtInlineData) return inline_content(inode);
  const auto size = static_cast<size_t>(std::min(inode.size, kMaxLink));
  // A fast link lies in the inode itself and owns no block besides that of its attributes.
  const uint64_t attribute_sectors = inode.attribute_block ? superblock_.block_size / 512 : 0;
  std::string target(size, '\0');
  if (size < 60 && !(inode.flags & kExtExtents) && inode.sectors <= attribute_sectors) {
    target = as_text(inode.block).substr(0, size);
  } else if (auto done = read_content(inode, 0, std::as_writable_bytes(std::span(target))); !done) {
    return tl::unexpected(done.error());
  }
  target.resize(std::min(target.size(), target.find('\0')));
  return target;
}

bool ExtVolume::content_intact(const ExtInode& inode) {
  if (inode.size == 0 || inode.size > reader_.size()) return false;
  if (inode.flags & kExtInlineData) return true;
  const uint64_t block_size = superblock_.block_size;
  const uint64_t blocks = (inode.size + block_size - 1) / block_size;
  uint64_t mapped = 0, logical = 0;
  for (uint64_t runs = 0; logical < blocks; ++runs) {
    auto run = map(inode, logical);
    if (!run || runs >= kMaxRunsChecked || check_budget_ == 0) return false;
    --check_budget_;
    const uint64_t count = std::min(run->length, blocks - logical);
    if (!run->hole) {
      if (!blocks_free(run->physical, count)) return false;
      mapped += count;
    }
    logical += count;
  }
  // With holes it is intact only if the inode never owned more blocks than are mapped still.
  return mapped == blocks || (mapped > 0 && inode.sectors > 0 && inode.sectors / (block_size / 512) <= mapped);
}

Result<std::unique_ptr<ContentStream>> ExtVolume::open_content(uint32_t number) {
  auto found = inode(number);
  if (!found) return tl::unexpected(found.error());
  if (found->is_directory()) return fail(ErrorCode::unsupported, fmt::format("inode {} is a directory", number));
  if (found->is_symlink()) {
    auto target = link_target(*found);
    if (!target) return tl::unexpected(target.error());
    return std::make_unique<MemoryStream>(std::move(*target));
  }
  if (!found->is_regular() && found->type() != FileType::unknown)
    return fail(ErrorCode::unsupported,
                fmt::format("inode {} is a device, a pipe or a socket: it has no content", number));
  if (found->flags & kExtInlineData) {
    auto content = inline_content(*found);
    if (!content) return tl::unexpected(content.error());
    return std::make_unique<MemoryStream>(std::move(*content));
  }
  return std::make_unique<ExtContent>(*this, *found);
}

}  // namespace necropsy
