// SPDX-License-Identifier: Apache-2.0
#include "correlate/failures.hpp"

#include "correlate/steps.hpp"

namespace necropsy {

void prepare_names(Database& db) {
  run_step(db, "names");
  run_step(db, "log_sources");
  Statement insert = db.prepare("INSERT INTO temp.log_of_source VALUES(?1, ?2)");
  Statement sources = db.prepare("SELECT source_id, log_path FROM source WHERE kind = 0");
  while (sources.step()) insert.bind(1, sources.integer(0)).bind(2, log_family(sources.text(1))).run();
}

void collect_failures(Database& db) {
  run_step(db, "failure_kinds");
  run_step(db, "failures");
  run_step(db, "waves");
}

}  // namespace necropsy
