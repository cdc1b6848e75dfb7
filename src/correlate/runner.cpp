// SPDX-License-Identifier: Apache-2.0
#include "correlate/runner.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <sstream>

#include "base/text.hpp"
#include "base/timestamp.hpp"
#include "store/embedded.hpp"

namespace necropsy {
namespace {

constexpr std::string_view kFolder = "questions/";
constexpr uintmax_t kLongestFile = 1'000'000;
// A case that cannot be written or is damaged ends the run; it is no fault of a question.
bool is_fatal(const StoreError& error) {
  constexpr std::array<int, 7> kCodes = {5, 7, 8, 10, 11, 13, 14};  // busy nomem readonly ioerr corrupt full cantopen
  return std::find(kCodes.begin(), kCodes.end(), error.code()) != kCodes.end();
}
constexpr int kInterrupted = 9;

// SQLite asks the progress hook once per this many steps (store/database.cpp).
constexpr uint64_t kStepsPerCall = 20'000;
// In this order: the first role that names an event is the one that is kept.
constexpr std::array<std::string_view, 5> kCitations = {"cite_trigger", "cite_cause", "cite_effect", "cite_against",
                                                        "cite_context"};

tl::unexpected<Error> wrong(const Question& q, std::string_view what) {
  return fail(ErrorCode::bad_value, fmt::format("question {}.sql: {}", q.name, what));
}

// Ends a statement that takes too many steps, or when the run is to stop.
class StepGuard {
 public:
  StepGuard(Database& db, const RunLimits& limits) : db_(db), limits_(limits) {
    db_.on_progress([](void* self) { return static_cast<StepGuard*>(self)->enough(); }, this);
  }
  ~StepGuard() { db_.on_progress(nullptr, nullptr); }
  StepGuard(const StepGuard&) = delete;
  StepGuard& operator=(const StepGuard&) = delete;
  bool stopped() const { return stopped_; }

 private:
  bool enough() {
    stopped_ = limits_.stop && limits_.stop();
    return stopped_ || ++calls_ > limits_.max_steps / kStepsPerCall;
  }
  Database& db_;
  const RunLimits& limits_;
  uint64_t calls_ = 0;
  bool stopped_ = false;
};

std::vector<std::string> columns_of(const Statement& s) {
  std::vector<std::string> out;
  for (int i = 0; i < s.columns(); ++i) out.push_back(s.column_name(i));
  return out;
}

bool has(const std::vector<std::string>& columns, std::string_view name) {
  return std::find(columns.begin(), columns.end(), name) != columns.end();
}

Cell cell_of(const Statement& s, int i) {
  if (s.is_null(i)) return std::monostate{};
  if (s.is_integer(i)) return s.integer(i);
  if (s.is_real(i)) return s.real(i);
  return std::string(s.text(i));
}

using Row = std::map<std::string, Cell, std::less<>>;

Row row_of(const Statement& s, const std::vector<std::string>& columns) {
  Row row;
  for (size_t i = 0; i < columns.size(); ++i) row.emplace(columns[i], cell_of(s, static_cast<int>(i)));
  return row;
}

std::optional<int64_t> number(const Row& row, std::string_view name) {
  const auto found = row.find(name);
  if (found == row.end()) return std::nullopt;
  if (const auto* n = std::get_if<int64_t>(&found->second)) return *n;
  return std::nullopt;
}

std::string text(const Row& row, std::string_view name) {
  const auto found = row.find(name);
  return found == row.end() ? std::string() : to_text(found->second);
}

// Numbers of a JSON array, or a single number.
void add_ids(std::string_view json, std::vector<int64_t>& out) {
  for (size_t i = 0; i < json.size();) {
    if (!is_digit(json[i]) && json[i] != '-') {
      ++i;
      continue;
    }
    size_t end = i + 1;
    while (end < json.size() && is_digit(json[end])) ++end;
    if (const auto id = to_number<int64_t>(json.substr(i, end - i))) out.push_back(*id);
    i = end;
  }
}

// The placeholders of a sentence; nothing when its brackets do not match.
std::optional<std::set<std::string>> placeholders(std::string_view pattern) {
  std::set<std::string> names;
  bool optional = false;
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '[' || pattern[i] == ']') {
      if (optional == (pattern[i] == '[')) return std::nullopt;
      optional = !optional;
    } else if (pattern[i] == '{') {
      const size_t end = pattern.find('}', i);
      if (end == std::string_view::npos) return std::nullopt;
      names.emplace(pattern.substr(i + 1, end - i - 1));
      i = end;
    }
  }
  if (optional) return std::nullopt;
  return names;
}

