// SPDX-License-Identifier: Apache-2.0
// NtfsVolume: MFT records, stream contents, cluster allocation and security ids of an NTFS volume.
// One thread. Compressed streams are read by libtsk, everything else from the volume's bytes.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "evidence/ntfs_record.hpp"
#include "evidence/tsk_handles.hpp"
#include "evidence/volume_reader.hpp"
#include "parse/content_stream.hpp"

namespace necropsy {

class NtfsVolume {
 public:
  // By the boot sector or, asked for with `backup`, its copy in the last sector. The copy outlives the filesystem: ask
  // for it only where nothing else is found on the volume.
  static Result<std::unique_ptr<NtfsVolume>> open(TSK_IMG_INFO* image, uint64_t offset, uint64_t length,
                                                  bool backup = false);

  const NtfsBoot& boot() const { return boot_; }
  bool from_backup() const { return from_backup_; }  // the boot sector at the volume's end was used
  bool from_mirror() const { return from_mirror_; }  // record 0 came from $MFTMirr
  uint64_t volume_size() const { return reader_.size(); }
  uint64_t record_count() const { return record_count_; }

  // One record alone. `torn`: its fixups did not agree. not_found: the record was never written (all zero).
  Result<NtfsFile> record(uint64_t number, NtfsDepth depth, bool* torn = nullptr);
  // With what its extension records hold. `budget`: how many of those may still be read.
  Result<NtfsFile> file(uint64_t number, NtfsDepth depth, uint64_t* budget = nullptr, bool* torn = nullptr);

  // Bytes of a stream that is not compressed; holes and what lies behind the initialised part are zeros.
  Result<void> read_stream(const NtfsStream& stream, uint64_t offset, std::span<std::byte> out);
  // Whole content, at most `limit` bytes.
  Result<std::string> read_small(const NtfsStream& stream, size_t limit);
  // Size that can be: at most what is mapped, and for streams without holes what the volume holds.
  uint64_t content_size(const NtfsStream& stream) const;
  // A deleted stream whose clusters are all free.
  bool content_intact(const NtfsStream& stream);
  Result<std::unique_ptr<ContentStream>> open_stream(const NtfsFile& file, const NtfsStream& stream);
  // Owner of a security id, after $Secure:$SDS; empty when that does not tell.
  const std::string& owner(uint32_t security_id);
  // Entries of a directory's index, the ones in use.
  std::vector<NtfsIndexEntry> index(const NtfsFile& directory);
  // Entries that remained in the unused parts of a directory's index. `budget`: bytes of indexes that may be read
  // still.
  std::vector<NtfsIndexEntry> removed_entries(const NtfsFile& directory, uint64_t& budget);

 private:
  NtfsVolume(TSK_IMG_INFO* image, uint64_t offset, uint64_t length)
      : image_(image), offset_(offset), reader_(image, offset, length) {}
  Result<void> open_mft();
  Result<void> read_record(uint64_t number, std::span<std::byte> out);
  bool clusters_free(uint64_t first, uint64_t count);
  void load_owners();

  TSK_IMG_INFO* image_;
  uint64_t offset_;
  VolumeReader reader_;
  NtfsBoot boot_;
  NtfsStream mft_;
  std::optional<NtfsStream> bitmap_;
  uint64_t record_count_ = 0;
  uint64_t check_budget_ = 0;  // clusters that may still be looked up in $Bitmap: hostile runs may name any number
  bool from_backup_ = false, from_mirror_ = false;
  bool owners_loaded_ = false, bitmap_loaded_ = false;
  std::unordered_map<uint32_t, std::string> owners_;
  std::vector<std::byte> buffer_, extension_;
  TskFilesystem filesystem_;  // opened when a compressed stream is read
};

}  // namespace necropsy
