// SPDX-License-Identifier: Apache-2.0
#include "formats/cron_entry.hpp"

#include "base/text.hpp"

namespace necropsy {

bool read_cron_act(std::string_view text, CronEntry& out) {
  const size_t open = text.find(" (");
  if (open == std::string_view::npos || open == 0 || !text.ends_with(')')) return false;
  out.what = text.substr(0, open);
  out.detail = trim(text.substr(open + 2, text.size() - open - 3));
  const std::string_view w = out.what;
  out.act = w == "CMD"                                            ? CronAct::run
            : w == "REPLACE"                                      ? CronAct::written
            : w == "DELETE"                                       ? CronAct::removed
            : w == "LIST" || w == "BEGIN EDIT" || w == "END EDIT" ? CronAct::seen
            : w == "RELOAD"                                       ? CronAct::noticed
            : w == "STARTUP"                                      ? CronAct::started
            : w == "AUTH"                                         ? CronAct::denied
            : w == "FAILED" || w == "ORPHAN" || w == "error" || w == "ERROR" || w == "DEATH" || contains(w, "WRONG") ||
                    contains(w, "BAD") || contains(w, "NOT ")
                ? CronAct::failed
                : CronAct::other;
  return true;
}

bool read_cron_entry(std::string_view text, CronEntry& out) {
  if (!eat(text, "(")) return false;
  const size_t close = text.find(") ");
  if (close == std::string_view::npos || close > 64) return false;
  out.user = text.substr(0, close);
  return read_cron_act(text.substr(close + 2), out);
}

}  // namespace necropsy
