// SPDX-License-Identifier: Apache-2.0
#include "correlate/suspicion.hpp"

#include "correlate/steps.hpp"

namespace necropsy {

void find_suspicion(Database& db) {
  run_step(db, "suspicion_tables");
  run_step(db, "suspicion_files");
  // Each round adds what follows from the sessions found bad so far. Reasons are finite, so it ends; the bound is for a
  // chain of accounts that make accounts, made by hand to be long.
  constexpr int kMostRounds = 12;
  int64_t before = -1;
  for (int round = 0; round < kMostRounds; ++round) {
    run_step(db, "suspicion");
    const int64_t now = db.value("SELECT count(*) FROM suspicion").value_or(0);
    if (now == before) break;
    before = now;
  }
}

}  // namespace necropsy
