// SPDX-License-Identifier: Apache-2.0
// Overlay: the volumes of one host as the machine saw them, one tree of paths.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "evidence/file_tree.hpp"

namespace necropsy {

class Overlay {
 public:
  // Volumes with their mount points; the tree must outlive the overlay.
  void add(std::string mount, FileTree* tree);
  bool empty() const { return mounts_.empty(); }

  // Record, and the tree it lies in. Symlinks that leave one volume for another are followed.
  std::optional<std::pair<FileRecord, FileTree*>> find(std::string_view path) const;
  std::optional<std::string> read(std::string_view path, size_t limit) const;
  std::vector<FileRecord> list(std::string_view directory) const;
  // Volume and path below its root that a path of the machine lies on.
  std::optional<std::pair<FileTree*, std::string>> locate(std::string_view path) const;

 private:
  std::optional<std::pair<FileRecord, FileTree*>> find(std::string_view path, int links) const;
  std::vector<std::pair<std::string, FileTree*>> mounts_;  // longest mount point first
};

}  // namespace necropsy
