// SPDX-License-Identifier: Apache-2.0
// The commands as plain data, read from the definitions that parse the command line: what the man page and the
// completion are made of, so that neither can say anything else than --help.
#pragma once
#include <string>
#include <vector>

#include "cli/context.hpp"

namespace necropsy::cli {

struct OptionFacts {
  std::vector<std::string> names;  // -o, --output; none for a positional
  std::string value;               // CASE.db, N, table|csv|jsonl …; empty for a flag
  std::string description;
  std::string standard;     // what holds when it is left out; empty for none
  std::string least, most;  // of a number; empty for no limits
  bool required = false;
  bool repeated = false;  // takes any number of values
};

struct CommandFacts {
  std::string name, description;  // no name for the program itself
  std::vector<OptionFacts> options, positionals;
  std::vector<std::string> examples;  // lines of the footer that can be typed
};

// The program first, then its commands in the order of --help.
std::vector<CommandFacts> command_facts(const CLI::App& app);

// Both end with a line end. The date (2026-11-30) may be empty.
std::string man_page(const CLI::App& app, std::string_view date);
std::string bash_completion(const CLI::App& app);

}  // namespace necropsy::cli
