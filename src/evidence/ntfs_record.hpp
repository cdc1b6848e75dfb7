// SPDX-License-Identifier: Apache-2.0
// NTFS structures from their stored bytes: boot sector, MFT records with $STANDARD_INFORMATION, $FILE_NAME, streams and
// reparse points, index entries, security descriptors. Pure: no I/O.
// Format: the Linux kernel's fs/ntfs3/ntfs.h and the documentation of libfsntfs.
// libtsk 4.11 cuts FILETIMEs to 32 bits of seconds and keeps one $FILE_NAME of several; hence our own.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/timestamp.hpp"

namespace necropsy {

inline constexpr uint32_t kNtfsStandardInformation = 0x10, kNtfsAttributeList = 0x20, kNtfsFileName = 0x30,
                          kNtfsSecurityDescriptor = 0x50, kNtfsVolumeName = 0x60, kNtfsVolumeInformation = 0x70,
                          kNtfsData = 0x80, kNtfsIndexRoot = 0x90, kNtfsIndexAllocation = 0xA0, kNtfsBitmap = 0xB0,
                          kNtfsReparse = 0xC0;

struct NtfsBoot {
  uint32_t sector_size = 512, cluster_size = 4096, record_size = 1024, index_size = 4096;
  uint64_t sectors = 0;
  uint64_t mft_cluster = 0, mirror_cluster = 0;
  uint64_t serial = 0;
};
Result<NtfsBoot> decode_ntfs_boot(Bytes sector);

// Puts back the last two bytes of each 512-byte stride. False when the marks do not agree (a torn write).
bool apply_ntfs_fixups(std::span<std::byte> record);

struct NtfsTimes {
  std::optional<Timestamp> created, modified, changed, accessed;
};
// Four FILETIMEs in a row, in this order; a zero one is none.
NtfsTimes decode_ntfs_times(const ByteReader& in, size_t at);

struct NtfsName {
  uint64_t parent = 0;  // MFT number
  uint16_t parent_sequence = 0;
  NtfsTimes times;
  uint32_t attributes = 0;
  uint8_t space = 0;  // 0 POSIX, 1 Win32, 2 DOS, 3 Win32 and DOS in one
  uint64_t size = 0;  // as of the last change of the name
  std::string name;   // UTF-8
};
std::optional<NtfsName> decode_ntfs_name(Bytes content);

struct NtfsRun {
  uint64_t first = 0;  // cluster of the stream
  uint64_t length = 0;
  std::optional<uint64_t> cluster;  // on the volume; nothing for a hole
};
// Adds the runs of a mapping to `runs`, from cluster `first` of the stream on. False when it is damaged.
bool decode_ntfs_runs(Bytes mapping, uint64_t first, std::vector<NtfsRun>& runs);

struct NtfsStream {
  uint32_t type = kNtfsData;
  uint16_t id = 0;
  std::string name;  // UTF-8; empty for the unnamed stream
  uint16_t flags = 0;
  bool resident = false;
  uint64_t size = 0, initialised = 0, allocated = 0;
  uint8_t compression_unit = 0;  // logarithm, in clusters; 0: not compressed
  std::string content;           // resident
  std::vector<NtfsRun> runs;
  bool compressed() const { return (flags & 0xFF) != 0; }
  bool sparse() const { return flags & 0x8000; }
};

// An entry of an $ATTRIBUTE_LIST that leads to another record.
struct NtfsListEntry {
  uint32_t type = 0;
  uint64_t first = 0;  // cluster of the stream where the part begins
  uint64_t record = 0;
  uint16_t sequence = 0;
};
std::vector<NtfsListEntry> decode_ntfs_attribute_list(Bytes content);

struct NtfsFile {
  uint64_t number = 0;
  uint16_t sequence = 0, links = 0;
  bool in_use = false, directory = false;
  uint64_t base = 0;  // of an extension record: the file it belongs to
  uint16_t base_sequence = 0;
  bool is_extension() const { return base != 0 || base_sequence != 0; }

  bool has_standard_information = false;
  NtfsTimes times;
  uint32_t attributes = 0;
  uint32_t security_id = 0;
  std::string owner;  // SID of a descriptor of its own (NTFS before 3.0)
  std::vector<NtfsName> names;
  std::vector<NtfsStream> streams;
  std::optional<NtfsStream> attribute_list, reparse, index_root, index_allocation, index_bitmap;
  std::string volume_name;
  std::optional<uint16_t> volume_flags;
  bool damaged = false;  // the attributes break off
};

// What of a record's attributes is decoded.
enum class NtfsDepth : uint8_t { sizes, runs };
// Header and attributes of a record whose fixups are applied. Error: no record (`BAAD`, other magic, impossible
// header).
Result<NtfsFile> decode_ntfs_record(Bytes record, uint64_t number, NtfsDepth depth);
// Adds the attributes of an extension record, and the further runs of streams that `file` has already.
void add_ntfs_attributes(Bytes record, NtfsFile& file, NtfsDepth depth);

// Words for the DOS attributes, separated by blanks.
std::string ntfs_flag_words(uint32_t attributes);
// Target of a symbolic link or junction; empty for other reparse points.
std::string ntfs_reparse_target(Bytes content);
// S-1-… of the owner of a self-relative security descriptor; empty when there is none.
std::string ntfs_owner(Bytes descriptor);
std::string sid_text(Bytes sid);

struct NtfsIndexEntry {
  uint64_t record = 0;
  uint16_t sequence = 0;
  NtfsName name;
};
// Entries of an index node from its header (16 bytes) on.
std::vector<NtfsIndexEntry> decode_ntfs_index(Bytes node);
// Entries that remained in bytes the index does not use any more: only what is beyond doubt an entry of the folder.
std::vector<NtfsIndexEntry> carve_ntfs_index(Bytes unused, uint64_t folder, uint16_t folder_sequence);

}  // namespace necropsy
