// SPDX-License-Identifier: Apache-2.0
#include "engine/ingest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <thread>

#include "base/text.hpp"
#include "cli/context.hpp"
#include "cli/progress.hpp"
#include "correlate/correlate.hpp"
#include "parse/parser.hpp"

namespace necropsy::cli {
namespace {

struct Options {
  std::vector<std::string> evidence;
  IngestOptions ingest;
  std::string only, exclude, deadline, patience;
  bool quiet = false;
};

std::vector<std::string> names_in(const std::string& list, bool parsers_only) {
  std::vector<std::string> names;
  for (std::string_view part : split(list, ',')) {
    if (trim(part).empty()) continue;
    const std::string name(trim(part));
    const bool group = !parsers_only && (name == "fs" || name == "logs");
    if (!group && !find_parser(name))
      throw Failure{kUsage, fmt::format("no parser is called '{}' (see: necropsy parsers)", name)};
    names.push_back(name);
  }
  return names;
}

int run(Options& o) {
  for (const std::string& argument : o.evidence) {
    // A mount point is an absolute path or a drive; anything else behind '=' belongs to the file's name.
    const size_t at = argument.rfind('=');
    const std::string mount = at == std::string::npos ? "" : argument.substr(at + 1);
    const bool named = mount.starts_with('/') || (mount.size() >= 2 && mount[1] == ':');
    o.ingest.evidence.push_back(named ? EvidenceArgument{argument.substr(0, at), mount}
                                      : EvidenceArgument{argument, ""});
  }
  o.ingest.only = names_in(o.only, false);
  o.ingest.exclude = names_in(o.exclude, true);
  if (!o.ingest.zone_name.empty()) zone_by_name(o.ingest.zone_name);
  if (!o.deadline.empty()) set_deadline(o.deadline);
  if (!o.patience.empty())
    o.ingest.patience_seconds = static_cast<int>(std::clamp<int64_t>(read_duration_seconds(o.patience), 1, 1'000'000));
  ProgressLine line(o.quiet);
  IngestHooks hooks;
  hooks.stop = stop_requested;
  hooks.progress = [&](const Progress& p) { line.show(p); };
  hooks.correlate = [](Database& db) {
    correlate_case(db, CorrelateOptions{.questions_dir = {}, .stop = stop_requested});
  };
  Database db = open_for_writing(o.ingest.case_path, true);
  IngestEnd end;
  try {
    end = run_ingest(db, o.ingest, hooks);
  } catch (...) {
    // Whatever ended the run: what is committed stays one readable file.
    line.end();
    close_case(db);
    throw;
  }
  line.end();
  if (!o.quiet)
    fmt::print(stderr, "{} names, {} events, {} findings, {} problems in {}\n",
               db.value("SELECT count(*) FROM file").value_or(0), db.value("SELECT count(*) FROM event").value_or(0),
               db.value("SELECT count(*) FROM finding").value_or(0),
               db.value("SELECT count(*) FROM problem").value_or(0), displayable(o.ingest.case_path));
  std::string why;
  Statement problems = db.prepare("SELECT what FROM problem WHERE stage = 'open' ORDER BY problem_id LIMIT 20");
  while (problems.step()) why += fmt::format("  {}\n", displayable(problems.text(0)));
  problems.reset();
  close_case(db);
  switch (end) {
    case IngestEnd::complete:
      return kDone;
    case IngestEnd::with_problems:
      if (!o.quiet) fmt::print(stderr, "Some evidence could not be read: necropsy info shows what (problems).\n");
      return kWithProblems;
    case IngestEnd::nothing_opened:
      fmt::print(stderr, "necropsy: none of the evidence could be opened\n{}", why);
      return kNotOpened;
    case IngestEnd::stopped:
      fmt::print(stderr, "Stopped. Running the same command again resumes.\n");
      return kStopped;
  }
  return kInternal;
}

}  // namespace

void add_ingest(CLI::App& app, ExitCode& code) {
  auto o = std::make_shared<Options>();
  o->ingest.jobs = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  CLI::App* c = app.add_subcommand("ingest", "Reads evidence into a case");
  c->add_option(
       "evidence", o->evidence,
       "Image, first segment of a split image, directory or log file; EVIDENCE=MOUNT for the image of one volume")
      ->required()
      ->type_name("EVIDENCE[=MOUNT]");
  c->add_option("--case", o->ingest.case_path, "Case file to make or to go on with")->required()->type_name("CASE.db");
  c->add_option("--host", o->ingest.host_name, "Name of the machine, where the image does not say it")
      ->type_name("HOST");
  c->add_option("--tz", o->ingest.zone_name, "Zone of the machine, where the image does not say it (Area/City)")
      ->type_name("ZONE");
  c->add_option("--year", o->ingest.year, "Year of the last line of logs without a year")
      ->type_name("YEAR")
      ->check(CLI::Range(1970, 9999));
  c->add_option("--clock-offset", o->ingest.clock_offset,
                "Seconds that the machine's clock was ahead (shown, not applied)")
      ->type_name("SECONDS");
  c->add_option("--offset", o->ingest.media_offset, "Byte at which the one volume of the image starts")
      ->type_name("BYTE");
  c->add_option("--jobs", o->ingest.jobs, "Worker processes; 0 works in this process")
      ->check(CLI::Range(0, 256))
      ->type_name("N")
      ->default_str("one per processor");
  c->add_option("--only", o->only, "fs, logs or parsers, separated by commas")->type_name("fs|logs|PARSER,...");
  c->add_option("--exclude", o->exclude, "Parsers to leave out, separated by commas")->type_name("PARSER,...");
  c->add_flag("--hash", o->ingest.hash_files, "sha256 of every allocated file");
  c->add_flag("--remote-logs", o->ingest.remote_logs,
              "The logs are those of a log server: host names are the records'");
  c->add_option("--deadline", o->deadline, "Stop after this time (10m, 2h); running again resumes")
      ->type_name("DURATION");
  c->add_option("--patience", o->patience,
                "A worker that says nothing for so long is ended (default 5m); more for media that fail slowly")
      ->type_name("DURATION");
  c->add_flag("--force", o->ingest.force, "Try again the logs that failed in an earlier run");
  c->add_flag("--quiet", o->quiet, "No progress");
  c->footer(
      "Examples:\n"
      "  necropsy ingest server.img --case server.db\n"
      "  necropsy ingest hda1.dd=/boot hda6.dd=/home hda7.dd=/var --tz America/Chicago --case apollo.db");
  c->callback([o, &code] { code = run(*o); });
}

}  // namespace necropsy::cli
