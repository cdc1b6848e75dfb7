// SPDX-License-Identifier: Apache-2.0
#include "engine/overlay.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace necropsy {
namespace {
constexpr int kMaxLinks = 16;

bool lies_below(std::string_view path, std::string_view mount, std::string& rest) {
  if (mount.ends_with('/')) mount.remove_suffix(1);
  const bool windows = mount.size() == 2 && mount[1] == ':';
  const std::string_view head = path.substr(0, mount.size());
  if (windows ? !equals_ignore_case(head, mount) : head != mount) return false;
  const std::string_view tail = path.substr(mount.size());
  if (!tail.empty() && tail.front() != '/') return false;
  rest = tail.empty() ? "/" : std::string(tail);
  return true;
}

}  // namespace

void Overlay::add(std::string mount, FileTree* tree) {
  mounts_.emplace_back(std::move(mount), tree);
  std::stable_sort(mounts_.begin(), mounts_.end(),
                   [](const auto& a, const auto& b) { return a.first.size() > b.first.size(); });
}

std::optional<std::pair<FileTree*, std::string>> Overlay::locate(std::string_view path) const {
  std::string rest;
  for (const auto& [mount, tree] : mounts_)
    if (lies_below(path, mount, rest)) return std::make_pair(tree, rest);
  return std::nullopt;
}

std::optional<std::pair<FileRecord, FileTree*>> Overlay::find(std::string_view path) const {
  return find(path, kMaxLinks);
}

std::optional<std::pair<FileRecord, FileTree*>> Overlay::find(std::string_view path, int links) const {
  const auto place = locate(path);
  if (!place) return std::nullopt;
  if (auto record = place->first->find(place->second)) return std::make_pair(std::move(*record), place->first);
  if (links == 0) return std::nullopt;
  // A folder on the way may be a link to another volume (/var/run -> /run, /home -> /data/home).
  for (size_t slash = path.find('/', 1); slash != std::string_view::npos; slash = path.find('/', slash + 1)) {
    const std::string_view front = path.substr(0, slash);
    const auto at = locate(front);
    if (!at) continue;
    const auto parent = at->first->list(front.substr(0, front.rfind('/')));
    const std::string_view name = front.substr(front.rfind('/') + 1);
    for (const FileRecord& entry : parent) {
      if (entry.type != FileType::symlink || !entry.path.ends_with(name) || entry.target.empty()) continue;
      if (entry.path.size() > name.size() && entry.path[entry.path.size() - name.size() - 1] != '/') continue;
      std::string target = entry.target.starts_with('/')
                               ? entry.target
                               : std::string(front.substr(0, front.rfind('/') + 1)) + entry.target;
      target += path.substr(slash);
      return find(target, links - 1);
    }
  }
  return std::nullopt;
}

std::optional<std::string> Overlay::read(std::string_view path, size_t limit) const {
  const auto found = find(path);
  if (!found || found->first.type != FileType::regular) return std::nullopt;
  auto stream = found->second->open(found->first.ref);
  if (!stream) return std::nullopt;
  auto bytes = read_all(**stream, limit);
  if (!bytes) return std::nullopt;
  return std::move(*bytes);
}

std::vector<FileRecord> Overlay::list(std::string_view directory) const {
  const auto place = locate(directory);
  if (!place) return {};
  return place->first->list(place->second);
}

}  // namespace necropsy
