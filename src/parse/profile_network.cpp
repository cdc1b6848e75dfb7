// SPDX-License-Identifier: Apache-2.0
// Mounts and the machine's own addresses.
// Sources: fstab(5), vfstab(4), interfaces(5), sysconfig.txt of initscripts, ifcfg(5) of SUSE, netplan's YAML
// reference, nm-settings-keyfile(5), systemd.network(5), dhclient.leases(5), rc.conf(5), hostname.if(5).
#include <fmt/format.h>

#include "parse/profile_reader.hpp"
#include "parse/profile_text.hpp"

namespace necropsy {
namespace {

constexpr size_t kMaxFiles = 200;  // of one folder

std::string_view last_component(std::string_view path) { return path.substr(path.rfind('/') + 1); }

// Calls `read(name, text)` for the regular files of a folder.
template <class Function>
void for_each_file(const ProfileFiles& files, const std::string& folder, Function&& read) {
  size_t count = 0;
  for (const FileRecord& entry : files.entries(folder)) {
    if (entry.type != FileType::regular && entry.type != FileType::symlink) continue;
    if (++count > kMaxFiles) return;
    const std::string name(last_component(entry.path));
    if (const auto text = files.text(folder + "/" + name)) read(name, *text);
  }
}

void read_interfaces(std::string_view text, HostProfile& out) {
  for_each_line(text, [&](uint64_t, std::string_view line) {
    line = without_comment(line);
    const std::string_view key = take_word(line);
    if (key == "address") add_address(out, take_word(line));
  });
}

// IPADDR=, IPADDR0=, IPADDR_1=, IPV6ADDR=, IPV6ADDR_SECONDARIES="a b"
void read_ifcfg(std::string_view text, HostProfile& out) {
  for_each_line(text, [&](uint64_t, std::string_view line) {
    line = trim(line);
    const std::string_view key = trim(take_until(line, "="));
    if (!key.starts_with("IPADDR") && !key.starts_with("IPV6ADDR")) return;
    const std::string value = unquoted(line);
    for (std::string_view rest = value; !rest.empty();) add_address(out, take_word(rest));
  });
}

// `key: [a, b]`, or `- a` lines below `key:`; by indentation, which is all that netplan files need.
void read_netplan(std::string_view text, HostProfile& out) {
  struct Level {
    size_t indent;
    std::string key;
  };
  std::vector<Level> levels;
  const auto take = [&](std::string_view value) {
    for (std::string_view one : split(value, ',')) {
      while (!one.empty() && (one.front() == '[' || is_space(one.front()))) one.remove_prefix(1);
      while (!one.empty() && (one.back() == ']' || one.back() == ':' || is_space(one.back()))) one.remove_suffix(1);
      if (one.size() > 1 && (one.front() == '"' || one.front() == '\'')) one = one.substr(1, one.size() - 2);
      add_address(out, one);
    }
  };
  const auto own = [&] {
    if (levels.empty() || levels.back().key != "addresses") return false;
    for (const Level& level : levels)
      if (level.key == "nameservers") return false;
    return true;
  };
  for_each_line(text, [&](uint64_t, std::string_view line) {
    const size_t indent = line.find_first_not_of(' ');
    if (indent == std::string_view::npos) return;
    line = without_comment(line);
    if (line.empty()) return;
    if (eat(line, "- ")) {
      while (!levels.empty() && levels.back().indent > indent) levels.pop_back();
      if (own()) take(line);
      return;
    }
    while (!levels.empty() && levels.back().indent >= indent) levels.pop_back();
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos || levels.size() > 32) return;
    levels.push_back({indent, unquoted(line.substr(0, colon))});
    if (own()) take(trim(line.substr(colon + 1)));
  });
}

// `address1=192.0.2.1/24,192.0.2.254`, `addresses=…;`, `Address=` of systemd-networkd
void read_keyfile(std::string_view text, HostProfile& out) {
  for_each_line(text, [&](uint64_t, std::string_view line) {
    line = trim(line);
    const std::string key = to_lower(trim(take_until(line, "=")));
    if (!key.starts_with("address")) return;
    for (std::string_view part : split(line, ';')) add_address(out, part.substr(0, part.find(',')));
  });
}

// Client leases: `fixed-address 192.0.2.1;`
void read_leases(std::string_view text, HostProfile& out) {
  for_each_line(text, [&](uint64_t, std::string_view line) {
    line = trim(line);
    if (!eat(line, "fixed-address")) return;
    eat(line, "6");
    line = trim(line);
    add_address(out, line.substr(0, line.find(';')));
  });
}

// `ifconfig_em0="inet 192.0.2.1 netmask …"` of FreeBSD and NetBSD, `inet 192.0.2.1 …` of OpenBSD's hostname.if
void read_inet_words(std::string_view text, HostProfile& out) {
  while (!text.empty()) {
    std::string_view word = take_word(text);
    while (!word.empty() && (word.front() == '"' || word.front() == '\'')) word.remove_prefix(1);
    if (word != "inet" && word != "inet6") continue;
    std::string_view next = take_word(text);
    if (next == "alias") next = take_word(text);
    add_address(out, next.substr(0, next.find_first_of("\"'")));
  }
}

// fstab writes blanks and tabs as \040 and \011.
std::string unescaped(std::string_view field) {
  std::string out;
  for (size_t i = 0; i < field.size(); ++i) {
    if (field[i] == '\\' && i + 3 < field.size())
      if (const auto code = to_number<unsigned>(field.substr(i + 1, 3), 8); code && *code < 256) {
        out += static_cast<char>(*code);
        i += 3;
        continue;
      }
    out += field[i];
  }
  return out;
}

}  // namespace

