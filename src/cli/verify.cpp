// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <memory>

#include "base/text.hpp"
#include "cli/context.hpp"
#include "engine/ingest.hpp"
#include "store/case_queries.hpp"

namespace necropsy::cli {
namespace {

struct Options {
  std::string path;
  Format format = Format::table;
  MovedEvidence moved;
  int jobs = 2;
  bool packages = false;
};

int run(const Options& o) {
  Database db = open_for_reading(o.path);
  if (o.packages) {
    Statement rows = select_package_differences(db);
    const size_t n = print_statement(rows, o.format);
    if (n == 0 && o.format == Format::table)
      put_line("No program or library differs from what its package shipped (or the host has no package database).");
    return n == 0 ? kDone : kWithProblems;
  }
  RowPrinter printer(o.format, {"evidence", "result", "sha256", "in the case", "container says", "path"});
  bool all_good = true;
  for (const VerifyResult& r : verify_evidence(db, o.moved.pairs(), o.jobs, stop_requested)) {
    std::string result = "unchanged";
    if (!r.error.empty()) {
      result = "could not be read: " + r.error;
    } else if (r.format == "directory") {
      result = "a folder: there is no hash of it";
    } else if (r.sha256_now.empty() || r.sha256_then.empty()) {
      result = "never hashed";
    } else if (r.sha256_now != r.sha256_then) {
      result = "CHANGED";
    } else if (!r.stored.empty() && !equals_ignore_case(r.stored, r.computed)) {
      result = fmt::format("differs from the container's {}", r.stored_kind);
    }
    all_good &= result == "unchanged" || r.format == "directory";
    printer.row({{r.label},
                 {result},
                 {r.sha256_now},
                 {r.sha256_then},
                 {r.stored.empty() ? std::string() : fmt::format("{} {}", r.stored_kind, r.stored)},
                 {r.path}});
  }
  printer.finish();
  return stop_requested() ? kStopped : all_good ? kDone : kWithProblems;
}

}  // namespace

void add_verify(CLI::App& app, ExitCode& code) {
  auto o = std::make_shared<Options>();
  CLI::App* c = app.add_subcommand("verify", "Evidence still has the hashes that the case holds");
  c->add_option("case", o->path, "Case file")->required()->type_name("CASE.db");
  c->add_option("--jobs", o->jobs, "Worker processes")->type_name("N")->check(CLI::Range(1, 256))->default_val(2);
  c->add_flag("--packages", o->packages, "Programs and libraries against the image's own package database instead");
  add_format(*c, o->format);
  o->moved.add_to(*c);
  c->footer("Example:\n  necropsy verify server.db");
  c->callback([o, &code] { code = run(*o); });
}

}  // namespace necropsy::cli
