// SPDX-License-Identifier: Apache-2.0
// When the system was installed: what installers leave behind, first-boot files, the age of the filesystems.
#include <algorithm>

#include <fmt/format.h>

#include "parse/profile_reader.hpp"
#include "parse/profile_text.hpp"

namespace necropsy {
namespace {

// A disk is made before the system on it, by hours at most; what is older was copied here from elsewhere.
constexpr int64_t kSlack = int64_t{86'400} * 1'000'000;
// A clock that was never set.
constexpr int64_t kFirstTime = int64_t{631'152'000} * 1'000'000;  // 1990

struct Candidate {
  Timestamp when;
  std::string source;
  bool filesystem = false;  // the age of a filesystem: its making, not the installation itself
};

std::string_view last_component(std::string_view path) { return path.substr(path.rfind('/') + 1); }

std::optional<Timestamp> credible(std::optional<Timestamp> when) {
  return when && when->us >= kFirstTime ? when : std::nullopt;
}

// Oldest content among the regular files of a folder that are no older than `not_before`.
void add_oldest(const ProfileFiles& files, const std::string& folder, std::string_view prefix, std::string_view suffix,
                std::optional<Timestamp> not_before, std::string_view what, std::vector<Candidate>& out) {
  std::optional<Timestamp> oldest;
  std::string name;
  for (const FileRecord& entry : files.entries(folder)) {
    const std::string_view own = last_component(entry.path);
    if (entry.type != FileType::regular || !own.starts_with(prefix) || !own.ends_with(suffix)) continue;
    const auto modified = credible(entry.modified);
    if (!modified || (not_before && modified->us < not_before->us - kSlack)) continue;
    if (oldest && *oldest <= *modified) continue;
    oldest = modified;
    name = std::string(own);
  }
  if (oldest) out.push_back({*oldest, fmt::format("{} ({})", files.path(folder + "/" + name), what)});
}

void add_file(const ProfileFiles& files, const char* path, std::string_view what, std::vector<Candidate>& out) {
  const auto entry = files.entry(path);
  if (!entry || entry->type != FileType::regular) return;
  if (const auto when = credible(entry->modified))
    out.push_back({*when, fmt::format("{} ({})", files.path(path), what)});
}

// Made with the filesystem and never touched again, but by fsck when it finds something.
void add_lost_found(const ProfileFiles& files, const char* path, std::vector<Candidate>& out) {
  const auto entry = files.entry(path);
  if (!entry || entry->type != FileType::directory) return;
  const bool born = credible(entry->created).has_value();
  if (const auto when = credible(born ? entry->created : entry->modified))
    out.push_back(
        {*when,
         fmt::format("{} ({} of the folder that comes with the filesystem)", files.path(path), born ? "birth" : "age"),
         true});
}

}  // namespace

void read_install_time(const ProfileFiles& files, const ProfileOptions& options, HostProfile& out) {
  const auto made = credible(options.root_created);
  std::vector<Candidate> found;  // most telling first
  add_oldest(files, "var/log/installer", "", "", made, "the installer's own log", found);
  add_oldest(files, "var/log/anaconda", "", "", made, "the installer's own log", found);
  add_file(files, "root/anaconda-ks.cfg", "answers the installer kept", found);
  add_file(files, "root/install.log", "the installer's own log", found);
  add_file(files, "var/log/YaST2/y2start.log", "the installer's own log", found);
  // Keys are made again when a daemon is reinstalled or replaced, an id when a machine is copied: the oldest counts.
  std::vector<Candidate> first_boot;
  add_oldest(files, "etc/ssh", "ssh_host_", "key", made, "host keys, made at installation or first boot", first_boot);
  add_oldest(files, "etc", "ssh_host_", "key", made, "host keys, made at installation or first boot", first_boot);
  add_file(files, "etc/machine-id", "made at installation or first boot", first_boot);
  add_file(files, "etc/hostid", "made at installation or first boot", first_boot);
  std::stable_sort(first_boot.begin(), first_boot.end(),
                   [](const Candidate& a, const Candidate& b) { return a.when < b.when; });
  found.insert(found.end(), first_boot.begin(), first_boot.end());
  if (made) found.push_back({*made, "the root filesystem was made then (superblock)", true});
  for (const char* path : {"lost+found", "usr/lost+found", "boot/lost+found", "var/lost+found", "home/lost+found"})
    add_lost_found(files, path, found);
  for (const Candidate& candidate : found)
    add_note(out, "install_candidate", iso_micro(candidate.when), candidate.source);

  std::optional<Timestamp> oldest_disk = made;
  for (const Candidate& candidate : found)
    if (candidate.filesystem && !oldest_disk) oldest_disk = candidate.when;
  for (const Candidate& candidate : found) {
    // Older than the disk it lies on: it came with a copy, and tells of the machine it was copied from.
    if (!candidate.filesystem && oldest_disk && candidate.when.us < oldest_disk->us - kSlack) continue;
    out.installed = candidate.when;
    out.installed_source = candidate.source;
    return;
  }
}

}  // namespace necropsy
