// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <memory>

#include "base/escape.hpp"
#include "cli/context.hpp"
#include "store/case_queries.hpp"

namespace necropsy::cli {
namespace {

struct Options {
  std::string path;
  bool problems = false, coverage = false;
};

void section(Database& db, std::string_view title, std::string_view view, const std::vector<std::string>& columns) {
  Statement rows = select_view(db, view);
  put_line("");
  put_line(title);
  if (print_statement(rows, Format::table, columns) == 0) put_line("  none");
}

int run(const Options& o) {
  Database db = open_for_reading(o.path);
  const CaseCounts counts = count_case(db);
  put_line(fmt::format("{}: {} names, {} events from {} logs, {} findings, {} problems", terminal_text(o.path),
                       counts.names, counts.events, counts.logs, counts.findings, counts.problems));
  section(db, "Hosts", "hosts",
          {"host_name", "os_version", "time_zone", "time_zone_source", "installed_utc", "last_seen_utc", "stopped_how",
           "ip_addresses"});
  section(db, "Evidence", "evidence_items", {"label", "format", "bytes", "status", "sha256", "path"});
  section(db, "Volumes", "volumes",
          {"evidence", "volume", "offset", "length", "state", "content", "mount_point", "type"});
  section(db, "Filesystems", "filesystems",
          {"evidence", "volume", "type", "mount_point", "state", "created_utc", "mounted_utc", "written_utc"});
  section(db, "Logs: what was read, and what was not", "coverage",
          {"log_path", "parser", "status", "events", "records_read", "records_unparsed", "first_utc", "last_utc",
           "reason"});
  section(db, "Gaps", "gaps", {"log_path", "gap_from_utc", "gap_to_utc", "reason"});
  section(db, "Problems", "problems", {"severity", "stage", "code", "file_path", "offset", "repeats", "what"});
  put_line("");
  put_line("Protections of the workers: own processes without the case file, address space 2 GiB, no core dumps.");
  put_line("Sandbox: " + terminal_text(case_sandbox(db)));
  return kDone;
}

}  // namespace

void add_info(CLI::App& app, ExitCode& code) {
  auto o = std::make_shared<Options>();
  CLI::App* c = app.add_subcommand("info", "Hosts, evidence, volumes, logs read and not read, problems");
  c->add_option("case", o->path, "Case file")->required()->type_name("CASE.db");
  c->footer("Example:\n  necropsy info server.db");
  c->callback([o, &code] { code = run(*o); });
}

}  // namespace necropsy::cli
