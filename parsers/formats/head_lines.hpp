// SPDX-License-Identifier: Apache-2.0
// How many of the first lines of a file a reader takes: the measure by which text logs are told apart.
#pragma once
#include <string_view>

#include "base/bytes.hpp"

namespace necropsy {

struct HeadCount {
  size_t lines = 0;  // whole lines with something in them
  size_t hits = 0;
};

// `take(line)` says whether a line is one of the format. A last line that the head cuts off is asked only when it is
// the only one. At most 40 lines; CR and leading NULs (a log truncated while it was open) are dropped.
template <class Take>
HeadCount count_head_lines(Bytes head, Take take) {
  HeadCount count;
  std::string_view text = as_text(head);
  while (!text.empty() && text[0] == '\0') text.remove_prefix(1);
  while (!text.empty() && count.lines < 40) {
    const size_t end = text.find('\n');
    if (end == std::string_view::npos && count.lines > 0 && head.size() >= 4096) break;
    std::string_view line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.find_first_not_of(" \t") == std::string_view::npos) continue;
    ++count.lines;
    if (take(line)) ++count.hits;
  }
  return count;
}

}  // namespace necropsy
