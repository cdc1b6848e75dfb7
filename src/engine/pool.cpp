// SPDX-License-Identifier: Apache-2.0
#include "engine/pool.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>

#include "engine/worker.hpp"

namespace necropsy {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kSocketBuffer = 1 << 20;
constexpr size_t kReadStep = 256 * 1024;
constexpr rlim_t kWorkerMemory = 2ull << 30;  // address space
constexpr rlim_t kWorkerData = 280ull << 20;  // what it may write to: no evidence makes a process larger than 300 MiB
constexpr rlim_t kWorkerFileSize = 20ull << 30;  // the spool file is the only one a worker can write
constexpr rlim_t kJobHours = 6;                  // of processor time
constexpr int kPollMilliseconds = 200;

// An unlinked file beside the case: /tmp may be small.
int make_spool(const std::string& dir) {
  const int fd = open(dir.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd >= 0) return fd;
  std::string pattern = dir + "/.necropsy-spool-XXXXXX";
  const int named = mkostemp(pattern.data(), O_CLOEXEC);
  if (named >= 0) unlink(pattern.c_str());
  return named;
}

void limit(int resource, rlim_t value) {
  const rlimit wanted{value, value};
  setrlimit(static_cast<__rlimit_resource>(resource), &wanted);
}

// A worker's next job may take so much; what it has used before does not count.
void limit_processor_time(pid_t pid) {
  clockid_t clock{};
  timespec used{};
  if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &used) != 0) return;
  const auto seconds = static_cast<rlim_t>(used.tv_sec) + kJobHours * 3600;
  const rlimit wanted{seconds, RLIM_INFINITY};
  prlimit(pid, RLIMIT_CPU, &wanted, nullptr);
}

// Between fork and exec: only async-signal-safe calls.
[[noreturn]] void become_worker(int socket, int spool, pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(4);
  // Move both out of the way first: one may sit where the other has to go.
  const int s = fcntl(socket, F_DUPFD, 16);
  const int t = spool >= 0 ? fcntl(spool, F_DUPFD, 16) : -1;
  if (s < 0 || dup2(s, kWorkerSocket) < 0) _exit(4);
  if (t >= 0) {
    if (dup2(t, kWorkerSpool) < 0) _exit(4);
  } else {
    close(kWorkerSpool);
  }
  // The case file must not be within a worker's reach.
  if (close_range(kWorkerSpool + 1, ~0U, 0) != 0)
    for (int fd = kWorkerSpool + 1; fd < 1024; ++fd) close(fd);
  limit(RLIMIT_CORE, 0);
#if !defined(__SANITIZE_ADDRESS__)
  limit(RLIMIT_AS, kWorkerMemory);
  limit(RLIMIT_DATA, kWorkerData);
#endif
  limit(RLIMIT_FSIZE, kWorkerFileSize);
  // Signals to the whole group (Ctrl-C, a closed terminal, timeout) are the conductor's business.
  for (int number : {SIGINT, SIGTERM, SIGHUP}) signal(number, SIG_IGN);
  char name[] = "necropsy";
  char command[] = "__worker";
  char* const arguments[] = {name, command, nullptr};
  char zone[] = "TZ=UTC";
  char* const environment[] = {zone, nullptr};
  execve("/proc/self/exe", arguments, environment);
  _exit(4);
}

}  // namespace

struct Pool::Process {
  pid_t pid = -1;
  int socket = -1;
  int spool = -1;
  std::string input;  // bytes of frames not complete yet
  std::optional<Job> job;
  bool aside = false;  // works for start()
  bool is_new = true;  // has not said yet which protections are on
  Clock::time_point last_heard;

  ~Process() {
    if (socket >= 0) close(socket);
    if (spool >= 0) close(spool);
    if (pid > 0) {
      kill(pid, SIGKILL);
      waitpid(pid, nullptr, 0);
    }
  }
};

Pool::Pool(PoolOptions options) : options_(std::move(options)) {}
Pool::~Pool() = default;

