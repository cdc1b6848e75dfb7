// SPDX-License-Identifier: Apache-2.0
// Runs a parser over bytes and keeps what it said, as owned copies and as text to compare with.
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "parse/parser.hpp"

namespace necropsy::test {

// An event with its own copies. `text` is canonical: `category.action[.outcome] key=value …`, keys as in
// run_parser.cpp.
struct GotEvent {
  EventTime time;
  Action action = Action::host_message;
  Outcome outcome = Outcome::none;
  std::map<std::string, std::string> fields;  // only what is set; attributes as attr:NAME
  Extent where;
  uint64_t record = 0;
  std::string text;
  std::string operator[](const std::string& key) const {
    const auto found = fields.find(key);
    return found == fields.end() ? std::string() : found->second;
  }
};

struct GotProblem {
  Extent where;
  std::string code, why;
  Stage stage = Stage::parse;
  bool record = false;  // it was an unparsed record
};

struct Got {
  std::vector<GotEvent> events;
  std::vector<GotProblem> problems;
  uint64_t read = 0, unparsed = 0;
  Finish finish = Finish::complete;
  Match match = Match::no;
};

struct RunOptions {
  std::string path = {};
  std::string zone = {};  // Area/City of the machine; empty: unknown
  std::optional<int32_t> year = {};
  std::optional<Timestamp> modified = {}, packed_modified = {}, not_after = {};
  bool remote = false;
  const HostProfile* host = nullptr;
  uint64_t stop_after = UINT64_MAX;  // events, then keep_going() is false
};

Got run_parser(const ParserEntry& parser, std::string_view bytes, const RunOptions& options = {});
Got run_parser(const ParserEntry& parser, ContentStream& stream, const RunOptions& options = {});
// Sink that only counts: for timing.
struct Count {
  uint64_t events = 0, read = 0, unparsed = 0;
};
Count count_events(const ParserEntry& parser, ContentStream& stream, const RunOptions& options = {});

// Empty when every key of `expected` (one line of Sample::expected) holds in `got`; else what differs.
// Values with blanks stand in double quotes; `key=` alone demands that the field is not set.
std::string difference(std::string_view expected, const GotEvent& got);
// All samples of a parser: each expected line against the event in the same place; text of the first failure or empty.
std::string check_samples(const ParserEntry& parser);
// Whether the probe takes `bytes` (yes, or maybe with one of its usual paths).
Match probe(const ParserEntry& parser, std::string_view bytes, std::string_view path = {});

// Content of a file of the shared evidence folder; nothing where that folder is not there.
std::optional<std::string> shared_file(std::string_view relative_path);
std::string shared_dir();  // empty where it is not there

}  // namespace necropsy::test
