// SPDX-License-Identifier: Apache-2.0
#include "parse/locator.hpp"

#include "base/text.hpp"

namespace necropsy {
namespace {

bool all_digits(std::string_view text) {
  for (char c : text)
    if (!is_digit(c)) return false;
  return !text.empty();
}

// One suffix that rotation, compression or a hand-made copy adds: .1 .gz -20240101 .old .bak ~ .save .orig …
bool drop_suffix(std::string_view& path) {
  static constexpr std::string_view kWords[] = {".gz",   ".bz2",  ".xz",   ".zst",  ".lzma", ".old", ".bak", "~",
                                                ".save", ".orig", ".copy", ".prev", ".back", ".tmp", ".swp"};
  for (std::string_view word : kWords)
    if (path.size() > word.size() && equals_ignore_case(path.substr(path.size() - word.size()), word)) {
      path.remove_suffix(word.size());
      return true;
    }
  const size_t at = path.find_last_of(".-_");
  if (at == std::string_view::npos || at == 0 || path[at - 1] == '/') return false;
  const std::string_view tail = path.substr(at + 1);
  // .1 … .9999, -20240101, -20240101-1700000000, -20240101.log keeps its ending
  if (!all_digits(tail)) return false;
  if ((path[at] == '.' && tail.size() <= 4) || tail.size() == 8 || tail.size() == 10 || tail.size() == 12 ||
      tail.size() == 14) {
    path.remove_suffix(tail.size() + 1);
    return true;
  }
  return false;
}

bool path_matches(const Descriptor& about, std::string_view path) {
  if (path.empty()) return false;
  const std::string_view bare = without_rotation(path);
  for (std::string_view pattern : about.paths)
    if (glob_match(pattern, path, true) || (bare != path && glob_match(pattern, bare, true))) return true;
  return false;
}

}  // namespace

std::string_view without_rotation(std::string_view path) {
  for (int i = 0; i < 4 && drop_suffix(path); ++i) {
  }
  return path;
}

Located locate(Bytes head, std::string_view path, uint64_t size) {
  Located found;
  int best = 0;
  for (const ParserEntry& entry : all_parsers()) {
    const bool usual = path_matches(*entry.about, path);
    if (usual && !found.by_path) found.by_path = &entry;
    const Match match = entry.probe(Probe{head, path, size, usual});
    if (match == Match::no || (match == Match::maybe && !usual)) continue;
    const int score = (match == Match::yes ? 2 : 0) + (usual ? 1 : 0);
    if (score > best) {
      best = score;
      found.parser = &entry;
    }
  }
  return found;
}

bool is_usual_place(std::string_view path) {
  for (const ParserEntry& entry : all_parsers())
    if (path_matches(*entry.about, path)) return true;
  return false;
}

const ParserEntry* find_parser(std::string_view name) {
  for (const ParserEntry& entry : all_parsers())
    if (entry.about->name == name) return &entry;
  return nullptr;
}

}  // namespace necropsy
