// SPDX-License-Identifier: Apache-2.0
// What a volume says about its machine: OS, names, zone, accounts, mounts, addresses, install time.
// Pure functions over file contents that the caller fetches, so that they can be tested without an image.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/file_record.hpp"
#include "model/host_profile.hpp"

namespace necropsy {

// The machine's files, by path as the machine saw it. Callbacks may be empty: then nothing is found.
struct ProfileFiles {
  // Content of a regular file, links followed, at most `limit` bytes; nothing when there is none.
  std::function<std::optional<std::string>(std::string_view path, size_t limit)> read;
  // Entries of one folder (names are the last component of `path`), links as themselves with their target.
  std::function<std::vector<FileRecord>(std::string_view directory)> list;
  // One file, links followed.
  std::function<std::optional<FileRecord>(std::string_view path)> find;
  std::string root = "/";  // where the system's volume is mounted; "C:/" on Windows

  std::string path(std::string_view below_root) const { return root + std::string(below_root); }
  std::optional<std::string> text(std::string_view below_root, size_t limit = 1 << 20) const;
  std::vector<FileRecord> entries(std::string_view below_root) const;
  std::optional<FileRecord> record(std::string_view below_root) const;
  // The entry itself, a link not followed.
  std::optional<FileRecord> entry(std::string_view below_root) const;
};

struct ProfileOptions {
  std::optional<Timestamp> root_created;  // mkfs time of the root filesystem, from its superblock
};

// Reads what there is; never fails. Lines that are not understood become notes with key "malformed".
// Windows: family and system root (note "system_root") only; the rest follows from the registry.
HostProfile read_profile(const ProfileFiles& files, const ProfileOptions& options = {});

// The parts, in the order in which read_profile() calls them. Each adds to `out`.
void read_os_identity(const ProfileFiles& files, HostProfile& out);
void read_host_names(const ProfileFiles& files, HostProfile& out);
void read_time_zone(const ProfileFiles& files, HostProfile& out);
void read_accounts(const ProfileFiles& files, HostProfile& out);
void read_mounts(const ProfileFiles& files, HostProfile& out);
void read_addresses(const ProfileFiles& files, HostProfile& out);
void read_install_time(const ProfileFiles& files, const ProfileOptions& options, HostProfile& out);

// Footer of a TZif file (RFC 8536, version 2 and later), such as "CET-1CEST,M3.5.0,M10.5.0/3"; empty without one.
std::string_view tzif_footer(std::string_view tzif);

// The mounts of an fstab alone: needed before volumes are put together.
std::vector<MountEntry> read_fstab(std::string_view text, std::vector<ProfileNote>& notes,
                                   std::string_view source_path);

}  // namespace necropsy
