// SPDX-License-Identifier: Apache-2.0
// The meaning of Windows events as data: schema/windows_events.tsv (by provider and id), windows_codes.tsv (numbers and
// words), windows_fields.tsv (what each field means). See docs/windows-events.md.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/vocabulary.hpp"
#include "parse/parser.hpp"

namespace necropsy::evt {

// How a string of the record becomes a field: `name=N`, `name=N,M` (audit pair), `name=*` (searched in all strings),
// `name:constant`.
struct FieldRule {
  enum class Kind : uint8_t { string, pair, anywhere, constant };
  std::string_view name;
  Kind kind = Kind::string;
  uint16_t first = 0, second = 0;  // from 1
  std::string_view constant;
};

// What decides the action or outcome beyond the row itself.
enum class ActionRule : uint8_t { fixed, service_state, malware_text };
enum class OutcomeRule : uint8_t { none, success, failure, audit_type, status, msi_status };

struct Meaning {
  std::string_view log, provider, os;
  std::optional<uint16_t> id;  // nothing: any other id of the provider
  uint16_t min_strings = 0;
  Action action = Action::host_message;
  ActionRule action_rule = ActionRule::fixed;
  OutcomeRule outcome = OutcomeRule::none;
  std::vector<FieldRule> fields;
  std::string_view message;  // empty: the plain rendering of all strings
  size_t line = 0;           // in windows_events.tsv
};

// The row for a record: the one with the most strings that the record has enough for; else the provider's `*` row.
// `log` is the log's name where it is certain, else empty: a row of the Security log does not match another log's
// record.
const Meaning* find_meaning(std::string_view log, std::string_view provider, uint16_t id, size_t strings);
std::span<const Meaning> all_meanings();
// What is wrong with the tables; empty in a sound build (a test asks).
const std::vector<std::string>& table_errors();

// Text of a code, empty when unknown. Kinds: logon-type, auth-method, status, kerberos, parameter, sid, service-state,
// audit-category.
std::string_view code_text(std::string_view kind, std::string_view code);

// Every action the rows can give, and every attribute key with its meaning: for the descriptor.
std::span<const Action> table_actions();
std::span<const AttributeKey> table_keys();

}  // namespace necropsy::evt
