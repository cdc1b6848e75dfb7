// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <map>
#include <memory>

#include "base/escape.hpp"
#include "base/text.hpp"
#include "cli/context.hpp"
#include "correlate/runner.hpp"

namespace necropsy::cli {
namespace {

struct Options {
  std::string path, question, dir;
  std::vector<std::string> set;
  Format format = Format::table;
};

std::vector<Question> questions_of(const Options& o) {
  auto questions = load_questions(o.dir);
  if (!questions) throw Failure{kUsage, questions.error().what};
  return std::move(*questions);
}

int list_questions(const Options& o) {
  RowPrinter printer(o.format, {"question", "finding", "severity", "title", "parameters", "needs", "wrong when"});
  for (const Question& q : questions_of(o)) {
    std::string parameters;
    for (const QuestionParameter& p : q.parameters)
      parameters += fmt::format("{}{}={}", parameters.empty() ? "" : " ", p.name, necropsy::to_text(p.value));
    printer.row(
        {{q.name}, {q.finding ? "yes" : "no"}, {q.severity}, {q.title}, {parameters}, {q.needs}, {q.wrong_when}});
  }
  printer.finish();
  return kDone;
}

int ask(const Options& o) {
  if (o.question.empty()) {
    open_for_reading(o.path);  // a file that is no case is refused here too
    return list_questions(o);
  }
  const auto questions = questions_of(o);
  const Question* question = find_question(questions, o.question);
  if (!question) throw Failure{kUsage, fmt::format("no question is called '{}' (see: necropsy questions)", o.question)};
  std::map<std::string, std::string> values;
  for (const std::string& item : o.set) {
    const size_t at = item.find('=');
    if (at == std::string::npos) throw Failure{kUsage, fmt::format("--set wants name=value, not '{}'", item)};
    values[item.substr(0, at)] = item.substr(at + 1);
  }
  Database db = open_for_reading(o.path);
  RunLimits limits;
  limits.stop = stop_requested;
  auto answer = ask_question(db, *question, values, limits);
  if (!answer) throw Failure{stop_requested() ? kStopped : kUsage, answer.error().what};
  if (o.format == Format::table) {
    put_line(terminal_text(question->title));
    put_line(fmt::format("Can be wrong: {}", terminal_text(question->wrong_when)));
    put_line("");
  }
  RowPrinter printer(o.format, answer->columns);
  for (const auto& row : answer->rows) {
    std::vector<Cell> cells;
    for (const auto& value : row) {
      if (std::holds_alternative<std::monostate>(value)) {
        cells.push_back({});
      } else {
        cells.push_back({necropsy::to_text(value), !std::holds_alternative<std::string>(value)});
      }
    }
    printer.row(std::move(cells));
  }
  printer.finish();
  if (answer->rows.empty() && o.format == Format::table)
    put_line("Nothing found. Whether it would have been recorded: necropsy info (logs).");
  return kDone;
}

}  // namespace

void add_ask(CLI::App& app, ExitCode& code) {
  auto o = std::make_shared<Options>();
  CLI::App* c = app.add_subcommand("ask", "Lists or runs the named questions");
  c->add_option("case", o->path, "Case file")->required()->type_name("CASE.db");
  c->add_option("question", o->question, "Name; without one all are listed")->type_name("QUESTION");
  c->add_option("--set", o->set, "Parameter of the question")->type_name("NAME=VALUE");
  add_questions_folder(*c, o->dir);
  add_format(*c, o->format);
  c->footer("Examples:\n  necropsy ask server.db\n  necropsy ask server.db timestomp-unix --set days=30");
  c->callback([o, &code] { code = ask(*o); });

  auto q = std::make_shared<Options>();
  CLI::App* list = app.add_subcommand("questions", "The questions that are built in");
  add_questions_folder(*list, q->dir);
  add_format(*list, q->format);
  list->footer("Example:\n  necropsy questions");
  list->callback([q, &code] { code = list_questions(*q); });
}

}  // namespace necropsy::cli
