// SPDX-License-Identifier: Apache-2.0
// One libFuzzer program: NECROPSY_FUZZ_TARGET names the target, or NECROPSY_PARSER the parser.
// `PROGRAM --seeds=FOLDER` writes the inputs that the target makes by itself, and does nothing else.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "fuzz/target.hpp"

using namespace necropsy;

#ifdef NECROPSY_PARSER
namespace necropsy::parsers {
ParserEntry NECROPSY_PARSER();
}
#include "parse/parser.hpp"
namespace {
const fuzz::Target& target() {
  static const fuzz::Target kTarget{[](Bytes input) { fuzz::run_parser(parsers::NECROPSY_PARSER(), input); },
                                    [] { return fuzz::parser_seeds(parsers::NECROPSY_PARSER()); }};
  return kTarget;
}
}  // namespace
#else
namespace necropsy::fuzz {
extern const Target NECROPSY_FUZZ_TARGET;
}
namespace {
const fuzz::Target& target() { return fuzz::NECROPSY_FUZZ_TARGET; }
}  // namespace
#endif

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  constexpr std::string_view kSeeds = "--seeds=";
  if (*argc < 2 || !std::string_view((*argv)[1]).starts_with(kSeeds)) return 0;
  const std::string folder = (*argv)[1] + kSeeds.size();
  size_t number = 0;
  const auto seeds = target().seeds ? target().seeds() : std::vector<std::string>();
  for (const std::string& seed : seeds) {
    const std::string path = folder + "/seed-" + std::to_string(number++);
    std::FILE* file = std::fopen(path.c_str(), "wb");
    if (!file || std::fwrite(seed.data(), 1, seed.size(), file) != seed.size() || std::fclose(file) != 0) {
      std::fprintf(stderr, "cannot write %s\n", path.c_str());
      std::exit(1);
    }
  }
  std::exit(0);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  target().run(std::as_bytes(std::span(data, size)));
  return 0;
}

#ifdef NECROPSY_FUZZ_IN_PLACE
// Images are sectors at fixed places: a byte put in or taken out would shift all that follows and leave noise.
// Seven of eight changes stay within a few bytes.
extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);
extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned int seed) {
  if (size < 64 || seed % 8 == 0) return LLVMFuzzerMutate(data, size, max_size);
  uint8_t part[64];
  const size_t length = size_t{1} << (seed / 8 % 7);
  const size_t at = static_cast<size_t>(seed * 2654435761u) % (size - length + 1);
  std::memcpy(part, data + at, length);
  const size_t changed = LLVMFuzzerMutate(part, length, length);
  std::memcpy(data + at, part, changed < length ? changed : length);
  return size;
}
#endif
