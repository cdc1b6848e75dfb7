// SPDX-License-Identifier: Apache-2.0
// Which parser reads a file: the first line of the input is the path, the rest the file's head.
#include "parse/locator.hpp"

#include <algorithm>

#include "fuzz/target.hpp"

namespace necropsy::fuzz {
namespace {

void locator(Bytes input) {
  const std::string_view text = as_text(input);
  const std::string_view path = text.substr(0, text.find('\n'));
  const Bytes content = input.subspan(std::min(input.size(), path.size() + 1));
  const std::string_view bare = without_rotation(path);
  require(path.starts_with(bare), "the name without its rotation is another name");
  is_usual_place(path);
  const Bytes head = content.first(std::min<size_t>(content.size(), 4096));
  for (const uint64_t size : {uint64_t{0}, uint64_t{content.size()}, UINT64_MAX}) locate(head, path, size);
}

std::vector<std::string> seeds() {
  std::vector<std::string> out;
  for (const ParserEntry& parser : all_parsers())
    for (const Sample& sample : parser.about->samples.first(std::min<size_t>(parser.about->samples.size(), 2)))
      out.push_back("/var/log/" + std::string(parser.about->name) + ".log.2.gz\n" +
                    std::string(sample.bytes.substr(0, 4096)));
  return out;
}

}  // namespace

extern const Target reader_locator;
const Target reader_locator{locator, seeds};

}  // namespace necropsy::fuzz
