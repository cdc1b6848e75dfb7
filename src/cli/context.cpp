// SPDX-License-Identifier: Apache-2.0
#include "cli/context.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "base/escape.hpp"
#include "base/text.hpp"

namespace necropsy::cli {
namespace {

volatile sig_atomic_t g_signal = 0;
std::optional<std::chrono::steady_clock::time_point> g_deadline;

constexpr size_t kRowsToMeasure = 500;
constexpr size_t kWidestColumn = 60;

size_t terminal_width() {
  winsize size{};
  if (isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20) return size.ws_col;
  return 0;
}

// Columns on screen of UTF-8 text: good enough for tables (combining marks are rare in logs).
size_t shown_width(std::string_view text) {
  size_t n = 0;
  for (char c : text) n += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  return n;
}

std::string cut_to(std::string_view text, size_t width) {
  if (shown_width(text) <= width) return std::string(text);
  size_t n = 0, i = 0;
  for (; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80) ++n;
    if (n > width - 1) break;
  }
  return std::string(text.substr(0, i)) + "…";
}

}  // namespace

bool stop_requested() { return g_signal != 0 || (g_deadline && std::chrono::steady_clock::now() > *g_deadline); }

void watch_signals() {
  struct sigaction action {};
  action.sa_handler = [](int number) {
    // The second Ctrl-C means it: the case resumes from its last committed row either way.
    if (g_signal != 0) _exit(kStopped);
    g_signal = number;
  };
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGHUP, &action, nullptr);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);  // a limit on file sizes is a full disk: the write says so
}

void set_deadline(std::string_view text) {
  g_deadline = std::chrono::steady_clock::now() + std::chrono::seconds(read_duration_seconds(std::string(text)));
}

Database open_for_reading(const std::string& path) {
  auto db = open_case(path, CaseMode::read);
  if (!db) throw Failure{kNotOpened, db.error().what};
  return std::move(*db);
}

Database open_for_writing(const std::string& path, bool create) {
  auto db = open_case(path, create ? CaseMode::create_or_write : CaseMode::write);
  if (!db) throw Failure{db.error().code == ErrorCode::io && create ? kInternal : kNotOpened, db.error().what};
  return std::move(*db);
}

TimeZone zone_by_name(const std::string& name) {
  const auto zone = TimeZone::from_name(name.empty() ? "UTC" : name);
  if (!zone) throw Failure{kUsage, fmt::format("'{}' is no time zone that this system knows (write Area/City)", name)};
  return *zone;
}

Timestamp read_time(const std::string& text, const TimeZone& zone) {
  std::string_view rest = text;
  const auto bad = [&] {
    return Failure{
        kUsage, fmt::format("'{}' is no time: write 2009-10-05, 2009-10-05T14:03, …Z, …+02:00 or @1254751380", text)};
  };
  if (eat(rest, "@")) {
    const auto seconds = to_number<int64_t>(rest);
    if (!seconds || *seconds > INT64_MAX / 1'000'000 || *seconds < INT64_MIN / 1'000'000) throw bad();
    return Timestamp::from_unix(*seconds);
  }
  Civil civil;
  if (!read_iso_date(rest, civil)) throw bad();
  if (!rest.empty()) {
    if (rest.front() != 'T' && rest.front() != ' ') throw bad();
    rest.remove_prefix(1);
    std::string clock(rest);
    std::string_view read = clock;
    if (!read_clock(read, civil)) {
      // Minutes alone.
      if (clock.size() < 5) throw bad();
      clock = clock.substr(0, 5) + ":00" + clock.substr(5);
      read = clock;
      if (!read_clock(read, civil)) throw bad();
    }
    if (!read.empty()) {
      const auto offset = read_offset(read);
      if (!offset || !read.empty()) throw bad();
      return Timestamp::from_unix(unix_seconds(civil) - *offset, civil.nanos);
    }
  }
  return Timestamp::from_unix(zone.to_utc(civil).unix_seconds, civil.nanos);
}

int64_t read_duration_seconds(const std::string& text) {
  std::string_view rest = text;
  int64_t unit = 1;
  if (!rest.empty() && !is_digit(rest.back())) {
    switch (rest.back()) {
      case 's':
        break;
      case 'm':
        unit = 60;
        break;
      case 'h':
        unit = 3600;
        break;
      case 'd':
        unit = 86400;
        break;
      default:
        unit = 0;
    }
    rest.remove_suffix(1);
  }
  const auto number = to_number<int64_t>(rest);
  if (!number || unit == 0 || *number < 0 || *number > 1'000'000'000)
    throw Failure{kUsage, fmt::format("'{}' is no duration: write 90, 30s, 10m, 2h or 1d", text)};
  return *number * unit;
}

std::string show_time(Timestamp t, const TimeZone& zone, bool fraction) {
  const Civil c = zone.to_local(t);
  const int32_t offset = zone.offset_at(t);
  std::string out =
      fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}", c.year, c.month, c.day, c.hour, c.minute, c.second);
  if (fraction && c.nanos) out += fmt::format(".{:06}", c.nanos / 1000);
  if (offset == 0) return out + "Z";
  return out +
         fmt::format("{}{:02}:{:02}", offset < 0 ? '-' : '+', std::abs(offset) / 3600, std::abs(offset) / 60 % 60);
}

void add_format(CLI::App& command, Format& format) {
  add_choice<Format>(command, "--format", format,
                     {{"table", Format::table}, {"csv", Format::csv}, {"jsonl", Format::jsonl}},
                     "How rows are printed");
}

