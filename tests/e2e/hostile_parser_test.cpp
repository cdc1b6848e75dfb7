// SPDX-License-Identifier: Apache-2.0
// A reader of one log crashes, hangs, eats memory or never ends. The rest of the evidence is read, the log is failed
// as a whole, and a row says why.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "base/text.hpp"
#include "e2e/hostile_run.hpp"

using namespace necropsy;
using namespace necropsy::test;

namespace {

struct Case {
  const char* order;
  const char* code;    // of the problem
  const char* reason;  // in its sentence
};

HostileRun ordered(const Folder& folder, const std::string& order, std::vector<std::string> more = {}) {
  fs::remove_all(folder / "top");
  write_file(folder / "top/etc/hostname", "web1\n");
  write_file(folder / "top/var/log/misbehave.log", "MISBEHAVE " + order + "\n");
  write_file(folder / "top/var/log/auth.log", std::string(kGoodLines));
  more.insert(more.begin(), {(folder / "top").string(), "--patience", "2s"});
  return HostileRun(folder, more, NECROPSY_MISBEHAVING);
}

}  // namespace

TEST_CASE("a parser that crashes, hangs, eats memory or floods costs its log only") {
  const Folder folder("hostile-parser");
  const Case cases[] = {
    {"crash", "crash", "signal 11"},
    {"abort", "crash", "signal 6"},
    {"deep recursion", "crash", "signal 11"},
    {"throw", "parse-failed", "the parser threw"},
    {"sleep", "hang", "said nothing for 2 seconds"},
    {"spin", "hang", "said nothing for 2 seconds"},
#if !defined(__SANITIZE_ADDRESS__)
    {"take memory", "parse-failed", "more memory"},
#endif
    {"endless events", "too-much-output", "more events than a log of its size can hold"},
    {"endless text", "too-much-output", "more text than a log of its size can hold"},
    {"endless problems", "too-much-output", "problems without end"},
  };
  for (const Case& c : cases) {
    CAPTURE(std::string(c.order));
    const HostileRun run = ordered(folder, c.order);
    CHECK(run.ran.code == 1);
    CHECK(run.ran.seconds < 30);
    const std::string problems =
        query(run.db,
              "SELECT code, severity, what FROM problems WHERE file_path = '/var/log/misbehave.log' AND severity = "
              "'error'");
    CHECK_MESSAGE(problems.starts_with(fmt::format("{}|error|", c.code)), problems);
    CHECK_MESSAGE(contains(problems, c.reason), problems);
    CHECK(query(run.db, "SELECT status FROM coverage WHERE log_path = '/var/log/misbehave.log'") == "failed\n");
    CHECK(query(run.db, "SELECT count(*) FROM timeline WHERE parser = 'misbehaving'") == "0\n");
    CHECK(run.good_events() == "2\n");
    // Told to whoever asks.
    CHECK(contains(program({"info", run.db.string()}).out, c.reason));
    MESSAGE(std::string(c.order), ": ", run.ran.seconds, " s, ", run.ran.peak_mebibytes, " MiB");
  }
}

TEST_CASE("a parser that behaves is in no way in the way") {
  const Folder folder("hostile-parser-good");
  const HostileRun run = ordered(folder, "not");
  CHECK_MESSAGE(run.ran.code == 0, run.problems());
  CHECK(query(run.db, "SELECT count(*) FROM timeline WHERE parser = 'misbehaving'") == "1\n");
}

TEST_CASE("a parser that writes a file is stopped by the sandbox, where the kernel has one") {
  const Folder folder("hostile-parser-write");
  fs::remove("/tmp/necropsy-was-here");
  const HostileRun run = ordered(folder, "write a file");
  const std::string state = query(run.db, "SELECT value FROM meta WHERE key = 'sandbox'");
  MESSAGE(state);
  if (!contains(state, "seccomp")) return;
  CHECK(!fs::exists("/tmp/necropsy-was-here"));
  CHECK(run.good_events() == "2\n");
}

TEST_CASE("a log that failed is tried again with --force only") {
  const Folder folder("hostile-parser-force");
  const HostileRun run = ordered(folder, "crash");
  CHECK(run.ran.code == 1);
  write_file(folder / "top/var/log/misbehave.log", "MISBEHAVE not  \n");
  std::vector<std::string> words = {"ingest", (folder / "top").string(), "--case", run.db.string(), "--quiet"};
  CHECK(misbehaving(words).code == 1);
  CHECK(query(run.db, "SELECT count(*) FROM timeline WHERE parser = 'misbehaving'") == "0\n");
  words.push_back("--force");
  misbehaving(words);
  CHECK(query(run.db, "SELECT count(*) FROM timeline WHERE parser = 'misbehaving'") == "1\n");
}
