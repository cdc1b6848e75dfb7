// SPDX-License-Identifier: Apache-2.0
#include "engine/hosts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "base/text.hpp"
#include "parse/profile_reader.hpp"

namespace necropsy {
namespace {

// /dev/sda6, /dev/hda6, /dev/vda1, /dev/xvda2, /dev/nvme0n1p3, /dev/mmcblk0p1: the number at the end.
std::optional<int> partition_number(std::string_view device) {
  if (!device.starts_with("/dev/") || contains(device, "/mapper/") || contains(device, "/disk/")) return std::nullopt;
  size_t at = device.size();
  while (at > 0 && is_digit(device[at - 1])) --at;
  return to_number<int>(device.substr(at));
}

bool names_volume(const MountEntry& entry, const SurveyedVolume& volume, int64_t root_evidence) {
  if (!volume.report.filesystem) return false;
  const FilesystemFacts& facts = *volume.report.filesystem;
  std::string_view device = entry.device;
  const auto value = [&](std::string_view key) -> std::optional<std::string_view> {
    std::string_view rest = device;
    if (!eat(rest, key)) return std::nullopt;
    if (rest.size() >= 2 && rest.front() == '"' && rest.back() == '"') rest = rest.substr(1, rest.size() - 2);
    return rest;
  };
  for (std::string_view key : {"UUID=", "/dev/disk/by-uuid/"})
    if (const auto uuid = value(key)) return !uuid->empty() && equals_ignore_case(*uuid, facts.uuid);
  for (std::string_view key : {"LABEL=", "/dev/disk/by-label/"})
    if (const auto label = value(key)) return !label->empty() && *label == facts.label;
  if (const auto number = partition_number(device))
    return volume.evidence_id == root_evidence && volume.report.info.name == fmt::format("p{}", *number);
  return false;
}

bool is_mount_path(std::string_view path) { return path.starts_with('/') && path.size() < 1024; }

std::string spare_mount(const SurveyedVolume& volume, const std::set<std::string>& taken) {
  if (volume.report.filesystem) {
    const std::string& last = volume.report.filesystem->last_mount_point;
    if (is_mount_path(last) && last != "/" && !taken.contains(last)) return last;
  }
  return fmt::format("/[{}]", volume.report.info.name);
}

}  // namespace

std::vector<PlannedHost> plan_hosts(const std::vector<SurveyedVolume>& volumes) {
  std::vector<PlannedHost> hosts;
  std::vector<std::optional<size_t>> host_of(volumes.size());
  const auto usable = [&](size_t i) { return volumes[i].report.filesystem.has_value(); };
  const auto assign = [&](size_t i, size_t host, std::string mount) {
    host_of[i] = host;
    hosts[host].members.push_back({i, std::move(mount)});
  };

  // Roots with an fstab.
  for (size_t root = 0; root < volumes.size(); ++root) {
    const SurveyedVolume& v = volumes[root];
    if (host_of[root] || !usable(root) || v.report.fstab.empty() || !v.mount_given.empty() || v.is_folder) continue;
    hosts.push_back({v.evidence_label, {}});
    const size_t host = hosts.size() - 1;
    std::set<std::string> taken = {"/"};
    assign(root, host, "/");
    std::vector<ProfileNote> malformed;
    for (const MountEntry& entry : read_fstab(v.report.fstab, malformed, "/etc/fstab")) {
      if (!is_mount_path(entry.mount_point) || taken.contains(entry.mount_point)) continue;
      for (size_t i = 0; i < volumes.size(); ++i) {
        if (host_of[i] || !usable(i) || !volumes[i].mount_given.empty()) continue;
        if (!names_volume(entry, volumes[i], v.evidence_id)) continue;
        taken.insert(entry.mount_point);
        assign(i, host, entry.mount_point);
        break;
      }
    }
    for (size_t i = 0; i < volumes.size(); ++i) {
      // A second system on the same disk is a host of its own.
      if (host_of[i] || !usable(i) || volumes[i].evidence_id != v.evidence_id || !volumes[i].report.fstab.empty() ||
          volumes[i].report.is_windows_system)
        continue;
      const std::string mount = spare_mount(volumes[i], taken);
      taken.insert(mount);
      assign(i, host, mount);
    }
  }

  // Windows systems.
  for (size_t root = 0; root < volumes.size(); ++root) {
    const SurveyedVolume& v = volumes[root];
    if (host_of[root] || !usable(root) || !v.report.is_windows_system) continue;
    hosts.push_back({v.evidence_label, {}});
    const size_t host = hosts.size() - 1;
    assign(root, host, v.mount_given.empty() ? "C:/" : v.mount_given);
    char letter = 'D';
    for (size_t i = 0; i < volumes.size() && letter <= 'Z'; ++i) {
      if (host_of[i] || !usable(i) || volumes[i].evidence_id != v.evidence_id) continue;
      assign(i, host, fmt::format("{}:/", letter++));
    }
  }

  // EVIDENCE=MOUNT.
  const size_t found = hosts.size();
  std::optional<size_t> named;
  for (size_t i = 0; i < volumes.size(); ++i) {
    if (host_of[i] || !usable(i) || volumes[i].mount_given.empty()) continue;
    if (!named) {
      if (found == 1) {
        named = 0;
      } else {
        hosts.push_back({volumes[i].evidence_label, {}});
        named = hosts.size() - 1;
      }
    }
    assign(i, *named, volumes[i].mount_given);
  }

  // The rest: a host per evidence.
  std::map<int64_t, size_t> by_evidence;
  for (size_t i = 0; i < volumes.size(); ++i)
    if (host_of[i]) by_evidence.emplace(volumes[i].evidence_id, *host_of[i]);
  for (size_t i = 0; i < volumes.size(); ++i) {
    if (host_of[i]) continue;
    const auto known = by_evidence.find(volumes[i].evidence_id);
    size_t host;
    if (known != by_evidence.end()) {
      host = known->second;
    } else {
      hosts.push_back({volumes[i].evidence_label, {}});
      host = hosts.size() - 1;
      by_evidence.emplace(volumes[i].evidence_id, host);
    }
    if (!usable(i)) {
      assign(i, host, "");
      continue;
    }
    std::set<std::string> taken;
    for (const auto& member : hosts[host].members) taken.insert(member.mount);
    const std::string& last = volumes[i].report.filesystem->last_mount_point;
    if (is_mount_path(last) && !taken.contains(last)) {
      assign(i, host, last);
    } else if (!taken.contains("/")) {
      assign(i, host, "/");
    } else {
      assign(i, host, spare_mount(volumes[i], taken));
    }
  }
  return hosts;
}

}  // namespace necropsy
