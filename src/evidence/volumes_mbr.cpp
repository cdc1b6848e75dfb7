// SPDX-License-Identifier: Apache-2.0
// MBR with extended partitions, and BSD disklabels.
// Sources: the conventions of fdisk and the Linux kernel (block/partitions/msdos.c), disklabel(5).
#include <algorithm>
#include <array>
#include <set>

#include "evidence/volumes.hpp"

namespace necropsy {
namespace {

constexpr unsigned kMostLogical = 1000;

struct Entry {
  uint8_t status, type;
  uint32_t start, count;
  bool used() const { return type != 0 && count != 0; }
  bool extended() const { return type == 0x05 || type == 0x0f || type == 0x85; }
};

// Four entries of 16 bytes at 446, then 55 AA.
std::optional<std::array<Entry, 4>> read_table(ContentStream& medium, uint64_t at) {
  std::byte raw[512];
  auto got = medium.read(at, raw);
  const ByteReader in(raw);
  if (!got || *got < sizeof raw || *in.u16le(510) != 0xaa55) return std::nullopt;
  std::array<Entry, 4> table{};
  for (size_t i = 0; i < 4; ++i) {
    const size_t e = 446 + i * 16;
    table[i] = {*in.u8(e), *in.u8(e + 4), *in.u32le(e + 8), *in.u32le(e + 12)};
  }
  return table;
}

std::string type_text(uint8_t type) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string text = std::string("MBR 0x") + kHex[type >> 4] + kHex[type & 15];
  if (const char* name = mbr_type_name(type); *name) text += std::string(" ") + name;
  return text;
}

Partition make(unsigned number, const Entry& entry, uint64_t base, uint32_t sector) {
  Partition p;
  p.name = "p" + std::to_string(number);
  p.offset = (base + entry.start) * sector;
  p.length = uint64_t{entry.count} * sector;
  p.type = type_text(entry.type);
  p.reserved = entry.type == 0x41;  // PowerPC PReP boot: a program, no files
  p.mbr_type = entry.type;
  return p;
}

}  // namespace

std::optional<PartitionTable> read_mbr(ContentStream& medium, uint32_t sector) {
  const auto primary = read_table(medium, 0);
  if (!primary) return std::nullopt;
  const uint64_t sectors = medium.size() / sector;
  bool any = false;
  for (const Entry& e : *primary) {
    // Boot code of a volume, or text, in place of a table: active is 0x80 (some boot managers: 0x81 and up).
    if (e.status != 0 && (e.status & 0x80) == 0) return std::nullopt;
    any = any || (e.used() && e.start < sectors);
  }
  if (!any) return std::nullopt;

  PartitionTable out;
  out.kind = "MBR";
  out.sector = sector;
  for (unsigned i = 0; i < 4; ++i) {
    const Entry& e = (*primary)[i];
    if (e.used() && !e.extended()) out.partitions.push_back(make(i + 1, e, 0, sector));
  }
  // Logical partitions from p5 on, through the chain of each extended one: its links count from the start of the
  // extended partition, its partitions from their own table.
  unsigned number = 5;
  for (const Entry& extended : *primary) {
    if (!extended.used() || !extended.extended()) continue;
    std::set<uint64_t> seen;
    uint64_t table_at = extended.start;
    while (true) {
      if (!seen.insert(table_at).second) {
        out.problems.push_back(volume_problem(Severity::warning, "bad-partition-table",
                                              "the chain of extended partitions leads back to sector " +
                                                  std::to_string(table_at) + ": it is followed once",
                                              table_at * sector));
        break;
      }
      if (table_at >= sectors) {
        out.problems.push_back(volume_problem(Severity::warning, "truncated",
                                              "an extended partition table at sector " + std::to_string(table_at) +
                                                  " lies beyond the end of the evidence",
                                              table_at * sector));
        break;
      }
      const auto table = read_table(medium, table_at * sector);
      if (!table) {
        out.problems.push_back(volume_problem(Severity::warning, "bad-partition-table",
                                              "the extended partition table at sector " + std::to_string(table_at) +
                                                  " is damaged: logical partitions behind it are lost",
                                              table_at * sector));
        break;
      }
      std::optional<uint64_t> next;
      for (const Entry& e : *table) {
        if (!e.used()) continue;
        if (e.extended()) {
          if (!next) next = extended.start + uint64_t{e.start};
        } else if (number < 5 + kMostLogical) {
          out.partitions.push_back(make(number++, e, table_at, sector));
        }
      }
      if (!next) break;
      if (number >= 5 + kMostLogical || seen.size() >= kMostLogical) {
        out.problems.push_back(volume_problem(
            Severity::warning, "limit",
            "more than " + std::to_string(kMostLogical) + " logical partitions: the rest is left out", *next * sector));
        break;
      }
      table_at = *next;
    }
  }
  return out;
}

