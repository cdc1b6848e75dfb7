// SPDX-License-Identifier: Apache-2.0
// Pool: runs jobs in worker processes and hands their frames to the conductor, one at a time.
// Thread: the conductor's only one. A worker that crashes, hangs, outgrows its limits or sends a frame that does not
// hold water costs its job and is replaced.
#pragma once
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/sandbox.hpp"
#include "engine/jobs.hpp"
#include "engine/wire.hpp"

namespace necropsy {

class JobHandler {
 public:
  virtual ~JobHandler() = default;
  // One frame of a running job. False: the frame is malformed; the worker is ended and lost() follows.
  virtual bool frame(const Job& job, wire::Type type, std::string_view payload) = 0;
  virtual void finished(const Job& job, const wire::JobDone& done) = 0;
  // The worker died or was ended; nothing more of this job will come. `code`: crash, hang, malformed-frame, sandbox.
  virtual void lost(const Job& job, std::string_view code, const std::string& why) = 0;
  // The worker was killed from outside (an administrator, the system short of memory). True: what came of the job is
  // forgotten, it may run once more.
  virtual bool again(const Job& job) = 0;
};

struct PoolOptions {
  int workers = 2;             // 0: in this process
  std::string spool_dir;       // where unlinked temporary files are made
  int silent_seconds = 300;    // a worker that says nothing for so long hangs
  std::function<bool()> stop;  // asked often; true ends the run
};

class Pool {
 public:
  explicit Pool(PoolOptions options);
  ~Pool();
  // What workers that start from now on may read. Without it: nothing.
  void confine_to(SandboxPolicy policy) { policy_ = std::move(policy); }
  // Runs all jobs. False when the run was stopped before the end; jobs in flight are then lost without a word.
  bool run(std::deque<Job> jobs, JobHandler& handler);
  // Sets workers of their own on `jobs` while the conductor does something else, or runs other jobs. Nothing of theirs
  // is handled before wait(), which runs those that found no worker too.
  void start(std::deque<Job> jobs);
  bool wait(JobHandler& handler);
  // Protections of the workers so far; nothing before the first one worked, or when they work in this process.
  const std::optional<SandboxState>& sandbox() const { return sandbox_; }

 private:
  struct Process;
  bool serve(std::deque<Job>& jobs, JobHandler& handler, bool aside);
  void hand_out(std::deque<Job>& jobs, bool aside);
  bool run_here(std::deque<Job>& jobs, JobHandler& handler);
  std::unique_ptr<Process> spawn();
  bool give(Process& process, Job job);
  bool send(Process& process, wire::Type type, std::string_view payload);
  // Reads what is there; false when the worker is gone or misbehaved (`code`, `why` say how).
  bool receive(Process& process, JobHandler& handler, std::string& code, std::string& why);
  // Reaps a worker that is gone or to be ended; true when something else killed it.
  bool end(Process& process, std::string& code, std::string& why);

  PoolOptions options_;
  std::vector<std::unique_ptr<Process>> processes_;
  std::deque<Job> aside_;  // given to start(), not yet to a worker
  SandboxPolicy policy_;
  std::optional<SandboxState> sandbox_;
  uint64_t next_id_ = 1;
};

// Descriptors a worker process finds its ends at, and the hidden command that starts it.
inline constexpr int kWorkerSocket = 3;
inline constexpr int kWorkerSpool = 4;
inline constexpr const char* kWorkerCommand = "__worker";

}  // namespace necropsy
