// SPDX-License-Identifier: Apache-2.0
// HostProfile: what the image says about its own machine; read before anything whose times or names need it.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/timestamp.hpp"

namespace necropsy {

enum class OsFamily : uint8_t { unknown, linux_, bsd, windows, macos, solaris };
std::string_view to_text(OsFamily family);

struct Account {
  std::string name;
  std::string id;      // uid as text, or SID
  std::string source;  // passwd, SAM
  std::optional<int64_t> gid;
  std::string home, shell, gecos;
  bool is_admin = false;
  std::string admin_reason;  // "uid 0", "member of sudo", "sudoers line 12"
  std::optional<bool> enabled;
  bool empty_password = false;
  std::optional<int64_t> password_set_day;  // shadow: days since 1970
};

struct GroupEntry {
  std::string name;
  int64_t gid = 0;
  std::vector<std::string> members;
};

struct MountEntry {
  std::string device;  // UUID=…, LABEL=…, /dev/sda1
  std::string mount_point;
  std::string type;
};

// A fact with the file it was read from, for `info` and the report.
struct ProfileNote {
  std::string key, value, source_path;
};

struct HostProfile {
  std::string host_name;
  OsFamily os = OsFamily::unknown;
  std::string os_version;
  std::string machine_id;
  std::string zone_name;    // Area/City where the image says so; else a description
  std::string zone_source;  // the file it comes from, or why there is none
  std::string zone_tzif;    // the image's own zone file, byte for byte; empty when unknown
  std::vector<std::string> ip_addresses;
  std::vector<std::string> host_aliases;  // further names the logs may use
  std::optional<Timestamp> installed;
  std::string installed_source;
  std::vector<Account> accounts;
  std::vector<GroupEntry> groups;
  std::vector<MountEntry> mounts;
  std::vector<ProfileNote> notes;
};

}  // namespace necropsy
