// SPDX-License-Identifier: Apache-2.0
#include "evidence/iso_record.hpp"

#include "base/text.hpp"

namespace necropsy {
namespace {

constexpr size_t kMaxLink = 4096;

std::optional<Timestamp> instant(const Civil& civil, int8_t quarters) {
  if (!valid(civil)) return std::nullopt;
  return Timestamp::from_unix(unix_seconds(civil) - quarters * 900, civil.nanos);
}

}  // namespace

std::optional<Timestamp> iso_time(Bytes bytes) {
  const ByteReader in(bytes);
  if (!in.has(0, 7)) return std::nullopt;
  Civil civil;
  civil.year = 1900 + *in.u8(0);
  civil.month = *in.u8(1);
  civil.day = *in.u8(2);
  civil.hour = *in.u8(3);
  civil.minute = *in.u8(4);
  civil.second = *in.u8(5);
  return instant(civil, static_cast<int8_t>(*in.u8(6)));
}

std::optional<Timestamp> iso_long_time(Bytes bytes) {
  if (bytes.size() < 17) return std::nullopt;
  const std::string_view digits = as_text(bytes.first(16));
  const auto number = [&](size_t at, size_t count) { return to_number<uint32_t>(digits.substr(at, count)); };
  const auto year = number(0, 4), month = number(4, 2), day = number(6, 2), hour = number(8, 2), minute = number(10, 2),
             second = number(12, 2), hundredths = number(14, 2);
  if (!year || !month || !day || !hour || !minute || !second || !hundredths || *year == 0) return std::nullopt;
  return instant({.year = static_cast<int32_t>(*year),
                  .month = static_cast<uint8_t>(*month),
                  .day = static_cast<uint8_t>(*day),
                  .hour = static_cast<uint8_t>(*hour),
                  .minute = static_cast<uint8_t>(*minute),
                  .second = static_cast<uint8_t>(*second),
                  .nanos = *hundredths * 10'000'000},
                 static_cast<int8_t>(bytes[16]));
}

void add_rock_ridge(Bytes fields, IsoRecord& record) {
  const ByteReader in(fields);
  bool joined = false;  // the last component of the link goes on in the next
  for (size_t at = 0; in.has(at, 4);) {
    const size_t length = *in.u8(at + 2);
    if (length < 4 || !in.has(at, length)) return;
    const ByteReader field(in.slice(at, length));
    const std::string_view name = as_text(field.slice(0, 2));
    at += length;
    if (name == "PX" && length >= 36) {
      record.mode = field.u32le(4);
      record.uid = field.u32le(20);
      record.gid = field.u32le(28);
    } else if (name == "TF" && length >= 5) {
      // Bits: creation, modify, access, attributes, backup, expiration, effective; bit 7: the long form.
      const uint8_t flags = *field.u8(4);
      const size_t size = flags & 0x80 ? 17 : 7;
      std::optional<Timestamp>* const times[] = {&record.created, &record.modified, &record.accessed, &record.changed};
      size_t place = 5;
      for (size_t bit = 0; bit < 4; ++bit) {
        if (!(flags >> bit & 1)) continue;
        const Bytes bytes = field.slice(place, size);
        *times[bit] = flags & 0x80 ? iso_long_time(bytes) : iso_time(bytes);
        place += size;
      }
    } else if (name == "SL" && length >= 5) {
      for (size_t place = 5; field.has(place, 2) && record.link.size() < kMaxLink;) {
        const uint8_t flags = *field.u8(place);
        const size_t count = *field.u8(place + 1);
        if (!joined && !record.link.empty() && record.link.back() != '/') record.link += '/';
        if (flags & 2) record.link += '.';
        if (flags & 4) record.link += "..";
        if (flags & 8) record.link = "/";
        record.link += as_text(field.slice(place + 2, count));
        joined = flags & 1;
        place += 2 + count;
      }
    } else if (name == "CE" && length >= 28) {
      record.next_block = *field.u32le(4);
      record.next_offset = *field.u32le(12);
      record.next_length = *field.u32le(20);
    } else if (name == "ST") {
      return;
    }
  }
}

std::optional<IsoRecord> decode_iso_record(Bytes bytes) {
  const ByteReader in(bytes);
  if (!in.has(0, 34) || *in.u8(0) < 34) return std::nullopt;
  const ByteReader whole(in.slice(0, *in.u8(0)));
  IsoRecord record;
  record.recorded = iso_time(whole.slice(18, 7));
  record.directory = *whole.u8(25) & 2;
  // The name is padded to an even length; what follows is the system's own.
  const size_t name_length = *whole.u8(32);
  add_rock_ridge(whole.slice(33 + name_length + (name_length % 2 == 0 ? 1 : 0), SIZE_MAX), record);
  return record;
}

}  // namespace necropsy
