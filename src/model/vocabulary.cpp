// SPDX-License-Identifier: Apache-2.0
#include "model/vocabulary.hpp"

#include <array>
#include <vector>

namespace necropsy {
namespace {

struct Words {
  std::string_view category, action;
};
constexpr Words kWords[] = {
#define NECROPSY_WORDS(id, category, action) {category, action},
    NECROPSY_ACTIONS(NECROPSY_WORDS)
#undef NECROPSY_WORDS
};
static_assert(std::size(kWords) == kActionCount);

// What comes in bulk, with its outcomes. All plain messages are bulk.
bool is_bulk(Action action, Outcome outcome) {
  if (static_cast<size_t>(action) <= static_cast<size_t>(Action::malware_message)) return true;
  switch (action) {
    case Action::file_times:
    case Action::web_request:
    case Action::web_error:
    case Action::invalid_user:
    case Action::auth_probe:
    case Action::network_connection:
    case Action::network_blocked:
    case Action::task_run:
    case Action::database_query:
    case Action::ftp_command:
      return true;
    case Action::login:
    case Action::ftp_login:
    case Action::mail_login:
    case Action::database_login:
    case Action::ticket:
      return outcome == Outcome::failure;
    default:
      return false;
  }
}

std::vector<Kind> make_kinds() {
  std::vector<Kind> kinds;
  // Bulk kinds take 1 … in order of action (fewer than kFirstRareKind of them: a unit test counts).
  int next = 1;
  for (size_t a = 0; a < kActionCount; ++a) {
    for (Outcome o : {Outcome::none, Outcome::success, Outcome::failure}) {
      const auto action = static_cast<Action>(a);
      const int rare = kFirstRareKind + static_cast<int>(a) * 3 + static_cast<int>(o);
      const bool numbered = is_bulk(action, o);
      kinds.push_back({numbered ? next : rare, action, o});
      if (numbered) ++next;
    }
  }
  return kinds;
}

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> kAll = make_kinds();
  return kAll;
}

}  // namespace

std::string_view category_of(Action action) { return kWords[static_cast<size_t>(action)].category; }
std::string_view action_name(Action action) { return kWords[static_cast<size_t>(action)].action; }

std::string_view to_text(Outcome outcome) {
  return outcome == Outcome::success ? "success" : outcome == Outcome::failure ? "failure" : "";
}

std::optional<Action> find_action(std::string_view category, std::string_view action) {
  for (size_t i = 0; i < kActionCount; ++i)
    if (kWords[i].category == category && kWords[i].action == action) return static_cast<Action>(i);
  return std::nullopt;
}

int kind_id(Action action, Outcome outcome) {
  return kinds()[static_cast<size_t>(action) * 3 + static_cast<size_t>(outcome)].id;
}

std::span<const Kind> all_kinds() { return kinds(); }

}  // namespace necropsy
