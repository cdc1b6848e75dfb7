// SPDX-License-Identifier: Apache-2.0
// A small server as a folder: accounts, zone, logs and their rotated copies. The same bytes and times on every run.
#pragma once
#include <cstddef>
#include <filesystem>
#include <map>
#include <string>

namespace necropsy::test {

struct ServerTree {
  std::filesystem::path root, var;          // content of the two filesystems
  std::map<std::string, size_t> line_logs;  // path on the machine -> lines in it that are not empty
};

// `auth_lines`: lines of auth.log; its older parts have a tenth of it each.
ServerTree write_server(const std::filesystem::path& folder, size_t auth_lines);
// Both filesystems on one disk: / and /var. A file of /tmp is deleted on it.
void make_server_disk(const ServerTree& tree, const std::filesystem::path& folder, const std::filesystem::path& disk,
                      unsigned var_mebibytes);

}  // namespace necropsy::test
