// SPDX-License-Identifier: Apache-2.0
#include "evidence/ntfs_record.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "base/text.hpp"

namespace necropsy {
namespace {

constexpr uint64_t kReferenceMask = 0xFFFF'FFFF'FFFF;
constexpr size_t kStride = 512;
constexpr uint64_t kMaxCluster = 1ull << 48;

// Sizes of records are given in clusters or, negative, as a power of two of bytes.
uint32_t record_size(int8_t stored, uint32_t cluster_size) {
  if (stored > 0) return static_cast<uint32_t>(stored) * cluster_size;
  return stored < -31 || stored == 0 ? 0 : 1u << -stored;
}

struct AttributeHeader {
  uint32_t type = 0, length = 0;
  bool resident = true;
  std::string name;
  uint16_t flags = 0, id = 0;
};

bool is_stream(uint32_t type, std::string_view name) {
  return type == kNtfsData || (type == kNtfsIndexRoot && name != "$I30");
}

NtfsStream decode_stream(const ByteReader& in, const AttributeHeader& header, NtfsDepth depth, uint64_t& first) {
  NtfsStream stream{
      .type = header.type, .id = header.id, .name = header.name, .flags = header.flags, .resident = header.resident};
  if (header.resident) {
    stream.size = in.u32le(16).value_or(0);
    const Bytes content = in.slice(in.u16le(20).value_or(0), static_cast<size_t>(stream.size));
    stream.size = stream.initialised = stream.allocated = content.size();
    const bool small = header.type != kNtfsData || depth == NtfsDepth::runs;
    if (small) stream.content = as_text(content);
    first = 0;
  } else {
    first = in.u64le(16).value_or(0);
    if (first == 0) {
      stream.allocated = in.u64le(40).value_or(0);
      stream.size = in.u64le(48).value_or(0);
      stream.initialised = in.u64le(56).value_or(0);
      stream.compression_unit = static_cast<uint8_t>(in.u16le(34).value_or(0));
    }
    if (depth == NtfsDepth::runs) decode_ntfs_runs(in.slice(in.u16le(32).value_or(0), SIZE_MAX), first, stream.runs);
  }
  return stream;
}

// A part of a stream that begins at a later cluster brings only its runs.
void keep_part(std::optional<NtfsStream>& kept, NtfsStream&& stream, uint64_t first) {
  if (!kept) {
    kept = std::move(stream);
  } else if (first != 0) {
    kept->runs.insert(kept->runs.end(), stream.runs.begin(), stream.runs.end());
  }
}

}  // namespace

Result<NtfsBoot> decode_ntfs_boot(Bytes sector) {
  const ByteReader in(sector);
  if (!in.has(0, 512)) return fail(ErrorCode::truncated, "a boot sector has 512 bytes", 0, 512, sector.size());
  if (as_text(in.slice(3, 8)) != "NTFS    ") return fail(ErrorCode::bad_value, "the boot sector is not of NTFS", 3);
  NtfsBoot boot;
  boot.sector_size = *in.u16le(11);
  const uint8_t per_cluster = *in.u8(13);
  // Above 128 it is the negative logarithm (clusters of more than 64 KiB).
  const uint64_t sectors_per_cluster = per_cluster > 128 ? 1ull << std::min(256 - per_cluster, 31) : per_cluster;
  const uint64_t cluster = boot.sector_size * sectors_per_cluster;
  if (boot.sector_size < 256 || boot.sector_size > 4096 || !std::has_single_bit(boot.sector_size) || cluster == 0 ||
      cluster > 2u << 20 || !std::has_single_bit(cluster))
    return fail(ErrorCode::bad_value, "NTFS boot sector: impossible sector or cluster size", 11);
  boot.cluster_size = static_cast<uint32_t>(cluster);
  boot.sectors = *in.u64le(40);
  boot.mft_cluster = *in.u64le(48);
  boot.mirror_cluster = *in.u64le(56);
  boot.record_size = record_size(static_cast<int8_t>(*in.u8(64)), boot.cluster_size);
  boot.index_size = record_size(static_cast<int8_t>(*in.u8(68)), boot.cluster_size);
  boot.serial = *in.u64le(72);
  if (boot.record_size < 256 || boot.record_size > 65536 || !std::has_single_bit(boot.record_size))
    return fail(ErrorCode::bad_value, "NTFS boot sector: impossible size of MFT records", 64);
  if (boot.index_size < 512 || boot.index_size > (1u << 20)) boot.index_size = 4096;
  return boot;
}

bool apply_ntfs_fixups(std::span<std::byte> record) {
  const ByteReader in(record);
  const size_t offset = in.u16le(4).value_or(0), count = in.u16le(6).value_or(0);
  if (count == 0) return true;
  if ((count - 1) * kStride > record.size() || !in.has(offset, 2 * count)) return false;
  bool sound = true;
  for (size_t i = 1; i < count; ++i) {
    const size_t end = i * kStride - 2;
    // A stride without the mark was not written with the others: what it ends with is its own.
    if (std::memcmp(record.data() + end, record.data() + offset, 2) == 0)
      std::memcpy(record.data() + end, record.data() + offset + 2 * i, 2);
    else
      sound = false;
  }
  return sound;
}

NtfsTimes decode_ntfs_times(const ByteReader& in, size_t at) {
  const auto time = [&](size_t offset) { return Timestamp::from_filetime(in.u64le(offset).value_or(0)); };
  return {.created = time(at), .modified = time(at + 8), .changed = time(at + 16), .accessed = time(at + 24)};
}

std::optional<NtfsName> decode_ntfs_name(Bytes content) {
  const ByteReader in(content);
  if (!in.has(0, 66)) return std::nullopt;
  NtfsName name;
  const uint64_t parent = *in.u64le(0);
  name.parent = parent & kReferenceMask;
  name.parent_sequence = static_cast<uint16_t>(parent >> 48);
  name.times = decode_ntfs_times(in, 8);
  name.size = *in.u64le(48);
  name.attributes = *in.u32le(56);
  name.space = *in.u8(65);
  const size_t length = 2u * *in.u8(64);
  if (length == 0 || !in.has(66, length) || name.space > 3) return std::nullopt;
  name.name = utf16le_to_utf8(in.slice(66, length));
  return name;
}

bool decode_ntfs_runs(Bytes mapping, uint64_t first, std::vector<NtfsRun>& runs) {
  int64_t cluster = 0;
  for (size_t at = 0; at < mapping.size();) {
    const auto head = static_cast<uint8_t>(mapping[at]);
    if (head == 0) return true;
    const size_t length_bytes = head & 15, offset_bytes = head >> 4;
    if (length_bytes == 0 || length_bytes > 8 || offset_bytes > 8 ||
        mapping.size() - at - 1 < length_bytes + offset_bytes)
      return false;
    uint64_t length = 0, raw = 0;
    for (size_t i = 0; i < length_bytes; ++i) length |= static_cast<uint64_t>(mapping[at + 1 + i]) << (8 * i);
    for (size_t i = 0; i < offset_bytes; ++i)
      raw |= static_cast<uint64_t>(mapping[at + 1 + length_bytes + i]) << (8 * i);
    if (offset_bytes > 0 && offset_bytes < 8 && raw >> (8 * offset_bytes - 1)) raw |= UINT64_MAX << (8 * offset_bytes);
    if (length == 0 || length > kMaxCluster || first > kMaxCluster) return false;
    NtfsRun run{first, length, std::nullopt};
    if (offset_bytes > 0) {
      cluster = static_cast<int64_t>(static_cast<uint64_t>(cluster) + raw);
      if (cluster < 0 || static_cast<uint64_t>(cluster) > kMaxCluster) return false;
      run.cluster = static_cast<uint64_t>(cluster);
    }
    runs.push_back(run);
    first += length;
    at += 1 + length_bytes + offset_bytes;
  }
  return true;
}

std::vector<NtfsListEntry> decode_ntfs_attribute_list(Bytes content) {
  std::vector<NtfsListEntry> out;
  const ByteReader in(content);
  for (size_t at = 0; in.has(at, 26);) {
    const uint16_t length = *in.u16le(at + 4);
    if (length < 26) break;
    const uint64_t reference = *in.u64le(at + 16);
    out.push_back({.type = *in.u32le(at),
                   .first = *in.u64le(at + 8),
                   .record = reference & kReferenceMask,
                   .sequence = static_cast<uint16_t>(reference >> 48)});
    at += length;
  }
  return out;
}

void add_ntfs_attributes(Bytes record, NtfsFile& file, NtfsDepth depth) {
  const ByteReader whole(record);
  const size_t used = std::min<size_t>(whole.u32le(24).value_or(0), record.size());
  for (size_t at = whole.u16le(20).value_or(0); at + 4 <= used;) {
    AttributeHeader header;
    header.type = *whole.u32le(at);
    if (header.type == 0xFFFFFFFF) return;
    header.length = whole.u32le(at + 4).value_or(0);
    if (header.length < 24 || header.length > used - at) {
      file.damaged = true;
      return;
    }
    const ByteReader in(whole.slice(at, header.length));
    at += header.length;
    header.resident = *in.u8(8) == 0;
    const size_t name_length = 2u * *in.u8(9);
    if (name_length > 0) header.name = utf16le_to_utf8(in.slice(*in.u16le(10), name_length));
    header.flags = *in.u16le(12);
    header.id = *in.u16le(14);
    const ByteReader content(header.resident ? in.slice(in.u16le(20).value_or(0), in.u32le(16).value_or(0)) : Bytes{});

    if (header.type == kNtfsStandardInformation && content.has(0, 36)) {
      file.has_standard_information = true;
      file.times = decode_ntfs_times(content, 0);
      file.attributes = *content.u32le(32);
      file.security_id = content.u32le(52).value_or(0);
    } else if (header.type == kNtfsFileName && header.resident) {
      if (auto name = decode_ntfs_name(content.all()))
        file.names.push_back(std::move(*name));
      else
        file.damaged = true;
    } else if (header.type == kNtfsSecurityDescriptor && header.resident) {
      file.owner = ntfs_owner(content.all());
    } else if (header.type == kNtfsVolumeName) {
      file.volume_name = utf16le_to_utf8(content.all());
    } else if (header.type == kNtfsVolumeInformation) {
      file.volume_flags = content.u16le(10);
    } else if (header.type == kNtfsAttributeList || header.type == kNtfsReparse ||
               (header.name == "$I30" &&
                (header.type == kNtfsIndexRoot || header.type == kNtfsIndexAllocation || header.type == kNtfsBitmap))) {
      uint64_t first = 0;
      NtfsStream stream = decode_stream(in, header, NtfsDepth::runs, first);
      keep_part(header.type == kNtfsAttributeList     ? file.attribute_list
                : header.type == kNtfsReparse         ? file.reparse
                : header.type == kNtfsIndexAllocation ? file.index_allocation
                : header.type == kNtfsBitmap          ? file.index_bitmap
                                                      : file.index_root,
                std::move(stream), first);
    } else if (is_stream(header.type, header.name)) {
      uint64_t first = 0;
      NtfsStream stream = decode_stream(in, header, depth, first);
      const auto same = std::find_if(file.streams.begin(), file.streams.end(), [&](const NtfsStream& have) {
        return have.type == stream.type && have.name == stream.name;
      });
      if (same == file.streams.end()) {
        file.streams.push_back(std::move(stream));
      } else if (first != 0) {
        same->runs.insert(same->runs.end(), stream.runs.begin(), stream.runs.end());
      } else if (!stream.resident && same->size == 0 && same->runs.empty()) {
        *same = std::move(stream);
      } else if (!stream.resident && stream.size > 0 && same->size == 0) {
        // The parts came out of order: sizes stand in the first.
        stream.runs.insert(stream.runs.end(), same->runs.begin(), same->runs.end());
        *same = std::move(stream);
      }
    }
  }
}

Result<NtfsFile> decode_ntfs_record(Bytes record, uint64_t number, NtfsDepth depth) {
  const ByteReader in(record);
  if (!in.has(0, 42)) return fail(ErrorCode::truncated, "an MFT record needs 42 bytes", 0, 42, record.size());
  const std::string_view magic = as_text(in.slice(0, 4));
  if (magic == "BAAD") return fail(ErrorCode::bad_value, fmt::format("MFT record {} was marked as damaged", number));
  if (magic != "FILE") return fail(ErrorCode::bad_value, fmt::format("MFT record {} has no FILE signature", number));
  NtfsFile file;
  file.number = number;
  file.sequence = *in.u16le(16);
  file.links = *in.u16le(18);
  const uint16_t flags = *in.u16le(22);
  file.in_use = flags & 1;
  file.directory = flags & 2;
  const uint64_t base = *in.u64le(32);
  file.base = base & kReferenceMask;
  file.base_sequence = static_cast<uint16_t>(base >> 48);
  add_ntfs_attributes(record, file, depth);
  return file;
}

std::string ntfs_flag_words(uint32_t attributes) {
  constexpr std::pair<uint32_t, std::string_view> kWords[] = {
      {0x1, "readonly"},     {0x2, "hidden"},          {0x4, "system"},
      {0x20, "archive"},     {0x40, "device"},         {0x100, "temporary"},
      {0x200, "sparse"},     {0x400, "reparse-point"}, {0x800, "compressed"},
      {0x1000, "offline"},   {0x2000, "not-indexed"},  {0x4000, "encrypted"},
      {0x8000, "integrity"}, {0x20000, "no-scrub"},    {0x40000, "recall-on-open"},
      {0x80000, "pinned"},   {0x100000, "unpinned"},   {0x400000, "recall-on-access"},
  };
  std::string out;
  for (const auto& [bit, word] : kWords)
    if (attributes & bit) {
      if (!out.empty()) out += ' ';
      out += word;
    }
  return out;
}

std::string ntfs_reparse_target(Bytes content) {
  const ByteReader in(content);
  const uint32_t tag = in.u32le(0).value_or(0);
  // Mount points and symbolic links: substitute and print name in one buffer, which begins 4 bytes later in links.
  const size_t buffer = tag == 0xA000000C ? 20 : tag == 0xA0000003 ? 16 : 0;
  if (buffer == 0) {
    // Links of the Linux subsystem: a version and the target in UTF-8.
    if (tag == 0xA000001D) return std::string(as_text(in.slice(12, in.u16le(4).value_or(0) - std::size_t{4})));
    return {};
  }
  const auto text = [&](size_t at) {
    return utf16le_to_utf8(in.slice(buffer + in.u16le(at).value_or(0), in.u16le(at + 2).value_or(0)));
  };
  const std::string print = text(12);
  return print.empty() ? text(8) : print;
}

std::string sid_text(Bytes sid) {
  const ByteReader in(sid);
  const uint8_t revision = in.u8(0).value_or(0), count = in.u8(1).value_or(0);
  if (revision != 1 || count > 15 || !in.has(0, 8 + 4u * count)) return {};
  const uint64_t authority = static_cast<uint64_t>(*in.u16be(2)) << 32 | *in.u32be(4);
  std::string out = fmt::format("S-1-{}", authority);
  for (size_t i = 0; i < count; ++i) out += fmt::format("-{}", *in.u32le(8 + 4 * i));
  return out;
}

std::string ntfs_owner(Bytes descriptor) {
  const ByteReader in(descriptor);
  const uint32_t offset = in.u32le(4).value_or(0);
  if (in.u8(0).value_or(0) != 1 || offset < 20) return {};
  return sid_text(in.slice(offset, 68));
}

std::vector<NtfsIndexEntry> decode_ntfs_index(Bytes node) {
  std::vector<NtfsIndexEntry> out;
  const ByteReader in(node);
  const size_t end = std::min<size_t>(in.u32le(4).value_or(0), node.size());
  for (size_t at = in.u32le(0).value_or(0); at < end && end - at >= 16;) {
    const uint16_t length = *in.u16le(at + 8), content = *in.u16le(at + 10), flags = *in.u16le(at + 12);
    if ((flags & 2) || length < 16 || length > end - at) break;
    const uint64_t reference = *in.u64le(at);
    if (auto name = decode_ntfs_name(in.slice(at + 16, std::min<size_t>(content, length - 16u))))
      out.push_back({reference & kReferenceMask, static_cast<uint16_t>(reference >> 48), std::move(*name)});
    at += length;
  }
  return out;
}

std::vector<NtfsIndexEntry> carve_ntfs_index(Bytes unused, uint64_t folder, uint16_t folder_sequence) {
  std::vector<NtfsIndexEntry> out;
  const ByteReader in(unused);
  // FILETIMEs of the years 1829 to 3000: the test that random bytes do not pass four times.
  const auto can_be_time = [](uint64_t filetime) { return filetime >> 56 == 1 || filetime >> 57 == 1; };
  for (size_t at = 0; in.has(at, 16 + 66 + 2);) {
    const uint64_t reference = *in.u64le(at);
    const uint16_t length = *in.u16le(at + 8), content = *in.u16le(at + 10);
    const uint64_t parent = *in.u64le(at + 16);
    bool good = parent == (folder | static_cast<uint64_t>(folder_sequence) << 48) && content >= 68 &&
                length >= 16 + 68 && length % 8 == 0 && content <= length - 16 && reference >> 48 != 0;
    for (size_t i = 0; good && i < 4; ++i) good = can_be_time(*in.u64le(at + 24 + 8 * i));
    std::optional<NtfsName> name;
    if (good) name = decode_ntfs_name(in.slice(at + 16, content));
    if (!name || 66u + 2u * *in.u8(at + 16 + 64) > content ||
        name->name.find_first_of(std::string_view("/\\\0", 3)) != std::string::npos) {
      at += 8;
      continue;
    }
    out.push_back({reference & kReferenceMask, static_cast<uint16_t>(reference >> 48), std::move(*name)});
    at += length;
  }
  return out;
}

}  // namespace necropsy
