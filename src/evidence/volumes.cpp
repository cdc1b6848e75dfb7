// SPDX-License-Identifier: Apache-2.0
// From a medium to its volumes: which partition table counts, what lies in each partition, and what could not be read.
#include "evidence/volumes.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "evidence/image_parts.hpp"
#include "evidence/signatures.hpp"
#include "evidence/tsk_handles.hpp"

namespace necropsy {

Problem volume_problem(Severity severity, std::string code, std::string what, std::optional<uint64_t> offset,
                       std::optional<uint64_t> length) {
  return Problem{.stage = Stage::volume,
                 .severity = severity,
                 .code = std::move(code),
                 .what = std::move(what),
                 .file_path = {},
                 .offset = offset,
                 .length = length};
}

namespace {

// A partition (or the whole medium) with what was found in it.
struct Candidate {
  Partition partition;
  uint64_t offset = 0, length = 0;  // clamped to the medium; moved to the data of a mirror
  Signature found;
  bool missing = false;
};

// What libtsk's detection says where no signature is known: it also looks at backup boot sectors.
std::string detect_by_libtsk(TSK_IMG_INFO* image, uint64_t offset) {
  static constexpr TSK_FS_TYPE_ENUM kTypes[] = {TSK_FS_TYPE_NTFS_DETECT, TSK_FS_TYPE_FAT_DETECT, TSK_FS_TYPE_EXT_DETECT,
                                                TSK_FS_TYPE_HFS_DETECT, TSK_FS_TYPE_FFS_DETECT};
  for (TSK_FS_TYPE_ENUM type : kTypes) {
    TskFilesystem fs(tsk_fs_open_img(image, static_cast<TSK_OFF_T>(offset), type));
    if (!fs) {
      tsk_error_reset();
      continue;
    }
    const char* name = tsk_fs_type_toname(fs->ftype);
    return name ? name : "filesystem";
  }
  return {};
}

class VolumeFinder {
 public:
  VolumeFinder(Medium& medium, ContentStream& stream, const ProblemHandler& problems)
      : medium_(medium), stream_(stream), problems_(problems) {}

  std::vector<VolumeInfo> at_offset(uint64_t offset);
  std::vector<VolumeInfo> all();

 private:
  Candidate examine(const Partition& partition);
  void look_into_mirror(Candidate& candidate);
  std::vector<Candidate> examine_table(const PartitionTable& table);
  std::vector<PartitionTable> tables();
  std::optional<PartitionTable> read_with_libtsk();
  VolumeInfo describe(Candidate& candidate);
  void check_overlaps(const std::vector<Candidate>& found);
  std::vector<VolumeInfo> gaps(const std::vector<Candidate>& found);