void add_questions_folder(CLI::App& command, std::string& folder) {
  command.add_option("--questions", folder, "Folder with questions of one's own")
      ->check(CLI::Validator(CLI::ExistingDirectory).description(""))
      ->type_name("DIR");
}

void put(std::string_view text) {
  if (fwrite(text.data(), 1, text.size(), stdout) != text.size() || (text.ends_with('\n') && ferror(stdout)))
    throw Failure{kDone, ""};  // the reader has gone (head, less): nothing is wrong
}

void put_line(std::string_view text) {
  put(text);
  put("\n");
}

bool colour_wanted() { return isatty(STDOUT_FILENO) && !std::getenv("NO_COLOR"); }
bool stderr_is_terminal() { return isatty(STDERR_FILENO); }

RowPrinter::RowPrinter(Format format, std::vector<std::string> columns)
    : format_(format), columns_(std::move(columns)) {}

RowPrinter::~RowPrinter() = default;

void RowPrinter::row(std::vector<Cell> cells) {
  ++count_;
  if (format_ == Format::table) {
    std::vector<std::string> texts;
    for (const Cell& c : cells) texts.push_back(c.text ? terminal_text(*c.text) : "");
    waiting_.push_back(std::move(texts));
    if (widths_.empty() && waiting_.size() < kRowsToMeasure) return;
    flush_table();
    return;
  }
  std::string line;
  if (format_ == Format::csv) {
    if (!head_printed_) {
      for (size_t i = 0; i < columns_.size(); ++i) line += (i ? "," : "") + csv_field(columns_[i]);
      line += '\n';
      head_printed_ = true;
    }
    for (size_t i = 0; i < cells.size(); ++i) {
      if (i) line += ',';
      if (cells[i].text) line += cells[i].number ? *cells[i].text : csv_field(*cells[i].text);
    }
  } else {
    line = "{";
    for (size_t i = 0; i < cells.size(); ++i) {
      if (i) line += ',';
      append_json_string(line, columns_[i]);
      line += ':';
      if (!cells[i].text) {
        line += "null";
      } else if (cells[i].number) {
        line += *cells[i].text;
      } else {
        append_json_string(line, *cells[i].text);
      }
    }
    line += '}';
  }
  line += '\n';
  put(line);
}

void RowPrinter::print_table_row(const std::vector<std::string>& cells) {
  std::string line;
  const size_t total = terminal_width();
  for (size_t i = 0; i < cells.size(); ++i) {
    const bool last = i + 1 == cells.size();
    std::string cell = cells[i];
    if (last) {
      const size_t used = shown_width(line);
      if (total > used + 20) cell = cut_to(cell, total - used);
      line += cell;
    } else {
      cell = cut_to(cell, widths_[i]);
      line += cell;
      line.append(widths_[i] - std::min(widths_[i], shown_width(cell)) + 2, ' ');
    }
  }
  while (line.ends_with(' ')) line.pop_back();
  line += '\n';
  put(line);
}

void RowPrinter::flush_table() {
  if (widths_.empty()) {
    for (const std::string& c : columns_) widths_.push_back(shown_width(c));
    for (const auto& row : waiting_)
      for (size_t i = 0; i < row.size(); ++i)
        widths_[i] = std::min(kWidestColumn, std::max(widths_[i], shown_width(row[i])));
  }
  if (!head_printed_) {
    head_printed_ = true;
    if (colour_wanted()) put("\x1b[1m");
    print_table_row(columns_);
    if (colour_wanted()) put("\x1b[0m");
  }
  for (const auto& row : waiting_) print_table_row(row);
  waiting_.clear();
}

void RowPrinter::finish() {
  if (format_ == Format::table && count_ > 0) flush_table();
  if (format_ == Format::csv && !head_printed_ && count_ == 0) {
    std::string line;
    for (size_t i = 0; i < columns_.size(); ++i) line += (i ? "," : "") + csv_field(columns_[i]);
    put_line(line);
  }
}

Cell cell_of(const Statement& s, int column) {
  if (s.is_null(column)) return {};
  return {std::string(s.text(column)), s.is_integer(column) || s.is_real(column)};
}

size_t print_statement(Statement& statement, Format format, const std::vector<std::string>& only) {
  std::vector<std::string> names;
  std::vector<int> picked;
  for (int i = 0; i < statement.columns(); ++i) names.push_back(statement.column_name(i));
  std::vector<std::string> shown = only.empty() ? names : only;
  for (const std::string& name : shown) {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found != names.end()) picked.push_back(static_cast<int>(found - names.begin()));
  }
  RowPrinter printer(format, shown);
  while (statement.step()) {
    std::vector<Cell> cells;
    for (int i : picked) cells.push_back(cell_of(statement, i));
    printer.row(std::move(cells));
  }
  printer.finish();
  return printer.rows();
}

void MovedEvidence::add_to(CLI::App& command) {
  command.add_option("--evidence", given, "Evidence that was moved (labels: necropsy info)")->type_name("LABEL=FILE");
}

std::vector<std::pair<std::string, std::string>> MovedEvidence::pairs() const {
  std::vector<std::pair<std::string, std::string>> out;
  for (const std::string& item : given) {
    const size_t at = item.find('=');
    if (at == std::string::npos || at == 0)
      throw Failure{kUsage, fmt::format("--evidence wants LABEL=FILE, not '{}'", item)};
    out.emplace_back(item.substr(0, at), item.substr(at + 1));
  }
  return out;
}

}  // namespace necropsy::cli
