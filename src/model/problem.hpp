// SPDX-License-Identifier: Apache-2.0
// Problem: something that could not be read. Nothing is skipped without one.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace necropsy {

enum class Stage : uint8_t { open, volume, walk, unpack, probe, time, parse, store };
enum class Severity : uint8_t { info, warning, error };
std::string_view to_text(Stage stage);
std::string_view to_text(Severity severity);

struct Problem {
  Stage stage = Stage::parse;
  Severity severity = Severity::warning;
  std::string code;  // stable word: truncated, bad-time, unknown-record, bad-checksum, read-error, encrypted, …
  std::string what;  // one sentence for a person
  std::string file_path;
  std::optional<uint64_t> offset, length;
};

}  // namespace necropsy
