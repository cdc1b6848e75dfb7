// SPDX-License-Identifier: Apache-2.0
// WalkProblems: hands damage on as Problems; of a kind that comes in thousands the first hundred, then how many more.
#pragma once
#include <fmt/format.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "base/result.hpp"
#include "evidence/file_tree.hpp"

namespace necropsy {

class WalkProblems {
 public:
  // `volume_offset`: where the volume begins on the evidence; offsets given below count from there.
  WalkProblems(const ProblemHandler& handler, uint64_t volume_offset)
      : handler_(handler), volume_offset_(volume_offset) {}

  void report(std::string code, std::string what, std::string path = {}, std::optional<uint64_t> offset = {},
              Severity severity = Severity::warning) {
    if (++counts_[code] > kInFull) return;
    if (handler_)
      handler_({.stage = Stage::walk,
                .severity = severity,
                .code = std::move(code),
                .what = std::move(what),
                .file_path = std::move(path),
                .offset = offset ? std::optional(*offset + volume_offset_) : std::nullopt,
                .length = {}});
  }
  void report(const Error& error, std::string path) {
    report(error.code == ErrorCode::io          ? "read-error"
           : error.code == ErrorCode::truncated ? "truncated"
           : error.code == ErrorCode::limit     ? "limit"
                                                : "damaged",
           error.what, std::move(path), error.offset ? std::optional(error.offset) : std::nullopt, Severity::error);
  }
  // Says of each kind that was cut how many more there were.
  void finish() {
    for (const auto& [code, count] : counts_)
      if (count > kInFull && handler_)
        handler_({.stage = Stage::walk,
                  .severity = Severity::warning,
                  .code = code,
                  .what = fmt::format("{} more of this kind", count - kInFull),
                  .file_path = {},
                  .offset = {},
                  .length = {}});
    counts_.clear();
  }

 private:
  static constexpr uint64_t kInFull = 100;
  const ProblemHandler& handler_;
  uint64_t volume_offset_;
  std::map<std::string, uint64_t> counts_;
};

}  // namespace necropsy
