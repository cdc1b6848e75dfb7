// SPDX-License-Identifier: Apache-2.0
#include "engine/sandbox_policy.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "base/text.hpp"

namespace necropsy {
namespace {

namespace fs = std::filesystem;
constexpr size_t kMostFiles = 20'000;

void add_family(const fs::path& file, SandboxPolicy& policy) {
  const fs::path folder = file.has_parent_path() ? file.parent_path() : fs::path(".");
  policy.files.push_back(file.string());
  // The extents that a VMDK descriptor names may be called anything, but lie beside it.
  const bool names_others = equals_ignore_case(file.extension().string(), ".vmdk");
  const std::string stem = file.stem().string();
  std::error_code error;
  fs::directory_iterator entries(folder, fs::directory_options::skip_permission_denied, error);
  for (; !error && entries != fs::directory_iterator() && policy.files.size() < kMostFiles; entries.increment(error)) {
    const std::string name = entries->path().filename().string();
    std::error_code ignored;
    if ((names_others || name.starts_with(stem)) && !fs::is_directory(entries->path(), ignored))
      policy.files.push_back(entries->path().string());
  }
}

}  // namespace

SandboxPolicy policy_for(const std::vector<std::string>& evidence) {
  SandboxPolicy policy;
  policy.folders.push_back("/usr/share/zoneinfo");
  for (const std::string& given : evidence) {
    std::error_code error;
    const fs::path real = fs::canonical(given, error);
    if (error) continue;  // the worker says why it cannot be opened
    if (fs::is_directory(real, error)) {
      policy.folders.push_back(real.string());
      continue;
    }
    add_family(real, policy);
    // Other segments may be reached through the name as it was given.
    if (fs::path(given).lexically_normal() != real) add_family(fs::path(given), policy);
  }
  std::sort(policy.files.begin(), policy.files.end());
  policy.files.erase(std::unique(policy.files.begin(), policy.files.end()), policy.files.end());
  return policy;
}

}  // namespace necropsy
