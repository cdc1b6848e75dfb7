// SPDX-License-Identifier: Apache-2.0
#include "correlate/question_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "store/schema.hpp"

namespace necropsy {
namespace {

constexpr std::array<std::string_view, 5> kSeverities = {"info", "low", "medium", "high", "critical"};
constexpr std::array<std::string_view, 5> kRoles = {"trigger", "cause", "effect", "context", "against"};
constexpr std::array<std::string_view, 14> kPhases = {
    "attempt",         "initial-access", "execution",           "persistence", "privilege-escalation",
    "defense-evasion", "discovery",      "credential-access",   "collection",  "lateral-movement",
    "exfiltration",    "impact",         "command-and-control", "context"};

template <size_t N>
bool is_in(const std::array<std::string_view, N>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

template <size_t N>
std::string all_of(const std::array<std::string_view, N>& words) {
  return fmt::format("{}", fmt::join(words, ", "));
}

tl::unexpected<Error> wrong(std::string_view name, std::string what) {
  return fail(ErrorCode::bad_value, fmt::format("question {}.sql: {}", name, what));
}

bool is_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](char c) { return (c >= 'a' && c <= 'z') || is_digit(c) || c == '_'; });
}

// `name = default : meaning`
Result<QuestionParameter> read_parameter(std::string_view file, std::string_view text) {
  QuestionParameter p;
  p.name = std::string(trim(take_until(text, "=")));
  const std::string_view value = trim(take_until(text, " : "));
  p.meaning = std::string(trim(text));
  if (!is_name(p.name) || value.empty() || p.meaning.empty())
    return wrong(file, "a parameter reads `-- parameter: name = default : what it means`");
  if (const auto number = to_number<int64_t>(value))
    p.value = *number;
  else if (const auto real = to_number<double>(value))
    p.value = *real;
  else
    p.value = std::string(
        value.size() >= 2 && value.front() == '\'' && value.back() == '\'' ? value.substr(1, value.size() - 2) : value);
  return p;
}

struct Line {
  std::string key, value;
};

// Lines `-- key: value`; a value goes on in lines that begin with `--` and two blanks. Other comment lines end nothing.
Result<std::vector<Line>> header_lines(std::string_view name, std::string_view& text) {
  std::vector<Line> lines;
  while (!text.empty()) {
    std::string_view rest = text;
    std::string_view line = take_until(rest, "\n");
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.starts_with("--")) break;
    text = rest;
    line.remove_prefix(2);
    if (trim(line).empty()) continue;
    if (line.starts_with("  ") || line.starts_with("\t")) {
      if (lines.empty()) return wrong(name, "a line goes on with nothing before it");
      lines.back().value += ' ';
      lines.back().value += trim(line);
      continue;
    }
    line = trim(line);
    if (line.starts_with("SPDX-License-Identifier:")) continue;
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos)
      return wrong(name,
                   fmt::format("`{}` is no line `key: value` (other comments go below the first line of SQL)", line));
    lines.push_back({std::string(line.substr(0, colon)), std::string(trim(line.substr(colon + 1)))});
  }
  return lines;
}

}  // namespace

std::string to_text(const ParameterValue& value) {
  if (const auto* number = std::get_if<int64_t>(&value)) return std::to_string(*number);
  if (const auto* real = std::get_if<double>(&value)) return fmt::format("{}", *real);
  return std::get<std::string>(value);
}

bool is_severity(std::string_view word) { return is_in(kSeverities, word); }
bool is_phase(std::string_view word) { return is_in(kPhases, word); }
bool is_role(std::string_view word) { return is_in(kRoles, word); }
int severity_rank(std::string_view word) {
  const auto found = std::find(kSeverities.begin(), kSeverities.end(), word);
  return found == kSeverities.end() ? 0 : static_cast<int>(found - kSeverities.begin());
}

Result<Question> read_question(std::string_view name, std::string_view text) {
  Question q;
  q.name = std::string(name);
  if (name.empty() ||
      !std::all_of(name.begin(), name.end(), [](char c) { return (c >= 'a' && c <= 'z') || is_digit(c) || c == '-'; }))
    return wrong(name, "its name may hold small letters, digits and `-` only");
  auto lines = header_lines(name, text);
  if (!lines) return tl::unexpected(lines.error());
  bool has_confidence = false, has_finding = false, has_attack = false;
  for (const Line& line : *lines) {
    const auto once = [&](std::string& field) -> bool {
      if (!field.empty() || line.value.empty()) return false;
      field = line.value;
      return true;
    };
    bool good = true;
    if (line.key == "title") {
      good = once(q.title);
    } else if (line.key == "meaning") {
      good = once(q.meaning);
    } else if (line.key == "needs") {
      good = once(q.needs);
    } else if (line.key == "wrong-when") {
      good = once(q.wrong_when);
    } else if (line.key == "sentence") {
      good = once(q.sentence);
    } else if (line.key == "phase") {
      good = once(q.phase);
      if (good && !is_phase(q.phase)) return wrong(name, fmt::format("phase is one of {}", all_of(kPhases)));
    } else if (line.key == "severity") {
      good = once(q.severity);
      if (good && !is_severity(q.severity))
        return wrong(name, fmt::format("severity is one of {}", all_of(kSeverities)));
    } else if (line.key == "confidence") {
      const auto number = to_number<int64_t>(line.value);
      if (!number || *number < 0 || *number > 100 || has_confidence)
        return wrong(name, "confidence is a number, 0 to 100");
      q.confidence = *number;
      has_confidence = true;
    } else if (line.key == "attack") {
      good = !has_attack && !line.value.empty();
      has_attack = true;
      if (line.value != "none") q.attack = line.value;
    } else if (line.key == "finding") {
      if ((line.value != "yes" && line.value != "no") || has_finding) return wrong(name, "finding is yes or no");
      q.finding = line.value == "yes";
      has_finding = true;
    } else if (line.key == "parameter") {
      auto parameter = read_parameter(name, line.value);
      if (!parameter) return tl::unexpected(parameter.error());
      for (const QuestionParameter& other : q.parameters)
        if (other.name == parameter->name) return wrong(name, fmt::format("parameter {} stands twice", other.name));
      q.parameters.push_back(std::move(*parameter));
    } else {
      return wrong(name, fmt::format("`{}` is no key of a question's header", line.key));
    }
    if (!good) return wrong(name, fmt::format("`{}` is empty or stands twice", line.key));
  }
  const std::pair<std::string_view, bool> required[] = {
      {"title", !q.title.empty()},       {"meaning", !q.meaning.empty()},       {"phase", !q.phase.empty()},
      {"severity", !q.severity.empty()}, {"confidence", has_confidence},        {"attack", has_attack},
      {"needs", !q.needs.empty()},       {"wrong-when", !q.wrong_when.empty()}, {"sentence", !q.sentence.empty()},
      {"finding", has_finding}};
  for (const auto& [key, there] : required)
    if (!there) return wrong(name, fmt::format("`{}` is missing in its header", key));
  constexpr std::string_view kEvents = "\n-- events:";
  const size_t split = text.find(kEvents);
  std::string_view select = text.substr(0, split);
  if (split != std::string_view::npos) q.events = std::string(text.substr(split + kEvents.size()));
  if (trim(select).empty()) return wrong(name, "there is no SELECT below its header");
  try {
    q.select = expand_macros(select);
    q.events = expand_macros(q.events);
  } catch (const StoreError& error) {
    return wrong(name, error.what());
  }
  return q;
}

}  // namespace necropsy
