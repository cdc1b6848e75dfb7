// SPDX-License-Identifier: Apache-2.0
#include "parse/dpkg_database.hpp"

#include <algorithm>
#include <map>
#include <unordered_map>
#include <unordered_set>

#include <fmt/format.h>

#include "parse/profile_text.hpp"

namespace necropsy {
namespace {

constexpr size_t kStatusLimit = 256 << 20;
constexpr size_t kListLimit = 64 << 20;  // one package's list: kernel and texlive packages have some MiB
constexpr size_t kMaxPath = 4096;

std::string_view last_component(std::string_view path) { return path.substr(path.rfind('/') + 1); }

bool is_md5(std::string_view text) {
  return text.size() == 32 && text.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

struct Package {
  std::string name, architecture, version;
  std::vector<std::pair<std::string, std::string>> conffiles;  // path, md5 or empty
};

// Stanzas of status: fields `Name: value`, continuation lines begin with a blank.
void read_status(std::string_view text, std::vector<Package>& out) {
  Package package;
  bool in_conffiles = false;
  const auto keep = [&] {
    if (!package.name.empty()) out.push_back(std::move(package));
    package = Package{};
    in_conffiles = false;
  };
  for_each_line(text, [&](uint64_t, std::string_view line) {
    if (trim(line).empty()) return keep();
    if (line.front() == ' ' || line.front() == '\t') {
      if (!in_conffiles) return;
      // ` /etc/file with blanks md5[ obsolete][ remove-on-upgrade]`
      line = trim(line);
      for (std::string_view flag : {" remove-on-upgrade", " obsolete"})
        if (line.ends_with(flag)) line = trim(line.substr(0, line.size() - flag.size()));
      const size_t blank = line.rfind(' ');
      if (blank == std::string_view::npos || !line.starts_with('/')) return;
      const std::string_view md5 = line.substr(blank + 1);  // `newconffile` before the first configuration
      package.conffiles.emplace_back(trim(line.substr(0, blank)), is_md5(md5) ? to_lower(md5) : std::string());
      return;
    }
    const std::string_view field = trim(take_until(line, ":"));
    const std::string_view value = trim(line);
    in_conffiles = equals_ignore_case(field, "Conffiles");
    if (equals_ignore_case(field, "Package")) package.name = std::string(value);
    if (equals_ignore_case(field, "Architecture")) package.architecture = std::string(value);
    if (equals_ignore_case(field, "Version")) package.version = std::string(value);
  });
  keep();
}

struct Diversion {
  std::string to, by;  // by: package whose own file keeps its place, `:` for the administrator
};

class Database {
 public:
  Database(const ProfileFiles& files, const std::function<void(PackageFile)>& found,
           const std::function<void(Problem)>& problem)
      : files_(files), found_(found), problem_(problem), merged_(MergedFolders::of(files)) {}

  size_t read() {
    std::vector<Package> packages;
    if (const auto status = files_.text("var/lib/dpkg/status", kStatusLimit)) {
      read_status(*status, packages);
      if (packages.empty() && !trim(*status).empty()) tell("var/lib/dpkg/status", "malformed", "no package in it");
    }
    read_diversions();
    index_info("var/lib/dpkg/info");
    // Slim images keep one stanza a file and the sums beside it.
    for (const FileRecord& entry : files_.entries("var/lib/dpkg/status.d")) {
      const std::string name(last_component(entry.path));
      if (entry.type != FileType::regular || name.ends_with(".md5sums")) continue;
      if (const auto stanza = files_.text("var/lib/dpkg/status.d/" + name)) read_status(*stanza, packages);
    }
    index_info("var/lib/dpkg/status.d");

    size_t count = 0;
    std::unordered_set<std::string> seen;
    for (const Package& package : packages) {
      const Lists lists = lists_of(package);
      if (lists.list.empty() && lists.sums.empty() && package.conffiles.empty()) continue;
      seen.insert(lists.list);
      seen.insert(lists.sums);
      tell_package(package, lists);
      ++count;
    }
    // Lists of packages that status does not know: status is damaged, or was edited.
    for (const std::string& path : in_order_) {
      if (!path.ends_with(".list") || seen.contains(path)) continue;
      Package package;
      std::string_view name = last_component(path);
      name.remove_suffix(5);
      package.architecture = std::string(name);
      package.name = std::string(name.substr(0, name.find(':')));
      tell(path, "unknown-package", fmt::format("status does not know the package {}", displayable(name)));
      std::string sums = path.substr(0, path.size() - 5) + ".md5sums";
      tell_package(package, Lists{path, info_.contains(sums) ? sums : std::string()});
      ++count;
    }
    return count;
  }

 private:
  struct Lists {
    std::string list, sums;  // paths below the root; empty for none
  };

  void tell(std::string_view below_root, std::string code, std::string what) {
    if (problem_)
      problem_(Problem{.stage = Stage::parse,
                       .severity = Severity::warning,
                       .code = std::move(code),
                       .what = std::move(what),
                       .file_path = files_.path(below_root),
                       .offset = {},
                       .length = {}});
  }

  void index_info(const std::string& folder) {
    for (const FileRecord& entry : files_.entries(folder)) {
      const std::string path = folder + "/" + std::string(last_component(entry.path));
      if (!path.ends_with(".list") && !path.ends_with(".md5sums")) continue;
      info_.emplace(path, entry.modified);
      in_order_.push_back(path);
    }
    std::sort(in_order_.begin(), in_order_.end());
  }

  // info/name.list, or info/name:arch.list for packages that may be there in several architectures.
  Lists lists_of(const Package& package) const {
    Lists lists;
    for (const char* folder : {"var/lib/dpkg/info/", "var/lib/dpkg/status.d/"})
      for (const std::string& stem : {package.name + ":" + package.architecture, package.name}) {
        if (lists.list.empty() && info_.contains(folder + stem + ".list")) lists.list = folder + stem + ".list";
        if (lists.sums.empty() && info_.contains(folder + stem + ".md5sums")) lists.sums = folder + stem + ".md5sums";
      }
    return lists;
  }

  // Three lines each: the path, where it was diverted to, by which package.
  void read_diversions() {
    const auto text = files_.text("var/lib/dpkg/diversions");
    if (!text) return;
    std::vector<std::string_view> lines;
    for_each_line(*text, [&](uint64_t, std::string_view line) { lines.push_back(line); });
    if (lines.size() % 3 != 0)
      tell("var/lib/dpkg/diversions", "truncated", fmt::format("{} lines are not groups of three", lines.size()));
    for (size_t i = 0; i + 2 < lines.size(); i += 3)
      diversions_[std::string(lines[i])] = {std::string(lines[i + 1]), std::string(lines[i + 2])};
  }

  std::string place_of(std::string_view path, const std::string& package) const {
    if (const auto found = diversions_.find(std::string(path));
        found != diversions_.end() && found->second.by != package)
      path = found->second.to;
    return merged_.canonical_package_path(path);
  }

  void tell_package(const Package& package, const Lists& lists) {
    PackageFile file;
    file.package = package.name;
    file.version = package.version;
    if (const auto found = info_.find(lists.list.empty() ? lists.sums : lists.list); found != info_.end())
      file.installed = found->second;

    std::unordered_map<std::string, std::string> sums;  // as listed, with the leading slash
    std::vector<std::string> order;                     // of what is in sums
    if (!lists.sums.empty()) {
      const auto text = files_.text(lists.sums, kListLimit);
      if (!text) tell(lists.sums, "read-error", "the file could not be read");
      uint64_t bad = 0;
      for_each_line(text ? *text : std::string_view(), [&](uint64_t, std::string_view line) {
        if (trim(line).empty()) return;
        const std::string_view md5 = line.substr(0, line.find(' '));
        std::string_view path = line.substr(md5.size());
        while (path.starts_with(' ') || path.starts_with('*')) path.remove_prefix(1);
        if (!is_md5(md5) || path.empty() || path.size() > kMaxPath) {
          ++bad;
          return;
        }
        while (path.starts_with("./")) path.remove_prefix(2);
        std::string full = path.starts_with('/') ? std::string(path) : "/" + std::string(path);
        if (sums.emplace(full, to_lower(md5)).second) order.push_back(std::move(full));
      });
      if (bad) tell(lists.sums, "malformed", fmt::format("{} lines are not a sum and a path", bad));
    }
    std::unordered_map<std::string, std::string> conffiles(package.conffiles.begin(), package.conffiles.end());

    const auto hand_out = [&](const std::string& path, std::string md5, bool conffile) {
      file.path = place_of(path, package.name);
      file.md5 = std::move(md5);
      file.conffile = conffile;
      found_(file);
    };
    std::unordered_set<std::string> told;
    if (!lists.list.empty()) {
      const auto text = files_.text(lists.list, kListLimit);
      if (!text) tell(lists.list, "read-error", "the file could not be read");
      std::vector<std::string> paths;
      std::unordered_set<std::string> folders;
      uint64_t bad = 0;
      for_each_line(text ? *text : std::string_view(), [&](uint64_t, std::string_view line) {
        if (line.empty() || line == "/." || line == "/") return;
        if (!line.starts_with('/') || line.size() > kMaxPath) {
          ++bad;
          return;
        }
        // The list names folders too: those that something else lies in are known to be such.
        for (size_t slash = line.rfind('/'); slash != 0 && slash != std::string_view::npos;
             slash = line.rfind('/', slash - 1))
          if (!folders.emplace(line.substr(0, slash)).second) break;
        paths.emplace_back(line);
      });
      if (bad) tell(lists.list, "malformed", fmt::format("{} lines are no absolute path", bad));
      for (const std::string& path : paths) {
        const auto sum = sums.find(path);
        const auto conf = conffiles.find(path);
        if (sum == sums.end() && conf == conffiles.end() && folders.contains(path)) continue;
        if (!told.insert(path).second) continue;
        if (conf != conffiles.end())
          hand_out(path, conf->second, true);
        else
          hand_out(path, sum == sums.end() ? std::string() : sum->second, false);
      }
    }
    for (const std::string& path : order)
      if (told.insert(path).second) hand_out(path, sums[path], conffiles.contains(path));
    for (const auto& [path, md5] : package.conffiles)
      if (told.insert(path).second) hand_out(path, md5, true);
  }

  const ProfileFiles& files_;
  const std::function<void(PackageFile)>& found_;
  const std::function<void(Problem)>& problem_;
  MergedFolders merged_;
  std::unordered_map<std::string, std::optional<Timestamp>> info_;  // path below the root, modified time
  std::vector<std::string> in_order_;
  std::unordered_map<std::string, Diversion> diversions_;
};

// `target` of a link that lies in `folder`, as an absolute path.
std::string absolute(std::string_view folder, std::string_view target) {
  std::string joined = target.starts_with('/') ? std::string(target) : fmt::format("{}/{}", folder, target);
  std::vector<std::string_view> parts;
  for (std::string_view part : split(joined, '/')) {
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      if (!parts.empty()) parts.pop_back();
    } else {
      parts.push_back(part);
    }
  }
  std::string out;
  for (std::string_view part : parts) out += "/" + std::string(part);
  return out;
}

}  // namespace

MergedFolders MergedFolders::of(const ProfileFiles& files) {
  MergedFolders out;
  for (const char* folder : {"", "var", "usr"})
    for (const FileRecord& entry : files.entries(folder)) {
      if (entry.type != FileType::symlink || entry.target.empty()) continue;
      const std::string front = *folder ? "/" + std::string(folder) : std::string();
      const std::string from = front + "/" + std::string(last_component(entry.path));
      const std::string to = absolute(front, entry.target);
      if (!to.empty() && to != from) out.add(from, to);
    }
  return out;
}

void MergedFolders::add(std::string from, std::string to) { links_.emplace_back(std::move(from), std::move(to)); }

std::string MergedFolders::canonical_package_path(std::string_view path) const {
  std::string out(path);
  // A link may lead into another (/lib -> usr/lib, /usr/lib64 -> lib); a ring of links ends.
  for (int round = 0; round < 4; ++round) {
    bool changed = false;
    for (const auto& [from, to] : links_)
      if (out.size() > from.size() && out.starts_with(from) && out[from.size()] == '/') {
        out = to + out.substr(from.size());
        changed = true;
        break;
      }
    if (!changed) break;
  }
  return out;
}

size_t read_dpkg_database(const ProfileFiles& files, const std::function<void(PackageFile)>& found,
                          const std::function<void(Problem)>& problem) {
  return Database(files, found, problem).read();
}

}  // namespace necropsy
