// SPDX-License-Identifier: Apache-2.0
// Names, users, addresses and requests that are made to run somewhere: in a terminal, a spreadsheet, a browser, SQL or
// printf. Every command and format shows them, none lets them act.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.hpp"
#include "e2e/case_run.hpp"

using namespace necropsy;
using namespace necropsy::test;

namespace {

// What no output may hold as it stands.
constexpr std::string_view kMarkup[] = {"<script>", "<img src=x", "\"><b>"};

std::vector<std::string> evil_words() {
  return {"\x1b]0;owned\x07",
          "\x1b[2J\x1b[31mred",
          "=cmd|'/C calc'!A0",
          "@SUM(1)",
          "+1+1",
          "-2-2",
          "<script>alert(1)",
          "<img src=x>",
          "\"><b>",
          "%n%s%x",
          "\xe2\x80\xae"
          "gnp.exe",
          "'); DROP TABLE event",
          "\xff\xfe",
          "\xe2\x80\xa8line",
          "\xc2\x9b"
          "31m",
          "`id`",
          "[a](javascript:x)"};
}

struct Scene {
  Folder folder{"inert"};
  fs::path root = folder / "root", db = folder / "case.db";
  Scene() {
    write_file(root / "etc/passwd", "root:x:0:0:root:/root:/bin/sh\n");
    write_file(root / "etc/hostname", "web1\n");
    std::string auth, web, ftp;
    int i = 0;
    for (std::string word : evil_words()) {
      ++i;
      auth += fmt::format(
          "2024-03-01T10:{:02}:00+00:00 web1 sshd[{}]: Accepted password for {} from 198.51.100.{} port 4{} ssh2\n", i,
          100 + i, word, i, i);
      auth += fmt::format(
          "2024-03-01T10:{:02}:05+00:00 web1 useradd[{}]: new user: name={}, UID=10{:02}, GID=1000, home=/home/x, "
          "shell=/bin/sh\n",
          i, 200 + i, word, i);
      web +=
          fmt::format("198.51.100.{} - {} [01/Mar/2024:10:{:02}:10 +0000] \"GET /{} HTTP/1.1\" 200 5 \"{}\" \"{}\"\n",
                      i, i % 2 ? "-" : "u", i, word, word, word);
      std::string name = word;
      std::replace(name.begin(), name.end(), '/', '_');
      write_file(root / "tmp" / (name + ".sh"), "#!/bin/sh\n");
      chmod((root / "tmp" / (name + ".sh")).c_str(), 0755);
    }
    write_file(root / "tmp/two\nlines.sh", "x");
    write_file(root / "var/log/auth.log", auth);
    write_file(root / "var/log/apache2/access.log", web);
    const Ran ran = program({"ingest", root.string(), "--tz", "UTC", "--case", db.string()});
    CHECK_MESSAGE(ran.code <= 1, ran.err);
    CHECK(faults(ran.out + ran.err) == "");
  }

  // The first byte or character that acts, with what stands round it; nothing when all is inert.
  static std::string faults(std::string_view text, bool tabs = false) {
    for (size_t i = 0; i < text.size(); ++i) {
      const auto c = static_cast<unsigned char>(text[i]);
      const bool control = (c < 0x20 && c != '\n' && !(tabs && c == '\t')) || c == 0x7F;
      const std::string_view rest = text.substr(i);
      const bool wide =
          rest.starts_with("\xe2\x80\xae") || rest.starts_with("\xe2\x80\xa8") || rest.starts_with("\xc2\x9b");
      if (control || wide)
        return fmt::format("byte {:02x} at {} of: {}", c, i, displayable(text.substr(i < 60 ? 0 : i - 60, 120)));
    }
    return is_utf8(text) ? "" : "not UTF-8";
  }
};

const Scene& scene() {
  static const Scene s;
  return s;
}

std::string said(std::vector<std::string> words, int most = 1) {
  const Ran ran = program(std::move(words));
  CHECK_MESSAGE((ran.code >= 0 && ran.code <= most), ran.code, " ", ran.err);
  CHECK(Scene::faults(ran.err) == "");
  return ran.out;
}

// The report as it is written to a file.
std::string written(const std::string& format) {
  const fs::path file = scene().folder / ("report." + format);
  said({"report", scene().db.string(), "--output", file.string()});
  return read_file(file);
}

}  // namespace

