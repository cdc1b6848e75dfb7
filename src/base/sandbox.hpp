// SPDX-License-Identifier: Apache-2.0
// What a process that reads hostile bytes gives up before it reads the first: Landlock (no file but those named, and
// those only for reading) and seccomp (no socket, no program, no process, no file opened for writing). Linux only; what
// the kernel cannot do is left out and said.
#pragma once
#include <string>
#include <vector>

namespace necropsy {

struct SandboxPolicy {
  std::vector<std::string> files;    // may be read
  std::vector<std::string> folders;  // may be read and listed, with all below them
};

struct SandboxState {
  int landlock_abi = 0;  // 0: the kernel has no Landlock, or it is switched off
  bool seccomp = false;
  std::string missing;  // what could not be had, and why; empty when all is on
};

// For people: "Landlock (ABI 4), seccomp", or what is missing.
std::string describe(const SandboxState& state);

// Cannot be undone, and holds for what the process starts. Descriptors that are open stay open. Paths that do not exist
// are skipped. A system call that a reader has no use for is refused (EPERM); one that only a process that was taken
// over would make (a socket, another program or process, ptrace, opening for writing) ends it with SIGSYS.
SandboxState enter_sandbox(const SandboxPolicy& policy);

}  // namespace necropsy
