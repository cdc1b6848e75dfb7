// SPDX-License-Identifier: Apache-2.0
#include "model/file_record.hpp"
#include "model/host_profile.hpp"
#include "model/problem.hpp"

namespace necropsy {

std::string_view to_text(Stage stage) {
  static constexpr std::string_view kNames[] = {"open", "volume", "walk", "unpack", "probe", "time", "parse", "store"};
  return kNames[static_cast<size_t>(stage)];
}

std::string_view to_text(Severity severity) {
  static constexpr std::string_view kNames[] = {"info", "warning", "error"};
  return kNames[static_cast<size_t>(severity)];
}

std::string_view to_text(FileType type) {
  static constexpr std::string_view kNames[] = {"unknown", "regular", "directory", "symlink",  "character",
                                                "block",   "fifo",    "socket",    "whiteout", "metadata"};
  return kNames[static_cast<size_t>(type)];
}

std::string_view to_text(FileState state) {
  static constexpr std::string_view kNames[] = {"allocated", "deleted", "orphan", "recovered"};
  return kNames[static_cast<size_t>(state)];
}

std::string_view to_text(OsFamily family) {
  static constexpr std::string_view kNames[] = {"unknown", "linux", "bsd", "windows", "macos", "solaris"};
  return kNames[static_cast<size_t>(family)];
}

}  // namespace necropsy
