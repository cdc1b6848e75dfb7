// SPDX-License-Identifier: Apache-2.0
// The house's rules, read from the sources themselves.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "base/text.hpp"

using namespace necropsy;
namespace fs = std::filesystem;

namespace {

const fs::path kRoot = NECROPSY_SOURCE_DIR;

std::string content(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

std::vector<fs::path> sources(std::initializer_list<const char*> folders) {
  std::vector<fs::path> out;
  for (const char* folder : folders)
    for (const auto& entry : fs::recursive_directory_iterator(kRoot / folder))
      if (entry.path().extension() == ".cpp" || entry.path().extension() == ".hpp") out.push_back(entry.path());
  return out;
}

std::string name_of(const fs::path& path) { return fs::relative(path, kRoot).generic_string(); }

// First folder below src/, or "parsers", "formats".
std::string layer_of(std::string_view path) {
  if (path.starts_with("parsers/formats/")) return "formats";
  if (path.starts_with("parsers/")) return "parsers";
  path.remove_prefix(std::string_view("src/").size());
  return std::string(path.substr(0, path.find('/')));
}

std::string layer_of_include(std::string_view include) {
  if (include.starts_with("formats/")) return "formats";
  const std::string_view first = include.substr(0, include.find('/'));
  return first.size() == include.size() ? "" : std::string(first);
}

// Whether `word` stands in `text` as a word of its own: not as the end of a longer name, not behind a backslash.
bool holds(std::string_view text, std::string_view word) {
  for (size_t at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
    const char before = at == 0 ? ' ' : text[at - 1];
    if (before != '_' && before != '\\' && !is_digit(before) && !(lower(before) >= 'a' && lower(before) <= 'z'))
      return true;
  }
  return false;
}

}  // namespace

TEST_CASE("who may include whom (docs/architecture.md)") {
  const std::map<std::string, std::set<std::string>> may = {
      {"base", {}},
      {"model", {"base"}},
      {"parse", {"base", "model"}},
      {"evidence", {"base", "model", "parse"}},
      {"store", {"base", "model"}},
      {"correlate", {"base", "model", "store"}},
      {"report", {"base", "model", "store"}},
      {"engine", {"base", "model", "parse", "evidence", "store"}},
      {"cli", {"base", "model", "parse", "store", "engine", "correlate", "report"}},
      {"formats", {"base", "model", "parse"}},
      {"parsers", {"base", "model", "parse", "formats"}},
  };
  for (const fs::path& path : sources({"src", "parsers"})) {
    const std::string name = name_of(path);
    const std::string layer = layer_of(name);
    std::istringstream lines(content(path));
    for (std::string line; std::getline(lines, line);) {
      const auto include = between(line, "#include \"", "\"");
      if (!include) continue;
      const std::string other = layer_of_include(*include);
      // A parser's own further files lie in a folder of its name.
      if (layer == "parsers" && !may.contains(other)) {
        const std::string own = path.stem().string();
        const std::string folder = path.parent_path().filename().string();
        CHECK_MESSAGE((other == own || other == folder || other == "linux" || other == "services" ||
                       other == "windows" || other.empty()),
                      fmt::format("{}: a parser includes no other parser ({})", name, *include));
        continue;
      }
      if (other.empty() || other == layer) continue;
      CHECK_MESSAGE(may.at(layer).contains(other),
                    fmt::format("{}: {} may not include {} ({})", name, layer, other, *include));
    }
  }
}

TEST_CASE("libraries stay in their rooms") {
  const std::vector<std::pair<std::string, std::string>> rooms = {
      {"<tsk/", "src/evidence/"},       {"<libewf", "src/evidence/"}, {"<sqlite3.h>", "src/store/"},
      {"<cctz/", "src/base/"},          {"<CLI/", "src/cli/"},        {"<openssl/", "src/base/"},
      {"<sys/socket.h>", "src/engine/"}};
  for (const fs::path& path : sources({"src", "parsers"})) {
    const std::string name = name_of(path), text = content(path);
    for (const auto& [library, room] : rooms)
      if (contains(text, "#include " + library))
        CHECK_MESSAGE(name.starts_with(room), fmt::format("{}: {} belongs into {}", name, library, room));
  }
}

TEST_CASE("words that are not used here") {
  const std::vector<std::pair<std::string, std::string>> words = {
      {"std::regex", "a regex per line is slow and can be made to hang"},
      {"localtime(", "leans on the machine's zone"},
      {"mktime(", "leans on the machine's zone"},
      {"strptime(", "leans on the locale"},
      {"setlocale(", "text is read byte-wise"},
      {"std::views", "clang 14 cannot compile it"},
      {"malloc(", "ownership is in types"},
      {"std::system(", "no other program is run"},
      {"popen(", "no other program is run"}};
  for (const fs::path& path : sources({"src", "parsers"})) {
    const std::string text = content(path);
    for (const auto& [word, why] : words)
      CHECK_MESSAGE(!holds(text, word), fmt::format("{} holds {}: {}", name_of(path), word, why));
  }
}

TEST_CASE("each source file says its licence first") {
  for (const fs::path& path : sources({"src", "parsers", "tests"}))
    CHECK_MESSAGE(content(path).starts_with("// SPDX-License-Identifier: Apache-2.0\n"), name_of(path));
}

// The correlation keeps the statements that move rows of its own derived tables beside the code that fills them; what
// it asks of the case, and every question, is a file of schema/.
TEST_CASE("SQL lives in schema/ and in store/") {
  for (const fs::path& path : sources({"src", "parsers"})) {
    const std::string name = name_of(path);
    if (name.starts_with("src/store/") || name.starts_with("src/correlate/")) continue;
    const std::string text = content(path);
    for (const char* word : {"\"SELECT ", "\"INSERT ", "\"UPDATE ", "\"DELETE FROM", "\"CREATE "})
      // Counting rows for a closing line is no query of its own.
      if (holds(text, word) && !contains(text, std::string(word) + "count(*)"))
        CHECK_MESSAGE(false, fmt::format("{} holds SQL: {}", name, word));
  }
}
