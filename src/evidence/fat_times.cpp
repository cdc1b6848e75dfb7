// SPDX-License-Identifier: Apache-2.0
#include "evidence/fat_times.hpp"

namespace necropsy {
namespace {

// Seconds east of UTC; nothing when the entry does not say. Bit 7: valid, the rest signed quarters of an hour.
std::optional<int32_t> utc_offset(uint8_t stored) {
  if (!(stored & 0x80)) return std::nullopt;
  const int quarters = stored & 0x40 ? static_cast<int>(stored & 0x7F) - 128 : stored & 0x7F;
  return quarters * 900;
}

}  // namespace

std::optional<Timestamp> fat_time(uint16_t date, uint16_t time, uint8_t hundredths) {
  Civil civil;
  civil.year = 1980 + (date >> 9);
  civil.month = date >> 5 & 15;
  civil.day = date & 31;
  civil.hour = static_cast<uint8_t>(time >> 11);
  civil.minute = time >> 5 & 63;
  civil.second = static_cast<uint8_t>((time & 31) * 2);
  if (civil.second > 59 || !valid(civil)) return std::nullopt;
  if (hundredths > 199) hundredths = 0;
  return Timestamp::from_unix(unix_seconds(civil) + hundredths / 100, hundredths % 100 * 10'000'000u);
}

std::optional<FatEntry> decode_fat_entry(Bytes bytes) {
  const ByteReader in(bytes);
  if (!in.has(0, 32)) return std::nullopt;
  FatEntry entry;
  entry.attributes = *in.u8(11);
  if ((entry.attributes & 0x3F) == 0x0F) return std::nullopt;  // a piece of a long name
  entry.created = fat_time(*in.u16le(16), *in.u16le(14), *in.u8(13));
  entry.accessed = fat_time(*in.u16le(18), 0, 0);
  entry.modified = fat_time(*in.u16le(24), *in.u16le(22), 0);
  entry.size = *in.u32le(28);
  return entry;
}

std::optional<FatEntry> decode_exfat_entry(Bytes bytes, Bytes stream_extension) {
  const ByteReader in(bytes);
  if (!in.has(0, 32) || (*in.u8(0) & 0x7F) != 0x05) return std::nullopt;
  FatEntry entry;
  entry.attributes = *in.u16le(4);
  entry.modified_precision = TimePrecision::ms;
  entry.accessed_precision = TimePrecision::two_s;
  const auto time = [&](size_t at, uint8_t hundredths) {
    return fat_time(*in.u16le(at + 2), *in.u16le(at), hundredths);
  };
  entry.created = time(8, *in.u8(20));
  entry.modified = time(12, *in.u8(21));
  entry.accessed = time(16, 0);
  const std::optional<int32_t> offsets[] = {utc_offset(*in.u8(22)), utc_offset(*in.u8(23)), utc_offset(*in.u8(24))};
  // A machine writes its distance from UTC with all times or with none; one that lacks it shares a neighbour's.
  std::optional<int32_t> common;
  for (const auto& offset : offsets)
    if (offset && !common) common = offset;
  if (common) {
    entry.local = false;
    std::optional<Timestamp>* const times[] = {&entry.created, &entry.modified, &entry.accessed};
    for (size_t i = 0; i < 3; ++i)
      if (*times[i]) (*times[i])->us -= static_cast<int64_t>(offsets[i].value_or(*common)) * 1'000'000;
  }
  const ByteReader stream(stream_extension);
  if ((stream.u8(0).value_or(0) & 0x7F) == 0x40) entry.size = stream.u64le(24).value_or(0);
  return entry;
}

std::string fat_flag_words(uint16_t attributes) {
  constexpr std::pair<uint16_t, std::string_view> kWords[] = {
      {0x1, "readonly"}, {0x2, "hidden"}, {0x4, "system"}, {0x8, "volume-label"}, {0x20, "archive"}};
  std::string out;
  for (const auto& [bit, word] : kWords)
    if (attributes & bit) {
      if (!out.empty()) out += ' ';
      out += word;
    }
  return out;
}

}  // namespace necropsy
