// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <iostream>
#include <memory>

#include "cli/context.hpp"
#include "correlate/correlate.hpp"

namespace necropsy::cli {
namespace {

struct Options {
  std::string path, query, questions;
  Format format = Format::table;
};

int run_sql(const Options& o) {
  Database db = open_for_reading(o.path);
  db.on_progress([](void*) { return stop_requested(); }, nullptr);
  std::string text = o.query;
  if (text.empty()) text.assign(std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>());
  try {
    Statement rows = db.prepare(text);
    if (rows.columns() == 0) throw Failure{kUsage, "the query gives no rows (the case is opened read-only)"};
    print_statement(rows, o.format);
  } catch (const StoreError& error) {
    throw Failure{stop_requested() ? kStopped : kUsage, error.what()};
  }
  return kDone;
}

}  // namespace

void add_sql(CLI::App& app, ExitCode& code) {
  auto o = std::make_shared<Options>();
  CLI::App* c = app.add_subcommand("sql", "Read-only SQL over the views of the case");
  c->add_option("case", o->path, "Case file")->required()->type_name("CASE.db");
  c->add_option("query", o->query, "One SELECT; from stdin when left out")->type_name("QUERY");
  add_format(*c, o->format);
  c->footer("Example:\n  necropsy sql server.db \"SELECT time_utc, message FROM notable ORDER BY ts LIMIT 20\"");
  c->callback([o, &code] { code = run_sql(*o); });

  auto r = std::make_shared<Options>();
  CLI::App* again = app.add_subcommand("correlate", "The analysis again, without reading evidence");
  again->add_option("case", r->path, "Case file")->required()->type_name("CASE.db");
  add_questions_folder(*again, r->questions);
  again->footer("Example:\n  necropsy correlate server.db");
  again->callback([r, &code] {
    Database db = open_for_writing(r->path);
    try {
      correlate_case(db, CorrelateOptions{.questions_dir = r->questions, .stop = stop_requested});
    } catch (...) {
      close_case(db);
      throw;
    }
    close_case(db);
    code = kDone;
  });
}

}  // namespace necropsy::cli
