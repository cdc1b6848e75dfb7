// SPDX-License-Identifier: Apache-2.0
// cron's own log file, before it went through syslog (Vixie cron 3.0.1, Red Hat up to 6.x): /var/log/cron.
// Source: cron/misc.c log_it(): `USER (MM/DD-hh:mm:ss-PID) WHAT (DETAIL)`, local time, neither year nor host.
#include <fmt/format.h>

#include <optional>

#include "base/text.hpp"
#include "formats/cron_entry.hpp"
#include "parse/parser.hpp"

namespace necropsy::parsers {
namespace {

struct CronLine {
  std::string_view user;
  Civil civil;  // without a year
  std::optional<int64_t> pid;
  CronEntry entry;
};

// Days that a month has in some year; whether Feb 29 exists is known with the year.
constexpr uint8_t kMonthDays[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

std::optional<CronLine> read_line(std::string_view text) {
  CronLine line;
  const size_t open = text.find(" (");
  if (open == std::string_view::npos || open == 0 || open > 64) return std::nullopt;
  line.user = text.substr(0, open);
  text.remove_prefix(open + 2);
  // MM/DD-hh:mm:ss-PID)
  if (text.size() < 17 || text[2] != '/' || text[5] != '-') return std::nullopt;
  const auto month = to_number<uint8_t>(text.substr(0, 2)), day = to_number<uint8_t>(text.substr(3, 2));
  if (!month || !day || *month < 1 || *month > 12 || *day < 1 || *day > kMonthDays[*month - 1]) return std::nullopt;
  line.civil.year = 0;
  line.civil.month = *month;
  line.civil.day = *day;
  text.remove_prefix(6);
  if (!read_clock(text, line.civil) || !eat(text, "-")) return std::nullopt;
  const size_t close = text.find(") ");
  if (close == std::string_view::npos || close > 12) return std::nullopt;
  line.pid = to_number<int64_t>(text.substr(0, close));
  if (!line.pid || !read_cron_act(trim(text.substr(close + 2)), line.entry)) return std::nullopt;
  return line;
}

// Arguments: user, target, address, port, method, process, pid, path, service, command (model/event.hpp).
constexpr std::string_view kRun = "Cron job of %s%.0s%.0s%.0s%.0s (%s[%s])%.0s%.0s: %s";

// Fills all but time and place.
void describe(const CronLine& line, Event& e, Attribute& operation) {
  e.process_name = "cron";
  e.process_pid = line.pid;
  e.service_name = "cron";
  e.user_name = line.user;
  e.action = Action::configuration_message;
  const CronEntry& entry = line.entry;
  switch (entry.act) {
    case CronAct::run:
      e.action = Action::task_run;
      e.command_line = entry.detail;
      break;
    case CronAct::written:
    case CronAct::removed:
    case CronAct::seen:
      e.process_name = "crontab";
      e.target_user = entry.detail;
      if (entry.act == CronAct::written) e.action = Action::task_created;
      operation = {"operation", entry.what, {}};
      break;
    case CronAct::noticed:
      e.file_path = entry.detail;
      operation = {"operation", entry.what, {}};
      break;
    case CronAct::started:
      e.user_name = {};
      e.action = Action::service_started;
      break;
    case CronAct::denied:
      e.outcome = Outcome::failure;
      operation = {"operation", entry.what, {}};
      break;
    case CronAct::failed:
      e.outcome = Outcome::failure;
      break;
    case CronAct::other:
      break;
  }
}

constexpr std::string_view kPaths[] = {"**/log/cron", "**/cron/log", "**/log/cron.log"};
constexpr Action kEmits[] = {Action::task_run, Action::task_created, Action::configuration_message,
                             Action::service_started};
constexpr AttributeKey kKeys[] = {{"operation", "what crontab did: REPLACE, DELETE, LIST, BEGIN EDIT, …"}};
constexpr Sample kSamples[] = {
    {"CRON (11/05-09:33:42-390) STARTUP (fork ok)\n"
     "root (11/05-09:40:00-618) CMD (   /sbin/rmmod -as)\n"
     "bob (11/05-09:41:12-620) REPLACE (bob)",
     "service.started time=2024-11-05T09:33:42Z year_inferred=1 process=cron pid=390 user=\n"
     "configuration.task-run time=2024-11-05T09:40:00Z user=root pid=618 command=\"/sbin/rmmod -as\"\n"
     "configuration.task-created user=bob target=bob process=crontab pid=620 attr:operation=REPLACE"},
};

constexpr Descriptor kAbout{
    .name = "vixie_cron",
    .title = "cron's own log (Vixie cron, Red Hat up to 6.x)",
    .paths = kPaths,
    .emits = kEmits,
    .keys = kKeys,
    .zone_rule = "Local time of the host, without a year.",
    .samples = kSamples,
};

Match probe(const Probe& p) {
  std::string_view head = as_text(p.head);
  int good = 0, bad = 0;
  for (int lines = 0; lines < 40 && !head.empty(); ++lines) {
    const size_t end = head.find('\n');
    if (end == std::string_view::npos && lines > 0) break;  // torn by the end of the head
    std::string_view text = head.substr(0, end);
    head.remove_prefix(end == std::string_view::npos ? head.size() : end + 1);
    if (text.empty()) continue;
    read_line(trim(text)) ? ++good : ++bad;
  }
  return good > bad ? Match::yes : good > 0 ? Match::maybe : Match::no;
}

std::optional<Civil> latest_date(const ParseContext& context) {
  std::optional<Timestamp> bound;
  for (const auto& candidate : {context.modified, context.packed_modified, context.not_after})
    if (candidate && (!bound || *candidate < *bound)) bound = candidate;
  if (!bound) return std::nullopt;
  return context.clock->zone().to_local(*bound);
}

Finish parse(ContentStream& stream, const ParseContext& context, EventSink& sink) {
  YearInference years;
  LineReader ahead(stream);
  while (const auto line = ahead.next())
    if (const auto read = read_line(trim(line->text))) years.observe(read->civil.month, read->civil.day, 0);
  const bool dated = years.settle(latest_date(context), context.clock->forced_year());
  if (dated && ahead.error())
    sink.problem({ahead.error()->offset, 0}, "year-uncertain",
                 "the log cannot be read to its end: years are counted back from the last line that can be read, and "
                 "may be too late where a turn of the year stands behind it",
                 Stage::time);

  LineReader lines(stream);
  while (const auto line = lines.next()) {
    if (!sink.keep_going()) return Finish::partial;
    if (line->text.empty()) continue;
    const Extent where{line->offset, line->length};
    auto read = read_line(trim(line->text));
    if (!read) {
      sink.unparsed(where, line->text.find('\0') != std::string_view::npos ? "binary-line" : "unknown-record",
                    "not `user (MM/DD-hh:mm:ss-pid) WHAT (text)`");
      continue;
    }
    if (!dated) {
      sink.unparsed(where, "no-year", "the stamp has no year, and no file time says which it is", Stage::time);
      continue;
    }
    read->civil.year = years.year_of(read->civil.month, read->civil.day);
    if (!valid(read->civil)) {
      sink.unparsed(where, "bad-time", "no such day in the year that the log is of", Stage::time);
      continue;
    }
    sink.record_read();
    Event e;
    Attribute operation;
    describe(*read, e, operation);
    e.time = context.clock->local(read->civil, TimePrecision::s);
    e.time.year_inferred = true;
    e.where = where;
    e.record = line->number;
    std::string text;
    if (e.action == Action::task_run && !e.command_line.empty()) {
      e.message_format = kRun;
    } else {
      text = fmt::format("{}[{}]: ({}) {} ({})", e.process_name, *read->pid, read->user, read->entry.what,
                         read->entry.detail);
      text = displayable(text, true);
      e.message = text;
    }
    if (!operation.key.empty()) e.attributes = {&operation, 1};
    sink.event(e);
  }
  if (lines.error()) {
    sink.problem({lines.error()->offset, 0}, "read-error", lines.error()->what, Stage::parse, Severity::error);
    return Finish::partial;
  }
  return Finish::complete;
}

}  // namespace

ParserEntry vixie_cron() { return {&kAbout, probe, parse}; }

}  // namespace necropsy::parsers
