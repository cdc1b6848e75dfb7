// SPDX-License-Identifier: Apache-2.0
// One ingest of evidence that means harm, into a fresh case, and what every such run must keep to: no signal ends it,
// its case is one sound file, no process outgrows its memory.
#pragma once
#include <string>
#include <vector>

#include "e2e/case_run.hpp"

namespace necropsy::test {

inline constexpr double kMostMebibytes = 300;

// Two lines that a parser reads, to see that the rest of the evidence is there.
inline constexpr std::string_view kGoodLines =
    "Mar  2 10:00:01 web1 sshd[1]: Accepted password for alice from 192.0.2.1 port 4000 ssh2\n"
    "Mar  2 10:00:02 web1 sshd[1]: pam_unix(sshd:session): session opened for user alice(uid=1000) by (uid=0)\n";

struct HostileRun {
  fs::path db;
  Ran ran;

  // `words`: evidence and options of ingest. `by`: the program, or NECROPSY_MISBEHAVING.
  HostileRun(const Folder& folder, const std::vector<std::string>& words, const char* by = NECROPSY_PROGRAM);
  // "code|severity|what|file_path", a row a line.
  std::string problems() const;
  // "log_path|status|reason", a row a line.
  std::string coverage() const;
  // The events of the two good lines.
  std::string good_events() const;
};

}  // namespace necropsy::test
