// SPDX-License-Identifier: Apache-2.0
#include "formats/utmp_record.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace necropsy {
namespace {

constexpr int64_t kFirstGoodTime = 631'152'000;    // 1990
constexpr int64_t kLastGoodTime = 4'102'444'800;   // 2100
constexpr int64_t kLastLibc5Time = 1'136'073'600;  // 2006: text that is taken for a time is mostly later
constexpr int64_t kLastTime = int64_t{1} << 33;    // beyond any 32-bit time, and far from random 64-bit values
constexpr int64_t kLastPid = int64_t{1} << 22;     // PID_MAX_LIMIT of 64-bit kernels

// Field places; a width of 0 means that the layout has no such field.
struct Shape {
  UtmpLayout layout;
  uint16_t size;
  bool big_endian, wide_time;
  uint16_t id, id_size, user, user_size, line_size, host, host_size, exit, session, time, address, address_size;
  std::string_view name;
};

constexpr Shape kShapes[] = {
    {UtmpLayout::linux384_le, 384, false, false, 40, 4, 44, 32, 32, 76, 256, 332, 336, 340, 348, 16,
     "384-byte little-endian records"},
    {UtmpLayout::linux400_le, 400, false, true, 40, 4, 44, 32, 32, 76, 256, 332, 336, 344, 360, 16,
     "400-byte little-endian records"},
    {UtmpLayout::linux384_be, 384, true, false, 40, 4, 44, 32, 32, 76, 256, 332, 336, 340, 348, 16,
     "384-byte big-endian records"},
    {UtmpLayout::linux400_be, 400, true, true, 40, 4, 44, 32, 32, 76, 256, 332, 336, 344, 360, 16,
     "400-byte big-endian records"},
    {UtmpLayout::libc5_le, 56, false, false, 20, 2, 28, 8, 12, 36, 16, 0, 0, 24, 52, 4,
     "56-byte little-endian records of libc5"},
    {UtmpLayout::libc5_be, 56, true, false, 20, 2, 28, 8, 12, 36, 16, 0, 0, 24, 52, 4,
     "56-byte big-endian records of libc5"},
};
constexpr uint16_t kLine = 8, kPid = 4;

const Shape* shape_of(UtmpLayout layout) {
  for (const Shape& shape : kShapes)
    if (shape.layout == layout) return &shape;
  return nullptr;
}

uint16_t get16(const ByteReader& in, size_t at, bool big) { return (big ? in.u16be(at) : in.u16le(at)).value_or(0); }
uint32_t get32(const ByteReader& in, size_t at, bool big) { return (big ? in.u32be(at) : in.u32le(at)).value_or(0); }
uint64_t get64(const ByteReader& in, size_t at, bool big) { return (big ? in.u64be(at) : in.u64le(at)).value_or(0); }

struct Time {
  int64_t seconds = 0, microseconds = 0;
};

Time time_of(const ByteReader& in, const Shape& shape) {
  if (shape.wide_time)
    return {static_cast<int64_t>(get64(in, shape.time, shape.big_endian)),
            static_cast<int64_t>(get64(in, shape.time + 8, shape.big_endian))};
  // libc5 has seconds only.
  return {get32(in, shape.time, shape.big_endian),
          shape.size == 56 ? 0 : static_cast<int32_t>(get32(in, shape.time + 4, shape.big_endian))};
}

bool all_zero(Bytes bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b == std::byte{0}; });
}

bool printable(std::string_view text) {
  for (char c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) return false;
  return true;
}
bool printable_ascii(std::string_view text) {
  for (char c : text)
    if (c < 0x20 || c == 0x7F) return false;
  return true;
}
bool zero_after(const ByteReader& in, size_t at, size_t size, std::string_view text) {
  return all_zero(in.slice(at + text.size(), size - text.size()));
}

}  // namespace

size_t record_size(UtmpLayout layout) {
  const Shape* shape = shape_of(layout);
  return shape ? shape->size : 0;
}

std::string_view describe(UtmpLayout layout) {
  const Shape* shape = shape_of(layout);
  return shape ? shape->name : std::string_view("no known layout");
}

