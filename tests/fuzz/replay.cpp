// SPDX-License-Identifier: Apache-2.0
// Runs fuzz targets over files, without libFuzzer: the kept corpus as an ordinary test.
// usage: fuzz_replay CORPUS              every target over what it makes itself and over CORPUS/<target>/*
//        fuzz_replay TARGET FILE…        one target over some files
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include "fuzz/target.hpp"
#include "parse/parser.hpp"

namespace necropsy::fuzz {
// Generated: all targets that are not parsers, by name.
const std::map<std::string, const Target*>& other_targets();
}  // namespace necropsy::fuzz

using namespace necropsy;
namespace fs = std::filesystem;

namespace {

std::string content(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) {
    std::fprintf(stderr, "cannot read %s\n", path.c_str());
    std::exit(2);
  }
  return {std::istreambuf_iterator<char>(in), {}};
}

// False when there is no such target.
bool run(const std::string& target, std::string_view input) {
  if (const auto found = fuzz::other_targets().find(target); found != fuzz::other_targets().end()) {
    found->second->run(as_bytes(input));
    return true;
  }
  constexpr std::string_view kParser = "parser_";
  if (!target.starts_with(kParser)) return false;
  const ParserEntry* parser = find_parser(std::string_view(target).substr(kParser.size()));
  if (parser) fuzz::run_parser(*parser, as_bytes(input));
  return parser != nullptr;
}

size_t run_seeds() {
  size_t count = 0;
  for (const ParserEntry& parser : all_parsers())
    for (const std::string& seed : fuzz::parser_seeds(parser)) {
      fuzz::run_parser(parser, as_bytes(seed));
      ++count;
    }
  for (const auto& [name, target] : fuzz::other_targets())
    if (target->seeds)
      for (const std::string& seed : target->seeds()) {
        target->run(as_bytes(seed));
        ++count;
      }
  return count;
}

int run_corpus(const fs::path& corpus) {
  size_t files = 0;
  std::map<std::string, size_t> per_target;
  for (const auto& entry : fs::recursive_directory_iterator(corpus)) {
    if (!entry.is_regular_file()) continue;
    const std::string target = entry.path().parent_path().filename();
    // The name first: after a crash it is the last line.
    std::printf("%s/%s\n", target.c_str(), entry.path().filename().c_str());
    std::fflush(stdout);
    if (!run(target, content(entry.path()))) {
      std::fprintf(stderr, "no target is called %s\n", target.c_str());
      return 1;
    }
    ++files;
    ++per_target[target];
  }
  for (const auto& [name, target] : fuzz::other_targets())
    if (!target->seeds && per_target[name] == 0) {
      std::fprintf(stderr, "%s has neither seeds nor a folder in the corpus\n", name.c_str());
      return 1;
    }
  std::printf("%zu files of the corpus, %zu seeds\n", files, run_seeds());
  return files == 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2) return run_corpus(argv[1]);
  if (argc < 3) {
    std::fprintf(stderr, "usage: fuzz_replay CORPUS | fuzz_replay TARGET FILE...\n");
    return 2;
  }
  for (int i = 2; i < argc; ++i) {
    std::printf("%s\n", argv[i]);
    std::fflush(stdout);
    if (!run(argv[1], content(argv[i]))) {
      std::fprintf(stderr, "no target is called %s\n", argv[1]);
      return 2;
    }
  }
  return 0;
}
