// SPDX-License-Identifier: Apache-2.0
// What all commands share: exit codes, opening the case, times and zones as people type them, rows as they are printed.
#pragma once
#include <CLI/CLI.hpp>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/timestamp.hpp"
#include "parse/time_resolver.hpp"
#include "store/case_file.hpp"
#include "store/database.hpp"

namespace necropsy::cli {

// docs/reference.md, "Exit codes".
enum Exit : int { kDone = 0, kWithProblems = 1, kUsage = 2, kNotOpened = 3, kInternal = 4, kStopped = 5 };

// Ends a command with a message on stderr and an exit code.
struct Failure {
  int code;
  std::string message;
};

// A signal came, or the deadline passed.
bool stop_requested();
void watch_signals();
void set_deadline(std::string_view text);  // 30s, 10m, 2h

Database open_for_reading(const std::string& path);
Database open_for_writing(const std::string& path, bool create = false);

TimeZone zone_by_name(const std::string& name);  // empty: UTC
// 2009-10-05, 2009-10-05T14:03[:00], …Z, …+02:00, @1254751380; without an offset in `zone`.
Timestamp read_time(const std::string& text, const TimeZone& zone);
int64_t read_duration_seconds(const std::string& text);  // 90, 30s, 10m, 2h, 1d
std::string show_time(Timestamp t, const TimeZone& zone, bool fraction = true);

// An option that takes one of some words. Its type name is the words joined by `|`: what --help, the man page and the
// completion show.
template <class T>
CLI::Option* add_choice(CLI::App& command, const std::string& name, T& value,
                        std::vector<std::pair<std::string, T>> choices, const std::string& description) {
  std::string words, standard;
  for (const auto& [word, meaning] : choices) {
    words += (words.empty() ? "" : "|") + word;
    if (meaning == value) standard = word;
  }
  const auto unknown = [choices, words](const std::string& given) -> std::string {
    for (const auto& choice : choices)
      if (choice.first == given) return {};
    return "'" + given + "' is none of " + words;
  };
  const auto set = [choices = std::move(choices), &value](const std::string& given) {
    for (const auto& choice : choices)
      if (choice.first == given) value = choice.second;
  };
  return command.add_option_function<std::string>(name, set, description)
      ->check(CLI::Validator(unknown, ""))
      ->type_name(words)
      ->default_str(standard);
}

enum class Format : uint8_t { table, csv, jsonl };
void add_format(CLI::App& command, Format& format);
void add_questions_folder(CLI::App& command, std::string& folder);  // --questions

// A cell is NULL, a number or text; only text is escaped on its way out.
struct Cell {
  std::optional<std::string> text;
  bool number = false;
};

class RowPrinter {
 public:
  // `wide`: the last column takes what is left of the terminal's width and is not padded.
  RowPrinter(Format format, std::vector<std::string> columns);
  ~RowPrinter();
  void row(std::vector<Cell> cells);
  size_t rows() const { return count_; }
  void finish();

 private:
  void flush_table();
  void print_table_row(const std::vector<std::string>& cells);
  Format format_;
  std::vector<std::string> columns_;
  std::vector<std::vector<std::string>> waiting_;
  std::vector<size_t> widths_;
  size_t count_ = 0;
  bool head_printed_ = false;
};

Cell cell_of(const Statement& statement, int column);
// All rows of a statement, its columns by name; `only` picks and orders columns, empty for all.
size_t print_statement(Statement& statement, Format format, const std::vector<std::string>& only = {});

void put(std::string_view text);  // stdout; a closed pipe ends the program quietly
void put_line(std::string_view text);
bool colour_wanted();  // stdout is a terminal and NO_COLOR is not set
bool stderr_is_terminal();

// --evidence LABEL=FILE, for evidence that was moved.
struct MovedEvidence {
  std::vector<std::string> given;
  void add_to(CLI::App& command);
  std::vector<std::pair<std::string, std::string>> pairs() const;
};

// One function per subcommand, in its own file. Each sets a callback that returns through `exit_code`.
using ExitCode = int;
void add_ingest(CLI::App& app, ExitCode& code);
void add_info(CLI::App& app, ExitCode& code);
void add_timeline(CLI::App& app, ExitCode& code);
void add_answers(CLI::App& app, ExitCode& code);  // logins, accounts
void add_ask(CLI::App& app, ExitCode& code);      // ask, questions
void add_findings(CLI::App& app, ExitCode& code);
void add_explain(CLI::App& app, ExitCode& code);
void add_report(CLI::App& app, ExitCode& code);
void add_files(CLI::App& app, ExitCode& code);  // cat, extract
void add_verify(CLI::App& app, ExitCode& code);
void add_sql(CLI::App& app, ExitCode& code);      // sql, correlate
void add_parsers(CLI::App& app, ExitCode& code);  // parsers, demo

}  // namespace necropsy::cli
