// SPDX-License-Identifier: Apache-2.0
// What a volume holds, by the magic numbers at its known places. Names what necropsy does not read as well: an analyst
// must be told "LUKS", not "no filesystem".
#pragma once
#include <string>

#include "parse/content_stream.hpp"

namespace necropsy {

enum class VolumeKind : uint8_t {
  filesystem,   // of a kind that libtsk opens
  swap,         // no files, nothing is lost
  encrypted,    // LUKS, BitLocker, …
  unsupported,  // a known filesystem, volume manager or RAID member that is not read
  empty,        // zero at the head, at every place where a superblock may stand, and at samples in between
  unknown,      // none of it
};

struct Signature {
  VolumeKind kind = VolumeKind::unknown;
  std::string content;  // ext4, ntfs, fat32 …; LUKS2, BitLocker, LVM2, XFS, Btrfs, mdraid …; empty for unknown
  std::string detail;   // more for the person: "RAID level 5 member", "backup superblock at 32768 KiB"
};

// Looks at the volume's head, at the places of superblocks and at its last sectors. Unreadable places count as unknown.
Signature identify(ContentStream& volume);

// Part of another stream. Does not own it.
class PartStream final : public ContentStream {
 public:
  PartStream(ContentStream& whole, uint64_t offset, uint64_t length);
  uint64_t size() const override { return length_; }
  Result<size_t> read(uint64_t offset, std::span<std::byte> out) override;

 private:
  ContentStream& whole_;
  uint64_t offset_, length_;
};

}  // namespace necropsy