UtmpQuality judge_utmp(Bytes bytes, UtmpLayout layout) {
  const Shape* shape = shape_of(layout);
  if (!shape || bytes.size() < shape->size) return UtmpQuality::bad;
  const ByteReader in(bytes.first(shape->size));
  const auto type = static_cast<int16_t>(get16(in, 0, shape->big_endian));
  if (type < kUtmpEmpty || type > kUtmpAccounting) return UtmpQuality::bad;
  if (type == kUtmpEmpty && all_zero(in.all())) return UtmpQuality::zero;

  const auto pid = static_cast<int32_t>(get32(in, kPid, shape->big_endian));
  const std::string_view line = in.padded_text(kLine, shape->line_size);
  const std::string_view id = in.padded_text(shape->id, shape->id_size);
  const std::string_view user = in.padded_text(shape->user, shape->user_size);
  const std::string_view host = in.padded_text(shape->host, shape->host_size);
  const Time time = time_of(in, *shape);
  if (pid < 0 || pid > kLastPid || !printable_ascii(line)) return UtmpQuality::bad;
  if (time.seconds < 0 || time.seconds > kLastTime) return UtmpQuality::bad;
  const bool libc5 = shape->size == 56;
  const int64_t last_good = libc5 ? kLastLibc5Time : kLastGoodTime;
  const bool good_time = time.seconds >= kFirstGoodTime && time.seconds < last_good;
  const bool fine = good_time && time.microseconds >= 0 && time.microseconds < 1'000'000 && printable(user) &&
                    printable_ascii(id) && printable(host) && zero_after(in, kLine, shape->line_size, line);
  // A short record says little: its padding must be clean too, and nothing odd is let pass.
  if (libc5 && !(fine && in.u16le(2) == 0 && in.u16le(22) == 0 && zero_after(in, shape->user, shape->user_size, user) &&
                 zero_after(in, shape->host, shape->host_size, host)))
    return UtmpQuality::bad;
  // An empty slot may keep a time and an address; any other record names at least a line, an id or a user.
  if (type == kUtmpEmpty) return fine ? UtmpQuality::empty : UtmpQuality::bad;
  if (line.empty() && user.empty() && id.empty() && host.empty())
    // A login whose text was wiped still has type, pid and time.
    return pid > 0 && good_time && !libc5 ? UtmpQuality::loose : UtmpQuality::bad;
  return fine ? UtmpQuality::good : UtmpQuality::loose;
}

std::optional<UtmpRecord> read_utmp(Bytes bytes, UtmpLayout layout) {
  const Shape* shape = shape_of(layout);
  if (!shape || bytes.size() < shape->size) return std::nullopt;
  const ByteReader in(bytes.first(shape->size));
  const bool big = shape->big_endian;
  UtmpRecord record;
  record.type = static_cast<int16_t>(get16(in, 0, big));
  record.pid = static_cast<int32_t>(get32(in, kPid, big));
  record.line = in.padded_text(kLine, shape->line_size);
  record.id = in.padded_text(shape->id, shape->id_size);
  record.user = in.padded_text(shape->user, shape->user_size);
  record.host = in.padded_text(shape->host, shape->host_size);
  if (shape->exit) {
    record.termination = static_cast<int16_t>(get16(in, shape->exit, big));
    record.exit = static_cast<int16_t>(get16(in, shape->exit + 2u, big));
    record.session = static_cast<int32_t>(get32(in, shape->session, big));
  }
  const Time time = time_of(in, *shape);
  record.seconds = time.seconds;
  record.microseconds = time.microseconds;
  // An IPv4 address stands in the first four bytes, the rest is zero. Some daemons leave junk there: where the host
  // text is the very address of the first four bytes, they are it.
  const Bytes address = in.slice(shape->address, shape->address_size);
  if (!all_zero(address)) {
    const Bytes front = address.first(4);
    const auto v4 = ip_from_bytes(front);
    if (address.size() == 4 || all_zero(address.subspan(4)) || (v4 && !all_zero(front) && record.host == *v4))
      record.address = v4.value_or("");
    else
      record.address = ip_from_bytes(address).value_or("");
  }
  return record;
}

void UtmpVote::add(const UtmpVote& more) {
  records += more.records;
  zero += more.zero;
  loose += more.loose;
  good += more.good;
}

UtmpVote count_utmp(Bytes window, UtmpLayout layout) {
  UtmpVote vote;
  vote.layout = layout;
  const size_t size = record_size(layout);
  for (size_t at = 0; size && window.size() - at >= size; at += size) {
    ++vote.records;
    switch (judge_utmp(window.subspan(at, size), layout)) {
      case UtmpQuality::bad:
        break;
      case UtmpQuality::zero:
      case UtmpQuality::empty:
        ++vote.zero;
        break;
      case UtmpQuality::loose:
        ++vote.loose;
        break;
      case UtmpQuality::good:
        ++vote.good;
        break;
    }
  }
  return vote;
}

UtmpVote best_utmp(const std::array<UtmpVote, kUtmpLayouts.size()>& votes) {
  UtmpVote best;
  double best_score = 0;
  for (const UtmpVote& vote : votes) {
    if (vote.good == 0) continue;
    const double loose = static_cast<double>(vote.loose) / static_cast<double>(vote.records - vote.zero);
    const double score = vote.share() + loose / 8;
    if (score > best_score) {
      best = vote;
      best_score = score;
    }
  }
  return best;
}