std::string shown(std::string_view name, const Cell& cell) {
  if (const auto* n = std::get_if<int64_t>(&cell); n && name.ends_with("_ts")) {
    std::string iso = iso_micro(Timestamp{*n, 0});
    // 2009-10-05T14:03:00.000000Z is read as 2009-10-05 14:03:00 UTC.
    if (const size_t dot = iso.find('.'); dot != std::string::npos) iso.resize(dot);
    std::replace(iso.begin(), iso.end(), 'T', ' ');
    return iso + " UTC";
  }
  return to_text(cell);
}

void bind_parameters(Statement& s, const Question& q) {
  for (const QuestionParameter& p : q.parameters)
    std::visit([&](const auto& value) { s.bind_named((":" + p.name).c_str(), value); }, p.value);
}

Result<std::string> read_file(const std::filesystem::path& path) {
  std::error_code error;
  const uintmax_t size = std::filesystem::file_size(path, error);
  if (error || size > kLongestFile)
    return fail(ErrorCode::io, fmt::format("{}: cannot be read, or is too long for a question", path.string()));
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  if (!(out << in.rdbuf()) && size > 0) return fail(ErrorCode::io, fmt::format("{}: cannot be read", path.string()));
  return out.str();
}

}  // namespace

std::string to_text(const Cell& cell) {
  if (std::holds_alternative<std::monostate>(cell)) return {};
  if (const auto* n = std::get_if<int64_t>(&cell)) return std::to_string(*n);
  if (const auto* r = std::get_if<double>(&cell)) return fmt::format("{:.2f}", *r);
  return std::get<std::string>(cell);
}

std::string fill_sentence(std::string_view pattern, const Row& row) {
  std::string out, part;
  bool optional = false, lacks = false;
  std::string* into = &out;
  for (size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c == '[') {
      optional = true;
      lacks = false;
      part.clear();
      into = &part;
    } else if (c == ']') {
      if (optional && !lacks) out += part;
      optional = false;
      into = &out;
    } else if (c == '{') {
      const size_t end = pattern.find('}', i);
      if (end == std::string_view::npos) break;
      const std::string_view name = pattern.substr(i + 1, end - i - 1);
      const auto found = row.find(name);
      const bool is_null = found == row.end() || std::holds_alternative<std::monostate>(found->second);
      const std::string value = is_null ? std::string() : shown(name, found->second);
      // Outside of brackets NULL is "unknown", an empty text nothing: the query then chose to say nothing.
      if (value.empty()) lacks = true;
      *into += is_null && !optional ? "unknown" : value;
      i = end;
    } else {
      *into += c;
    }
  }
  return out;
}

