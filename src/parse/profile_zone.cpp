// SPDX-License-Identifier: Apache-2.0
// The machine's time zone: its rules as the bytes of a TZif file, its name, and where both come from.
// Sources: RFC 8536 (TZif), tzfile(5), the manual pages of localtime and timezone, sysconfig/clock of Red Hat and SUSE,
// init(4) of Solaris, adjtime_config(5).
#include <algorithm>
#include <cstring>
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/bytes.hpp"
#include "base/time_zone.hpp"
#include "parse/profile_reader.hpp"
#include "parse/profile_text.hpp"

namespace necropsy {
namespace {

constexpr size_t kZoneLimit = 256 * 1024;
constexpr size_t kMaxZoneFiles = 4000;
constexpr const char* kZoneFolders[] = {"usr/share/zoneinfo", "usr/lib/zoneinfo", "usr/share/lib/zoneinfo",
                                        "var/db/timezone/zoneinfo", "etc/zoneinfo"};

struct Counts {
  uint32_t utc_local = 0, standard_wall = 0, leaps = 0, times = 0, types = 0, chars = 0;
};

std::optional<Counts> counts_at(const ByteReader& in, size_t at) {
  if (as_text(in.slice(at, 4)) != "TZif" || !in.has(at, 44)) return std::nullopt;
  return Counts{*in.u32be(at + 20), *in.u32be(at + 24), *in.u32be(at + 28),
                *in.u32be(at + 32), *in.u32be(at + 36), *in.u32be(at + 40)};
}

// Bytes of the block behind a header; times have `width` bytes.
uint64_t block_size(const Counts& c, uint64_t width) {
  return uint64_t{c.times} * (width + 1) + uint64_t{c.types} * 6 + c.chars + uint64_t{c.leaps} * (width + 4) +
         c.standard_wall + c.utc_local;
}

// `CST/CDT`: the abbreviations of a version 1 file, which has no footer.
std::string abbreviations(std::string_view tzif) {
  const ByteReader in(as_bytes(tzif));
  const auto c = counts_at(in, 0);
  if (!c) return {};
  const uint64_t types = 44 + uint64_t{c->times} * 5;
  const uint64_t chars = types + uint64_t{c->types} * 6;
  std::string out;
  std::set<std::string> seen;
  const uint32_t last = std::min<uint32_t>(c->types, 256);
  for (uint32_t i = 0; i < last; ++i) {
    const auto index = in.u8(types + uint64_t{i} * 6 + 5);
    if (!index) break;
    const std::string name(in.padded_text(chars + *index, 8));
    if (name.empty() || name == "LMT" || !seen.insert(name).second) continue;
    out += (out.empty() ? "" : "/") + displayable(name);
  }
  return out;
}

std::string describe(std::string_view tzif) {
  const std::string_view footer = tzif_footer(tzif);
  return footer.empty() ? abbreviations(tzif) : displayable(footer);
}

// `Europe/Berlin` of `/usr/share/zoneinfo/Europe/Berlin`, `../usr/share/zoneinfo/posix/Europe/Berlin` …
std::string zone_of_path(std::string_view path) {
  const size_t at = path.rfind("zoneinfo");
  if (at == std::string_view::npos) return {};
  path.remove_prefix(at);
  take_until(path, "/");
  for (std::string_view prefix : {"posix/", "right/", "uclibc/"}) eat(path, prefix);
  return std::string(path);
}

bool is_zone_text(std::string_view name) {
  if (name.empty() || name.size() > 64 || name.find("..") != std::string_view::npos || name.front() == '/')
    return false;
  for (char c : name) {
    const char l = lower(c);
    if (!is_digit(c) && !(l >= 'a' && l <= 'z') && c != '/' && c != '_' && c != '-' && c != '+') return false;
  }
  return true;
}

bool is_tzif(std::string_view bytes) { return TimeZone::from_tzif(bytes).has_value(); }

// The zone file of that name in the image.
std::optional<std::string> zone_file(const ProfileFiles& files, std::string_view name, std::string& path) {
  if (!is_zone_text(name)) return std::nullopt;
  for (const char* folder : kZoneFolders) {
    const std::string below_root = fmt::format("{}/{}", folder, name);
    auto bytes = files.text(below_root, kZoneLimit);
    if (!bytes || !is_tzif(*bytes)) continue;
    path = files.path(below_root);
    return bytes;
  }
  return std::nullopt;
}

struct Named {
  std::string name, path;
};

// Names the image gives in text, most credible first.
std::vector<Named> written_names(const ProfileFiles& files, HostProfile& out) {
  std::vector<Named> found;
  const auto add = [&](std::string name, std::string_view below_root) {
    name = std::string(trim(name));
    if (name.starts_with(':')) name.erase(0, 1);
    if (const std::string from_path = zone_of_path(name); !from_path.empty()) name = from_path;
    if (name.empty()) return;
    // Red Hat once wrote blanks where the file has underscores.
    std::replace(name.begin(), name.end(), ' ', '_');
    if (!is_zone_text(name)) {
      // A rule in text (TZ=EST5EDT,M3.2.0,M11.1.0) names no file.
      add_note(out, "zone_rule", displayable(name.substr(0, 100)), files.path(below_root));
      return;
    }
    found.push_back({name, files.path(below_root)});
  };
  if (const auto text = files.text("etc/timezone")) add(std::string(first_line(*text)), "etc/timezone");
  struct Assignment {
    const char* path;
    const char* key;
  };
  static constexpr Assignment kAssignments[] = {{"etc/sysconfig/clock", "ZONE"},  {"etc/sysconfig/clock", "TIMEZONE"},
                                                {"etc/conf.d/clock", "TIMEZONE"}, {"etc/rc.conf", "TIMEZONE"},
                                                {"etc/TIMEZONE", "TZ"},           {"etc/default/init", "TZ"}};
  for (const Assignment& a : kAssignments)
    if (const auto text = files.text(a.path))
      if (auto value = shell_value(*text, a.key)) add(std::move(*value), a.path);
  if (const auto text = files.text("var/db/zoneinfo")) add(std::string(first_line(*text)), "var/db/zoneinfo");
  if (const auto entry = files.entry("etc/localtime-copied-from"))  // Slackware
    add(entry->target, "etc/localtime-copied-from");
  return found;
}

// Rank of a name among those with the same rules: canonical ones first, then Area/City, aliases last.
int rank_of(const std::string& name, const std::set<std::string, std::less<>>& canonical) {
  if (canonical.contains(name)) return 0;
  static constexpr std::string_view kAliasAreas[] = {"Etc/",   "US/",     "Canada/",  "Brazil/",
                                                     "Chile/", "Mexico/", "SystemV/", "Arctic/"};
  for (std::string_view area : kAliasAreas)
    if (name.starts_with(area)) return 2;
  return name.find('/') == std::string::npos ? 3 : 1;
}

// All zones of the image whose file holds these very bytes.
std::vector<std::string> zones_with_bytes(const ProfileFiles& files, std::string_view bytes) {
  std::vector<std::string> found;
  for (const char* root : kZoneFolders) {
    std::vector<std::string> folders = {""};
    size_t looked_at = 0;
    for (size_t next = 0; next < folders.size() && looked_at < kMaxZoneFiles; ++next) {
      const std::string folder = folders[next];
      for (const FileRecord& entry :
           files.entries(folder.empty() ? std::string(root) : fmt::format("{}/{}", root, folder))) {
        if (++looked_at > kMaxZoneFiles) break;
        const std::string name = entry.path.substr(entry.path.rfind('/') + 1);
        const std::string zone = folder.empty() ? name : folder + "/" + name;
        if (entry.type == FileType::directory) {
          if (name != "posix" && name != "right" && folders.size() < 64) folders.push_back(zone);
          continue;
        }
        if (entry.type != FileType::regular || entry.size != static_cast<int64_t>(bytes.size())) continue;
        if (name == "localtime" || name == "posixrules") continue;
        if (const auto content = files.text(fmt::format("{}/{}", root, zone), kZoneLimit); content && *content == bytes)
          found.push_back(zone);
      }
    }
    if (!found.empty()) break;
  }
  std::set<std::string, std::less<>> canonical;
  for (const char* root : kZoneFolders)
    for (const char* table : {"zone1970.tab", "zone.tab"}) {
      if (!canonical.empty()) break;
      const auto text = files.text(fmt::format("{}/{}", root, table));
      if (!text) continue;
      for_each_line(*text, [&](uint64_t, std::string_view line) {
        const auto fields = split(line, '\t');
        if (fields.size() > 2 && !line.starts_with('#')) canonical.emplace(fields[2]);
      });
    }
  std::sort(found.begin(), found.end(), [&](const std::string& a, const std::string& b) {
    const int left = rank_of(a, canonical), right = rank_of(b, canonical);
    return left != right ? left < right : a < b;
  });
  return found;
}

// A zone file of UTC, as zic writes it.
std::string utc_file() {
  std::string block = std::string("TZif2") + std::string(15, '\0');
  for (const uint32_t count : {0u, 0u, 0u, 0u, 1u, 4u})
    for (int shift = 24; shift >= 0; shift -= 8) block += static_cast<char>(count >> shift & 0xFF);
  block += std::string(6, '\0') + std::string("UTC\0", 4);
  return block + block + "\nUTC0\n";
}

// Takes the rules of the zone `name`: from the image, else from this machine's database, which is said.
bool take_by_name(const ProfileFiles& files, HostProfile& out, const std::string& name, const std::string& source) {
  std::string path;
  if (auto bytes = zone_file(files, name, path)) {
    out.zone_tzif = std::move(*bytes);
    out.zone_source = source;
  } else if (auto known = TimeZone::tzif_of(name)) {
    out.zone_tzif = std::move(*known);
    out.zone_source = source + "; the image holds no file of that zone: rules of this machine's zone database";
  } else {
    return false;
  }
  out.zone_name = name;
  return true;
}

void read_clock_mode(const ProfileFiles& files, HostProfile& out) {
  const auto text = files.text("etc/adjtime");
  if (!text) return;
  for_each_line(*text, [&](uint64_t number, std::string_view line) {
    if (number == 3 && (trim(line) == "UTC" || trim(line) == "LOCAL"))
      add_note(out, "hardware_clock", std::string(trim(line)), files.path("etc/adjtime"));
  });
}

}  // namespace

std::string_view tzif_footer(std::string_view tzif) {
  const ByteReader in(as_bytes(tzif));
  const auto first = counts_at(in, 0);
  if (!first || tzif[4] < '2') return {};
  const uint64_t second_at = 44 + block_size(*first, 4);
  if (second_at > tzif.size()) return {};
  const auto second = counts_at(in, second_at);
  if (!second) return {};
  const uint64_t footer_at = second_at + 44 + block_size(*second, 8);
  if (footer_at >= tzif.size() || tzif[footer_at] != '\n') return {};
  std::string_view rest = tzif.substr(footer_at + 1);
  const size_t end = rest.find('\n');
  return end == std::string_view::npos ? std::string_view() : rest.substr(0, end);
}

void read_time_zone(const ProfileFiles& files, HostProfile& out) {
  read_clock_mode(files, out);
  const std::string path = files.path("etc/localtime");
  const std::vector<Named> names = written_names(files, out);
  const auto entry = files.entry("etc/localtime");
  const bool link = entry && entry->type == FileType::symlink;
  const std::string linked = link ? zone_of_path(entry->target) : std::string();
  auto bytes = files.text("etc/localtime", kZoneLimit);
  if (bytes && !is_tzif(*bytes)) {
    add_note(out, "malformed", "not a zone file", path);
    bytes.reset();
  }

  if (is_zone_text(linked)) {
    const std::string source = fmt::format("{} -> {}", path, entry->target);
    if (bytes) {
      out.zone_name = linked;
      out.zone_tzif = std::move(*bytes);
      out.zone_source = source;
    } else if (!take_by_name(files, out, linked, source)) {
      out.zone_name = linked;
      out.zone_source = source + "; no file of that zone was found, so local times are taken as UTC";
    }
  } else if (bytes) {
    out.zone_tzif = std::move(*bytes);
    std::string zone_path;
    // A name that is written down counts when its file has the same rules.
    for (const Named& named : names) {
      const auto content = zone_file(files, named.name, zone_path);
      const bool same = content ? *content == out.zone_tzif || (!tzif_footer(*content).empty() &&
                                                                tzif_footer(*content) == tzif_footer(out.zone_tzif))
                                : false;
      if (!same && content) continue;
      out.zone_name = named.name;
      out.zone_source = fmt::format("{}; its name from {}", path, named.path);
      break;
    }
    if (out.zone_name.empty()) {
      const std::vector<std::string> same = zones_with_bytes(files, out.zone_tzif);
      if (!same.empty()) {
        out.zone_name = same.front();
        out.zone_source = fmt::format("{}; its name by comparing with the image's zone files", path);
        if (same.size() > 1) {
          std::string others;
          for (size_t i = 1; i < same.size() && i < 12; ++i) others += (i > 1 ? ", " : "") + same[i];
          add_note(out, "zone_same_rules", others, path);
        }
      } else {
        out.zone_name = describe(out.zone_tzif);
        out.zone_source = fmt::format("{}; no zone file of the image is the same, so it has no name", path);
      }
    }
  } else {
    for (const Named& named : names)
      if (take_by_name(files, out, named.name, named.path)) break;
  }

  for (const Named& named : names) {
    if (out.zone_name.empty() || named.name == out.zone_name) continue;
    std::string other_path;
    const auto content = zone_file(files, named.name, other_path);
    if (content && *content == out.zone_tzif) continue;
    add_note(out, "zone_conflict", fmt::format("{} is written here; {} is in force", named.name, out.zone_name),
             named.path);
  }
  if (!out.zone_source.empty()) return;
  if (!names.empty()) {
    out.zone_name = names.front().name;
    out.zone_source = names.front().path + "; no file of that zone was found, so local times are taken as UTC";
  } else if (!entry && files.record("etc/passwd")) {
    // The C library takes UTC where there is no zone file; so does everything that logs through it.
    out.zone_name = "UTC";
    out.zone_tzif = utc_file();
    out.zone_source = fmt::format("there is no {}: the system then takes UTC", path);
  } else {
    out.zone_source =
        entry ? fmt::format("{} is there but could not be read", path) : fmt::format("the evidence holds no {}", path);
  }
}

}  // namespace necropsy
