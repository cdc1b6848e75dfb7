// SPDX-License-Identifier: Apache-2.0
// Evidence that changes while it is read, or between the runs that read it. Looks at files from outside only: how
// long they are, when they were last written.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/timestamp.hpp"

namespace necropsy {

// What the files of a piece of evidence look like now, as a text to keep.
std::string look_at(const std::vector<std::string>& files);
// What is different now, for a person; empty when nothing is.
std::string change_since(const std::string& look);
std::string change_of(const std::string& file, uint64_t size, std::optional<Timestamp> modified);

}  // namespace necropsy
