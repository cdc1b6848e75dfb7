// SPDX-License-Identifier: Apache-2.0
// What a parser is: a Descriptor that says what it reads and emits, probe(), parse(). See docs/adding-a-parser.md.
// A parser is stateless; its calls may run in several processes at once. It sees bytes, never SQLite, libtsk, threads,
// the analyst's disk or the wall clock.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/timestamp.hpp"
#include "model/event.hpp"
#include "model/host_profile.hpp"
#include "model/problem.hpp"
#include "parse/content_stream.hpp"
#include "parse/time_resolver.hpp"

namespace necropsy {

enum class Match : uint8_t { no, maybe, yes };  // maybe: taken only when the path is one of the descriptor's
enum class Finish : uint8_t { complete, partial, not_mine };

struct Sample {
  std::string_view bytes;  // one record or a small file, as a daemon writes it
  // Expected events, one a line: `category.action[.outcome] key=value …` with the keys of docs/adding-a-parser.md
  // (time user target ip host port method pid process path size url status session service attr:NAME …); values with
  // blanks in double quotes.
  std::string_view expected;
};

struct AttributeKey {
  std::string_view name, meaning;
};

struct Emits {
  Action action;
};

struct Descriptor {
  std::string_view name;   // the file's name, unique
  std::string_view title;  // "Linux authentication log (auth.log, secure)"
  // Globs of usual places, `/` separated, matched without case against the whole path; rotations (.1, .gz, -20240101,
  // .old, .bak …) match by themselves.
  std::span<const std::string_view> paths;
  std::string_view magic = {};  // bytes at offset 0, where the format has them
  std::span<const Action> emits;
  std::span<const AttributeKey> keys = {};
  std::string_view zone_rule;  // one sentence: "local time of the host, no year", "UTC"
  std::span<const Sample> samples;
  // Other parsers whose samples this one's probe accepts, each with the reason: "name: reason".
  std::span<const std::string_view> also_accepts = {};
  // What the file times of the log mean: decisive logs (logins, accounts) are parsed first.
  bool decisive = false;
  uint32_t revision = 1;
};

struct Probe {
  Bytes head;                 // first 4 KiB of the unpacked content, or less
  std::string_view path;      // as the machine saw it; may be empty (nameless inode)
  uint64_t size = 0;          // of the unpacked content; 0 when not known (compressed)
  bool path_matches = false;  // one of the descriptor's globs, rotation suffixes removed
};

// What is known of the file that is being parsed.
struct ParseContext {
  std::string_view path;                     // as the machine saw it
  std::optional<Timestamp> modified;         // of the file (its own, not of the container)
  std::optional<Timestamp> packed_modified;  // time in the gzip header, where there is one
  // Upper bound from elsewhere: first record of the next newer rotated sibling, last sign of life.
  std::optional<Timestamp> not_after;
  TimeResolver* clock = nullptr;
  const HostProfile* host = nullptr;
  bool remote = false;  // a log of other hosts (log server)
};

// What a parser may do. Copies what it is given.
class EventSink {
 public:
  virtual ~EventSink() = default;
  virtual void event(const Event& event) = 0;
  // One record understood (it may have given any number of events). Records, not events, are what coverage counts.
  virtual void record_read(uint64_t count = 1) = 0;
  // One record that was not understood: counted, and kept as a problem (the first 20 of a code in full, the rest
  // counted). `code`: bad-time, unknown-record, truncated, bad-number, cut-line, binary-line …
  virtual void unparsed(Extent where, std::string_view code, std::string_view why, Stage stage = Stage::parse) = 0;
  // Something else worth a row, no record of its own.
  virtual void problem(Extent where, std::string_view code, std::string_view why, Stage stage = Stage::parse,
                       Severity severity = Severity::warning) = 0;
  // False when the run is being stopped or a budget is used up; the parser then returns partial.
  virtual bool keep_going() const = 0;
};

struct ParserEntry {
  const Descriptor* about;
  Match (*probe)(const Probe&);
  Finish (*parse)(ContentStream&, const ParseContext&, EventSink&);
};

// All parsers, sorted by name; generated from file names under parsers/.
std::span<const ParserEntry> all_parsers();
const ParserEntry* find_parser(std::string_view name);

}  // namespace necropsy
