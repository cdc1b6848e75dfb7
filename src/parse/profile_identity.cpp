// SPDX-License-Identifier: Apache-2.0
// Which system and version, what the machine is called.
// Sources: os-release(5), lsb_release(1), the release files of each distribution, hostname(5), rc.conf(5), myname(5),
// machine-id(5).
#include <algorithm>

#include <fmt/format.h>

#include "parse/profile_reader.hpp"
#include "parse/profile_text.hpp"

namespace necropsy {
namespace {

std::string_view last_component(std::string_view path) { return path.substr(path.rfind('/') + 1); }

bool find_windows(const ProfileFiles& files, HostProfile& out) {
  for (const FileRecord& entry : files.entries("")) {
    const std::string_view name = last_component(entry.path);
    if (!equals_ignore_case(name, "windows") && !equals_ignore_case(name, "winnt")) continue;
    for (const char* config : {"/system32/config", "/System32/config", "/SYSTEM32/CONFIG"}) {
      if (!files.record(std::string(name) + config)) continue;
      out.os = OsFamily::windows;
      add_note(out, "system_root", files.path(name), files.path(name));
      return true;
    }
  }
  return false;
}

OsFamily family_of(std::string_view text) {
  for (std::string_view name : {"FreeBSD", "OpenBSD", "NetBSD", "DragonFly", "GhostBSD", "BSD/OS"})
    if (contains_ignore_case(text, name)) return OsFamily::bsd;
  for (std::string_view name : {"Solaris", "SunOS", "OpenIndiana", "illumos", "SmartOS", "OmniOS"})
    if (contains_ignore_case(text, name)) return OsFamily::solaris;
  return OsFamily::unknown;
}

// Text between <string> and </string> behind <key>NAME</key> of a property list.
std::string plist_value(std::string_view text, std::string_view key) {
  if (take_until(text, fmt::format("<key>{}</key>", key)); text.empty()) return {};
  return std::string(between(text, "<string>", "</string>").value_or(""));
}

// getty's escapes (\n, \l, \S{NAME} …) say nothing on a disk.
std::string without_escapes(std::string_view line) {
  std::string out;
  for (size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\\' && i + 1 < line.size()) {
      ++i;
      if (i + 1 < line.size() && line[i + 1] == '{') i = std::min(line.find('}', i), line.size() - 1);
    } else {
      out += line[i];
    }
  }
  return std::string(trim(out));
}

void set_version(HostProfile& out, OsFamily family, std::string_view version, std::string path) {
  if (out.os == OsFamily::unknown) out.os = family;
  if (out.os_version.empty()) out.os_version = std::string(trim(version));
  add_note(out, "os", std::string(trim(version)), std::move(path));
}

void read_os_release(const ProfileFiles& files, HostProfile& out) {
  for (const char* path : {"etc/os-release", "usr/lib/os-release"}) {
    const auto text = files.text(path);
    if (!text) continue;
    std::string version = shell_value(*text, "PRETTY_NAME").value_or("");
    if (version.empty())
      version =
          fmt::format("{} {}", shell_value(*text, "NAME").value_or(""), shell_value(*text, "VERSION").value_or(""));
    if (trim(version).empty()) continue;
    const std::string id = shell_value(*text, "ID").value_or("");
    OsFamily family = family_of(id + " " + version);
    if (family == OsFamily::unknown) family = OsFamily::linux_;
    // Debian keeps its point release elsewhere.
    if (id == "debian")
      if (const auto point = files.text("etc/debian_version"))
        if (contains(first_line(*point), ".")) version += fmt::format(", point release {}", first_line(*point));
    set_version(out, family, version, files.path(path));
    return;
  }
}

void read_release_files(const ProfileFiles& files, HostProfile& out) {
  if (const auto text = files.text("etc/lsb-release"))
    if (const auto version = shell_value(*text, "DISTRIB_DESCRIPTION"); version && !version->empty())
      set_version(out, OsFamily::linux_, *version, files.path("etc/lsb-release"));
  struct File {
    const char* path;
    std::string_view prefix;
  };
  // The derivative before its parent: most of them keep redhat-release or debian_version too.
  static constexpr File kFiles[] = {{"etc/centos-release", ""},   {"etc/fedora-release", ""},
                                    {"etc/rocky-release", ""},    {"etc/almalinux-release", ""},
                                    {"etc/oracle-release", ""},   {"etc/redhat-release", ""},
                                    {"etc/mandrake-release", ""}, {"etc/mandriva-release", ""},
                                    {"etc/SuSE-release", ""},     {"etc/slackware-version", ""},
                                    {"etc/gentoo-release", ""},   {"etc/alpine-release", "Alpine Linux "},
                                    {"etc/system-release", ""},   {"etc/debian_version", "Debian GNU/Linux "}};
  for (const File& file : kFiles) {
    const auto text = files.text(file.path);
    if (!text || first_line(*text).empty()) continue;
    std::string version = std::string(file.prefix) + std::string(first_line(*text));
    if (const auto patch = shell_value(*text, "PATCHLEVEL ")) version += " SP" + *patch;  // PATCHLEVEL = 3
    set_version(out, OsFamily::linux_, version, files.path(file.path));
  }
  if (out.os == OsFamily::unknown && files.record("etc/arch-release"))
    set_version(out, OsFamily::linux_, "Arch Linux", files.path("etc/arch-release"));
}

void read_other_systems(const ProfileFiles& files, HostProfile& out) {
  if (const auto plist = files.text("System/Library/CoreServices/SystemVersion.plist")) {
    set_version(out, OsFamily::macos,
                fmt::format("{} {}", plist_value(*plist, "ProductName"), plist_value(*plist, "ProductVersion")),
                files.path("System/Library/CoreServices/SystemVersion.plist"));
    return;
  }
  if (const auto text = files.text("etc/release"))
    if (family_of(first_line(*text)) == OsFamily::solaris)
      set_version(out, OsFamily::solaris, first_line(*text), files.path("etc/release"));
  if (const auto text = files.text("bin/freebsd-version"))
    if (const auto version = shell_value(*text, "USERLAND_VERSION"))
      set_version(out, OsFamily::bsd, "FreeBSD " + *version, files.path("bin/freebsd-version"));
  // The first line of motd is written at boot: "OpenBSD 7.4 (GENERIC) #1336: …".
  if (const auto text = files.text("etc/motd"))
    if (const std::string_view line = first_line(*text); family_of(line) == OsFamily::bsd)
      set_version(out, OsFamily::bsd, line.substr(0, line.find(" (")), files.path("etc/motd"));
}

void read_leftovers(const ProfileFiles& files, HostProfile& out) {
  if (out.os_version.empty())
    for (const char* path : {"etc/issue", "etc/issue.net"}) {
      const auto text = files.text(path);
      if (!text) continue;
      for_each_line(*text, [&](uint64_t, std::string_view line) {
        const std::string shown = without_escapes(line);
        if (!out.os_version.empty() || shown.size() < 4) return;
        OsFamily family = family_of(shown);
        if (family == OsFamily::unknown && contains_ignore_case(shown, "linux")) family = OsFamily::linux_;
        if (family != OsFamily::unknown || out.os != OsFamily::unknown)
          set_version(out, family, shown, files.path(path));
      });
    }
  if (out.os != OsFamily::unknown) return;
  struct Sign {
    const char* path;
    OsFamily family;
  };
  static constexpr Sign kSigns[] = {{"bsd", OsFamily::bsd},
                                    {"netbsd", OsFamily::bsd},
                                    {"boot/kernel/kernel", OsFamily::bsd},
                                    {"etc/master.passwd", OsFamily::bsd},
                                    {"etc/vfstab", OsFamily::solaris},
                                    {"lib/modules", OsFamily::linux_},
                                    {"etc/sysconfig", OsFamily::linux_},
                                    {"etc/ld.so.conf", OsFamily::linux_},
                                    {"boot/grub", OsFamily::linux_},
                                    {"etc/fstab", OsFamily::linux_},
                                    {"var/lib/dpkg", OsFamily::linux_},
                                    {"var/lib/rpm", OsFamily::linux_}};
  for (const Sign& sign : kSigns)
    if (files.record(sign.path)) {
      out.os = sign.family;
      add_note(out, "os", fmt::format("{} is there", sign.path), files.path(sign.path));
      return;
    }
}

}  // namespace

