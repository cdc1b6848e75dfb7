// SPDX-License-Identifier: Apache-2.0
// Every parser of the registry over its own samples: cut at every place, with every byte changed, and on evidence whose
// n-th read fails.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>

#include "support/faulty_stream.hpp"
#include "support/sweep.hpp"

using namespace necropsy;
using namespace necropsy::test;

namespace {

RunOptions usual(const ParserEntry& parser) {
  RunOptions options;
  options.zone = "UTC";
  options.modified = Timestamp::from_unix(1735689599);
  if (!parser.about->paths.empty()) options.path = parser.about->paths.front();
  return options;
}

// What an event says, for comparing: all fields and where it was read.
std::vector<std::string> rows_of(const Got& got) {
  std::vector<std::string> rows;
  for (const GotEvent& event : got.events)
    rows.push_back(fmt::format("{}+{} {}", event.where.offset, event.where.length, event.text));
  std::sort(rows.begin(), rows.end());
  return rows;
}

// Several windows of it: a reader asks for 64 KiB at a time.
std::string repeated(std::string_view sample, size_t least) {
  std::string out;
  while (out.size() < least) {
    out += sample;
    if (!out.ends_with('\n') && sample.find('\0') == std::string_view::npos) out += '\n';
  }
  return out;
}

}  // namespace

TEST_CASE("every prefix and every changed byte of every sample") {
  for (const ParserEntry& parser : all_parsers()) {
    REQUIRE_FALSE(parser.about->samples.empty());
    for (const Sample& sample : parser.about->samples) {
      SweepOptions options;
      options.run = usual(parser);
      options.set_extremes = false;
      CAPTURE(parser.about->name);
      CAPTURE(sample.bytes.substr(0, 200));
      CHECK(sweep(parser, sample.bytes, options).failure == "");
    }
  }
}

TEST_CASE("the n-th read fails: no row that an undisturbed run does not have, and a word about it") {
  constexpr size_t kLeast = 200 * 1024, kSamples = 6, kMost = 12;
  for (const ParserEntry& parser : all_parsers()) {
    size_t taken = 0;
    for (const Sample& sample : parser.about->samples) {
      if (++taken > kSamples) break;
      MemoryStream whole(repeated(sample.bytes, kLeast));
      Fault none;
      FaultyStream counted(whole, none);
      const std::vector<std::string> all = rows_of(run_parser(parser, counted, usual(parser)));
      CAPTURE(parser.about->name);
      CAPTURE(sample.bytes.substr(0, 200));
      REQUIRE(none.reads() > 0);
      for (const uint64_t n : faults_to_try(none.reads(), kMost))
        for (const bool lasting : {false, true}) {
          Fault fault(n, lasting);
          FaultyStream stream(whole, fault);
          const Got got = run_parser(parser, stream, usual(parser));
          const std::vector<std::string> rows = rows_of(got);
          CAPTURE(n);
          CAPTURE(lasting);
          REQUIRE(fault.struck());
          std::vector<std::string> made_up;
          std::set_difference(rows.begin(), rows.end(), all.begin(), all.end(), std::back_inserter(made_up));
          CHECK(made_up.size() == 0);
          if (!made_up.empty()) CHECK(made_up.front() == "");
          // What is lost is not lost without a word.
          if (rows.size() < all.size()) CHECK((got.finish != Finish::complete || !got.problems.empty()));
        }
    }
  }
}
