// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <map>
#include <memory>

#include "base/escape.hpp"
#include "base/text.hpp"
#include "cli/context.hpp"
#include "store/timeline_query.hpp"

namespace necropsy::cli {
namespace {

enum class Shape : uint8_t { table, csv, jsonl, bodyfile, timesketch };

struct Options {
  std::string path, from, to, around, window = "10m", zone;
  TimelineFilter filter;
  Shape shape = Shape::table;
};

class Columns {
 public:
  explicit Columns(const Statement& s) {
    for (int i = 0; i < s.columns(); ++i) index_[s.column_name(i)] = i;
  }
  int operator[](const std::string& name) const { return index_.at(name); }

 private:
  std::map<std::string, int> index_;
};

void print_table(Statement& s, const TimeZone& zone) {
  const Columns c(s);
  RowPrinter printer(Format::table, {"time", "host", "what", "user", "source", "event", "message"});
  while (s.step()) {
    std::string what = fmt::format("{} {}", s.text(c["event_category"]), s.text(c["event_action"]));
    if (!s.is_null(c["event_outcome"])) what += fmt::format(" {}", s.text(c["event_outcome"]));
    std::string user(s.text(c["user_name"]));
    if (!s.is_null(c["user_target_name"]))
      user += fmt::format("{}→ {}", user.empty() ? "" : " ", s.text(c["user_target_name"]));
    const std::string_view source = s.is_null(c["source_ip"]) ? s.text(c["source_host"]) : s.text(c["source_ip"]);
    std::string time = show_time(Timestamp{s.integer(c["ts"]), static_cast<uint16_t>(s.integer(c["ts_ns"]))}, zone);
    if (s.text(c["time_basis"]) == "assumed") time += " (zone?)";
    if (s.text(c["time_basis"]) == "bounded") time += " or later";
    printer.row({{time},
                 {std::string(s.text(c["host_name"]))},
                 {what},
                 {user},
                 {std::string(source)},
                 {std::string(s.text(c["event_id"]))},
                 {std::string(s.text(c["message"]))}});
  }
  printer.finish();
}

// The Sleuth Kit's body format 3.x: one line per name and second; only rows of file times have a place in it.
void print_bodyfile(Statement& s) {
  const Columns c(s);
  while (s.step()) {
    if (s.is_null(c["macb_bits"])) continue;
    const int64_t bits = s.integer(c["macb_bits"]);
    const int64_t second = Timestamp{s.integer(c["ts"]), 0}.seconds();
    const auto time = [&](int64_t bit) { return bits & bit ? second : 0; };
    std::string name = displayable(s.text(c["file_path"]));
    for (char& ch : name)
      if (ch == '|') ch = '_';
    put_line(fmt::format("0|{}{}|{}|||0|{}|{}|{}|{}|{}", name, s.text(c["macb_source"]) == "fn" ? " ($FILE_NAME)" : "",
                         s.integer(c["file_inode"]), s.integer(c["file_size"]), time(2), time(1), time(4), time(8)));
  }
}

void print_timesketch(Statement& s) {
  const Columns c(s);
  while (s.step()) {
    std::string line = "{\"message\":";
    append_json_string(line, s.text(c["message"]));
    std::string time(s.text(c["time_utc"]));
    if (time.ends_with('Z')) time = time.substr(0, time.size() - 1) + "+00:00";
    line += ",\"datetime\":" + json_string(time);
    line += fmt::format(",\"timestamp\":{},\"timestamp_desc\":", s.integer(c["ts"]));
    append_json_string(line, fmt::format("{} {}", s.text(c["event_category"]),
                                         s.is_null(c["macb"]) ? s.text(c["event_action"]) : s.text(c["macb"])));
    for (int i = 0; i < s.columns(); ++i) {
      const std::string name = s.column_name(i);
      if (s.is_null(i) || name == "message" || name == "ts") continue;
      line += "," + json_string(name) + ":";
      if (s.is_integer(i)) {
        line += std::to_string(s.integer(i));
      } else {
        append_json_string(line, s.text(i));
      }
    }
    put_line(line + "}");
  }
}

int run(Options& o) {
  const TimeZone zone = zone_by_name(o.zone);
  if (!o.from.empty()) o.filter.from = read_time(o.from, zone);
  if (!o.to.empty()) {
    o.filter.to = read_time(o.to, zone);
    // A date alone means the whole day.
    if (o.to.size() == 10 && o.to[0] != '@') o.filter.to->us += 86'400'000'000 - 1;
  }
  if (!o.around.empty()) {
    const Timestamp at = read_time(o.around, zone);
    const int64_t half = read_duration_seconds(o.window) * 500'000;
    o.filter.from = Timestamp{at.us - half, 0};
    o.filter.to = Timestamp{at.us + half, 999};
  }
  for (char ch : o.filter.macb)
    if (!contains("macb", std::string_view(&ch, 1))) throw Failure{kUsage, "--macb wants letters of m, a, c, b"};
  Database db = open_for_reading(o.path);
  Statement rows = select_timeline(db, o.filter);
  switch (o.shape) {
    case Shape::table:
      print_table(rows, zone);
      break;
    case Shape::csv:
      print_statement(rows, Format::csv);
      break;
    case Shape::jsonl:
      print_statement(rows, Format::jsonl);
      break;
    case Shape::bodyfile:
      print_bodyfile(rows);
      break;
    case Shape::timesketch:
      print_timesketch(rows);
      break;
  }
  return kDone;
}

}  // namespace

void add_timeline(CLI::App& app, ExitCode& code) {
  auto o = std::make_shared<Options>();
  CLI::App* c = app.add_subcommand("timeline", "The merged timeline");
  TimelineFilter& f = o->filter;
  c->add_option("case", o->path, "Case file")->required()->type_name("CASE.db");
  c->add_option("--from", o->from, "From this time on")->type_name("TIME");
  c->add_option("--to", o->to, "Up to this time (a date: to its end)")->type_name("TIME");
  c->add_option("--around", o->around, "Around this time, see --window")->type_name("TIME");
  c->add_option("--window", o->window, "Width of --around: 90, 30s, 10m, 2h")
      ->type_name("DURATION")
      ->default_str("10m");
  c->add_option("--host", f.host, "One host")->type_name("HOST");
  c->add_option("--user", f.user, "Acting or acted upon; a domain may be left out")->type_name("USER");
  c->add_option("--ip", f.ip, "Source address")->type_name("ADDRESS");
  c->add_option("--path", f.path, "File path: exact or a GLOB with * and ?; \\ may be typed for /")->type_name("GLOB");
  c->add_option("--category", f.category, "authentication, file, web …")->type_name("CATEGORY");
  c->add_option("--action", f.action, "login, times, request …")->type_name("ACTION");
  c->add_option("--parser", f.parser, "Rows of one parser")->type_name("PARSER");
  c->add_option("--text", f.text, "Words that the message holds")->type_name("WORDS");
  c->add_option("--macb", f.macb, "File times of these kinds: letters of m, a, c, b")->type_name("LETTERS");
  add_choice<std::string>(
      *c, "--state", f.state,
      {{"allocated", "allocated"}, {"deleted", "deleted"}, {"orphan", "orphan"}, {"recovered", "recovered"}},
      "Files in this state");
  c->add_option("--session", f.session, "Rows of one session (login_id of necropsy logins)")->type_name("ID");
  c->add_option("--finding", f.finding, "Rows that a finding cites")->type_name("ID");
  c->add_option("--event", f.event, "One event; with --context its neighbours")->type_name("ID");
  c->add_option("--context", f.context, "Rows before and after --event")->type_name("N")->check(CLI::Range(0, 100000));
  c->add_option("--limit", f.limit, "At most so many rows")
      ->type_name("N")
      ->check(CLI::Validator(CLI::NonNegativeNumber).description(""));
  c->add_flag("--reverse", f.reverse, "Newest first");
  c->add_flag("--notable", f.notable, "Without requests, plain messages, failures and file times");
  c->add_option("--tz", o->zone, "Zone of typed times and of the table (Area/City; default UTC)")->type_name("ZONE");
  add_choice<Shape>(*c, "--format", o->shape,
                    {{"table", Shape::table},
                     {"csv", Shape::csv},
                     {"jsonl", Shape::jsonl},
                     {"bodyfile", Shape::bodyfile},
                     {"timesketch", Shape::timesketch}},
                    "How rows are printed; bodyfile is The Sleuth Kit's, for mactime");
  c->footer(
      "Examples:\n"
      "  necropsy timeline server.db --notable --tz Europe/Berlin\n"
      "  necropsy timeline server.db --around 2009-10-05T14:03 --window 10m\n"
      "  necropsy timeline server.db --path '/tmp/*' --macb b");
  c->callback([o, &code] { code = run(*o); });
}

}  // namespace necropsy::cli
