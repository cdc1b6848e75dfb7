// SPDX-License-Identifier: Apache-2.0
// A fuzz target: bytes in, and a reader of necropsy over them. The same targets are driven by libFuzzer (entry.cpp, the
// preset `fuzz`) and by the replay of the kept corpus (replay.cpp, every build).
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"

namespace necropsy {
struct ParserEntry;
}

namespace necropsy::fuzz {

struct Target {
  void (*run)(Bytes input);
  // Inputs that need no file because the program can make them: samples of parsers, frames. May be null.
  std::vector<std::string> (*seeds)() = nullptr;
};

// Ends the process with a sentence on stderr: what libFuzzer and the replay take for a crash.
void require(bool holds, std::string_view what);

// The one target of all parsers.
void run_parser(const ParserEntry& parser, Bytes input);
std::vector<std::string> parser_seeds(const ParserEntry& parser);

}  // namespace necropsy::fuzz
