// SPDX-License-Identifier: Apache-2.0
#include "linux/syslog/years.hpp"

namespace necropsy::syslog {
namespace {

constexpr size_t kMaxRuns = 200'000;  // days of a log, with room for hostile ones
constexpr int kMaxStrayRuns = 3;      // a boot may pass midnight before it learns the time
constexpr int kLastStrayDay = 2;      // of January
constexpr int kReturnDays = 30;       // a log that goes on so soon after its own date had not left it for a year

int day_of_year(uint16_t key) {
  constexpr int kBefore[] = {0, 31, 60, 91, 121, 152, 182, 213, 244, 274, 305, 335};
  return kBefore[key / 32 - 1] + key % 32;
}

bool is_reset_day(uint16_t key) { return key / 32 == 1 && key % 32 <= kLastStrayDay; }

}  // namespace

void FileYears::observe(unsigned month, unsigned day, std::optional<int32_t> proven) {
  const auto key = static_cast<uint16_t>(month * 32 + day);
  if (key != last_key_) {
    last_key_ = key;
    all_.observe(month, day);
    if (runs_.size() < kMaxRuns) {
      runs_.push_back({.key = key});
    } else {
      too_many_ = true;
    }
  }
  if (!proven) return;
  all_.anchor(*proven);
  if (!too_many_ && runs_.back().proven == 0) runs_.back().proven = *proven;
}

// A few runs of Jan 1 or 2 after a date in the middle of the year, and then that date again, or soon after it.
void FileYears::mark_astray() {
  for (size_t i = 1; i < runs_.size(); ++i) {
    if (!is_reset_day(runs_[i].key) || is_reset_day(runs_[i - 1].key)) continue;
    size_t end = i;
    while (end < runs_.size() && end - i < kMaxStrayRuns && is_reset_day(runs_[end].key)) ++end;
    if (end >= runs_.size() || is_reset_day(runs_[end].key)) continue;
    const int before = day_of_year(runs_[i - 1].key), after = day_of_year(runs_[end].key);
    // In January itself a step back to the 1st is a clock that was set, and the year stays.
    if (before < 32 || after < before || after > before + kReturnDays) continue;
    for (size_t k = i; k < end; ++k) runs_[k].astray = true;
    astray_runs_ += end - i;
    i = end;
  }
}

bool FileYears::settle(std::optional<Civil> not_after, std::optional<int32_t> forced) {
  at_ = 0;
  last_key_ = 0;
  if (too_many_) return all_.settle(not_after, forced);
  mark_astray();
  YearInference years;
  for (const Run& run : runs_) {
    if (run.astray) continue;
    years.observe(run.key / 32, run.key % 32);
    if (run.proven != 0) years.anchor(run.proven);
  }
  if (!years.settle(not_after, forced)) return false;
  for (Run& run : runs_)
    if (!run.astray) run.year = years.year_of(run.key / 32, run.key % 32);
  return true;
}

FileYears::Answer FileYears::next(unsigned month, unsigned day) {
  const auto key = static_cast<uint16_t>(month * 32 + day);
  const bool new_run = key != last_key_;
  last_key_ = key;
  if (too_many_) {
    if (new_run) last_year_ = all_.year_of(month, day);
    return {.year = last_year_};
  }
  if (new_run) ++at_;
  if (at_ == 0 || at_ > runs_.size()) return {};
  const Run& run = runs_[at_ - 1];
  Answer answer{.year = run.year, .astray = run.astray};
  if (run.astray) {
    size_t end = at_;
    while (end < runs_.size() && runs_[end].astray) ++end;
    if (end < runs_.size()) {
      Civil day_end;
      day_end.year = runs_[end].year;
      day_end.month = static_cast<uint8_t>(runs_[end].key / 32);
      day_end.day = static_cast<uint8_t>(runs_[end].key % 32);
      day_end.hour = 23;
      day_end.minute = day_end.second = 59;
      answer.not_after = day_end;
    }
  }
  return answer;
}

}  // namespace necropsy::syslog
