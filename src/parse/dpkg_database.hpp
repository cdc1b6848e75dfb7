// SPDX-License-Identifier: Apache-2.0
// The package database of Debian and its kin: /var/lib/dpkg/{status,diversions,info/*} and, in slim containers,
// status.d/*. Formats: dpkg(5) deb-md5sums, deb-conffiles; dpkg-divert(1); dpkg's lib/dpkg/dbdir.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/problem.hpp"
#include "parse/profile_reader.hpp"

namespace necropsy {

struct PackageFile {
  std::string package;  // name without architecture
  std::string version;
  std::string path;  // where it lies on this machine: merged folders and diversions applied
  std::string md5;   // 32 lower-case hex digits; empty where the database has none
  bool conffile = false;
  std::optional<Timestamp> installed;  // modified time of the package's file list: last install or upgrade
};

// Top folders that are links on a machine with a merged /usr: /bin -> usr/bin, /lib64 -> usr/lib64, /var/run -> /run …
class MergedFolders {
 public:
  MergedFolders() = default;
  static MergedFolders of(const ProfileFiles& files);
  void add(std::string from, std::string to);  // both absolute, without trailing slash
  // The path under which a packaged file is really stored.
  std::string canonical_package_path(std::string_view path) const;

 private:
  std::vector<std::pair<std::string, std::string>> links_;
};

// Hands out every file of every package, package by package; folders are left out as far as the lists tell them
// apart. Returns the number of packages. What cannot be read is a problem, and the rest is read on.
size_t read_dpkg_database(const ProfileFiles& files, const std::function<void(PackageFile)>& found,
                          const std::function<void(Problem)>& problem);

}  // namespace necropsy
