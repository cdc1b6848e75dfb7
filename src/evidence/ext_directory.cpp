// SPDX-License-Identifier: Apache-2.0
#include "evidence/ext_directory.hpp"

#include <algorithm>
#include <functional>
#include <unordered_map>

namespace necropsy {
namespace {

constexpr uint32_t kSmallest = 12;  // an entry with a name of one to four bytes

struct RawEntry {
  uint32_t inode = 0, length = 0, name_length = 0;
  uint8_t file_type = 0;
  std::string_view name;
  uint32_t needed() const { return (8 + name_length + 3) & ~3u; }
};

RawEntry raw_entry(const ByteReader& in, uint32_t at, bool file_types) {
  RawEntry entry;
  entry.inode = *in.u32le(at);
  entry.length = *in.u16le(at + 4);
  // Blocks of 64 KiB: the length does not fit into 16 bits and is folded.
  if (in.size() >= 65536)
    entry.length =
        entry.length == 0 || entry.length == 65535 ? 65536 : (entry.length & 65532) | (entry.length & 3) << 16;
  entry.name_length = file_types ? *in.u8(at + 6) : *in.u16le(at + 6);
  entry.file_type = file_types ? *in.u8(at + 7) : 0;
  if (entry.name_length <= 255) entry.name = as_text(in.slice(at + 8, entry.name_length));
  return entry;
}

bool can_be_entry(const RawEntry& entry, uint32_t at, size_t block_size) {
  return entry.name_length > 0 && entry.name_length <= 255 && entry.name.size() == entry.name_length &&
         entry.length >= entry.needed() && entry.length % 4 == 0 && entry.length <= block_size - at;
}

// What is found outside the chain may be anything: a name has neither of these bytes, a type is one of eight.
bool looks_like_name(const RawEntry& entry) {
  return entry.file_type < 8 && entry.name.find_first_of(std::string_view("/\0", 2)) == std::string_view::npos;
}

bool is_dots(std::string_view name) { return name == "." || name == ".."; }

}  // namespace

ExtBlockLook read_ext_directory_block(Bytes block, bool file_types, uint32_t inode_count, bool removed,
                                      ExtNames& names) {
  const ByteReader in(block);
  const auto size = static_cast<uint32_t>(block.size());
  ExtBlockLook look;
  uint32_t slack_end = 0;  // entries before this offset lie in the slack of a live one
  for (uint32_t at = 0; size >= kSmallest && at <= size - kSmallest;) {
    const RawEntry entry = raw_entry(in, at, file_types);
    const bool slack = at < slack_end;
    if (!can_be_entry(entry, at, size) || (slack && at + entry.needed() > slack_end) ||
        ((slack || look.damaged) && (!looks_like_name(entry) || entry.inode > inode_count))) {
      // An empty entry (of an unused block, or the checksum at its end) is sound: it has no name.
      const bool nameless = entry.name_length == 0 || entry.name_length > 255;  // 0xDE00: the checksum, without types
      const bool empty = !slack && entry.inode == 0 && nameless && entry.length >= 8 && entry.length % 4 == 0 &&
                         entry.length <= size - at;
      if (!slack && !empty && !look.damaged) {
        look.damaged = true;
        look.damaged_at = at;
      }
      if (empty) slack_end = std::max(slack_end, at + entry.length);
      at += 4;
      continue;
    }
    const bool deleted = slack || removed || entry.inode == 0;
    // A removed name without an inode that is not a plausible one is what remained of something else.
    if (!is_dots(entry.name) && (!deleted || looks_like_name(entry)))
      names.add(entry.inode, entry.name, entry.file_type, deleted);
    if (!slack) slack_end = at + entry.length;
    at += entry.needed();
  }
  return look;
}

bool begins_ext_directory(Bytes block, uint32_t inode) {
  const ByteReader in(block);
  return in.u32le(0).value_or(0) == inode && in.u8(6).value_or(0) == 1 && in.u8(8).value_or(0) == '.' &&
         in.u16le(4).value_or(0) >= kSmallest;
}

void ExtNames::drop_copies() {
  const auto is_deleted = [](const Entry& entry) { return entry.deleted; };
  if (std::none_of(entries_.begin(), entries_.end(), is_deleted)) return;
  const auto key = [&](const Entry& entry) { return std::hash<std::string_view>{}(name(entry)) * 31 + entry.inode; };
  std::unordered_multimap<size_t, size_t> removed;  // key, place in entries_
  std::vector<bool> drop(entries_.size());
  const auto same = [&](const Entry& a, const Entry& b) { return a.inode == b.inode && name(a) == name(b); };
  for (size_t i = 0; i < entries_.size(); ++i) {
    if (!entries_[i].deleted) continue;
    const auto [first, last] = removed.equal_range(key(entries_[i]));
    if (std::any_of(first, last, [&](const auto& have) { return same(entries_[have.second], entries_[i]); }))
      drop[i] = true;
    else
      removed.emplace(key(entries_[i]), i);
  }
  for (const Entry& entry : entries_) {
    if (entry.deleted) continue;
    const auto [first, last] = removed.equal_range(key(entry));
    for (auto at = first; at != last; ++at)
      if (same(entries_[at->second], entry)) drop[at->second] = true;
  }
  size_t kept = 0;
  for (size_t i = 0; i < entries_.size(); ++i)
    if (!drop[i]) entries_[kept++] = entries_[i];
  entries_.resize(kept);
}

}  // namespace necropsy