void read_os_identity(const ProfileFiles& files, HostProfile& out) {
  if (find_windows(files, out)) return;
  read_os_release(files, out);
  read_release_files(files, out);
  read_other_systems(files, out);
  read_leftovers(files, out);
  for (const char* path : {"etc/machine-id", "var/lib/dbus/machine-id"}) {
    const auto text = files.text(path, 4096);
    if (!text) continue;
    const std::string id = to_lower(first_line(*text));
    if (id.size() == 32 && id.find_first_not_of("0123456789abcdef") == std::string::npos) {
      out.machine_id = id;
      break;
    }
    if (!id.empty() && id != "uninitialized")
      add_note(out, "malformed", "line 1: not a machine id of 32 hex digits", files.path(path));
  }
}

namespace {

// The short name is what logs carry; the full one is kept beside it.
bool take_name(HostProfile& out, std::string_view name, const std::string& path) {
  while (name.ends_with('.')) name.remove_suffix(1);
  if (name.empty() || name == "(none)") return false;
  if (!is_host_name(name)) {
    add_note(out, "malformed", "no host name: " + displayable(name.substr(0, 80)), path);
    return false;
  }
  const std::string_view label = name.substr(0, name.find('.'));
  if (equals_ignore_case(label, "localhost")) return false;
  add_note(out, "host_name", std::string(name), path);
  if (out.host_name.empty())
    out.host_name = std::string(label);
  else
    add_alias(out, label);
  add_alias(out, name);
  return true;
}

void read_hosts(const ProfileFiles& files, HostProfile& out) {
  const auto text = files.text("etc/hosts");
  if (!text) return;
  const std::string path = files.path("etc/hosts");
  for_each_line(*text, [&](uint64_t, std::string_view line) {
    line = without_comment(line);
    const std::string_view address = take_word(line);
    const auto ip = canonical_ip(address);
    if (!ip) return;
    std::vector<std::string_view> names;
    for (std::string_view rest = line; !rest.empty();) names.push_back(take_word(rest));
    // Debian writes the machine's own name behind 127.0.1.1.
    if (out.host_name.empty() && ip->starts_with("127.0.1.") && !names.empty()) take_name(out, names.back(), path);
    if (out.host_name.empty()) return;
    const bool own = std::any_of(names.begin(), names.end(), [&](std::string_view name) {
      return equals_ignore_case(name.substr(0, name.find('.')), out.host_name);
    });
    if (!own) return;
    for (std::string_view name : names)
      if (!equals_ignore_case(name.substr(0, name.find('.')), "localhost")) add_alias(out, name);
    add_address(out, *ip);
  });
}

}  // namespace

