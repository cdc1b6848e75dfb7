// SPDX-License-Identifier: Apache-2.0
#include "support.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

namespace necropsy::bench {
namespace {

using Clock = std::chrono::steady_clock;
constexpr double kMayGrow = 1.15;

std::map<std::string, double>& figures() {
  static std::map<std::string, double> all;
  return all;
}

}  // namespace

// A shell command with all its children accounted for.
Run run(const std::string& command) {
  const auto start = Clock::now();
  const pid_t pid = fork();
  if (pid == 0) {
    execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
    _exit(127);
  }
  Run r;
  rusage usage{};
  wait4(pid, &r.status, 0, &usage);
  r.wall = std::chrono::duration<double>(Clock::now() - start).count();
  r.cpu = static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
          static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
  r.peak_kib = usage.ru_maxrss;
  return r;
}

Run best_of(int n, const std::string& command) {
  Run best;
  for (int i = 0; i < n; ++i) {
    const Run r = run(command);
    if (i == 0 || r.wall < best.wall) best = r;
  }
  return best;
}

bool exists(const std::string& path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0;
}

int64_t size_of(const std::string& path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0 ? info.st_size : 0;
}

void line(std::string_view name, const Run& r) {
  fmt::print("  {:<34} wall {:8.2f} s   cpu {:8.2f} s   peak {:6} MiB   exit {}\n", name, r.wall, r.cpu,
             r.peak_kib / 1024, WEXITSTATUS(r.status));
}

void figure(const std::string& name, double value) { figures()[name] = value; }

int finish_figures(const std::string& write, const std::string& against) {
  if (!write.empty()) std::ofstream(write) << nlohmann::json(figures()).dump(2) << "\n";
  if (against.empty()) return 0;
  std::ifstream file(against);
  const auto kept = nlohmann::json::parse(file, nullptr, false);
  if (!kept.is_object()) {
    fmt::print(stderr, "{}: no figures to compare with\n", against);
    return 1;
  }
  int worse = 0;
  for (const auto& [name, value] : figures()) {
    const auto before = kept.find(name);
    if (before == kept.end() || !before->is_number()) continue;
    const bool grew = value > before->get<double>() * kMayGrow;
    worse += grew;
    fmt::print("{} {:<44} {:8.3f}, kept {:8.3f}\n", grew ? "WORSE" : "ok   ", name, value, before->get<double>());
  }
  return worse;
}

}  // namespace necropsy::bench
