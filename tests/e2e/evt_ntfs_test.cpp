// SPDX-License-Identifier: Apache-2.0
// From an NTFS image to the answers: a Security log as it lies on the disk of a running Server 2003.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>

#include "base/text.hpp"
#include "support/evt_builder.hpp"
#include "support/run_parser.hpp"

using namespace necropsy;
namespace fs = std::filesystem;

namespace {

struct Folder {
  fs::path path = fs::temp_directory_path() / fmt::format("necropsy-evt-{}", getpid());
  Folder() { fs::create_directories(path); }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
};

// Exit code and standard output of a command of words without quotes in them.
std::pair<int, std::string> run(const std::vector<std::string>& words) {
  std::string line;
  for (const std::string& word : words) line += fmt::format("'{}' ", word);
  std::string out;
  FILE* pipe = popen(line.c_str(), "r");
  REQUIRE(pipe);
  char buffer[4096];
  for (size_t n; (n = fread(buffer, 1, sizeof buffer, pipe)) > 0;) out.append(buffer, n);
  const int status = pclose(pipe);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, out};
}

void write(const fs::path& path, const std::string& bytes) { std::ofstream(path, std::ios::binary) << bytes; }

struct Case {
  std::string db;
  std::string sql(const std::string& query) const {
    const auto [code, out] = run({NECROPSY_PROGRAM, "sql", db, query, "--format", "csv"});
    CHECK_MESSAGE(code == 0, query);
    return out.substr(std::min(out.find('\n'), out.size() - 1) + 1);  // without the heading
  }
};

// An image of a 2003 system volume that holds `security` and `system` as its logs, and the case made of it.
Case ingest(const Folder& folder, const std::string& security, const std::string& system,
            const std::vector<std::string>& more = {}) {
  write(folder.path / "sec", security);
  write(folder.path / "sys", system);
  const std::string image = (folder.path / "disk.img").string();
  std::vector<std::string> words = {"python3",
                                    NECROPSY_SOURCE_DIR "/tests/e2e/make_ntfs.py",
                                    image,
                                    "16",
                                    (folder.path / "sec").string() + "=WINDOWS/system32/config/SecEvent.Evt",
                                    (folder.path / "sys").string() + "=WINDOWS/system32/config/SysEvent.Evt"};
  words.insert(words.end(), more.begin(), more.end());
  const auto made = run(words);
  REQUIRE(made.first == 0);
  Case out{(folder.path / "case.db").string()};
  const auto [code, text] = run({NECROPSY_PROGRAM, "ingest", image, "--case", out.db, "--quiet"});
  CHECK_MESSAGE(code == 0, text);
  return out;
}

test::EvtRecord security(uint32_t time, uint32_t id, std::vector<std::u16string> strings, uint16_t type = 8) {
  return {.time = time, .identifier = id, .strings = std::move(strings), .computer = u"SRV1", .type = type};
}

test::EvtRecord logon(uint32_t time, uint32_t id, std::u16string user, std::u16string logon_id, std::u16string kind,
                      std::u16string address) {
  return security(time, id,
                  {std::move(user), u"SRV1", std::move(logon_id), std::move(kind), u"User32  ", u"Negotiate", u"SRV1",
                   u"-", u"SRV1$", u"WORKGROUP", u"(0x0,0x3E7)", u"1180", u"-", std::move(address), u"4501"});
}

constexpr uint32_t kDay = 1254751200;  // 2009-10-05T14:00:00Z

}  // namespace

