// SPDX-License-Identifier: Apache-2.0
#include "base/sandbox.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/fs.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <memory>

namespace necropsy {
namespace {

#if !defined(__SANITIZE_ADDRESS__)

// As the kernel documents them; Debian 12's header ends at ABI 2.
constexpr uint64_t kTruncate = 1ull << 14;  // ABI 3
constexpr uint64_t kFirstAbi = (1ull << 13) - 1, kRefer = 1ull << 13;
constexpr uint64_t kNetwork = 3;         // ABI 4: bind and connect over TCP
constexpr uint64_t kOtherProcesses = 3;  // ABI 6: abstract Unix sockets and signals

struct RulesetAttributes {
  uint64_t files = 0, network = 0, scoped = 0;
};

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

void allow(int ruleset, const std::string& path, uint64_t access) {
  const Descriptor target(open(path.c_str(), O_PATH | O_CLOEXEC));
  struct stat info {};
  if (target.get() < 0 || fstat(target.get(), &info) != 0) return;
  landlock_path_beneath_attr rule{};
  rule.allowed_access = S_ISDIR(info.st_mode) ? access : access & LANDLOCK_ACCESS_FS_READ_FILE;
  rule.parent_fd = target.get();
  syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
}

void lock_files(const SandboxPolicy& policy, SandboxState& state) {
  const long abi = syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (abi < 1) {
    state.missing = fmt::format("Landlock ({})", strerror(errno));
    return;
  }
  RulesetAttributes attributes;
  attributes.files = kFirstAbi | (abi >= 2 ? kRefer : 0) | (abi >= 3 ? kTruncate : 0);
  size_t size = sizeof attributes.files;
  if (abi >= 4) {
    attributes.network = kNetwork;
    size = 2 * sizeof(uint64_t);
  }
  if (abi >= 6) {
    attributes.scoped = kOtherProcesses;
    size = sizeof attributes;
  }
  const Descriptor ruleset(static_cast<int>(syscall(SYS_landlock_create_ruleset, &attributes, size, 0)));
  if (ruleset.get() < 0) {
    state.missing = fmt::format("Landlock ({})", strerror(errno));
    return;
  }
  for (const std::string& path : policy.files) allow(ruleset.get(), path, LANDLOCK_ACCESS_FS_READ_FILE);
  for (const std::string& path : policy.folders)
    allow(ruleset.get(), path, LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR);
  if (syscall(SYS_landlock_restrict_self, ruleset.get(), 0) != 0) {
    state.missing = fmt::format("Landlock ({})", strerror(errno));
    return;
  }
  state.landlock_abi = static_cast<int>(abi);
}

// What reading evidence, memory and the socket to the conductor need.
constexpr int kAllowed[] = {SCMP_SYS(read),
                            SCMP_SYS(pread64),
                            SCMP_SYS(readv),
                            SCMP_SYS(preadv),
                            SCMP_SYS(write),
                            SCMP_SYS(pwrite64),
                            SCMP_SYS(writev),
                            SCMP_SYS(lseek),
                            SCMP_SYS(_llseek),
                            SCMP_SYS(close),
                            SCMP_SYS(fstat),
                            SCMP_SYS(fstat64),
                            SCMP_SYS(newfstatat),
                            SCMP_SYS(fstatat64),
                            SCMP_SYS(stat),
                            SCMP_SYS(lstat),
                            SCMP_SYS(stat64),
                            SCMP_SYS(lstat64),
                            SCMP_SYS(statx),
                            SCMP_SYS(statfs),
                            SCMP_SYS(fstatfs),
                            SCMP_SYS(access),
                            SCMP_SYS(faccessat),
                            SCMP_SYS(faccessat2),
                            SCMP_SYS(getcwd),
                            SCMP_SYS(readlink),
                            SCMP_SYS(readlinkat),
                            SCMP_SYS(getdents64),
                            SCMP_SYS(fcntl),
                            SCMP_SYS(fcntl64),
                            SCMP_SYS(fadvise64),
                            SCMP_SYS(ftruncate),
                            SCMP_SYS(ftruncate64),
                            SCMP_SYS(dup),
                            SCMP_SYS(munmap),
                            SCMP_SYS(mremap),
                            SCMP_SYS(madvise),
                            SCMP_SYS(brk),
                            SCMP_SYS(futex),
                            SCMP_SYS(poll),
                            SCMP_SYS(ppoll),
                            SCMP_SYS(sendto),
                            SCMP_SYS(recvfrom),
                            SCMP_SYS(send),
                            SCMP_SYS(recv),
                            SCMP_SYS(clock_gettime),
                            SCMP_SYS(clock_getres),
                            SCMP_SYS(gettimeofday),
                            SCMP_SYS(time),
                            SCMP_SYS(nanosleep),
                            SCMP_SYS(getrandom),
                            SCMP_SYS(getpid),
                            SCMP_SYS(gettid),
                            SCMP_SYS(getppid),
                            SCMP_SYS(getuid),
                            SCMP_SYS(geteuid),
                            SCMP_SYS(getgid),
                            SCMP_SYS(getegid),
                            SCMP_SYS(uname),
                            SCMP_SYS(sysinfo),
                            SCMP_SYS(getrusage),
                            SCMP_SYS(getrlimit),
                            SCMP_SYS(sched_yield),
                            SCMP_SYS(rt_sigaction),
                            SCMP_SYS(rt_sigprocmask),
                            SCMP_SYS(rt_sigreturn),
                            SCMP_SYS(sigaltstack),
                            SCMP_SYS(sigreturn),
                            SCMP_SYS(restart_syscall),
                            SCMP_SYS(exit),
                            SCMP_SYS(exit_group),
                            SCMP_SYS(rseq),
                            SCMP_SYS(clock_nanosleep),
                            SCMP_SYS(sched_getaffinity),
                            SCMP_SYS(set_robust_list)};

// No reader makes these: whoever does has taken it over.
constexpr int kDeadly[] = {SCMP_SYS(socket),
                           SCMP_SYS(socketpair),
                           SCMP_SYS(connect),
                           SCMP_SYS(bind),
                           SCMP_SYS(listen),
                           SCMP_SYS(accept),
                           SCMP_SYS(accept4),
                           SCMP_SYS(execve),
                           SCMP_SYS(execveat),
                           SCMP_SYS(fork),
                           SCMP_SYS(vfork),
                           SCMP_SYS(clone),
                           SCMP_SYS(ptrace),
                           SCMP_SYS(process_vm_readv),
                           SCMP_SYS(process_vm_writev),
                           SCMP_SYS(creat),
                           SCMP_SYS(unlink),
                           SCMP_SYS(unlinkat),
                           SCMP_SYS(rename),
                           SCMP_SYS(renameat),
                           SCMP_SYS(mkdir),
                           SCMP_SYS(renameat2),
                           SCMP_SYS(mkdirat),
                           SCMP_SYS(link),
                           SCMP_SYS(linkat),
                           SCMP_SYS(symlink),
                           SCMP_SYS(symlinkat),
                           SCMP_SYS(mknod),
                           SCMP_SYS(mknodat),
                           SCMP_SYS(truncate),
                           SCMP_SYS(chmod),
                           SCMP_SYS(fchmodat),
                           SCMP_SYS(chown),
                           SCMP_SYS(lchown),
                           SCMP_SYS(fchownat),
                           SCMP_SYS(mount),
                           SCMP_SYS(umount2),
                           SCMP_SYS(init_module),
                           SCMP_SYS(finit_module),
                           SCMP_SYS(bpf),
                           SCMP_SYS(setuid),
                           SCMP_SYS(io_uring_setup),
                           SCMP_SYS(kexec_load),
                           SCMP_SYS(memfd_create),
                           SCMP_SYS(utimensat),
                           SCMP_SYS(pidfd_getfd),
                           SCMP_SYS(userfaultfd)};

struct ReleaseFilter {
  void operator()(void* filter) const { seccomp_release(filter); }
};

void lock_calls(SandboxState& state) {
  const auto miss = [&](int error) {
    if (!state.missing.empty()) state.missing += ", ";
    state.missing += fmt::format("seccomp ({})", strerror(error));
  };
  const std::unique_ptr<void, ReleaseFilter> filter(seccomp_init(SCMP_ACT_ERRNO(EPERM)));
  if (!filter) return miss(ENOMEM);
  // Names that a machine does not have are no error: libseccomp knows which.
  const auto rule = [&](uint32_t action, int call, std::initializer_list<scmp_arg_cmp> arguments = {}) {
    seccomp_rule_add_array(filter.get(), action, call, static_cast<unsigned>(arguments.size()),
                           arguments.size() ? arguments.begin() : nullptr);
  };
  for (int call : kAllowed) rule(SCMP_ACT_ALLOW, call);
  for (int call : kDeadly) rule(SCMP_ACT_KILL_PROCESS, call);
  // glibc tries clone3 before clone, and falls back when there is none.
  rule(SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3));
  // openat2 hides its flags in memory; nothing here uses it.
  constexpr auto writes = static_cast<scmp_datum_t>(O_ACCMODE | O_CREAT | O_TRUNC | (O_TMPFILE & ~O_DIRECTORY));
  rule(SCMP_ACT_ALLOW, SCMP_SYS(openat), {SCMP_A2(SCMP_CMP_MASKED_EQ, writes, O_RDONLY)});
  rule(SCMP_ACT_ALLOW, SCMP_SYS(open), {SCMP_A1(SCMP_CMP_MASKED_EQ, writes, O_RDONLY)});
  for (scmp_datum_t flag :
       {scmp_datum_t{O_WRONLY}, scmp_datum_t{O_RDWR}, scmp_datum_t{O_CREAT}, scmp_datum_t{O_TRUNC}}) {
    rule(SCMP_ACT_KILL_PROCESS, SCMP_SYS(openat), {SCMP_A2(SCMP_CMP_MASKED_EQ, flag, flag)});
    rule(SCMP_ACT_KILL_PROCESS, SCMP_SYS(open), {SCMP_A1(SCMP_CMP_MASKED_EQ, flag, flag)});
  }
  // The size of a device that is evidence.
  for (scmp_datum_t request : {scmp_datum_t{BLKGETSIZE64}, scmp_datum_t{BLKSSZGET}, scmp_datum_t{BLKGETSIZE}})
    rule(SCMP_ACT_ALLOW, SCMP_SYS(ioctl), {SCMP_A1(SCMP_CMP_EQ, request)});
  // Its own memory may lose rights, and never become code.
  for (int call : {SCMP_SYS(mprotect), SCMP_SYS(mmap), SCMP_SYS(mmap2)})
    rule(SCMP_ACT_ALLOW, call, {SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)});
  // Limits are read, not set.
  rule(SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), {SCMP_A0(SCMP_CMP_EQ, 0), SCMP_A2(SCMP_CMP_EQ, 0)});
  // abort(): a signal to itself.
  rule(SCMP_ACT_ALLOW, SCMP_SYS(tgkill), {SCMP_A0(SCMP_CMP_EQ, static_cast<scmp_datum_t>(getpid()))});
  if (const int error = seccomp_load(filter.get()); error != 0) return miss(-error);
  state.seccomp = true;
}

#endif

}  // namespace

std::string describe(const SandboxState& state) {
  std::string on;
  if (state.landlock_abi > 0) on = fmt::format("Landlock (ABI {})", state.landlock_abi);
  if (state.seccomp) on += on.empty() ? "seccomp" : ", seccomp";
  if (on.empty()) on = "none";
  return state.missing.empty() ? on : fmt::format("{}; not to be had: {}", on, state.missing);
}

SandboxState enter_sandbox(const SandboxPolicy& policy) {
  SandboxState state;
#if defined(__SANITIZE_ADDRESS__)
  // AddressSanitizer reads /proc and starts a process of its own at the end.
  (void)policy;
  state.missing = "Landlock and seccomp (built with AddressSanitizer)";
#else
  prctl(PR_SET_DUMPABLE, 0);
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
    state.missing = fmt::format("no_new_privs ({})", strerror(errno));
    return state;
  }
  lock_files(policy, state);
  lock_calls(state);
#endif
  return state;
}

}  // namespace necropsy