void read_host_names(const ProfileFiles& files, HostProfile& out) {
  // Files that hold nothing but the name.
  for (const char* path : {"etc/hostname", "etc/HOSTNAME", "etc/nodename", "etc/myname"})
    if (const auto text = files.text(path)) {
      std::string_view name = first_line(*text);
      take_name(out, take_word(name), files.path(path));
    }
  struct Assignment {
    const char* path;
    std::string_view key;
  };
  static constexpr Assignment kAssignments[] = {
      {"etc/sysconfig/network", "HOSTNAME"}, {"etc/conf.d/hostname", "hostname"}, {"etc/conf.d/hostname", "HOSTNAME"},
      {"etc/rc.conf", "hostname"},           {"etc/rc.conf.local", "hostname"},   {"etc/rc.conf", "HOSTNAME"}};
  for (const Assignment& a : kAssignments)
    if (const auto text = files.text(a.path))
      if (const auto name = shell_value(*text, a.key)) take_name(out, *name, files.path(a.path));
  read_hosts(files, out);
  if (const auto text = files.text("etc/mailname")) {
    std::string_view name = first_line(*text);
    name = take_word(name);
    if (!out.host_name.empty() && equals_ignore_case(name.substr(0, name.find('.')), out.host_name))
      add_alias(out, name);
  }
}

}  // namespace necropsy
