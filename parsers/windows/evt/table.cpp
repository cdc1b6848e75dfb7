// SPDX-License-Identifier: Apache-2.0
#include "windows/evt/table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

#include "base/text.hpp"

namespace necropsy::evt {

// Generated from schema/ (cmake/WindowsEvents.cmake).
std::string_view windows_events_tsv();
std::string_view windows_codes_tsv();
std::string_view windows_fields_tsv();

namespace {

template <class Row>
void each_row(std::string_view tsv, Row&& row) {
  size_t number = 0;
  while (!tsv.empty()) {
    const std::string_view line = take_until(tsv, "\n");
    ++number;
    if (line.empty() || line.starts_with('#')) continue;
    row(number, split(line, '\t'));
  }
}

struct Tables {
  std::vector<Meaning> meanings;
  std::vector<std::string> errors;
  // Lower-case provider; `*` at its end was cut off for the prefix list.
  std::unordered_map<std::string, std::vector<const Meaning*>> by_provider;
  std::vector<std::pair<std::string, std::vector<const Meaning*>>> by_prefix;
  std::map<std::string, std::string_view, std::less<>> codes;  // kind + TAB + code
  std::vector<Action> actions;
  std::vector<AttributeKey> keys;

  Tables();
  void read_event(size_t line, const std::vector<std::string_view>& cell);
  void read_fields(Meaning& meaning, std::string_view text, size_t line);
  void wrong(size_t line, std::string_view what) {
    errors.push_back(fmt::format("windows_events.tsv:{}: {}", line, what));
  }
};

void Tables::read_fields(Meaning& meaning, std::string_view text, size_t line) {
  if (text == "-") return;
  for (std::string_view token : split(text, ' ')) {
    if (token.empty()) continue;
    FieldRule rule;
    const size_t mark = token.find_first_of("=:");
    if (mark == std::string_view::npos || mark == 0) {
      wrong(line, fmt::format("field '{}' is neither name=N nor name:constant", token));
      continue;
    }
    rule.name = token.substr(0, mark);
    const std::string_view value = token.substr(mark + 1);
    if (token[mark] == ':') {
      rule.kind = FieldRule::Kind::constant;
      rule.constant = value;
    } else if (value == "*") {
      rule.kind = FieldRule::Kind::anywhere;
    } else {
      std::string_view rest = value;
      const auto first = to_number<uint16_t>(take_until(rest, ","));
      const auto second = rest.empty() ? std::optional<uint16_t>(0) : to_number<uint16_t>(rest);
      if (!first || !second || *first == 0) {
        wrong(line, fmt::format("field '{}' names no string", token));
        continue;
      }
      rule.first = *first;
      rule.second = *second;
      if (*second) rule.kind = FieldRule::Kind::pair;
    }
    meaning.fields.push_back(rule);
  }
}

void Tables::read_event(size_t line, const std::vector<std::string_view>& cell) {
  if (cell.size() != 10) return wrong(line, fmt::format("{} columns, not 10", cell.size()));
  Meaning m;
  m.line = line;
  m.log = cell[0];
  m.provider = cell[1];
  m.os = cell[3];
  if (cell[2] != "*") {
    m.id = to_number<uint16_t>(cell[2]);
    if (!m.id) return wrong(line, "the id is no number of 16 bits");
  }
  const auto strings = to_number<uint16_t>(cell[4]);
  if (!strings) return wrong(line, "min_strings is no number");
  m.min_strings = *strings;
  if (cell[5] == "service" && cell[6] == "state") {
    m.action = Action::service_changed;
    m.action_rule = ActionRule::service_state;
  } else if (cell[5] == "malware" && cell[6] == "found") {
    m.action = Action::malware_message;
    m.action_rule = ActionRule::malware_text;
  } else if (const auto action = find_action(cell[5], cell[6])) {
    m.action = *action;
  } else {
    return wrong(line, fmt::format("{}.{} is not in the vocabulary", cell[5], cell[6]));
  }
  static const std::map<std::string_view, OutcomeRule> kOutcomes = {
      {"-", OutcomeRule::none},          {"success", OutcomeRule::success}, {"failure", OutcomeRule::failure},
      {"type", OutcomeRule::audit_type}, {"status", OutcomeRule::status},   {"msi", OutcomeRule::msi_status}};
  const auto outcome = kOutcomes.find(cell[7]);
  if (outcome == kOutcomes.end()) return wrong(line, fmt::format("outcome '{}'", cell[7]));
  m.outcome = outcome->second;
  read_fields(m, cell[8], line);
  m.message = cell[9];
  meanings.push_back(std::move(m));
}

Tables::Tables() {
  each_row(windows_events_tsv(), [&](size_t line, const auto& cell) { read_event(line, cell); });
  for (const Meaning& m : meanings) {
    std::string provider = to_lower(m.provider);
    if (!provider.ends_with('*')) {
      by_provider[provider].push_back(&m);
      continue;
    }
    provider.pop_back();
    const auto same =
        std::find_if(by_prefix.begin(), by_prefix.end(), [&](const auto& p) { return p.first == provider; });
    if (same == by_prefix.end()) {
      by_prefix.push_back({provider, {&m}});
    } else {
      same->second.push_back(&m);
    }
  }
  each_row(windows_codes_tsv(), [&](size_t line, const auto& cell) {
    if (cell.size() != 3) {
      errors.push_back(fmt::format("windows_codes.tsv:{}: {} columns, not 3", line, cell.size()));
      return;
    }
    codes.emplace(fmt::format("{}\t{}", cell[0], cell[1]), cell[2]);
  });
  each_row(windows_fields_tsv(), [&](size_t line, const auto& cell) {
    if (cell.size() != 2) {
      errors.push_back(fmt::format("windows_fields.tsv:{}: {} columns, not 2", line, cell.size()));
      return;
    }
    keys.push_back({cell[0], cell[1]});
  });
  std::set<Action> all = {Action::host_message};
  for (const Meaning& m : meanings) {
    all.insert(m.action);
    if (m.action_rule == ActionRule::service_state) all.insert({Action::service_started, Action::service_stopped});
    if (m.action_rule == ActionRule::malware_text) all.insert(Action::malware_detected);
    if (m.outcome == OutcomeRule::msi_status) all.insert(Action::package_failed);
    // A copy of a record that the chain also holds is told of as a plain message of its category.
    if (const auto message = find_action(category_of(m.action), "message")) all.insert(*message);
  }
  actions.assign(all.begin(), all.end());
}

const Tables& tables() {
  static const Tables kTables;
  return kTables;
}

const Meaning* best(const std::vector<const Meaning*>& rows, std::string_view log, uint16_t id, size_t strings,
                    const Meaning*& any) {
  const Meaning* found = nullptr;
  for (const Meaning* m : rows) {
    if (m->log == "Security" && !log.empty() && log != "Security") continue;
    if (!m->id) {
      if (!any) any = m;
    } else if (*m->id == id && strings >= m->min_strings && (!found || m->min_strings > found->min_strings)) {
      found = m;
    }
  }
  return found;
}

}  // namespace

const Meaning* find_meaning(std::string_view log, std::string_view provider, uint16_t id, size_t strings) {
  const Tables& t = tables();
  const std::string name = to_lower(provider);
  const Meaning* any = nullptr;
  if (const auto exact = t.by_provider.find(name); exact != t.by_provider.end())
    if (const Meaning* found = best(exact->second, log, id, strings, any)) return found;
  for (const auto& [prefix, rows] : t.by_prefix) {
    if (!name.starts_with(prefix)) continue;
    if (const Meaning* found = best(rows, log, id, strings, any)) return found;
  }
  return any;
}

std::span<const Meaning> all_meanings() { return tables().meanings; }
const std::vector<std::string>& table_errors() { return tables().errors; }
std::span<const Action> table_actions() { return tables().actions; }
std::span<const AttributeKey> table_keys() { return tables().keys; }

std::string_view code_text(std::string_view kind, std::string_view code) {
  std::string key(kind);
  key += '\t';
  key += code;
  const auto found = tables().codes.find(key);
  return found == tables().codes.end() ? std::string_view() : found->second;
}

}  // namespace necropsy::evt
