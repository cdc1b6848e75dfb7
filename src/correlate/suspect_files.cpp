// SPDX-License-Identifier: Apache-2.0
#include "correlate/suspect_files.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <unordered_map>

#include "base/text.hpp"
#include "correlate/steps.hpp"

namespace necropsy {
namespace {

struct Folder {
  int64_t host = 0;
  std::string path, place;
  bool odd = false;
};

// What a name says of a file. The name is as the case shows it: bytes that are not text stand as \xHH, \uHHHH.
struct NameClass {
  bool odd = false, script = false, program = false, library = false, archive = false;
};

template <size_t N>
bool is_one_of(std::string_view text, const std::string_view (&words)[N]) {
  return std::find(std::begin(words), std::end(words), text) != std::end(words);
}

// Blanks and dots that hide a name in a listing, or bytes that are not shown as they are.
bool hides(std::string_view name) {
  if (name.front() == ' ' || name.back() == ' ' || name.starts_with("...") || name.starts_with(".. ") ||
      name.starts_with(". "))
    return true;
  if (name.find_first_not_of(" .") == std::string_view::npos) return true;
  return contains(name, "\\x") || contains(name, "\\u");
}

NameClass classify(std::string_view name) {
  static constexpr std::string_view kScripts[] = {"php",  "php3", "php4", "php5", "php6", "php7", "php8", "phtml",
                                                  "phar", "pl",   "cgi",  "py",   "sh",   "jsp",  "jspx", "asp",
                                                  "aspx", "ashx", "bat",  "cmd",  "vbs",  "ps1",  "rb"};
  static constexpr std::string_view kPrograms[] = {"exe", "com", "scr", "pif"};
  static constexpr std::string_view kLibraries[] = {"so", "ko", "dll", "sys"};
  static constexpr std::string_view kArchives[] = {"tar", "tgz", "zip", "rar", "7z", "gz"};
  NameClass out;
  out.odd = name.front() != '$' && hides(name);
  const size_t dot = name.rfind('.');
  if (dot == std::string_view::npos) return out;
  std::string extension(name.substr(dot + 1));
  for (char& c : extension) c = lower(c);
  out.script = is_one_of(extension, kScripts) || contains_ignore_case(name, ".asp;");  // IIS 6 runs x.asp;.jpg
  out.program = is_one_of(extension, kPrograms);
  out.library = is_one_of(extension, kLibraries) || contains(name, ".so.");
  out.archive = is_one_of(extension, kArchives) || contains_ignore_case(name, ".tar.");
  return out;
}

// A named $DATA stream that no system component is known to make.
bool is_own_stream(std::string_view name) {
  // Marks of downloads, and of summaries that Windows 2000 to 2003 keep beside a file.
  return !name.starts_with('$') && !name.ends_with(":Zone.Identifier") &&
         !contains(name, "Q30lsldxJoudresxAaaqpcawXc") && !contains(name, ":{4c8cc155");
}

struct File {
  std::string_view name;
  int64_t mode = 0, size = 0;
  bool stream = false;
  NameClass is;

  bool runs() const { return (mode & 0111) != 0; }
  bool setuid() const { return (mode & 04000) != 0; }
};

// Whether a file stands out where it lies. Programs and libraries are at home in some places and not in others.
bool stands_out(const File& f, const Folder& folder, std::string_view path) {
  const std::string_view place = folder.place;
  const bool full = f.size > 0, loose = f.is.program || f.is.script || f.is.library;
  if (place == "temporary") return full && (loose || f.is.archive || f.runs() || f.is.odd);
  if (place == "device") return true;
  if (place == "web") return f.is.script || f.is.program || f.setuid() || f.is.odd;
  if (place == "recycler") return loose;
  if (place == "drive-root") return loose || f.is.archive;
  if (place == "home") return loose || f.is.odd || f.setuid() || f.is.archive || (f.runs() && full);
  if (place == "system") return f.is.odd || f.stream || (f.runs() && full) || f.is.library || f.is.program;
  if (f.is.odd || f.stream || (f.setuid() && f.runs())) return true;
  static constexpr std::string_view kQuiet[] = {"/etc/", "/var/lib/", "/usr/share/", "/opt/", "/boot/"};
  return f.runs() && full && std::none_of(std::begin(kQuiet), std::end(kQuiet), [&](std::string_view quiet) {
           return path.starts_with(quiet);
         });
}

std::string_view kind_of(const File& f, std::string_view place) {
  if (f.setuid() && f.runs()) return "setuid";
  if (place == "device") return "device-folder";
  if (f.is.odd) return "odd-name";
  if (f.stream) return "stream";
  if (f.is.script) return place == "web" ? "web-script" : "script";
  if (f.is.library) return "library";
  return f.is.archive ? "archive" : "program";
}

// All names of the case are looked at once, so this is no statement: a file costs a microsecond here, ten in SQL.
void collect_candidates(Database& db) {
  run_step(db, "suspect_places");
  std::unordered_map<int64_t, Folder> folders;
  Statement places = db.prepare("SELECT dir_id, host_id, path, place, odd FROM temp.dir_place");
  while (places.step())
    folders[places.integer(0)] = {places.integer(1), std::string(places.text(2)), std::string(places.text(3)),
                                  places.integer(4) != 0};
  Statement insert = prepare_step(db, "suspect_candidate");
  Statement rows = prepare_step(db, "suspect_names");
  std::string path;
  while (rows.step()) {
    const auto found = folders.find(rows.integer(1));
    if (found == folders.end()) continue;
    const Folder& folder = found->second;
    File f{rows.text(2), rows.integer(4), rows.integer(5), false, {}};
    f.is = classify(f.name);
    f.is.odd = f.is.odd || (folder.odd && f.name.front() != '$');
    f.stream = !rows.is_null(7) && f.size > 0 && is_own_stream(f.name);
    path = folder.path;
    if (!path.ends_with('/')) path += '/';
    path += f.name;
    if (!stands_out(f, folder, path)) continue;
    insert.bind(1, rows.integer(0)).bind(2, folder.host).bind(3, path).bind(4, f.name);
    insert.bind(5, rows.optional_integer(3)).bind(6, f.mode).bind(7, rows.optional_integer(5));
    insert.bind(8, rows.integer(6)).bind(9, folder.place).bind(10, kind_of(f, folder.place)).run();
  }
}

// Minutes in which so many files were born that it was an installation or an unpacking.
void find_bursts(Database& db) {
  constexpr int64_t kManyFiles = 80;
  Statement insert = db.prepare("INSERT INTO birth_burst VALUES(?1, ?2, ?3)");
  std::map<int64_t, int64_t> of_host;
  int64_t minute = 0;
  const auto finish = [&] {
    for (const auto& [host, n] : of_host)
      if (n >= kManyFiles) insert.bind(1, host).bind(2, minute).bind(3, n).run();
    of_host.clear();
  };
  Statement births = prepare_step(db, "births");
  while (births.step()) {
    if (births.integer(0) != minute) {
      finish();
      minute = births.integer(0);
    }
    ++of_host[births.integer(1)];
  }
  finish();
}

}  // namespace

void find_suspect_files(Database& db) {
  collect_candidates(db);
  find_bursts(db);
  run_step(db, "suspect_files");
}

}  // namespace necropsy
