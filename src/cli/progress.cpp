// SPDX-License-Identifier: Apache-2.0
#include "cli/progress.hpp"

#include <fmt/format.h>

#include <cstdio>

#include "cli/context.hpp"

namespace necropsy::cli {
namespace {

constexpr auto kRedraw = std::chrono::milliseconds(250);
constexpr auto kPlainLine = std::chrono::seconds(10);

std::string size_text(uint64_t bytes) {
  if (bytes < 1024) return fmt::format("{} B", bytes);
  if (bytes < (1u << 20)) return fmt::format("{} KiB", bytes >> 10);
  if (bytes < (1u << 30)) return fmt::format("{} MiB", bytes >> 20);
  return fmt::format("{:.1f} GiB", static_cast<double>(bytes) / (1 << 30));
}

}  // namespace

ProgressLine::ProgressLine(bool quiet) : quiet_(quiet), terminal_(stderr_is_terminal()) {}

void ProgressLine::show(const Progress& p) {
  if (quiet_) return;
  const auto now = Clock::now();
  const bool new_stage = p.stage != stage_;
  if (new_stage) {
    stage_ = p.stage;
    stage_start_ = now;
  }
  if (!new_stage && now - last_ < (terminal_ ? kRedraw : kPlainLine)) return;
  if (!terminal_ && new_stage && p.total == 0 && p.stage != "index" && p.stage != "correlate") return;
  last_ = now;
  const double seconds = std::chrono::duration<double>(now - stage_start_).count();
  std::string text = fmt::format("{}", p.stage);
  if (p.total > 0) text += fmt::format("  {}/{}", p.done, p.total);
  if (p.names > 0) text += fmt::format("  {} names", p.names);
  if (p.events > 0) text += fmt::format("  {} events", p.events);
  if (p.stage == "parse" && p.total_bytes > 0) {
    text += fmt::format("  {} of {}", size_text(p.bytes), size_text(p.total_bytes));
    if (seconds > 1) text += fmt::format("  {:.0f} events/s", static_cast<double>(p.events) / seconds);
    if (seconds > 2 && p.bytes > 0 && p.bytes < p.total_bytes)
      text += fmt::format("  {:.0f} s left",
                          seconds * static_cast<double>(p.total_bytes - p.bytes) / static_cast<double>(p.bytes));
  }
  if (terminal_) {
    fmt::print(stderr, "\r\x1b[K{}", text);
    fflush(stderr);
    drawn_ = true;
  } else {
    fmt::print(stderr, "{}\n", text);
  }
}

void ProgressLine::end() {
  if (drawn_) fmt::print(stderr, "\r\x1b[K");
  drawn_ = false;
  if (!quiet_) fmt::print(stderr, "done in {:.1f} s\n", std::chrono::duration<double>(Clock::now() - start_).count());
}

}  // namespace necropsy::cli
