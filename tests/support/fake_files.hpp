// SPDX-License-Identifier: Apache-2.0
// A machine's files in memory, as the profile and package readers ask for them.
#pragma once
#include <map>
#include <set>
#include <string>

#include "parse/profile_reader.hpp"

namespace necropsy::test {

class FakeFiles {
 public:
  struct File {
    std::string content, target;
    std::optional<Timestamp> modified, created;
    FileType type = FileType::regular;
  };

  FakeFiles& put(const std::string& path, std::string content, int64_t modified = 0) {
    files_[path] = {std::move(content), {}, time(modified), {}, FileType::regular};
    return *this;
  }
  FakeFiles& link(const std::string& path, std::string target) {
    files_[path] = {{}, std::move(target), {}, {}, FileType::symlink};
    return *this;
  }
  FakeFiles& folder(const std::string& path, int64_t modified, int64_t created = 0) {
    files_[path] = {{}, {}, time(modified), time(created), FileType::directory};
    return *this;
  }

  ProfileFiles callbacks(std::string root = "/") const {
    ProfileFiles out;
    out.root = std::move(root);
    out.read = [this](std::string_view path, size_t limit) -> std::optional<std::string> {
      const File* file = resolve(std::string(path));
      if (!file || file->type != FileType::regular) return std::nullopt;
      return file->content.substr(0, limit);
    };
    out.find = [this](std::string_view path) -> std::optional<FileRecord> {
      const std::string name(path);
      if (const File* file = resolve(name)) return record(name, *file);
      for (const auto& [known, file] : files_)
        if (known.starts_with(name + "/")) return record(name, File{{}, {}, {}, {}, FileType::directory});
      return std::nullopt;
    };
    out.list = [this](std::string_view directory) {
      std::string front(directory);
      if (!front.ends_with('/')) front += '/';
      std::vector<FileRecord> found;
      std::set<std::string> folders;
      for (const auto& [path, file] : files_) {
        if (!path.starts_with(front) || path.size() == front.size()) continue;
        const std::string rest = path.substr(front.size());
        const size_t slash = rest.find('/');
        if (slash == std::string::npos)
          found.push_back(record(path, file));
        else if (!files_.contains(front + rest.substr(0, slash)) && folders.insert(rest.substr(0, slash)).second)
          found.push_back(record(front + rest.substr(0, slash), File{{}, {}, {}, {}, FileType::directory}));
      }
      return found;
    };
    return out;
  }

 private:
  static std::optional<Timestamp> time(int64_t seconds) {
    return seconds ? std::optional<Timestamp>(Timestamp::from_unix(seconds)) : std::nullopt;
  }
  static FileRecord record(const std::string& path, const File& file) {
    FileRecord out;
    out.path = path;
    out.type = file.type;
    out.size = static_cast<int64_t>(file.content.size());
    out.target = file.target;
    out.modified = file.modified;
    out.created = file.created;
    return out;
  }
  const File* resolve(std::string path) const {
    for (int i = 0; i < 8; ++i) {
      const auto found = files_.find(path);
      if (found == files_.end()) return nullptr;
      if (found->second.type != FileType::symlink) return &found->second;
      std::string target = found->second.target;
      if (!target.starts_with('/')) target = path.substr(0, path.rfind('/') + 1) + target;
      for (size_t up; (up = target.find("/../")) != std::string::npos;) {
        const size_t before = up == 0 ? 0 : target.rfind('/', up - 1);
        target.erase(before, up + 3 - before);
      }
      path = target;
    }
    return nullptr;
  }
  std::map<std::string, File> files_;
};

}  // namespace necropsy::test