TEST_CASE("the words are in the case, each in its column") {
  CHECK(query(scene().db, "SELECT count(*) FROM timeline WHERE event_action = 'login'") ==
        std::to_string(evil_words().size()) + "\n");
  CHECK(query(scene().db, "SELECT count(*) FROM timeline WHERE user_name = '=cmd|''/C calc''!A0'") != "0\n");
  CHECK(query(scene().db, "SELECT count(*) FROM event") != "0\n");  // '); DROP TABLE event did not
}

TEST_CASE("terminal: no command prints a byte that acts") {
  const std::string db = scene().db.string();
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"info", db},
                                             {"timeline", db},
                                             {"logins", db},
                                             {"accounts", db},
                                             {"findings", db},
                                             {"findings", db, "1"},
                                             {"ask", db, "who-dropped"},
                                             {"ask", db, "first-seen-address"},
                                             {"explain", db, "1"},
                                             {"sql", db, "SELECT user_name, message, url FROM timeline"},
                                             {"sql", db, "SELECT path FROM files"},
                                             {"cat", db, "/tmp/none\x1b[2J"},
                                             {"ask", db, "no-such\x1b[2J"}}) {
    CAPTURE(words[0]);
    CAPTURE(words.back());
    CHECK(Scene::faults(said(words, 4)) == "");
  }
}

TEST_CASE("CSV: no cell begins like a formula") {
  const std::string db = scene().db.string();
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"timeline", db, "--format", "csv"},

           {"logins", db, "--format", "csv"},
           {"accounts", db, "--format", "csv"},
           {"findings", db, "--format", "csv"},
           {"sql", db, "SELECT user_name, url FROM timeline WHERE user_name IS NOT NULL OR url IS NOT NULL", "--format",
            "csv"}}) {
    CAPTURE(words[0]);
    CAPTURE(words.back());
    const std::string out = said(words);
    CHECK(out.size() > 20);
    CHECK(Scene::faults(out) == "");
    // Cells of this evidence that begin a formula when they are text; numbers may begin with a sign.
    for (std::string_view start : {"=cmd", "@SUM", "+1+1", "-2-2"})
      for (std::string_view before : {",", "\n", ",\"", "\n\""})
        CHECK_FALSE_MESSAGE(contains(out, std::string(before) + std::string(start)), start);
  }
}

TEST_CASE("JSON: each line parses and gives back what the case holds") {
  const std::string db = scene().db.string();
  size_t formulas = 0;
  const std::string lines = said({"timeline", db, "--format", "jsonl"});
  for (std::string_view line : split(lines, '\n')) {
    if (line.empty()) continue;
    const auto row = nlohmann::json::parse(line, nullptr, false);
    REQUIRE_MESSAGE(!row.is_discarded(), displayable(line));
    formulas += row.contains("user_name") && row["user_name"] == "=cmd|'/C calc'!A0";
  }
  for (const char* format : {"jsonl", "timesketch"})
    CHECK(Scene::faults(said({"timeline", db, "--format", format})) == "");
  CHECK(formulas > 0);
  const auto report = nlohmann::json::parse(written("json"), nullptr, false);
  CHECK_FALSE(report.is_discarded());
}

TEST_CASE("HTML and Markdown: no tag, link or script comes from evidence") {
  const std::string html = written("html");
  CHECK(Scene::faults(html) == "");
  for (std::string_view bad : kMarkup) CHECK_FALSE_MESSAGE(contains(html, bad), bad);
  CHECK_FALSE(contains(html, "href=\"javascript"));
  CHECK(contains(html, "&lt;script&gt;"));
  std::string markdown = written("md");
  CHECK(Scene::faults(markdown) == "");
  // An escaped bracket is text.
  for (size_t at = 0; (at = markdown.find("\\<", at)) != std::string::npos;) markdown.erase(at, 2);
  for (std::string_view bad : {"<script>", "<img src=x"}) CHECK_FALSE_MESSAGE(contains(markdown, bad), bad);
  CHECK_FALSE(contains(markdown, "[a](javascript"));
  CHECK(Scene::faults(written("txt")) == "");
}