Result<std::vector<Question>> load_questions(const std::string& dir) {
  std::vector<Question> out;
  for (const EmbeddedFile& file : embedded_files()) {
    if (!file.path.starts_with(kFolder) || !file.path.ends_with(".sql")) continue;
    std::string_view name = file.path.substr(kFolder.size());
    name.remove_suffix(4);
    auto question = read_question(name, file.text);
    if (!question) return tl::unexpected(question.error());
    out.push_back(std::move(*question));
  }
  if (!dir.empty()) {
    std::error_code error;
    std::vector<std::filesystem::path> paths;
    for (std::filesystem::directory_iterator it(dir, error), end; !error && it != end; it.increment(error))
      if (it->path().extension() == ".sql") paths.push_back(it->path());
    if (error) return fail(ErrorCode::io, fmt::format("{}: {}", dir, error.message()));
    std::sort(paths.begin(), paths.end());
    for (const auto& path : paths) {
      auto content = read_file(path);
      if (!content) return tl::unexpected(content.error());
      auto question = read_question(path.stem().string(), *content);
      if (!question) {
        question.error().what = fmt::format("{}: {}", path.string(), question.error().what);
        return tl::unexpected(question.error());
      }
      if (find_question(out, question->name))
        return fail(ErrorCode::bad_value, fmt::format("{}: there is a question of that name already", path.string()));
      question->built_in = false;
      out.push_back(std::move(*question));
    }
  }
  std::sort(out.begin(), out.end(), [](const Question& a, const Question& b) { return a.name < b.name; });
  return out;
}

const Question* find_question(const std::vector<Question>& questions, std::string_view name) {
  for (const Question& q : questions)
    if (q.name == name) return &q;
  return nullptr;
}

Result<void> check_question(const Database& db, const Question& q) {
  try {
    const std::vector<std::string> columns = columns_of(db.prepare_query(q.select));
    for (const std::string* pattern : {&q.sentence, &q.title}) {
      const auto names = placeholders(*pattern);
      if (!names) return wrong(q, "brackets of its sentence or title do not match");
      for (const std::string& name : *names)
        if (!has(columns, name)) return wrong(q, fmt::format("{{{}}} is no column of its SELECT", name));
    }
    std::vector<std::string> events;
    if (!trim(q.events).empty()) {
      events = columns_of(db.prepare_query(q.events));
      for (std::string_view name : {"subject", "host_id", "event_id", "role"})
        if (!has(events, name)) return wrong(q, fmt::format("its `-- events:` query has no column {}", name));
    }
    if (q.finding) {
      for (std::string_view name : {"subject", "host_id"})
        if (!has(columns, name)) return wrong(q, fmt::format("a finding needs the column {}", name));
      if (events.empty() &&
          std::none_of(kCitations.begin(), kCitations.end(), [&](std::string_view c) { return has(columns, c); }))
        return wrong(q, "a finding cites events: in columns cite_trigger, cite_cause … or in an `-- events:` query");
    }
  } catch (const StoreError& error) {
    return wrong(q, error.what());
  }
  return {};
}

Result<Answer> ask_question(Database& db, const Question& question, const std::map<std::string, std::string>& set,
                            const RunLimits& limits) {
  Question q = question;
  for (const auto& [name, value] : set) {
    const auto p =
        std::find_if(q.parameters.begin(), q.parameters.end(), [&](const auto& x) { return x.name == name; });
    if (p == q.parameters.end()) return wrong(q, fmt::format("it has no parameter {}", name));
    if (std::holds_alternative<std::string>(p->value)) {
      p->value = value;
    } else if (const auto n = to_number<int64_t>(value)) {
      p->value = *n;
    } else if (const auto r = to_number<double>(value); r && std::holds_alternative<double>(p->value)) {
      p->value = *r;
    } else {
      return wrong(q, fmt::format("{} is a number, not `{}`", name, value));
    }
  }
  if (auto checked = check_question(db, q); !checked) return tl::unexpected(checked.error());
  Answer answer;
  StepGuard guard(db, limits);
  try {
    Statement s = db.prepare_query(q.select);
    bind_parameters(s, q);
    const auto columns = columns_of(s);
    std::vector<int> kept;
    bool cites = false;
    for (size_t i = 0; i < columns.size(); ++i) {
      if (columns[i].starts_with("cite_")) {
        cites = true;
      } else if (columns[i] != "subject" && columns[i] != "host_id" && !columns[i].ends_with("_ts")) {
        kept.push_back(static_cast<int>(i));
        answer.columns.push_back(columns[i]);
      }
    }
    if (cites) answer.columns.emplace_back("events");
    while (s.step()) {
      if (answer.rows.size() >= limits.max_rows) {
        answer.cut = true;
        break;
      }
      std::vector<Cell>& row = answer.rows.emplace_back();
      for (int i : kept) row.push_back(cell_of(s, i));
      if (!cites) continue;
      std::vector<int64_t> ids;
      for (std::string_view citation : kCitations)
        for (size_t i = 0; i < columns.size(); ++i)
          if (columns[i] == citation) add_ids(s.text(static_cast<int>(i)), ids);
      constexpr size_t kShown = 6;
      const size_t n = std::min(ids.size(), kShown);
      std::string list = fmt::format("{}", fmt::join(ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(n), " "));
      if (ids.size() > n) list += fmt::format(" … {} in all", ids.size());
      row.emplace_back(std::move(list));
    }
  } catch (const StoreError& error) {
    if (is_fatal(error)) throw;
    if (guard.stopped()) return fail(ErrorCode::cancelled, "stopped");
    return wrong(q, error.code() == kInterrupted ? "it takes too long; it was ended" : error.what());
  }
  return answer;
}

