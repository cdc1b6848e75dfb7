// SPDX-License-Identifier: Apache-2.0
#include "parse/profile_reader.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "parse/profile_text.hpp"

namespace necropsy {

std::optional<std::string> ProfileFiles::text(std::string_view below_root, size_t limit) const {
  return read ? read(path(below_root), limit) : std::nullopt;
}
std::vector<FileRecord> ProfileFiles::entries(std::string_view below_root) const {
  return list ? list(path(below_root)) : std::vector<FileRecord>();
}
std::optional<FileRecord> ProfileFiles::record(std::string_view below_root) const {
  return find ? find(path(below_root)) : std::nullopt;
}
std::optional<FileRecord> ProfileFiles::entry(std::string_view below_root) const {
  const size_t slash = below_root.rfind('/');
  const std::string_view folder = slash == std::string_view::npos ? std::string_view() : below_root.substr(0, slash);
  const std::string_view name = slash == std::string_view::npos ? below_root : below_root.substr(slash + 1);
  for (FileRecord& record : entries(folder)) {
    const std::string_view path = record.path;
    if (path.substr(path.rfind('/') + 1) == name) return std::move(record);
  }
  return std::nullopt;
}

std::string_view without_comment(std::string_view line) {
  for (size_t at = line.find('#'); at != std::string_view::npos; at = line.find('#', at + 1))
    if (at == 0 || is_space(line[at - 1])) {
      line = line.substr(0, at);
      break;
    }
  return trim(line);
}

std::string unquoted(std::string_view value) {
  value = trim(value);
  if (!value.empty() && (value.front() == '"' || value.front() == '\'')) {
    const char quote = value.front();
    std::string out;
    for (size_t i = 1; i < value.size() && value[i] != quote; ++i) {
      if (quote == '"' && value[i] == '\\' && i + 1 < value.size()) ++i;
      out += value[i];
    }
    return out;
  }
  return std::string(value.substr(0, value.find_first_of(" \t;#")));
}

std::optional<std::string> shell_value(std::string_view text, std::string_view key) {
  std::optional<std::string> found;
  for_each_line(text, [&](uint64_t, std::string_view line) {
    line = trim(line);
    eat(line, "export ");
    line = trim(line);
    if (!eat(line, key) || !line.starts_with('=')) return;
    found = unquoted(line.substr(1));
  });
  return found;
}

std::string_view first_line(std::string_view text) {
  while (!text.empty()) {
    const std::string_view line = trim(take_until(text, "\n"));
    if (!line.empty() && !line.starts_with('#')) return line;
  }
  return {};
}

namespace {
constexpr uint64_t kNotesInFull = 20;
}

void Malformed::line(uint64_t number, std::string_view why) {
  if (++count_ <= kNotesInFull) add_note(out_, "malformed", fmt::format("line {}: {}", number, why), path_);
}
Malformed::~Malformed() {
  if (count_ > kNotesInFull)
    add_note(out_, "malformed", fmt::format("{} more lines were not understood", count_ - kNotesInFull), path_);
}

bool is_host_name(std::string_view name) {
  if (name.empty() || name.size() > 253 || name.front() == '.' || name.front() == '-') return false;
  bool letter = false;
  for (char c : name) {
    const char l = lower(c);
    const bool word = (l >= 'a' && l <= 'z') || c == '_';
    if (!word && !is_digit(c) && c != '-' && c != '.') return false;
    letter |= word || c == '-';
  }
  // Four numbers are an address; a bare number is a legal name of a machine.
  return letter || name.find('.') == std::string_view::npos;
}

void add_address(HostProfile& out, std::string_view text) {
  text = trim(text);
  text = text.substr(0, text.find('/'));
  const auto ip = canonical_ip(text);
  if (!ip || ip->starts_with("127.") || *ip == "::1" || *ip == "0.0.0.0" || *ip == "::" || ip->starts_with("fe80:"))
    return;
  if (std::find(out.ip_addresses.begin(), out.ip_addresses.end(), *ip) == out.ip_addresses.end())
    out.ip_addresses.push_back(*ip);
}

void add_alias(HostProfile& out, std::string_view name) {
  if (!is_host_name(name) || name == out.host_name) return;
  if (std::find(out.host_aliases.begin(), out.host_aliases.end(), name) == out.host_aliases.end())
    out.host_aliases.emplace_back(name);
}

HostProfile read_profile(const ProfileFiles& files, const ProfileOptions& options) {
  HostProfile out;
  read_os_identity(files, out);
  // On Windows all else stands in the registry.
  if (out.os == OsFamily::windows) {
    out.zone_source = "the registry was not read";
    return out;
  }
  read_host_names(files, out);
  read_time_zone(files, out);
  read_accounts(files, out);
  read_mounts(files, out);
  read_addresses(files, out);
  read_install_time(files, options, out);
  return out;
}

}  // namespace necropsy
