// SPDX-License-Identifier: Apache-2.0
// One record of utmp, wtmp or btmp: structure only, no meaning. No header, no magic: which layout a file has is told
// by how many of its records make sense in it.
// Sources: glibc bits/utmp.h (utmp(5)), libc5 <utmp.h>; for the look-alikes <utmp.h>, <utmpx.h> of the BSDs, Solaris
// and macOS.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"

namespace necropsy {

enum class UtmpLayout : uint8_t {
  none,
  linux384_le,  // 32-bit time: i386, x86_64, ARM, RISC-V, ppc64le …
  linux384_be,  // sparc, ppc, s390 (31 bit)
  linux400_le,  // 64-bit time: aarch64
  linux400_be,  // s390x
  libc5_le,     // 56 bytes: Linux before about 1998
  libc5_be,
};
inline constexpr std::array<UtmpLayout, 6> kUtmpLayouts = {UtmpLayout::linux384_le, UtmpLayout::linux400_le,
                                                           UtmpLayout::linux384_be, UtmpLayout::linux400_be,
                                                           UtmpLayout::libc5_le,    UtmpLayout::libc5_be};

size_t record_size(UtmpLayout layout);  // 0 for none
std::string_view describe(UtmpLayout layout);
// Smallest number of bytes that holds whole records of every layout.
inline constexpr size_t kUtmpWindow = 67'200;

// ut_type, utmp(5)
enum UtmpType : int16_t {
  kUtmpEmpty = 0,
  kUtmpRunLevel = 1,
  kUtmpBoot = 2,
  kUtmpNewTime = 3,
  kUtmpOldTime = 4,
  kUtmpInit = 5,
  kUtmpLogin = 6,
  kUtmpUser = 7,
  kUtmpDead = 8,
  kUtmpAccounting = 9,
};

// Text points into the bytes that were read.
struct UtmpRecord {
  int16_t type = 0;
  int64_t pid = 0;
  std::string_view line, id, user, host;
  int16_t termination = 0, exit = 0;
  int64_t session = 0;
  int64_t seconds = 0;  // 32-bit times are read as unsigned: they last until 2106
  int64_t microseconds = 0;
  std::string address;  // canonical; empty for none
};

enum class UtmpQuality : uint8_t {
  bad,    // not a record of this layout
  zero,   // all bytes zero
  empty,  // a slot that is not in use, with something left in it
  loose,  // type, line and pid make sense; the time or another field is odd
  good,
};

// `bytes` must hold record_size(layout) bytes; shorter is bad.
UtmpQuality judge_utmp(Bytes bytes, UtmpLayout layout);
std::optional<UtmpRecord> read_utmp(Bytes bytes, UtmpLayout layout);

struct UtmpVote {
  UtmpLayout layout = UtmpLayout::none;
  size_t records = 0, zero = 0, loose = 0, good = 0;  // of this layout; zero counts empty ones too
  // Share of records that make sense, zeroed and empty ones left out.
  double share() const {
    return records > zero ? static_cast<double>(good) / static_cast<double>(records - zero) : 0.0;
  }
  void add(const UtmpVote& more);
};
// Counts for one layout over a window that begins at a record border.
UtmpVote count_utmp(Bytes window, UtmpLayout layout);
// The layout with the highest share over all windows given to count_utmp(), in the order of kUtmpLayouts; none when
// nothing makes sense in any.
UtmpVote best_utmp(const std::array<UtmpVote, kUtmpLayouts.size()>& votes);

// Next place at or after `from`, in steps of 4 bytes, at which a good record begins that another record or the end of
// the bytes follows; nothing within `bytes`.
std::optional<size_t> resync_utmp(Bytes bytes, size_t from, UtmpLayout layout);

// Name of the system whose login records these are, when they are of one that is recognised but not read; else empty.
// `size` of the whole file, 0 when not known.
std::string_view foreign_utmp(Bytes head, uint64_t size);

}  // namespace necropsy