Result<Stored> store_findings(Database& db, const Question& q, const RunLimits& limits) {
  if (auto checked = check_question(db, q); !checked) return tl::unexpected(checked.error());
  Stored stored;
  StepGuard guard(db, limits);
  try {
    // Citations of the second query wait in a table of their own.
    db.execute(
        "CREATE TEMP TABLE IF NOT EXISTS question_event(host_id INTEGER, subject TEXT, event_id INTEGER, role TEXT);"
        "CREATE INDEX IF NOT EXISTS temp.question_event_subject ON question_event(host_id, subject);"
        "DELETE FROM temp.question_event");
    if (!trim(q.events).empty()) {
      Statement add = db.prepare("INSERT INTO temp.question_event VALUES(?1, ?2, ?3, ?4)");
      Statement s = db.prepare_query(q.events);
      bind_parameters(s, q);
      const auto columns = columns_of(s);
      while (s.step()) {
        const Row row = row_of(s, columns);
        const auto event = number(row, "event_id");
        const std::string role = text(row, "role");
        if (!event) continue;
        if (!is_role(role)) return wrong(q, fmt::format("`{}` is no role of an event", role));
        if (const auto host = number(row, "host_id")) add.bind(1, *host);
        add.bind(2, text(row, "subject")).bind(3, *event).bind(4, role).run();
      }
    }
    Statement s = db.prepare_query(q.select);
    bind_parameters(s, q);
    const auto columns = columns_of(s);
    Statement more = db.prepare("SELECT event_id, role FROM temp.question_event WHERE host_id IS ?1 AND subject = ?2");
    Statement time_of = db.prepare(
        "SELECT ts FROM event WHERE event_id = ?1 UNION ALL "
        "SELECT ts FROM file_time WHERE event_id = ?1 LIMIT 1");
    Statement find =
        db.prepare("SELECT finding_id, severity FROM finding WHERE rule = ?1 AND host_id IS ?2 AND subject = ?3");
    Statement insert = db.prepare(
        "INSERT INTO finding(phase, rule, subject, severity, confidence, title, summary, host_id, first_ts, last_ts, "
        "user_name, source_ip, file_path, attack_technique) "
        "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)");
    Statement cite = db.prepare("INSERT OR IGNORE INTO finding_event VALUES(?1, ?2, ?3)");
    while (s.step()) {
      if (stored.findings >= limits.max_rows) return wrong(q, "it gives too many findings; the rest is left out");
      const Row row = row_of(s, columns);
      const std::string subject = text(row, "subject");
      const auto host = number(row, "host_id");
      std::vector<std::pair<int64_t, std::string_view>> cited;
      for (std::string_view citation : kCitations) {
        std::vector<int64_t> ids;
        if (const auto found = row.find(citation); found != row.end()) add_ids(to_text(found->second), ids);
        for (int64_t id : ids) cited.emplace_back(id, citation.substr(5));
      }
      if (!q.events.empty()) {
        if (host) more.bind(1, *host);
        more.bind(2, subject);
        while (more.step()) {
          const std::string_view role = more.text(1);
          for (std::string_view citation : kCitations)
            if (citation.substr(5) == role) cited.emplace_back(more.integer(0), citation.substr(5));
        }
        more.reset();
      }
      // The stronger role wins where an event is named twice; context and what speaks against say nothing of the time.
      std::stable_sort(cited.begin(), cited.end(), [](const auto& a, const auto& b) {
        const auto rank = [](std::string_view role) {
          for (size_t i = 0; i < kCitations.size(); ++i)
            if (kCitations[i].substr(5) == role) return i;
          return kCitations.size();
        };
        return rank(a.second) < rank(b.second);
      });
      std::set<int64_t> seen;
      std::vector<std::pair<int64_t, std::string_view>> real;
      std::optional<int64_t> first = number(row, "first_ts"), last = number(row, "last_ts");
      const bool timed = first || last;
      std::optional<int64_t> any_first, any_last;
      for (const auto& [id, role] : cited) {
        if (!seen.insert(id).second) continue;
        time_of.bind(1, id);
        if (time_of.step()) {
          const int64_t ts = time_of.integer(0);
          real.emplace_back(id, role);
          any_first = any_first ? std::min(*any_first, ts) : ts;
          any_last = any_last ? std::max(*any_last, ts) : ts;
          if (!timed && role != "context" && role != "against") {
            first = first ? std::min(*first, ts) : ts;
            last = last ? std::max(*last, ts) : ts;
          }
        }
        time_of.reset();
      }
      if (real.empty()) {
        ++stored.without_evidence;
        continue;
      }
      if (!first) first = any_first;
      if (!last) last = timed ? first : any_last;
      std::string severity = text(row, "severity");
      if (severity.empty()) severity = q.severity;
      if (!is_severity(severity)) return wrong(q, fmt::format("`{}` is no severity", severity));
      const int64_t confidence = std::clamp<int64_t>(number(row, "confidence").value_or(q.confidence), 0, 100);
      std::string title = text(row, "title"), summary = text(row, "summary");
      if (title.empty()) title = fill_sentence(q.title, row);
      if (summary.empty()) summary = fill_sentence(q.sentence, row);
      find.bind(1, q.name).bind(3, subject);
      if (host) find.bind(2, *host);
      int64_t finding_id = 0;
      if (find.step()) finding_id = find.integer(0);
      find.reset();
      if (finding_id == 0) {
        insert.bind(1, q.phase).bind(2, q.name).bind(3, subject).bind(4, severity).bind(5, confidence);
        insert.bind(6, displayable(title)).bind(7, displayable(summary));
        if (host) insert.bind(8, *host);
        insert.bind(9, first).bind(10, last);
        int column = 11;
        for (std::string_view name : {"user_name", "source_ip", "file_path"}) {
          const std::string value = text(row, name);
          if (!value.empty()) insert.bind(column, value);
          ++column;
        }
        if (!q.attack.empty()) insert.bind(14, q.attack);
        insert.run();
        finding_id = db.last_insert_id();
        ++stored.findings;
      }
      for (const auto& [id, role] : real) cite.bind(1, finding_id).bind(2, id).bind(3, role).run();
    }
  } catch (const StoreError& error) {
    if (is_fatal(error)) throw;
    if (guard.stopped()) return fail(ErrorCode::cancelled, "stopped");
    if (error.code() == kInterrupted) return wrong(q, "it takes too long; it was ended");
    return wrong(q, error.what());
  }
  return stored;
}

}  // namespace necropsy
