// SPDX-License-Identifier: Apache-2.0
// Times and attributes of FAT and exFAT directory entries from their stored bytes. Pure.
// Format: Microsoft, "FAT32 File System Specification" 1.03 and "exFAT file system specification" 1.00.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "base/timestamp.hpp"

namespace necropsy {

struct FatEntry {
  std::optional<Timestamp> modified, accessed, created;
  TimePrecision modified_precision = TimePrecision::two_s;
  TimePrecision accessed_precision = TimePrecision::day;
  TimePrecision created_precision = TimePrecision::ms;  // units of 10 ms
  // The times are the machine's wall clock, given as if it were UTC. exFAT may store the distance from UTC with a
  // time; then they are UTC.
  bool local = true;
  uint16_t attributes = 0;
  uint64_t size = 0;
  bool directory() const { return attributes & 0x10; }
  bool volume_label() const { return (attributes & 0x18) == 0x08; }
};

// The 32 bytes of a short-name entry.
std::optional<FatEntry> decode_fat_entry(Bytes entry);
// The 32 bytes of a file entry (type 0x85, deleted 0x05) and of the stream extension that follows it, where there is
// one.
std::optional<FatEntry> decode_exfat_entry(Bytes entry, Bytes stream_extension);

// A date and a time of 16 bits, and hundredths of a second (0-199) on top. Nothing for a date that is none.
std::optional<Timestamp> fat_time(uint16_t date, uint16_t time, uint8_t hundredths);
std::string fat_flag_words(uint16_t attributes);

}  // namespace necropsy