  Medium& medium_;
  ContentStream& stream_;
  const ProblemHandler& problems_;
};

Candidate VolumeFinder::examine(const Partition& partition) {
  Candidate c;
  c.partition = partition;
  const uint64_t size = stream_.size();
  c.missing = partition.offset >= size;
  c.offset = partition.offset;
  c.length = c.missing ? 0 : std::min(partition.length, size - partition.offset);
  if (c.missing) return c;
  PartStream part(stream_, c.offset, c.length);
  c.found = identify(part);
  look_into_mirror(c);
  return c;
}

// A member of a RAID 1 holds the whole volume, from data offset (u64 at 128, in sectors) on, when its superblock
// (version 1.1 or 1.2) stands at the beginning.
void VolumeFinder::look_into_mirror(Candidate& c) {
  if (c.found.content != "mdraid" || c.found.detail != "RAID level 1 member") return;
  for (const uint64_t superblock : {uint64_t{4096}, uint64_t{0}}) {
    std::byte raw[144];
    auto got = stream_.read(c.offset + superblock, raw);
    const ByteReader in(raw);
    if (!got || *got < sizeof raw || in.u32le(0) != 0xa92b4efcu) continue;
    const uint64_t data = *in.u64le(128);
    if (data == 0 || data >= c.length / 512) return;
    PartStream inside(stream_, c.offset + data * 512, c.length - data * 512);
    Signature found = identify(inside);
    if (found.kind != VolumeKind::filesystem && found.kind != VolumeKind::swap && found.kind != VolumeKind::encrypted &&
        found.kind != VolumeKind::unsupported)
      return;
    problems_(volume_problem(Severity::info, "raid-member",
                             "volume " + c.partition.name + " is one half of a mirror (mdraid RAID 1): read by itself",
                             c.offset, c.length));
    c.offset += data * 512;
    c.length -= data * 512;
    c.found = std::move(found);
    return;
  }
}

std::vector<Candidate> VolumeFinder::examine_table(const PartitionTable& table) {
  std::vector<Candidate> found;
  for (const Partition& partition : table.partitions) {
    found.push_back(examine(partition));
    const Candidate& c = found.back();
    // Slices of BSD and Solaris hold a table of their own.
    const auto type = partition.mbr_type;
    const bool slice = type == 0xa5 || type == 0xa6 || type == 0xa9;
    if (c.missing || !slice) continue;
    const auto label = read_bsd_label(stream_, partition.offset, c.length, partition.name);
    if (!label) continue;
    std::vector<Candidate> inner;
    for (const Partition& p : label->partitions) inner.push_back(examine(p));
    const bool any = std::any_of(inner.begin(), inner.end(), [](const Candidate& i) {
      return i.found.kind != VolumeKind::unknown && i.found.kind != VolumeKind::empty;
    });
    // A UFS right at the start of the slice is partition 'a' of its label.
    if (any || c.found.kind == VolumeKind::unknown) {
      found.pop_back();
      found.insert(found.end(), std::make_move_iterator(inner.begin()), std::make_move_iterator(inner.end()));
    }
  }
  return found;
}

std::optional<PartitionTable> VolumeFinder::read_with_libtsk() {
  for (TSK_VS_TYPE_ENUM type : {TSK_VS_TYPE_SUN, TSK_VS_TYPE_MAC}) {
    TskVolumeSystem system(tsk_vs_open(medium_.tsk(), 0, type));
    if (!system) {
      tsk_error_reset();
      continue;
    }
    PartitionTable table;
    table.kind = type == TSK_VS_TYPE_SUN ? "Sun" : "Mac";
    table.sector = system->block_size;
    unsigned number = 1;
    for (const TSK_VS_PART_INFO* part = system->part_list; part && number < 1000; part = part->next) {
      if (!(part->flags & TSK_VS_PART_FLAG_ALLOC)) continue;
      Partition p;
      p.name = "p" + std::to_string(number++);
      p.offset = part->start * system->block_size;
      p.length = part->len * system->block_size;
      p.type = table.kind + " " + displayable(part->desc ? part->desc : "");
      // The map itself, drivers and the slice for the whole disk are no volumes.
      p.reserved = contains(p.type, "partition_map") || contains(p.type, "Driver") || contains(p.type, "Patch");
      if (type == TSK_VS_TYPE_SUN && (contains(p.type, "backup") || contains(p.type, "whole disk")) && p.offset == 0)
        continue;
      table.partitions.push_back(std::move(p));
    }
    if (!table.partitions.empty()) return table;
  }
  return std::nullopt;
}

// Tables that the medium shows, the likeliest first.
std::vector<PartitionTable> VolumeFinder::tables() {
  std::vector<PartitionTable> out;
  auto mbr = read_mbr(stream_, 512);
  if (mbr && medium_.facts.sector_size > 512) {
    if (auto wide = read_mbr(stream_, medium_.facts.sector_size)) mbr = std::move(wide);
  }
  const bool protective = mbr && std::any_of(mbr->partitions.begin(), mbr->partitions.end(),
                                             [](const Partition& p) { return p.mbr_type == 0xee; });
  auto gpt = read_gpt(stream_);
  if (gpt && (protective || !mbr)) {
    if (!mbr)
      gpt->problems.push_back(volume_problem(Severity::info, "bad-partition-table",
                                             "the protective MBR before the GUID partition table is missing", 0, 512));
    out.push_back(std::move(*gpt));
    if (protective && mbr->partitions.size() > 1) out.push_back(std::move(*mbr));
    return out;
  }
  if (mbr) {
    if (gpt)
      mbr->problems.push_back(
          volume_problem(Severity::info, "stale-partition-table",
                         "a GUID partition table from before is there too; the MBR, which names partitions, counts"));
    out.push_back(std::move(*mbr));
    // Disks with 4 KiB sectors count in these units, which a raw image does not tell.
    if (auto wide = medium_.facts.sector_size == 512 ? read_mbr(stream_, 4096) : std::nullopt)
      out.push_back(std::move(*wide));
    return out;
  }
  if (auto bsd = read_bsd_label(stream_, 0, stream_.size(), "p")) out.push_back(std::move(*bsd));
  if (auto other = read_with_libtsk()) out.push_back(std::move(*other));
  return out;
}

std::string kind_text(const Signature& s) { return s.detail.empty() ? s.content : s.content + " (" + s.detail + ")"; }

VolumeInfo VolumeFinder::describe(Candidate& c) {
  VolumeInfo info;
  info.name = c.partition.name;
  info.offset = c.offset;
  info.length = c.length;
  info.type = c.partition.type;
  info.label = c.partition.label;
  if (c.missing) {
    info.state = "missing";
    problems_(volume_problem(Severity::warning, "truncated",
                             "volume " + info.name + " (" + info.type + ") starts beyond the end of the evidence",
                             c.partition.offset, c.partition.length));
    return info;
  }
  if (const uint64_t there = stream_.size() - c.partition.offset; c.partition.length > there)
    problems_(volume_problem(Severity::warning, "truncated",
                             "volume " + info.name + " (" + info.type + ") goes on beyond the end of the evidence: " +
                                 std::to_string(c.partition.length - there) + " of its bytes are not there",
                             stream_.size(), c.partition.length - there));
  if (c.found.kind == VolumeKind::unknown || (c.found.kind == VolumeKind::unsupported && c.found.content == "ntfs")) {
    if (std::string type = detect_by_libtsk(medium_.tsk(), c.offset); !type.empty())
      c.found = {VolumeKind::filesystem, std::move(type), "found without its usual signature"};
  }
  info.content = c.found.content;
  const std::string what = "volume " + info.name + " (" + info.type + ")";
  switch (c.found.kind) {
    case VolumeKind::filesystem:
      info.state = "filesystem";
      break;
    case VolumeKind::swap:
      info.state = "swap";
      break;
    case VolumeKind::empty:
      info.state = "empty";
      break;
    case VolumeKind::encrypted:
      info.state = "encrypted";
      problems_(
          volume_problem(Severity::warning, "encrypted",
                         what + " is encrypted: " + kind_text(c.found) + ". Its files cannot be read without the key",
                         c.offset, c.length));
      break;
    case VolumeKind::unsupported:
      info.state = "unsupported";
      problems_(
          volume_problem(Severity::warning, "unsupported",
                         what + " holds " + kind_text(c.found) + ", which is not read: its files are not in the case",
                         c.offset, c.length));
      break;
    case VolumeKind::unknown:
      if (c.partition.reserved) {
        info.state = "reserved";
        break;
      }
      info.state = "unknown";
      problems_(volume_problem(Severity::warning, "no-filesystem",
                               what + " holds no filesystem that is known" +
                                   (c.found.detail.empty() ? std::string() : " (" + c.found.detail + ")"),
                               c.offset, c.length));
      break;
  }
  return info;
}

void VolumeFinder::check_overlaps(const std::vector<Candidate>& found) {
  for (size_t i = 1; i < found.size(); ++i) {
    const Candidate &a = found[i - 1], &b = found[i];
    if (a.missing || b.missing || a.offset + a.length <= b.offset) continue;
    problems_(volume_problem(Severity::info, "overlap",
                             "volumes " + a.partition.name + " and " + b.partition.name + " overlap by " +
                                 std::to_string(std::min(a.offset + a.length - b.offset, b.length)) + " bytes",
                             b.offset));
  }
}

std::vector<VolumeInfo> VolumeFinder::gaps(const std::vector<Candidate>& found) {
  constexpr uint64_t kLeastLost = 64 * 1024;
  constexpr unsigned kMostLooks = 64;
  unsigned looked = 0;
  std::vector<VolumeInfo> out;
  uint64_t at = 0;
  const auto gap = [&](uint64_t end) {
    if (end <= at) return;
    VolumeInfo info;
    info.name = "u" + std::to_string(out.size() + 1);
    info.offset = at;
    info.length = end - at;
    info.type = info.state = "unallocated";
    // Where partitions usually begin: a volume that was taken out of the table still stands there.
    for (uint64_t lead : {uint64_t{0}, uint64_t{63 * 512}, uint64_t{1} << 20}) {
      const uint64_t start = lead == (uint64_t{1} << 20) ? (at + lead - 1) / lead * lead : at + lead;
      if (start == 0 || start >= end || end - start < kLeastLost || ++looked > kMostLooks) continue;
      PartStream part(stream_, start, end - start);
      const Signature lost = identify(part);
      if (lost.kind != VolumeKind::filesystem && lost.kind != VolumeKind::encrypted) continue;
      info.content = lost.content;
      problems_(volume_problem(Severity::info, "lost-volume",
                               "unallocated space at byte " + std::to_string(start) + " begins like a volume (" +
                                   kind_text(lost) + "): read it with --offset " + std::to_string(start),
                               start, end - start));
      break;
    }
    out.push_back(std::move(info));
  };
  for (const Candidate& c : found) {
    const uint64_t start = std::min(c.partition.offset, stream_.size());
    gap(start);
    at = std::max(at, c.missing ? at : c.offset + c.length);
  }
  gap(stream_.size());
  return out;
}

std::vector<VolumeInfo> VolumeFinder::at_offset(uint64_t offset) {
  Partition whole;
  whole.name = "whole";
  whole.offset = offset;
  whole.length = offset < stream_.size() ? stream_.size() - offset : 0;
  whole.type = "bare";
  Candidate c = examine(whole);
  return {describe(c)};
}

std::vector<VolumeInfo> VolumeFinder::all() {
  const auto known = [](const Candidate& c) {
    return c.found.kind != VolumeKind::unknown && c.found.kind != VolumeKind::empty;
  };
  Partition bare;
  bare.name = "whole";
  bare.length = stream_.size();
  bare.type = "bare";

  // The first table with a partition that holds something. A boot sector of a volume may look like a table, and a disk
  // may show a superblock from before it was partitioned: what holds together on the disk decides.
  std::optional<PartitionTable> chosen;
  std::vector<Candidate> found;
  const std::vector<PartitionTable> seen = tables();
  for (const PartitionTable& table : seen) {
    std::vector<Candidate> candidates = examine_table(table);
    const bool any = std::any_of(candidates.begin(), candidates.end(), known);
    if (!any && chosen) continue;
    chosen = table;
    found = std::move(candidates);
    if (any) break;
  }
  Candidate whole = examine(bare);
  const bool partitions_hold = std::any_of(found.begin(), found.end(), known);
  // Boot code of FAT and NTFS stands in the same sector as a table would: only one of the two can be meant.
  const bool boot_sector = whole.found.content.starts_with("fat") || whole.found.content == "ntfs" ||
                           whole.found.content == "exfat" || whole.found.kind == VolumeKind::encrypted;
  if (!chosen || (!partitions_hold && known(whole) && boot_sector)) return {describe(whole)};

  for (const Problem& p : chosen->problems) problems_(p);
  std::stable_sort(found.begin(), found.end(),
                   [](const Candidate& a, const Candidate& b) { return a.partition.offset < b.partition.offset; });
  check_overlaps(found);
  std::vector<VolumeInfo> out;
  // Bootable CD images carry a partition table over their ISO 9660 filesystem; and where no partition holds anything, a
  // filesystem over the whole medium is what there is to read.
  const bool iso = whole.found.content == "iso9660" && std::none_of(found.begin(), found.end(), [](const Candidate& c) {
                     return c.found.content == "iso9660";
                   });
  if (iso || (!partitions_hold && known(whole))) out.push_back(describe(whole));
  for (Candidate& c : found) out.push_back(describe(c));
  for (VolumeInfo& gap : gaps(found)) out.push_back(std::move(gap));
  std::stable_sort(out.begin(), out.end(),
                   [](const VolumeInfo& a, const VolumeInfo& b) { return a.offset < b.offset; });
  return out;
}

}  // namespace

std::vector<VolumeInfo> find_volumes(Medium& medium, ContentStream& stream, std::optional<uint64_t> offset,
                                     const ProblemHandler& problems) {
  VolumeFinder finder(medium, stream, problems);
  return offset ? finder.at_offset(*offset) : finder.all();
}

// Whether a file begins like a partitioned disk or a volume.
bool shows_disk_structures(ContentStream& stream) {
  if (read_gpt(stream) || read_bsd_label(stream, 0, stream.size(), "p")) return true;
  const Signature found = identify(stream);
  if (found.kind != VolumeKind::unknown && found.kind != VolumeKind::empty) return true;
  return read_mbr(stream, 512).has_value() || read_mbr(stream, 4096).has_value();
}

}  // namespace necropsy
