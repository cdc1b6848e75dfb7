// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <chrono>
#include <memory>

#include "base/escape.hpp"
#include "base/text.hpp"
#include "cli/context.hpp"
#include "store/case_queries.hpp"

namespace necropsy::cli {
namespace {

struct Options {
  std::string path;
  std::vector<std::string> words;  // [ID] | confirm ID | dismiss ID
  std::string why;
  Format format = Format::table;
};

int64_t id_of(const std::string& word) {
  const auto id = to_number<int64_t>(word);
  if (!id) throw Failure{kUsage, fmt::format("'{}' is no finding id", word)};
  return *id;
}

int decide(const Options& o) {
  if (o.words.size() != 2 || o.why.empty())
    throw Failure{kUsage, "write: necropsy findings CASE.db confirm|dismiss ID --why \"…\""};
  Database db = open_for_writing(o.path);
  const int64_t when =
      std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch())
          .count();
  const bool known =
      decide_finding(db, id_of(o.words[1]), o.words[0] == "confirm" ? "confirmed" : "dismissed", o.why, when);
  close_case(db);
  if (!known) throw Failure{kUsage, fmt::format("there is no finding {}", o.words[1])};
  return kDone;
}

int one(const Options& o) {
  Database db = open_for_reading(o.path);
  const int64_t id = id_of(o.words[0]);
  Statement finding = select_findings(db, id);
  if (!finding.step()) throw Failure{kUsage, fmt::format("there is no finding {}", id)};
  if (o.format == Format::table) {
    for (int i = 0; i < finding.columns(); ++i)
      if (!finding.is_null(i))
        put_line(fmt::format("{:>16}  {}", finding.column_name(i), terminal_text(finding.text(i))));
    put_line("");
  }
  Statement events = select_finding_events(db, id);
  print_statement(events, o.format,
                  o.format == Format::table
                      ? std::vector<std::string>{"role", "time_utc", "event_id", "log_path", "message"}
                      : std::vector<std::string>{});
  return kDone;
}

int run(const Options& o) {
  if (!o.words.empty() && (o.words[0] == "confirm" || o.words[0] == "dismiss")) return decide(o);
  if (o.words.size() > 1) throw Failure{kUsage, "write one finding id"};
  if (o.words.size() == 1) return one(o);
  Database db = open_for_reading(o.path);
  Statement rows = select_findings(db, {});
  const size_t n = print_statement(
      rows, o.format,
      o.format == Format::table ? std::vector<std::string>{"finding_id", "severity", "confidence", "status",
                                                           "first_utc", "rule", "event_count", "title", "summary"}
                                : std::vector<std::string>{});
  if (n == 0 && o.format == Format::table)
    put_line("No findings. What could not be known: necropsy info (logs, gaps, problems).");
  return kDone;
}

}  // namespace

void add_findings(CLI::App& app, ExitCode& code) {
  auto o = std::make_shared<Options>();
  CLI::App* c = app.add_subcommand("findings", "What the correlation concluded; with an id the rows behind it");
  c->add_option("case", o->path, "Case file")->required()->type_name("CASE.db");
  c->add_option("words", o->words, "ID, or confirm ID, or dismiss ID")->type_name("[confirm|dismiss] ID");
  c->add_option("--why", o->why, "Reason of confirm or dismiss; kept over correlate and shown in the report")
      ->type_name("TEXT");
  add_format(*c, o->format);
  c->footer(
      "Examples:\n"
      "  necropsy findings server.db\n"
      "  necropsy findings server.db 3\n"
      "  necropsy findings server.db dismiss 3 --why \"our own backup script\"");
  c->callback([o, &code] { code = run(*o); });
}

}  // namespace necropsy::cli
