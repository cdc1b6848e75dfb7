// SPDX-License-Identifier: Apache-2.0
// A run that is killed, stopped or loses a worker, and is started again, comes to the same rows.
#include <doctest/doctest.h>
#include <signal.h>

#include <cstdlib>
#include <random>
#include <thread>

#include "base/text.hpp"
#include "e2e/case_run.hpp"
#include "e2e/server_tree.hpp"

using namespace necropsy;
using namespace necropsy::test;
using std::chrono::duration;

namespace {

size_t from_environment(const char* name, size_t usual) {
  const char* wanted = std::getenv(name);
  return wanted ? std::strtoul(wanted, nullptr, 10) : usual;
}
// Lines of the largest log; NECROPSY_RESUME_LINES=200000 makes each stage longer.
size_t auth_lines() { return from_environment("NECROPSY_RESUME_LINES", 4'000); }
// tools/nightly kills a hundred times.
size_t kills() { return from_environment("NECROPSY_RESUME_KILLS", 20); }

struct Scene {
  Folder folder{"resume"};
  fs::path disk = folder / "disk.img";
  fs::path db = folder / "case.db";
  std::string whole;
  double seconds = 0;  // of an undisturbed run

  Scene() {
    const ServerTree tree = write_server(folder / "tree", auth_lines());
    make_server_disk(tree, folder.path(), disk, 32 + static_cast<unsigned>(auth_lines() / 5000));
    const Ran ran = program(command());
    REQUIRE_MESSAGE(ran.code == 0, ran.err);
    seconds = ran.seconds;
    whole = dump_views(db);
    MESSAGE("an undisturbed run takes ", seconds, " s, its dump has ", whole.size() >> 20, " MiB");
  }
  std::vector<std::string> command() const {
    return {"ingest", disk.string(), "--case", db.string(), "--jobs", "2", "--quiet"};
  }
  void forget() const {
    for (const char* end : {"", "-wal", "-shm", "-journal"}) fs::remove(db.string() + end);
  }
  // Runs to the end and compares.
  void finish(const std::string& after) const {
    const Ran ran = program(command());
    CHECK_MESSAGE(ran.code == 0, after, ": ", ran.err);
    CHECK_MESSAGE(faults_of_file(db) == "", after);
    const std::string again = dump_views(db);
    CHECK_MESSAGE(again == whole, after, first_difference(whole, again));
  }
};

const Scene& scene() {
  static const Scene it;
  return it;
}

void sleep_for(double seconds) { std::this_thread::sleep_for(duration<double>(seconds)); }

}  // namespace

TEST_CASE("conductor or worker killed at any moment, the run comes to the same rows") {
  const Scene& s = scene();
  const size_t count = kills();
  size_t cut_short = 0;
  std::mt19937_64 random(7);
  for (size_t i = 0; i < count; ++i) {
    s.forget();
    // Somewhere in each part of the run: no part is left out, no moment is the same from part to part.
    const double within = static_cast<double>(random() % 1000) / 1000;
    const double delay = s.seconds * (static_cast<double>(i) + within) / static_cast<double>(count);
    std::string what = "conductor killed after " + std::to_string(delay) + " s";
    {
      Running running = start_program(s.command());
      sleep_for(delay);
      const std::vector<pid_t> workers = running.children();
      if (i % 4 == 3 && !workers.empty()) {
        // A worker that something else killed: its job is done again, within the same run.
        what = "worker killed after " + std::to_string(delay) + " s";
        kill(workers[i / 4 % workers.size()], SIGKILL);
        const Ran ran = running.wait();
        CHECK_MESSAGE(ran.code == 0, what, ": ", ran.err);
      } else {
        kill(running.pid(), SIGKILL);
        cut_short += running.wait().code == -SIGKILL;
      }
    }
    s.finish(what);
  }
  MESSAGE(cut_short, " of the conductors were killed before they were done");
  CHECK(cut_short >= count / 2);
}

TEST_CASE("killed again and again, one case comes to its end") {
  const Scene& s = scene();
  s.forget();
  int killed = 0;
  for (int i = 1; i <= 8; ++i) {
    Running running = start_program(s.command());
    sleep_for(s.seconds * i / 10);
    if (running.over()) break;
    kill(running.pid(), SIGKILL);
    killed += running.wait().code == -SIGKILL;
  }
  CHECK(killed >= 3);
  s.finish("a chain of kills");
}

TEST_CASE("Ctrl-C and a deadline end with code 5 and one readable file") {
  const Scene& s = scene();
  for (double part : {0.15, 0.4, 0.65, 0.85}) {
    s.forget();
    Running running = start_program(s.command());
    sleep_for(s.seconds * part);
    kill(running.pid(), SIGINT);
    const Ran ran = running.wait();
    // It may have been done just then.
    CHECK_MESSAGE((ran.code == 5 || (part > 0.8 && ran.code == 0)), part, ": ", ran.code, " ", ran.err);
    CHECK_MESSAGE(faults_of_file(s.db) == "", part);
    CHECK(program({"info", s.db.string()}).code == 0);
    s.finish("SIGINT");
  }
  for (const char* limit : {"0s", "1s"}) {
    s.forget();
    std::vector<std::string> hurried = s.command();
    hurried.insert(hurried.end(), {"--deadline", limit});
    const Ran ran = program(hurried);
    // A machine may be done within the second.
    CHECK_MESSAGE((ran.code == 5 || (ran.code == 0 && limit[0] == '1' && ran.seconds < 1.2)), ran.code, " ", ran.err);
    CHECK(ran.seconds < 5 + s.seconds);
    CHECK(faults_of_file(s.db) == "");
    s.finish(std::string("--deadline ") + limit);
  }
}