std::optional<PartitionTable> read_bsd_label(ContentStream& medium, uint64_t base, uint64_t length,
                                             const std::string& prefix) {
  // magic u32 at 0, sector size u32 at 40, second magic at 132, number of partitions u16 at 138, then from 148 entries
  // of 16 bytes: size u32, offset u32, fragment size u32, type u8 … The label stands in sector 1, or 64 bytes into 0.
  constexpr uint32_t kMagic = 0x82564557;
  std::byte raw[512];
  std::optional<ByteReader> label;
  for (const uint64_t at : {uint64_t{512}, uint64_t{64}}) {
    auto got = medium.read(base + at, raw);
    if (!got || *got < 148) continue;
    const ByteReader in(Bytes(raw).first(*got));
    if (in.u32le(0) == kMagic && in.u32le(132) == kMagic) {
      label = in;
      break;
    }
  }
  if (!label) return std::nullopt;
  uint32_t sector = label->u32le(40).value_or(512);
  if (sector != 512 && sector != 1024 && sector != 2048 && sector != 4096) sector = 512;
  static constexpr const char* kTypes[] = {"unused",      "swap",   "V6",    "V7",     "System V", "4.1BSD",
                                           "8th edition", "4.2BSD", "MSDOS", "4.4LFS", "unknown",  "HPFS",
                                           "ISO9660",     "boot",   "ADOS",  "HFS",    "ADFS",     "ext2fs",
                                           "ccd",         "RAID",   "NTFS",  "MSDOS",  "UDF"};
  struct Slice {
    uint32_t size, offset;
    uint8_t type;
  };
  std::vector<Slice> slices;
  const size_t count = std::min<size_t>(label->u16le(138).value_or(0), 22);
  for (size_t i = 0; i < count; ++i) {
    const size_t e = 148 + i * 16;
    const auto size = label->u32le(e), offset = label->u32le(e + 4);
    const auto type = label->u8(e + 12);
    if (!type) break;
    slices.push_back({*size, *offset, *type});
  }
  // Offsets count from the disk (NetBSD, OpenBSD, old FreeBSD) or from the slice (FreeBSD): the raw partition 'c'
  // starts where the slice does, so its offset tells.
  const uint64_t raw_start = slices.size() > 2 ? slices[2].offset : 0;
  const uint64_t first = base / sector;
  const bool absolute =
      first != 0 && (raw_start == first || std::all_of(slices.begin(), slices.end(), [&](const Slice& s) {
                       return s.size == 0 || s.type == 0 || s.offset >= first;
                     }));
  PartitionTable out;
  out.kind = "BSD";
  out.sector = sector;
  for (size_t i = 0; i < slices.size(); ++i) {
    const Slice& s = slices[i];
    if (s.size == 0 || s.type == 0) continue;
    const uint64_t start = absolute && s.offset >= first ? s.offset - first : s.offset;
    const bool whole = start == 0 && uint64_t{s.size} * sector >= length;
    if (i == 2 && whole) continue;  // 'c' is the slice itself
    Partition p;
    p.name = prefix + static_cast<char>('a' + i);
    p.offset = base + start * sector;
    p.length = uint64_t{s.size} * sector;
    p.type = std::string("BSD ") + (s.type < std::size(kTypes) ? kTypes[s.type] : "type " + std::to_string(s.type));
    out.partitions.push_back(std::move(p));
  }
  if (out.partitions.empty()) return std::nullopt;
  return out;
}

}  // namespace necropsy
