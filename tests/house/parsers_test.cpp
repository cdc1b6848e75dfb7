// SPDX-License-Identifier: Apache-2.0
// What every parser owes: samples that hold, a test, a row in the documentation, and no claim on others' files.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "base/text.hpp"
#include "parse/parser.hpp"
#include "support/run_parser.hpp"

using namespace necropsy;
namespace fs = std::filesystem;

namespace {
const fs::path kRoot = NECROPSY_SOURCE_DIR;
std::string content(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}
}  // namespace

TEST_CASE("every parser has samples, and they hold") {
  REQUIRE(all_parsers().size() >= 10);
  for (const ParserEntry& p : all_parsers()) {
    CHECK_MESSAGE(!p.about->samples.empty(), fmt::format("{} has no sample", p.about->name));
    const std::string failure = test::check_samples(p);
    CHECK_MESSAGE(failure.empty(), failure);
  }
}

TEST_CASE("every parser has a test and a row in the documentation") {
  const std::string formats = content(kRoot / "docs/formats.md");
  for (const ParserEntry& p : all_parsers()) {
    const std::string name(p.about->name);
    CHECK_MESSAGE(fs::exists(kRoot / "tests/parsers" / (name + "_test.cpp")), fmt::format("{} has no test", name));
    CHECK_MESSAGE(contains(formats, fmt::format("| {} |", name)),
                  fmt::format("docs/formats.md has no row for {}", name));
    CHECK_MESSAGE(!p.about->title.empty(), name);
    CHECK_MESSAGE(!p.about->zone_rule.empty(), name);
  }
}

TEST_CASE("a parser emits what it declares") {
  for (const ParserEntry& p : all_parsers())
    for (const Sample& sample : p.about->samples) {
      test::RunOptions options;
      options.zone = "UTC";
      options.modified = Timestamp::from_unix(1735689599);
      for (const auto& event : test::run_parser(p, sample.bytes, options).events)
        CHECK_MESSAGE(std::find(p.about->emits.begin(), p.about->emits.end(), event.action) != p.about->emits.end(),
                      fmt::format("{} emits an action it does not declare: {}", p.about->name, event.text));
    }
}

TEST_CASE("a parser's attributes are declared with their meaning") {
  for (const ParserEntry& p : all_parsers()) {
    std::set<std::string> known;
    for (const AttributeKey& k : p.about->keys) {
      CHECK_MESSAGE(!k.meaning.empty(), fmt::format("{}: {} has no meaning", p.about->name, k.name));
      known.insert("attr:" + std::string(k.name));
    }
    for (const Sample& sample : p.about->samples) {
      test::RunOptions options;
      options.zone = "UTC";
      options.modified = Timestamp::from_unix(1735689599);
      for (const auto& event : test::run_parser(p, sample.bytes, options).events)
        for (const auto& [key, value] : event.fields)
          if (key.starts_with("attr:") && !known.contains(key))
            CHECK_MESSAGE(known.contains("attr:*"),
                          fmt::format("{}: attribute {} is not declared", p.about->name, key));
    }
  }
}

TEST_CASE("no parser takes another one's samples without a stated reason") {
  for (const ParserEntry& taker : all_parsers())
    for (const ParserEntry& owner : all_parsers()) {
      if (taker.about == owner.about) continue;
      const bool stated = std::any_of(
          taker.about->also_accepts.begin(), taker.about->also_accepts.end(),
          [&](std::string_view reason) { return reason.starts_with(std::string(owner.about->name) + ":"); });
      if (stated) continue;
      for (const Sample& sample : owner.about->samples)
        CHECK_MESSAGE(test::probe(taker, sample.bytes) != Match::yes,
                      fmt::format("{} takes a sample of {}: {}", taker.about->name, owner.about->name,
                                  displayable(sample.bytes.substr(0, 120))));
    }
}
