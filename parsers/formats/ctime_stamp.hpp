// SPDX-License-Identifier: Apache-2.0
// The stamp of ctime(3) and of Apache's error log: `Www Mmm dd hh:mm:ss[.ffffff] YYYY`.
#pragma once
#include <string_view>

#include "base/timestamp.hpp"

namespace necropsy {

// Takes the stamp from the front of `text`; leaves `text` alone when there is none. The day is padded with a blank, a
// zero or nothing. The name of the day is checked to be one, not to fit the date.
bool read_ctime_stamp(std::string_view& text, Civil& out, TimePrecision& precision);

// Precision of a fraction of so many digits.
TimePrecision precision_of(size_t fraction_digits);

}  // namespace necropsy
