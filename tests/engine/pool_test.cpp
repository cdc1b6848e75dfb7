// SPDX-License-Identifier: Apache-2.0
// Workers that lie, die or hang. The pool starts this very program as its worker; the evidence path of a job says how
// to misbehave.
#define DOCTEST_CONFIG_IMPLEMENT
#include "engine/pool.hpp"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

using namespace necropsy;

namespace {

std::string framed(uint8_t type, std::string_view payload, std::optional<uint32_t> length = {}) {
  std::string out(wire::kHeader, '\0');
  const uint32_t size = length.value_or(static_cast<uint32_t>(payload.size()));
  std::memcpy(out.data(), &size, sizeof size);
  out[4] = static_cast<char>(type);
  out += payload;
  return out;
}
std::string framed(wire::Type type, std::string_view payload) { return framed(static_cast<uint8_t>(type), payload); }

bool take(char* out, size_t size) {
  while (size > 0) {
    const ssize_t n = read(kWorkerSocket, out, size);
    if (n <= 0) return false;
    out += n;
    size -= static_cast<size_t>(n);
  }
  return true;
}

void say(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = write(kWorkerSocket, bytes.data(), bytes.size());
    if (n <= 0) _exit(0);
    bytes.remove_prefix(static_cast<size_t>(n));
  }
}

std::string done() {
  wire::Out out;
  wire::put(out, wire::JobDone{});
  return framed(wire::Type::done, out.buffer());
}

std::string confined(const SandboxState& state) {
  wire::Out out;
  wire::put(out, state);
  return framed(wire::Type::confined, out.buffer());
}

void misbehave(const std::string& how) {
  if (how == "honest") return say(done());
  if (how == "too long") return say(framed(13, "", 0xFFFFFFFF));
  if (how == "unknown type") return say(framed(200, "x"));
  if (how == "a job to the conductor") return say(framed(wire::Type::job, "x"));
  if (how == "confined twice") return say(confined({}));
  if (how == "done with a tail") return say(framed(wire::Type::done, done().substr(wire::kHeader) + "x"));
  if (how == "done cut") return say(framed(wire::Type::done, "\1"));
  if (how == "a frame that is refused") return say(framed(wire::Type::events, "nonsense"));
  if (how == "half a frame") {
    say(framed(13, "abc", 1000));
    _exit(0);
  }
  if (how == "two answers") return say(done() + done());
  if (how == "exit") _exit(3);
  if (how == "crash") raise(SIGSEGV);
  if (how == "killed") raise(SIGKILL);
  if (how == "hang") sleep(60);
  if (how == "socket") {
    enter_sandbox({});
    if (socket(AF_INET, SOCK_STREAM, 0) >= 0) say(done());
    _exit(9);
  }
}

int bad_worker() {
  bool first = true, said = false;
  for (;;) {
    char header[wire::kHeader];
    if (!take(header, sizeof header)) return 0;
    uint32_t length = 0;
    std::memcpy(&length, header, sizeof length);
    std::string payload(length, '\0');
    if (!take(payload.data(), length)) return 4;
    if (first) {
      // The first frame says what may be read; without it the pool would start workers that are not confined.
      if (static_cast<wire::Type>(header[4]) != wire::Type::confine) return 5;
      first = false;
      continue;
    }
    wire::In in(payload);
    const Job job = wire::get_job(in);
    if (!said && job.evidence_path != "never confined") say(confined({3, true, ""}));
    said = true;
    misbehave(job.evidence_path == "never confined" ? "honest" : job.evidence_path);
  }
}

struct Seen final : JobHandler {
  std::vector<std::string> finished_jobs, lost_jobs;
  bool frame(const Job&, wire::Type, std::string_view) override { return false; }
  void finished(const Job& job, const wire::JobDone&) override { finished_jobs.push_back(job.evidence_path); }
  void lost(const Job& job, std::string_view code, const std::string& why) override {
    lost_jobs.push_back(job.evidence_path + ": " + std::string(code));
    CHECK_FALSE(why.empty());
  }
  bool again(const Job&) override { return true; }
};

Job job_named(const std::string& how) {
  Job job;
  job.evidence_path = how;
  return job;
}

}  // namespace

TEST_CASE("a worker that lies, dies or hangs costs its job and is replaced") {
  const std::pair<const char*, const char*> kCases[] = {{"too long", "malformed-frame"},
                                                        {"unknown type", "malformed-frame"},
                                                        {"a job to the conductor", "malformed-frame"},
                                                        {"confined twice", "malformed-frame"},
                                                        {"never confined", "malformed-frame"},
                                                        {"done with a tail", "malformed-frame"},
                                                        {"done cut", "malformed-frame"},
                                                        {"a frame that is refused", "malformed-frame"},
                                                        {"half a frame", "crash"},
                                                        {"exit", "crash"},
                                                        {"crash", "crash"},
                                                        {"hang", "hang"},
                                                        {"socket", "sandbox"}};
  for (const auto& [how, code] : kCases) {
    CAPTURE(how);
#if defined(__SANITIZE_ADDRESS__)
    if (std::string(how) == "socket") continue;  // no sandbox in this build
#endif
    Pool pool(PoolOptions{.workers = 1, .spool_dir = "/tmp", .silent_seconds = 1, .stop = {}});
    Seen seen;
    CHECK(pool.run({job_named(how), job_named("honest")}, seen));
    CHECK(seen.lost_jobs == std::vector<std::string>{std::string(how) + ": " + code});
    CHECK(seen.finished_jobs == std::vector<std::string>{"honest"});
  }
}

TEST_CASE("an answer nobody asked for ends the worker, not the run") {
  Pool pool(PoolOptions{.workers = 1, .spool_dir = "/tmp", .silent_seconds = 5, .stop = {}});
  Seen seen;
  CHECK(pool.run({job_named("two answers")}, seen));
  CHECK(pool.run({job_named("honest")}, seen));
  CHECK(seen.finished_jobs == std::vector<std::string>{"two answers", "honest"});
}

TEST_CASE("a job whose worker is killed from outside runs once more, and then no more") {
  Pool pool(PoolOptions{.workers = 1, .spool_dir = "/tmp", .silent_seconds = 5, .stop = {}});
  Seen seen;
  CHECK(pool.run({job_named("killed")}, seen));
  CHECK(seen.lost_jobs == std::vector<std::string>{"killed: crash"});
}

TEST_CASE("jobs that run aside are handled when they are waited for") {
  Pool pool(PoolOptions{.workers = 1, .spool_dir = "/tmp", .silent_seconds = 5, .stop = {}});
  Seen aside, other;
  pool.start({job_named("honest"), job_named("crash"), job_named("honest")});
  CHECK(pool.run({job_named("exit"), job_named("honest")}, other));
  CHECK(aside.finished_jobs.empty());
  CHECK(pool.wait(aside));
  CHECK(aside.finished_jobs.size() == 2);
  CHECK(aside.lost_jobs == std::vector<std::string>{"crash: crash"});
  CHECK(other.finished_jobs.size() == 1);
  CHECK(other.lost_jobs.size() == 1);
  REQUIRE(pool.sandbox());
  CHECK(pool.sandbox()->landlock_abi == 3);
}

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], kWorkerCommand) == 0) return bad_worker();
  return doctest::Context(argc, argv).run();
}
