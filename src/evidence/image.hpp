// SPDX-License-Identifier: Apache-2.0
// Image: the evidence itself (raw, split raw, EWF, AFF, VMDK, VHD, VHDX, a directory, a single file), opened read-only;
// its volumes; the FileTree on each.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "evidence/file_tree.hpp"

namespace necropsy {

// Acquisition facts stored in the container (EWF header and hash sections).
struct ImageFacts {
  std::string format;                 // raw, split-raw, ewf, aff, vmdk, vhd, vhdx, directory, file
  std::vector<std::string> segments;  // absolute paths of all files of the evidence, in order
  uint64_t bytes = 0;                 // of the media, not of the container
  uint32_t sector_size = 512;
  std::string md5_stored, sha1_stored;
  std::optional<Timestamp> acquired;
  std::string acquired_text;  // the same as stored: some tools write the examiner's local time without a zone
  std::string case_number, evidence_number, examiner, description, notes, acquisition_software;
};

struct VolumeInfo {
  std::string name;  // stable within the evidence: "p1", "p5" (partition number), "u2" unallocated, "whole"
  std::optional<uint64_t> offset;  // bytes from the start of the evidence; nothing when not contiguous there
  uint64_t length = 0;
  std::string type;   // "MBR 0x83 Linux", "GPT Linux filesystem", "bare", "unallocated"
  std::string label;  // GPT name
  std::string state;  // filesystem, swap, encrypted, unsupported, unknown, reserved, empty, unallocated, missing
  std::string
      content;  // filesystem type, or what the signature says: LUKS, BitLocker, LVM2, XFS, Btrfs, mdraid, ZFS, swap …
};

class Image {
 public:
  virtual ~Image() = default;
  virtual const ImageFacts& facts() const = 0;
  // Volumes in order of offset. What holds no filesystem that necropsy reads has a Problem naming it by signature.
  virtual std::vector<VolumeInfo> volumes(const ProblemHandler& problems) = 0;
  virtual Result<std::unique_ptr<FileTree>> open_tree(const VolumeInfo& volume, const ProblemHandler& problems) = 0;
  // Media bytes, for hashing and signatures; short only at the end.
  virtual Result<size_t> read(uint64_t offset, std::span<std::byte> out) = 0;
};

struct OpenOptions {
  std::optional<uint64_t> offset;  // --offset: the one volume starts here
};

// `path`: an image, the first segment of a split one, a directory, or a single log file. Magic numbers are read before
// libtsk is asked, so that a container that libtsk would take for raw is named (qcow2, DMG, …).
Result<std::unique_ptr<Image>> open_image(const std::string& path, const OpenOptions& options = {});

// Sees through gzip, bzip2, xz and zstd (magic decides); other content is handed back as it is.
// `budget` bounds the unpacked bytes; unpacking goes to memory up to 8 MiB, then to `spool_fd` (an unlinked temporary
// file that the caller owns) or, without one, stops with a limit error. `packed_modified`: time in the gzip header.
struct Unpacked {
  std::unique_ptr<ContentStream> stream;
  std::string compression;  // empty, gzip, bzip2, xz, zstd
  std::optional<Timestamp> packed_modified;
  std::optional<Error> damage;  // what came out before the damage is kept
};
Unpacked unpack(std::unique_ptr<ContentStream> stream, int spool_fd, uint64_t budget);
// gzip, bzip2, xz, zstd by magic; empty for anything else.
std::string_view compression_of(Bytes head);
// First bytes of the unpacked content, for probing.
std::string unpacked_head(ContentStream& stream, size_t count);

}  // namespace necropsy
