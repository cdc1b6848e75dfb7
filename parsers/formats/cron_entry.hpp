// SPDX-License-Identifier: Apache-2.0
// What cron, crond and crontab write of themselves: `(USER) WHAT (DETAIL)`, in a file of their own (Vixie cron up to
// Red Hat 6) or through syslog. Source: cron/misc.c log_it() of vixie-cron 3.0 and its heirs (cronie, Debian, FreeBSD).
#pragma once
#include <cstdint>
#include <string_view>

namespace necropsy {

enum class CronAct : uint8_t {
  run,      // CMD: a job was started
  written,  // REPLACE: a user's table was installed
  removed,  // DELETE: a user's table was removed
  seen,     // LIST, BEGIN EDIT, END EDIT
  noticed,  // RELOAD: cron saw that a table had changed
  started,  // STARTUP
  denied,   // AUTH: crontab is not allowed to this user
  failed,   // FAILED, WRONG FILE OWNER, BAD FILE MODE, ORPHAN, error …
  other,
};

struct CronEntry {
  std::string_view user;    // in the first brackets: whose job, or who called crontab
  std::string_view what;    // the word or words between the brackets
  std::string_view detail;  // in the last brackets: the command, the table's owner, a file, a reason
  CronAct act = CronAct::other;
};

// `text` is `(USER) WHAT (DETAIL)`. False when it has not that shape.
bool read_cron_entry(std::string_view text, CronEntry& out);
// The same when the user was read before: `WHAT (DETAIL)`.
bool read_cron_act(std::string_view text, CronEntry& out);

}  // namespace necropsy
