// SPDX-License-Identifier: Apache-2.0
// The timeline by its usual filters, put so that SQLite uses its indexes (docs/schema.md, "What keeps it fast").
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "base/timestamp.hpp"
#include "store/database.hpp"

namespace necropsy {

struct TimelineFilter {
  std::optional<Timestamp> from, to;  // inclusive
  std::string host, user, ip, path, category, action, parser, text, macb, state;
  std::optional<int64_t> session, finding, event;
  int64_t context = 0;  // rows before and after `event`
  std::optional<int64_t> limit;
  bool reverse = false;
  bool notable = false;  // without the mass kinds
};

// All columns of the view, in its order.
Statement select_timeline(Database& db, const TimelineFilter& filter);

}  // namespace necropsy