std::unique_ptr<Pool::Process> Pool::spawn() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    throw std::runtime_error(fmt::format("no socket for a worker: {}", strerror(errno)));
  setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &kSocketBuffer, sizeof kSocketBuffer);
  auto process = std::make_unique<Process>();
  process->socket = ends[0];
  process->spool = make_spool(options_.spool_dir);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid == 0) become_worker(ends[1], process->spool, parent);
  close(ends[1]);
  if (pid < 0) throw std::runtime_error(fmt::format("no process for a worker: {}", strerror(errno)));
  process->pid = pid;
  fcntl(process->socket, F_SETFL, O_NONBLOCK);
  process->last_heard = Clock::now();
  wire::Out policy;
  wire::put(policy, policy_);
  send(*process, wire::Type::confine, policy.buffer());
  return process;
}

bool Pool::send(Process& process, wire::Type type, std::string_view payload) {
  std::string frame(wire::kHeader, '\0');
  const auto length = static_cast<uint32_t>(payload.size());
  std::memcpy(frame.data(), &length, sizeof length);
  frame[4] = static_cast<char>(type);
  frame += payload;
  std::string_view rest = frame;
  while (!rest.empty()) {
    const ssize_t n = ::send(process.socket, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (n > 0) {
      rest.remove_prefix(static_cast<size_t>(n));
    } else if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      pollfd wait{process.socket, POLLOUT, 0};
      if (poll(&wait, 1, 10'000) <= 0) return false;
    } else if (n < 0 && errno != EINTR) {
      return false;
    }
  }
  return true;
}

bool Pool::give(Process& process, Job job) {
  job.id = next_id_++;
  wire::Out out;
  wire::put(out, job);
  process.job = std::move(job);
  process.last_heard = Clock::now();
  limit_processor_time(process.pid);
  return send(process, wire::Type::job, out.buffer());
}

bool Pool::end(Process& process, std::string& code, std::string& why) {
  if (process.pid <= 0) return false;
  if (!code.empty()) kill(process.pid, SIGKILL);
  int status = 0;
  while (waitpid(process.pid, &status, 0) < 0 && errno == EINTR) {
  }
  process.pid = -1;
  if (!code.empty()) return false;
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS) {
    code = "sandbox";
    why =
        "the worker that read it tried what reading never needs (a socket, another program, opening a file for writing "
        "…) and was ended: what it read may be made to attack the reader";
  } else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU) {
    code = "hang";
    why = fmt::format("the worker that read it used {} hours of processor time and was ended", kJobHours);
  } else if (WIFSIGNALED(status)) {
    code = "crash";
    why = fmt::format("the worker that read it was ended by signal {} ({})", WTERMSIG(status),
                      strsignal(WTERMSIG(status)));
  } else {
    code = "crash";
    why = fmt::format("the worker that read it ended with status {}", WEXITSTATUS(status));
  }
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

bool Pool::receive(Process& process, JobHandler& handler, std::string& code, std::string& why) {
  const size_t have = process.input.size();
  process.input.resize(have + kReadStep);
  const ssize_t n = read(process.socket, process.input.data() + have, kReadStep);
  process.input.resize(have + static_cast<size_t>(n > 0 ? n : 0));
  if (n < 0) return errno == EAGAIN || errno == EINTR;
  if (n == 0) return false;
  process.last_heard = Clock::now();
  size_t at = 0;
  bool good = true;
  while (good && process.input.size() - at >= wire::kHeader) {
    uint32_t length = 0;
    std::memcpy(&length, process.input.data() + at, sizeof length);
    const auto type = static_cast<uint8_t>(process.input[at + 4]);
    if (length > wire::kMaxFrame || type < 2 || type > wire::kLastType || (!process.job && !process.is_new)) {
      good = false;
      break;
    }
    if (process.input.size() - at - wire::kHeader < length) break;
    const std::string_view payload(process.input.data() + at + wire::kHeader, length);
    at += wire::kHeader + length;
    if (process.is_new) {
      wire::In in(payload);
      SandboxState state = wire::get_sandbox(in);
      good = static_cast<wire::Type>(type) == wire::Type::confined && in.finished();
      if (good) sandbox_ = std::move(state);
      process.is_new = false;
    } else if (static_cast<wire::Type>(type) == wire::Type::confined) {
      good = false;  // once is enough
    } else if (static_cast<wire::Type>(type) == wire::Type::done) {
      wire::In in(payload);
      const wire::JobDone done = wire::get_done(in);
      good = in.finished();
      if (good) {
        const Job job = std::move(*process.job);
        process.job.reset();
        handler.finished(job, done);
      }
    } else if (static_cast<wire::Type>(type) != wire::Type::progress) {
      good = handler.frame(*process.job, static_cast<wire::Type>(type), payload);
    }
  }
  process.input.erase(0, at);
  if (!good) {
    code = "malformed-frame";
    why = "the worker that read it answered with something that is no answer, and was ended";
  }
  return good;
}

bool Pool::run_here(std::deque<Job>& jobs, JobHandler& handler) {
  const Job* current = nullptr;
  bool stopped = false;
  wire::JobDone done;
  DirectChannel channel([&](wire::Type type, std::string_view payload) {
    if (options_.stop && options_.stop()) stopped = true;
    if (stopped) return false;
    if (type == wire::Type::done) {
      wire::In in(payload);
      done = wire::get_done(in);
      return true;
    }
    return type == wire::Type::progress || handler.frame(*current, type, payload);
  });
  const int spool = make_spool(options_.spool_dir);
  {
    Worker worker(channel, spool);
    for (; !jobs.empty() && !stopped; jobs.pop_front()) {
      jobs.front().id = next_id_++;
      current = &jobs.front();
      done = {};
      worker.run(jobs.front());
      if (!stopped) handler.finished(jobs.front(), done);
    }
  }
  if (spool >= 0) close(spool);
  return !stopped;
}

bool Pool::run(std::deque<Job> jobs, JobHandler& handler) {
  return options_.workers <= 0 ? run_here(jobs, handler) : serve(jobs, handler, false);
}

void Pool::start(std::deque<Job> jobs) {
  aside_ = std::move(jobs);
  if (options_.workers <= 0 || aside_.empty()) return;
  // Those at hand have nothing to do now.
  for (auto& p : processes_) p->aside = !p->job;
  hand_out(aside_, true);
  for (auto& p : processes_) p->aside = p->aside && p->job;
}

bool Pool::wait(JobHandler& handler) {
  return options_.workers <= 0 ? run_here(aside_, handler) : serve(aside_, handler, true);
}

void Pool::hand_out(std::deque<Job>& jobs, bool aside) {
  int workers = 0;
  for (auto& p : processes_) {
    if (p->aside != aside) continue;
    ++workers;
    if (p->job || jobs.empty()) continue;
    Job job = std::move(jobs.front());
    jobs.pop_front();
    give(*p, std::move(job));  // a worker that is gone is found by its closed socket
  }
  for (; !jobs.empty() && workers < options_.workers; ++workers) {
    processes_.push_back(spawn());
    processes_.back()->aside = aside;
    Job job = std::move(jobs.front());
    jobs.pop_front();
    give(*processes_.back(), std::move(job));
  }
}

bool Pool::serve(std::deque<Job>& jobs, JobHandler& handler, bool aside) {
  for (;;) {
    hand_out(jobs, aside);
    std::vector<pollfd> waiting;
    std::vector<Process*> served;
    for (const auto& p : processes_) {
      if (p->aside != aside || !p->job) continue;
      served.push_back(p.get());
      waiting.push_back({p->socket, POLLIN, 0});
    }
    if (served.empty()) return true;
    if (options_.stop && options_.stop()) {
      processes_.clear();
      return false;
    }
    const int ready = poll(waiting.data(), waiting.size(), kPollMilliseconds);
    if (ready < 0 && errno != EINTR) throw std::runtime_error(fmt::format("waiting for workers: {}", strerror(errno)));
    for (size_t i = 0; i < waiting.size(); ++i) {
      Process& p = *served[i];
      std::string code, why;
      bool alive = true;
      if (ready > 0 && waiting[i].revents != 0) alive = receive(p, handler, code, why);
      if (alive && p.job && Clock::now() - p.last_heard > std::chrono::seconds(options_.silent_seconds)) {
        alive = false;
        code = "hang";
        why = fmt::format("the worker that read it said nothing for {} seconds and was ended", options_.silent_seconds);
      }
      if (alive) continue;
      const bool killed = end(p, code, why);
      std::optional<Job> job = std::move(p.job);
      p.job.reset();
      if (!job) continue;
      if (killed && !job->repeated && handler.again(*job)) {
        job->repeated = true;
        jobs.push_front(std::move(*job));
      } else {
        handler.lost(*job, code, why);
      }
    }
    std::erase_if(processes_, [](const auto& p) { return p->pid <= 0; });
  }
}

}  // namespace necropsy
