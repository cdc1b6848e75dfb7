// SPDX-License-Identifier: Apache-2.0
#include "correlate/steps.hpp"

#include <fmt/format.h>

#include <map>

#include "base/text.hpp"
#include "model/vocabulary.hpp"
#include "store/embedded.hpp"
#include "store/schema.hpp"

namespace necropsy {
namespace {

bool is_number(std::string_view text) {
  if (text.empty()) return false;
  for (char c : text)
    if (!is_digit(c)) return false;
  return true;
}

// Removes one rotation suffix; false when there is none.
bool cut_suffix(std::string_view& path) {
  for (std::string_view packed : {".gz", ".bz2", ".xz", ".zst", ".Z", ".old", ".bak"})
    if (path.size() > packed.size() && path.ends_with(packed)) {
      path.remove_suffix(packed.size());
      return true;
    }
  const size_t slash = path.rfind('/');
  const size_t dot = path.rfind('.');
  if (dot != std::string_view::npos && (slash == std::string_view::npos || dot > slash + 1) && path.size() - dot <= 4 &&
      is_number(path.substr(dot + 1))) {
    path = path.substr(0, dot);
    return true;
  }
  const size_t dash = path.rfind('-');
  if (dash != std::string_view::npos && (slash == std::string_view::npos || dash > slash + 1)) {
    const std::string_view tail = path.substr(dash + 1);
    if ((tail.size() == 8 || tail.size() == 10) && is_number(tail)) {
      path = path.substr(0, dash);
      return true;
    }
  }
  return false;
}

}  // namespace

std::string step_text(std::string_view name) {
  const auto text = embedded_file(fmt::format("correlate/{}.sql", name));
  if (!text) throw StoreError(1, fmt::format("schema/correlate/{}.sql is not built in", name));
  return expand_macros(*text);
}

Statement prepare_step(Database& db, std::string_view name) {
  try {
    return db.prepare(step_text(name));
  } catch (const StoreError& error) {
    throw StoreError(error.code(), fmt::format("correlate/{}.sql: {}", name, error.what()));
  }
}

void run_step(Database& db, std::string_view name) {
  try {
    db.execute(step_text(name));
  } catch (const StoreError& error) {
    throw StoreError(error.code(), fmt::format("correlate/{}.sql: {}", name, error.what()));
  }
}

std::string log_family(std::string_view path) {
  for (int i = 0; i < 4 && cut_suffix(path); ++i) {
  }
  return std::string(path);
}

KindWords kind_words(int64_t kind) {
  static const std::map<int64_t, Kind> kKinds = [] {
    std::map<int64_t, Kind> out;
    for (const Kind& k : all_kinds()) out.emplace(k.id, k);
    return out;
  }();
  const auto found = kKinds.find(kind);
  if (found == kKinds.end()) return {};
  return {category_of(found->second.action), action_name(found->second.action), to_text(found->second.outcome)};
}

}  // namespace necropsy
