// SPDX-License-Identifier: Apache-2.0
#include "engine/evidence_watch.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "base/text.hpp"

namespace necropsy {
namespace {

struct Look {
  uint64_t size = 0;
  Timestamp modified;
};

// errno tells of a failure.
std::optional<Look> look(const std::string& file) {
  struct stat st {};
  if (stat(file.c_str(), &st) != 0) return std::nullopt;
  // A device has no size here, and its node's time is not that of its content.
  if (!S_ISREG(st.st_mode)) return Look{};
  return Look{static_cast<uint64_t>(st.st_size),
              Timestamp::from_unix(st.st_mtim.tv_sec, static_cast<uint32_t>(st.st_mtim.tv_nsec))};
}

}  // namespace

std::string change_of(const std::string& file, uint64_t size, std::optional<Timestamp> modified) {
  const auto now = look(file);
  if (!now) return fmt::format("{}: {}", displayable(file), strerror(errno));
  if (now->size != size) return fmt::format("{} had {} bytes and has {}", displayable(file), size, now->size);
  // The case keeps microseconds of a log's time.
  if (modified && now->modified.us != modified->us)
    return fmt::format("{} was written to at {}", displayable(file), iso_micro(now->modified));
  return {};
}

// One line a file: size, time in microseconds, path.
std::string look_at(const std::vector<std::string>& files) {
  std::string out;
  for (const std::string& file : files) {
    const auto now = look(file);
    // One a line: the rare name that holds a line break is left to `verify`.
    if (now && file.find('\n') == std::string::npos)
      out += fmt::format("{} {} {}\n", now->size, now->modified.us, file);
  }
  return out;
}

std::string change_since(const std::string& look) {
  for (std::string_view line : split(look, '\n')) {
    const std::vector<std::string_view> parts = split(line, ' ');
    if (parts.size() < 3) continue;
    const auto size = to_number<uint64_t>(parts[0]);
    const auto us = to_number<int64_t>(parts[1]);
    if (!size || !us) continue;
    const std::string file(line.substr(parts[0].size() + parts[1].size() + 2));
    if (std::string change = change_of(file, *size, Timestamp{*us, 0}); !change.empty()) return change;
  }
  return {};
}

}  // namespace necropsy
