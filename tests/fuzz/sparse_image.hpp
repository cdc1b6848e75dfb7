// SPDX-License-Identifier: Apache-2.0
// A disk of which a file holds only the sectors that are not all of one kind: u16le number of sectors, then records of
// u16le sector and its 512 bytes. What is not named is zero. tests/fuzz/make_seeds writes them.
#pragma once
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "evidence/image_parts.hpp"

namespace necropsy::fuzz {

inline constexpr size_t kSector = 512, kRecord = kSector + 2;
inline constexpr uint64_t kMostSectors = 8192;  // 4 MiB: walks over more of nothing only take time

class SparseMedium : public Medium {
 public:
  explicit SparseMedium(Bytes file);

 protected:
  Result<void> fetch(uint64_t offset, std::span<std::byte> out) override;

 private:
  std::vector<std::byte> bytes_;                  // of the sectors that are there
  std::unordered_map<uint64_t, size_t> sectors_;  // where each begins in bytes_
};

// The medium as the readers of tables want it.
class MediumBytes final : public ContentStream {
 public:
  explicit MediumBytes(Medium& medium) : medium_(medium) {}
  uint64_t size() const override { return medium_.facts.bytes; }
  Result<size_t> read(uint64_t offset, std::span<std::byte> out) override { return medium_.read(offset, out); }

 private:
  Medium& medium_;
};

// Reads what a run of necropsy reads of a filesystem: all names, some contents, some paths. `most`: names to see.
struct TreeRow {
  FileRecord record;
  std::string content;  // digest; `closed` or `unreadable`; `-` for what has none
};
struct TreeLook {
  std::vector<TreeRow> rows;
  size_t problems = 0;  // files whose content could not be read count too
  bool opened = false;
};
TreeLook look_at_tree(Medium& medium, size_t most);

}  // namespace necropsy::fuzz