TEST_CASE("a made Security log: guessed logon, new account, open and closed sessions") {
  test::EvtBuilder log, system;
  const auto system_event = [&](uint32_t time, uint32_t id) {
    system.add({.time = time, .identifier = 0x80000000 | id, .source = u"EventLog", .computer = u"SRV1", .type = 4});
  };
  system_event(kDay - 3600, 6005);
  for (uint32_t n = 0; n < 40; ++n)
    log.add(security(kDay + n * 5, 529,
                     {u"Administrator", u"SRV1", u"10", u"User32  ", u"Negotiate", u"SRV1", u"SRV1$", u"WORKGROUP",
                      u"(0x0,0x3E7)", u"1180", u"-", u"198.51.100.7", u"3000"},
                     16));
  log.add(logon(kDay + 300, 528, u"Administrator", u"(0x0,0x1F00)", u"10", u"198.51.100.7"));
  log.add(security(kDay + 360, 624,
                   {u"helper", u"SRV1", u"%{S-1-5-21-1-2-3-1010}", u"Administrator", u"SRV1", u"(0x0,0x1F00)", u"-"}));
  log.add(security(kDay + 365, 636,
                   {u"-", u"%{S-1-5-21-1-2-3-1010}", u"Administrators", u"Builtin", u"%{S-1-5-32-544}",
                    u"Administrator", u"SRV1", u"(0x0,0x1F00)", u"-"}));
  log.add(security(kDay + 900, 538, {u"Administrator", u"SRV1", u"(0x0,0x1F00)", u"10"}));
  log.add(logon(kDay + 1000, 528, u"helper", u"(0x0,0x2F00)", u"10", u"198.51.100.7"));
  const Folder folder;
  const Case made = ingest(folder, log.dirty(3), system.dirty(0));

  CHECK(made.sql("SELECT events, records_read, records_unparsed, status FROM coverage WHERE log_path LIKE "
                 "\"%/SecEvent.Evt\"") == "45,45,0,complete\n");
  CHECK(made.sql("SELECT user_name, source_ip, auth_method, logon_type, login_utc, logout_utc, logout_basis, verdict "
                 "FROM logins WHERE logon_type = 10 ORDER BY login_utc LIMIT 1") ==
        "SRV1\\Administrator,198.51.100.7,remoteinteractive,10,2009-10-05T14:05:00.000000Z,"
        "2009-10-05T14:15:00.000000Z,recorded,guessed\n");
  // Never closed, and nothing says until when it lasted.
  CHECK(contains(made.sql("SELECT user_name, logout_basis FROM logins WHERE user_name LIKE \"%helper\""), "helper,"));
  CHECK(!contains(made.sql("SELECT logout_basis FROM logins WHERE user_name LIKE \"%helper\""), "recorded"));
  CHECK(
      contains(made.sql("SELECT user_name, created_utc, created_by, created_from_ip FROM accounts WHERE user_name LIKE "
                        "\"%helper\""),
               "2009-10-05T14:06:00.000000Z"));
  CHECK(made.sql("SELECT count(*) FROM timeline WHERE parser = \"evt\"") == "46\n");
  CHECK(made.sql("SELECT count(*) FROM timeline WHERE event_action = \"times\" AND file_path LIKE "
                 "\"%/WINDOWS/system32/config/SecEvent.Evt\"") != "0\n");
  const auto [code, logins] = run({NECROPSY_PROGRAM, "logins", made.db});
  CHECK(code == 0);
  CHECK(contains(logins, "198.51.100.7"));
}

TEST_CASE("a program in C:/ is dated by its names and laid to the session that was open") {
  // The image is made now, so its file times are of now, and so are the records.
  const auto now = static_cast<uint32_t>(std::time(nullptr));
  test::EvtBuilder log, system;
  system.add(
      {.time = now - 7200, .identifier = 0x80000000 | 6005, .source = u"EventLog", .computer = u"SRV1", .type = 4});
  log.add(logon(now - 600, 528, u"Administrator", u"(0x0,0x1F00)", u"10", u"198.51.100.7"));
  log.add(security(now + 600, 538, {u"Administrator", u"SRV1", u"(0x0,0x1F00)", u"10"}));
  const Folder folder;
  write(folder.path / "tool", "MZ" + std::string(5000, '\x90'));
  const Case made = ingest(folder, log.closed(), system.closed(), {(folder.path / "tool").string() + "=tool.exe"});
  const std::string fn = made.sql(
      "SELECT count(*) FROM files WHERE file_path = \"C:/tool.exe\" AND fn_created IS NOT NULL AND "
      "abs(julianday(substr(fn_created, 1, 19)) - julianday(\"now\")) < 0.01");
  CHECK(fn == "1\n");
  CHECK(made.sql("SELECT count(*) > 0 FROM timeline WHERE file_path = \"C:/tool.exe\" AND macb_source = \"fn\"") ==
        "1\n");
  CHECK(contains(made.sql("SELECT title, user_name, source_ip FROM findings"), "C:/tool.exe"));
  const auto [code, answer] = run({NECROPSY_PROGRAM, "ask", made.db, "who-dropped", "--set", "path=C:/tool.exe"});
  CHECK(code == 0);
  CHECK(contains(answer, "session open"));
  CHECK(contains(answer, "198.51.100.7"));
}

TEST_CASE("the 2003 Security log of the shared evidence, in an NTFS image") {
  const auto real = test::shared_file("data/evt/Security.evt");
  if (!real) return;
  const auto system = test::shared_file("data/evt/SysEvent.Evt");
  REQUIRE(system);
  const Folder folder;
  const Case made = ingest(folder, *real, *system);
  CHECK(made.sql("SELECT count(*) FROM timeline WHERE log_path LIKE \"%/SecEvent.Evt\"") == "49\n");
  CHECK(made.sql("SELECT count(*) FROM timeline WHERE log_path LIKE \"%/SysEvent.Evt\"") == "6501\n");
  CHECK(made.sql("SELECT json_extract(attributes, \"$.event_id\") AS id, count(*) FROM timeline WHERE log_path LIKE "
                 "\"%/SecEvent.Evt\" GROUP BY 1 ORDER BY 1") == "513,2\n528,20\n540,5\n552,3\n576,15\n612,1\n680,3\n");
  CHECK(made.sql("SELECT DISTINCT user_name FROM logins WHERE auth_method = \"interactive\"") ==
        "WIN2003S-CF42A4\\Administrator\n");
}
