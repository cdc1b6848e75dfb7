// SPDX-License-Identifier: Apache-2.0
// Which kind of record-keeping a log is, as far as sessions are concerned.
#pragma once
#include <string_view>

namespace necropsy {

// Each keeps its own books of who came and went; rows of different families that agree are one session.
enum class Family : int { log = 1, utmp, ftp_log, logind, lastlog, windows, database };

Family family_of(std::string_view parser, std::string_view process, std::string_view category);

}  // namespace necropsy
