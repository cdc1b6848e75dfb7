// SPDX-License-Identifier: Apache-2.0
// Directory records of ISO 9660 with their Rock Ridge fields, from the stored bytes. Pure.
// Format: ECMA-119 section 9.1; Rock Ridge Interchange Protocol 1.12 (PX, TF, SL).
// libtsk 4.11 drops the distance from UTC, reads the clock in the zone of the analyst's machine, and knows no TF.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.hpp"
#include "base/timestamp.hpp"

namespace necropsy {

struct IsoRecord {
  std::optional<Timestamp> recorded;
  bool directory = false;
  // Rock Ridge, where the record has it.
  std::optional<uint32_t> mode, uid, gid;  // mode with the bits of the type
  std::optional<Timestamp> modified, accessed, changed, created;
  std::string link;
  // Where the fields go on (CE): block, offset and length; length 0 when they do not.
  uint32_t next_block = 0, next_offset = 0, next_length = 0;
};

std::optional<IsoRecord> decode_iso_record(Bytes record);
// Fields of a continuation area.
void add_rock_ridge(Bytes fields, IsoRecord& record);
// Seven bytes: years since 1900, month, day, hour, minute, second, quarters of an hour east of UTC.
std::optional<Timestamp> iso_time(Bytes bytes);
// Seventeen bytes of digits and the distance from UTC, as in volume descriptors.
std::optional<Timestamp> iso_long_time(Bytes bytes);

}  // namespace necropsy