std::optional<size_t> resync_utmp(Bytes bytes, size_t from, UtmpLayout layout) {
  const size_t size = record_size(layout);
  if (size == 0) return std::nullopt;
  for (size_t at = from; at <= bytes.size() && bytes.size() - at >= size; at += 4) {
    if (judge_utmp(bytes.subspan(at), layout) != UtmpQuality::good) continue;
    const Bytes rest = bytes.subspan(at + size);
    if (rest.size() < size || judge_utmp(rest, layout) != UtmpQuality::bad) return at;
  }
  return std::nullopt;
}

namespace {

// Look-alikes. Time is 4 or 8 bytes, in either byte order.
struct ForeignShape {
  std::string_view name;
  uint16_t size, line, line_size, user, user_size, host, host_size, time;
  bool wide_time;
  int16_t type;  // place of the type, or -1
};
constexpr ForeignShape kForeign[] = {
    {"NetBSD (utmpx, 520-byte records)", 520, 36, 32, 0, 32, 68, 256, 464, true, 326},
    {"Solaris (utmpx, 372-byte records)", 372, 36, 32, 0, 32, 114, 257, 80, false, 72},
    {"OpenBSD (304-byte records)", 304, 0, 8, 8, 32, 40, 256, 296, true, -1},
    {"OpenBSD before 5.5 (300-byte records)", 300, 0, 8, 8, 32, 40, 256, 296, false, -1},
    {"FreeBSD before 9 (44-byte records)", 44, 0, 8, 8, 16, 24, 16, 40, false, -1},
    {"4.3BSD or SunOS 4 (36-byte records)", 36, 0, 8, 8, 8, 16, 16, 32, false, -1},
};

bool good_time(uint64_t seconds) {
  return seconds >= static_cast<uint64_t>(kFirstGoodTime) && seconds < static_cast<uint64_t>(kLastGoodTime);
}

// Text of a padded field: printable, and nothing but zeros behind it.
bool clean_field(const ByteReader& in, size_t at, size_t size) {
  const std::string_view text = in.padded_text(at, size);
  return printable_ascii(text) && zero_after(in, at, size, text);
}

bool is_foreign_record(const ByteReader& in, const ForeignShape& shape, bool big) {
  const uint64_t seconds = shape.wide_time ? get64(in, shape.time, big) : get32(in, shape.time, big);
  if (!good_time(seconds)) return false;
  if (shape.type >= 0 && get16(in, static_cast<size_t>(shape.type), big) > 11) return false;
  return clean_field(in, shape.line, shape.line_size) && clean_field(in, shape.user, shape.user_size) &&
         clean_field(in, shape.host, shape.host_size) &&
         !(in.padded_text(shape.line, shape.line_size).empty() && in.padded_text(shape.user, shape.user_size).empty());
}

bool is_foreign(Bytes head, uint64_t size, const ForeignShape& shape, bool big) {
  if (size && size % shape.size != 0) return false;
  size_t seen = 0;
  for (size_t at = 0; head.size() - at >= shape.size; at += shape.size) {
    const ByteReader in(head.subspan(at, shape.size));
    if (all_zero(in.all())) continue;
    if (!is_foreign_record(in, shape, big)) return false;
    ++seen;
  }
  return seen > 0;
}

// FreeBSD 9 and later, utx.log: u16 length, u8 type, u64 microseconds, all big-endian; trailing zeros are cut off.
bool is_freebsd_log(Bytes head, uint64_t size) {
  const ByteReader in(head);
  size_t at = 0, seen = 0;
  while (in.has(at, 2)) {
    const size_t length = *in.u16be(at);
    if (length < 9 || length > 197) return false;
    if (!in.has(at + 2, length)) break;
    if (*in.u8(at + 2) > 8 || !good_time(*in.u64be(at + 3) / 1'000'000)) return false;
    at += 2 + length;
    ++seen;
  }
  return seen >= 2 || (seen == 1 && size == at);
}
// utx.active and utx.lastlogin: the same record at its full 197 bytes.
bool is_freebsd_slots(Bytes head, uint64_t size) {
  if (size == 0 || size % 197 != 0) return false;
  const ByteReader in(head);
  size_t seen = 0;
  for (size_t at = 0; in.has(at, 197); at += 197) {
    if (*in.u8(at) > 8 || !good_time(*in.u64be(at + 1) / 1'000'000)) return false;
    ++seen;
  }
  return seen > 0;
}

}  // namespace

std::string_view foreign_utmp(Bytes head, uint64_t size) {
  if (as_text(head).starts_with("utmpx-1.00")) return "macOS (utmpx, 628-byte records)";
  for (const ForeignShape& shape : kForeign)
    for (const bool big : {false, true})
      if (is_foreign(head, size, shape, big)) return shape.name;
  if (is_freebsd_log(head, size)) return "FreeBSD 9 or later (utx.log)";
  if (is_freebsd_slots(head, size)) return "FreeBSD 9 or later (utx, 197-byte records)";
  return {};
}

}  // namespace necropsy
