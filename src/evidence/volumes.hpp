// SPDX-License-Identifier: Apache-2.0
// Partition tables of a medium. Private to src/evidence; no libtsk in here.
// MBR, GPT and BSD disklabels are read here rather than by libtsk: its reader keeps no GPT types, stops at the first
// oddity of a table, and recurses through extended partitions.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "evidence/file_tree.hpp"
#include "parse/content_stream.hpp"

namespace necropsy {

struct Partition {
  std::string name;                 // p1, p5, p2a
  uint64_t offset = 0, length = 0;  // bytes as the table says
  std::string type;                 // "MBR 0x83 Linux", "GPT EFI system", "BSD 4.2BSD"
  std::string label;
  bool reserved = false;  // never holds a filesystem: BIOS boot, Microsoft reserved …
  std::optional<uint8_t> mbr_type;
};

struct PartitionTable {
  std::string kind;  // MBR, GPT, BSD, Sun, Mac
  uint32_t sector = 512;
  std::vector<Partition> partitions;  // in the table's order
  std::vector<Problem> problems;
};

// Nothing when the medium has no such table (or one that cannot be meant seriously).
std::optional<PartitionTable> read_mbr(ContentStream& medium, uint32_t sector);
// With the backup at the end when the first one is damaged.
std::optional<PartitionTable> read_gpt(ContentStream& medium);
// `base`: where the medium or the MBR slice that holds the label starts; `prefix`: name of that slice or "p".
std::optional<PartitionTable> read_bsd_label(ContentStream& medium, uint64_t base, uint64_t length,
                                             const std::string& prefix);

const char* mbr_type_name(uint8_t type);
// `guid` as stored (mixed endian); empty for an unknown one.
std::string_view gpt_type_name(Bytes guid);
bool gpt_type_reserved(Bytes guid);
std::string guid_text(Bytes guid);

Problem volume_problem(Severity severity, std::string code, std::string what, std::optional<uint64_t> offset = {},
                       std::optional<uint64_t> length = {});

}  // namespace necropsy
