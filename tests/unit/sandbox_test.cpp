// SPDX-License-Identifier: Apache-2.0
// Each try is made by a child that locked itself in.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <functional>
#include <string>

#include "base/sandbox.hpp"

using namespace necropsy;

namespace {

struct Folder {
  std::string path;
  Folder() {
    char pattern[] = "/tmp/necropsy-sandbox-XXXXXX";
    path = mkdtemp(pattern);
    mkdir((path + "/below").c_str(), 0755);
    for (const char* name : {"/inside", "/outside", "/below/deep"}) write(name);
  }
  ~Folder() {
    for (const char* name : {"/inside", "/outside", "/below/deep"}) unlink((path + name).c_str());
    rmdir((path + "/below").c_str());
    rmdir(path.c_str());
  }
  void write(const char* name) const {
    const int fd = open((path + name).c_str(), O_WRONLY | O_CREAT, 0644);
    CHECK(::write(fd, "x", 1) == 1);
    close(fd);
  }
  SandboxPolicy policy() const { return {{path + "/inside"}, {path + "/below"}}; }
};

// The status of a child that is confined and then does `what`: its exit status is what `what` returns.
int confined(const Folder& folder, const std::function<int()>& what) {
  const pid_t pid = fork();
  if (pid == 0) {
    const rlimit none{0, 0};
    setrlimit(RLIMIT_CORE, &none);
    enter_sandbox(folder.policy());
    _exit(what());
  }
  int status = 0;
  waitpid(pid, &status, 0);
  return status;
}

bool has(const Folder& folder, bool landlock) {
  return WEXITSTATUS(confined(folder, [&] { return 0; })) == 0 && [&] {
    const pid_t pid = fork();
    if (pid == 0) {
      const SandboxState state = enter_sandbox(folder.policy());
      _exit(landlock ? state.landlock_abi > 0 : state.seccomp);
    }
    int status = 0;
    waitpid(pid, &status, 0);
    return WEXITSTATUS(status) == 1;
  }();
}

int open_errno(const std::string& path, int flags) { return open(path.c_str(), flags) >= 0 ? 0 : errno; }

}  // namespace

TEST_CASE("a confined process reads what it may and nothing else") {
  const Folder folder;
  if (!has(folder, true)) {
    MESSAGE("no Landlock here");
    return;
  }
  const auto tries = [&](const std::string& path, int flags) {
    return WEXITSTATUS(confined(folder, [&] { return open_errno(path, flags); }));
  };
  CHECK(tries(folder.path + "/inside", O_RDONLY) == 0);
  CHECK(tries(folder.path + "/below/deep", O_RDONLY) == 0);
  CHECK(tries(folder.path + "/below", O_RDONLY | O_DIRECTORY) == 0);
  CHECK(tries(folder.path + "/outside", O_RDONLY) == EACCES);
  CHECK(tries(folder.path, O_RDONLY | O_DIRECTORY) == EACCES);
  CHECK(tries("/etc/passwd", O_RDONLY) == EACCES);
  CHECK(tries("/proc/self/mem", O_RDONLY) == EACCES);
  // Paths that are not there are skipped, not refused.
  const pid_t pid = fork();
  if (pid == 0) _exit(enter_sandbox({{folder.path + "/none"}, {}}).landlock_abi > 0 ? 0 : 1);
  int status = 0;
  waitpid(pid, &status, 0);
  CHECK(status == 0);
}

TEST_CASE("what only an attacker would do ends a confined process") {
  const Folder folder;
  if (!has(folder, false)) {
    MESSAGE("no seccomp here");
    return;
  }
  const std::string inside = folder.path + "/inside", fresh = folder.path + "/below/fresh";
  const auto dies = [&](const std::function<int()>& what) {
    const int status = confined(folder, what);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;
  };
  CHECK(dies([] { return socket(AF_INET, SOCK_STREAM, 0); }));
  CHECK(dies([] { return socket(AF_UNIX, SOCK_DGRAM, 0); }));
  CHECK(dies([&] { return open(fresh.c_str(), O_WRONLY | O_CREAT, 0600); }));
  CHECK(dies([&] { return open(inside.c_str(), O_RDWR); }));
  CHECK(dies([&] { return open(inside.c_str(), O_RDONLY | O_TRUNC); }));
  CHECK(dies([&] { return open(folder.path.c_str(), O_TMPFILE | O_RDWR, 0600); }));
  CHECK(dies([&] { return unlink(inside.c_str()); }));
  CHECK(dies([&] { return rename(inside.c_str(), fresh.c_str()); }));
  CHECK(dies([] { return execl("/bin/true", "true", nullptr); }));
  CHECK(dies([] { return static_cast<int>(fork()); }));
  CHECK(dies([] { return static_cast<int>(ptrace(PTRACE_ATTACH, getppid(), nullptr, nullptr)); }));
  CHECK(access(inside.c_str(), F_OK) == 0);
  CHECK(access(fresh.c_str(), F_OK) != 0);
}

TEST_CASE("the rest is refused, and what reading needs goes on") {
  const Folder folder;
  if (!has(folder, false)) return;
  const auto says = [&](const std::function<int()>& what) {
    const int status = confined(folder, what);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  };
  CHECK(says([] { return kill(getppid(), 0) == 0 ? 0 : errno; }) == EPERM);
  CHECK(says([] {
          return mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED ? 0
                                                                                                              : errno;
        }) == EPERM);
  CHECK(says([&] {
          struct {
            uint64_t flags = O_RDWR, mode = 0, resolve = 0;
          } how;
          return syscall(SYS_openat2, AT_FDCWD, "/tmp", &how, sizeof how) >= 0 ? 0 : errno;
        }) == EPERM);
  CHECK(says([] {
          const rlimit more{1, 1};
          return setrlimit(RLIMIT_NOFILE, &more) == 0 ? 0 : errno;
        }) == EPERM);
  CHECK(says([] {
          std::string big(50 << 20, 'x');
          return big.back() == 'x' ? 0 : 1;
        }) == 0);
  CHECK(says([]() -> int {
          signal(SIGABRT, SIG_DFL);
          abort();
        }) == -SIGABRT);
  int ends[2];
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
  CHECK(says([&] { return send(ends[1], "ok", 2, MSG_NOSIGNAL) == 2 ? 0 : errno; }) == 0);
  char got[2] = {};
  CHECK(recv(ends[0], got, 2, 0) == 2);
  close(ends[0]);
  close(ends[1]);
}

TEST_CASE("what is on is said in words") {
  CHECK(describe({4, true, ""}) == "Landlock (ABI 4), seccomp");
  CHECK(describe({0, true, "Landlock (Function not implemented)"}) ==
        "seccomp; not to be had: Landlock (Function not implemented)");
  CHECK(describe({0, false, "x"}) == "none; not to be had: x");
}
