// SPDX-License-Identifier: Apache-2.0
#include "engine/host_files.hpp"

#include <map>
#include <string>

#include "base/text.hpp"
#include "parse/dpkg_database.hpp"
#include "parse/parser.hpp"
#include "parse/profile_reader.hpp"

namespace necropsy {
namespace {

constexpr size_t kLogSample = 128 * 1024;

ProfileFiles files_of(const Overlay& overlay) {
  ProfileFiles files;
  files.read = [&overlay](std::string_view path, size_t limit) { return overlay.read(path, limit); };
  files.list = [&overlay](std::string_view directory) { return overlay.list(directory); };
  files.find = [&overlay](std::string_view path) -> std::optional<FileRecord> {
    auto found = overlay.find(path);
    if (!found) return std::nullopt;
    return std::move(found->first);
  };
  for (const char* root : {"C:/WINDOWS", "C:/WINNT"})
    if (overlay.find(root)) files.root = "C:/";
  return files;
}

// Counts the host names that records carry.
class NameCounter final : public EventSink {
 public:
  std::map<std::string, uint64_t> names;
  void event(const Event& e) override {
    if (!e.host_name.empty() && names.size() < 1000) ++names[std::string(e.host_name)];
  }
  void record_read(uint64_t) override {}
  void unparsed(Extent, std::string_view, std::string_view, Stage) override {}
  void problem(Extent, std::string_view, std::string_view, Stage, Severity) override {}
  bool keep_going() const override { return true; }
};

std::string name_in_logs(const Overlay& overlay) {
  NameCounter counter;
  for (const char* path :
       {"/var/log/messages", "/var/log/syslog", "/var/log/auth.log", "/var/log/secure", "/var/log/boot.log",
        "C:/WINDOWS/system32/config/SysEvent.Evt", "C:/WINDOWS/system32/config/SecEvent.Evt",
        "C:/WINNT/system32/config/SysEvent.Evt", "C:/WINNT/system32/config/SecEvent.Evt"}) {
    const bool whole = path[0] == 'C';  // event logs are rings: their parts mean nothing alone
    auto text = overlay.read(path, whole ? (64u << 20) : kLogSample);
    if (!text) continue;
    MemoryStream stream(std::move(*text));
    TimeResolver clock{TimeZone()};
    const HostProfile nobody;
    const ParseContext context{.path = path,
                               .modified = Timestamp{},
                               .packed_modified = {},
                               .not_after = {},
                               .clock = &clock,
                               .host = &nobody};
    if (const ParserEntry* parser = find_parser(whole ? "evt" : "syslog")) parser->parse(stream, context, counter);
  }
  std::string best;
  uint64_t most = 0;
  for (const auto& [name, count] : counter.names)
    if (count > most) {
      most = count;
      best = name;
    }
  return best;
}

}  // namespace

HostProfile read_host_profile(const Overlay& overlay) {
  const ProfileFiles files = files_of(overlay);
  ProfileOptions options;
  if (const auto root = overlay.locate(files.root)) options.root_created = root->first->facts().created;
  HostProfile profile = read_profile(files, options);
  if (profile.host_name.empty()) {
    profile.host_name = name_in_logs(overlay);
    if (!profile.host_name.empty())
      profile.notes.push_back({"host_name", "no file names the host; most lines of its logs do", ""});
  }
  if (profile.os == OsFamily::unknown) {
    // A lone /var still shows what kind of system it served.
    if (overlay.find("/var/log") || overlay.find("/log")) profile.os = OsFamily::linux_;
  }
  return profile;
}

void read_host_packages(const Overlay& overlay, const std::function<void(wire::PackageRow)>& found,
                        const ProblemHandler& problems) {
  std::string last;
  read_dpkg_database(
      files_of(overlay),
      [&](const PackageFile& file) {
        if (file.package != last) {
          last = file.package;
          found({.package = file.package,
                 .version = file.version,
                 .path = {},
                 .md5 = {},
                 .conffile = false,
                 .installed = file.installed});
        }
        found({.package = file.package,
               .version = file.version,
               .path = file.path,
               .md5 = file.md5,
               .conffile = file.conffile,
               .installed = {}});
      },
      problems);
}

}  // namespace necropsy
