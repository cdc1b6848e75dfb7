// SPDX-License-Identifier: Apache-2.0
// Sweeps for parsers: every prefix of a sample, and every byte of it flipped, run through probe and parse. What is
// checked is that the parser comes back, stays inside the file, and says something sensible; memory errors are found by
// running the same test in the asan build.
#pragma once
#include <fmt/format.h>

#include <random>
#include <string>
#include <string_view>

#include "support/run_parser.hpp"

namespace necropsy::test {

struct SweepOptions {
  RunOptions run = {};
  // Upper bound on events one damaged variant may give; a parser that loops gives more. 0: twice what the whole sample
  // gives, and 64.
  uint64_t most_events = 0;
  size_t prefix_step = 1, flip_step = 1;
  // Bytes laid over each place, one at a time: all bits, the top bit, zero, and all ones.
  bool set_extremes = true;
};

struct Swept {
  uint64_t runs = 0;
  std::string failure;  // the first thing that was wrong; empty when all was well
};

namespace sweep_detail {

inline std::string check(const ParserEntry& parser, std::string_view bytes, const SweepOptions& options,
                         uint64_t most_events) {
  RunOptions run = options.run;
  run.stop_after = most_events + 1;
  const Got got = run_parser(parser, bytes, run);
  if (got.events.size() > most_events) return fmt::format("more than {} events", most_events);
  for (const GotEvent& event : got.events)
    if (event.where.offset >= bytes.size()) return fmt::format("an event lies outside the file: {}", event.text);
  for (const GotProblem& problem : got.problems) {
    if (problem.code.empty() || problem.why.empty()) return "a problem without code or reason";
    if (problem.where.offset > bytes.size()) return fmt::format("problem {} lies outside the file", problem.code);
  }
  return {};
}

}  // namespace sweep_detail

inline constexpr size_t kSweptWhole = 16 * 1024, kSweptPoints = 1000;

// Runs the parser over every prefix of `sample` and over it with each byte changed; of a sample beyond 16 KiB over
// 1,000 prefixes and places that a fixed seed chooses.
inline Swept sweep(const ParserEntry& parser, std::string_view sample, const SweepOptions& options = {}) {
  Swept swept;
  const uint64_t whole = run_parser(parser, sample, options.run).events.size();
  const uint64_t most = options.most_events ? options.most_events : whole * 2 + 64;
  const auto run = [&](std::string_view bytes, std::string_view what, size_t at) {
    if (!swept.failure.empty()) return;
    ++swept.runs;
    const std::string failure = sweep_detail::check(parser, bytes, options, most);
    if (!failure.empty()) swept.failure = fmt::format("{} {}: {}", what, at, failure);
  };
  std::string changed(sample);
  const auto flip = [&](size_t at) {
    const char was = changed[at];
    const auto with = [&](int value) {
      if (static_cast<char>(value) == was) return;
      changed[at] = static_cast<char>(value);
      run(changed, fmt::format("value 0x{:02x} at byte", value & 0xFF), at);
    };
    with(~was);
    with(was ^ 1);
    if (options.set_extremes) {
      with(was ^ 0x80);
      with(0);
      with(0xFF);
    }
    changed[at] = was;
  };
  if (sample.size() > kSweptWhole) {
    std::mt19937_64 random(sample.size());
    for (size_t i = 0; i < kSweptPoints; ++i) {
      const size_t length = random() % sample.size();
      run(sample.substr(0, length), "prefix of bytes", length);
      flip(random() % sample.size());
    }
    return swept;
  }
  for (size_t length = 0; length < sample.size(); length += options.prefix_step)
    run(sample.substr(0, length), "prefix of bytes", length);
  for (size_t at = 0; at < changed.size(); at += options.flip_step) flip(at);
  return swept;
}

}  // namespace necropsy::test