std::vector<MountEntry> read_fstab(std::string_view text, std::vector<ProfileNote>& notes,
                                   std::string_view source_path) {
  HostProfile out;
  const bool vfstab = source_path.ends_with("vfstab");
  {
    Malformed malformed(out, std::string(source_path));
    for_each_line(text, [&](uint64_t number, std::string_view line) {
      line = without_comment(line);
      if (line.empty()) return;
      MountEntry mount;
      mount.device = unescaped(take_word(line));
      if (vfstab) take_word(line);  // the raw device that fsck takes
      mount.mount_point = unescaped(take_word(line));
      mount.type = std::string(take_word(line));
      if (mount.mount_point.empty()) return malformed.line(number, "no mount point");
      // Swap and its like have none, or -.
      if (!mount.mount_point.starts_with('/')) return;
      while (mount.mount_point.size() > 1 && mount.mount_point.ends_with('/')) mount.mount_point.pop_back();
      out.mounts.push_back(std::move(mount));
    });
  }
  notes.insert(notes.end(), out.notes.begin(), out.notes.end());
  return std::move(out.mounts);
}

void read_mounts(const ProfileFiles& files, HostProfile& out) {
  for (const char* path : {"etc/fstab", "etc/vfstab"})
    if (const auto text = files.text(path)) {
      auto mounts = read_fstab(*text, out.notes, files.path(path));
      out.mounts.insert(out.mounts.end(), std::make_move_iterator(mounts.begin()),
                        std::make_move_iterator(mounts.end()));
    }
}

void read_addresses(const ProfileFiles& files, HostProfile& out) {
  if (const auto text = files.text("etc/network/interfaces")) read_interfaces(*text, out);
  for_each_file(files, "etc/network/interfaces.d",
                [&](const std::string&, std::string_view text) { read_interfaces(text, out); });
  for (const char* folder : {"etc/sysconfig/network-scripts", "etc/sysconfig/network"})
    for_each_file(files, folder, [&](const std::string& name, std::string_view text) {
      if (name.starts_with("ifcfg-") && !name.ends_with(".bak") && !name.ends_with(".rpmsave")) read_ifcfg(text, out);
    });
  for_each_file(files, "etc/netplan", [&](const std::string& name, std::string_view text) {
    if (name.ends_with(".yaml") || name.ends_with(".yml")) read_netplan(text, out);
  });
  for (const char* folder : {"etc/NetworkManager/system-connections", "etc/systemd/network"})
    for_each_file(files, folder, [&](const std::string&, std::string_view text) { read_keyfile(text, out); });
  for (const char* folder :
       {"var/lib/dhcp", "var/lib/dhcp3", "var/lib/dhclient", "var/lib/NetworkManager", "var/db", "var/lib/dhcpcd"})
    for_each_file(files, folder, [&](const std::string& name, std::string_view text) {
      // A server's leases are other machines' addresses.
      if (name.starts_with("dhcpd")) return;
      if (contains(name, "lease")) read_leases(text, out);
      if (name.ends_with(".lease"))
        if (const auto address = shell_value(text, "ADDRESS")) add_address(out, *address);
    });
  for (const char* path : {"etc/rc.conf", "etc/rc.conf.local"})
    if (const auto text = files.text(path))
      for_each_line(*text, [&](uint64_t, std::string_view line) {
        line = trim(line);
        if (!line.starts_with("ifconfig_") && !line.starts_with("ipv6_ifconfig_")) return;
        take_until(line, "=");
        read_inet_words(line, out);
      });
  if (out.os == OsFamily::bsd)
    for (const FileRecord& entry : files.entries("etc")) {
      const std::string name(last_component(entry.path));
      if (!name.starts_with("hostname.") || entry.type != FileType::regular) continue;
      if (const auto text = files.text("etc/" + name)) read_inet_words(*text, out);
    }
}

}  // namespace necropsy