TEST_CASE("bodyfile: one line a file, whatever its name") {
  const std::string out = said({"timeline", scene().db.string(), "--format", "bodyfile"});
  CHECK(Scene::faults(out) == "");
  for (std::string_view line : split(out, '\n'))
    if (!line.empty()) CHECK_MESSAGE(std::count(line.begin(), line.end(), '|') == 10, displayable(line));
}

TEST_CASE(
    "HTML: tags and attributes are those of a report on harmless words, and no value of one is a word of evidence") {
  const fs::path harmless = scene().folder / "harmless", db = scene().folder / "harmless.db";
  write_file(harmless / "etc/hostname", "web1\n");
  write_file(harmless / "var/log/auth.log",
             "2024-03-01T10:01:00+00:00 web1 sshd[1]: Accepted password for alice from 198.51.100.1 port 41 ssh2\n"
             "2024-03-01T10:01:05+00:00 web1 useradd[2]: new user: name=eve, UID=1001, GID=1000, home=/home/x, "
             "shell=/bin/sh\n");
  write_file(harmless / "tmp/run.sh", "#!/bin/sh\n");
  chmod((harmless / "tmp/run.sh").c_str(), 0755);
  said({"ingest", harmless.string(), "--tz", "UTC", "--case", db.string(), "--quiet"});
  said({"report", db.string(), "--output", (scene().folder / "harmless.html").string()});
  written("html");
  // One line a tag: its name and the names of its attributes; then the values of attributes, but for ids and classes.
  const std::string script = R"(
import html.parser, sys
class Seen(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.values = set(), set()
    def handle_starttag(self, tag, attributes):
        self.tags.add((tag, *sorted(name for name, _ in attributes)))
        self.values |= {value or '' for name, value in attributes if name not in ('id', 'class')}
def seen(path):
    it = Seen()
    it.feed(open(path, encoding='utf-8').read())
    it.close()
    return it
evil, good = seen(sys.argv[1]), seen(sys.argv[2])
names = {tag[0] for tag in evil.tags}
print('tags', sorted(names & {'script', 'img', 'iframe', 'object', 'embed', 'form', 'svg', 'base'}))
print('attributes', sorted({a for tag in evil.tags for a in tag[1:]} - {a for tag in good.tags for a in tag[1:]}))
words = ['owned', 'cmd|', 'SUM(', 'alert', 'src=x', 'DROP', 'javascript', 'gnp.exe']
print('values', sorted(v for v in evil.values if any(w in v for w in words)))
)";
  const Ran ran = run({"python3", "-c", script, (scene().folder / "report.html").string(),
                       (scene().folder / "harmless.html").string()});
  CHECK_MESSAGE(ran.out == "tags []\nattributes []\nvalues []\n", ran.out, ran.err);
}

TEST_CASE("every command that prints rows, in every format") {
  const std::string db = scene().db.string();
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"timeline", db, "--notable"},
                                             {"logins", db},
                                             {"accounts", db},
                                             {"findings", db},
                                             {"ask", db, "account-created"},
                                             {"ask", db, "file-drops"},
                                             {"ask", db, "first-seen-address"},
                                             {"sql", db, "SELECT file_path, owner FROM files"},
                                             {"sql", db, "SELECT attributes FROM timeline"}})
    for (const char* format : {"table", "csv", "jsonl"}) {
      std::vector<std::string> all = words;
      all.insert(all.end(), {"--format", format});
      std::string line;
      for (const std::string& word : all) line += word + " ";
      CAPTURE(line);
      const Ran ran = program(all);
      CHECK_MESSAGE(ran.code == 0, ran.err);
      CHECK(Scene::faults(ran.out) == "");
      CHECK(Scene::faults(ran.err) == "");
      if (std::string(format) == "jsonl")
        for (std::string_view row : split(ran.out, '\n'))
          if (!row.empty()) CHECK(nlohmann::json::accept(row));
      if (std::string(format) == "csv")
        for (std::string_view start : {"=cmd", "@SUM", "+1+1", "-2-2"})
          for (std::string_view before : {",", "\n", ",\"", "\n\""})
            CHECK_FALSE_MESSAGE(contains(ran.out, std::string(before) + std::string(start)), start);
    }
}
