// SPDX-License-Identifier: Apache-2.0
// For tests of filesystems: a scratch folder, images made with the usual tools, a walk kept in memory.
#pragma once
#include <tsk/libtsk.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "evidence/tsk_tree.hpp"

// libtsk tries each container library on each image, and those keep what they allocated when it is not theirs.
extern "C" __attribute__((weak, used)) const char* __lsan_default_suppressions() {
  return "leak:libvmdk\nleak:libvhdi\nleak:libewf\nleak:libafflib\nleak:libtsk\n";
}

namespace necropsy::test {

class Scratch {
 public:
  Scratch() {
    std::string name = (std::filesystem::temp_directory_path() / "necropsy-test-XXXXXX").string();
    if (!mkdtemp(name.data())) throw std::runtime_error("no scratch folder");
    path_ = name;
  }
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  // A shell command in the folder; what it prints goes to a file there. True when it ends with 0.
  bool run(const std::string& command) const {
    return std::system(("cd '" + path_ + "' && { " + command + " ; } >>log.txt 2>&1").c_str()) == 0;
  }
  void write(const std::string& name, const std::string& bytes) const {
    std::filesystem::create_directories(std::filesystem::path(path_ + "/" + name).parent_path());
    std::ofstream(path_ + "/" + name, std::ios::binary) << bytes;
  }

 private:
  std::string path_;
};

// False, with a line that says so, when a tool that makes test images is not installed.
inline bool have_tools(std::initializer_list<const char*> tools) {
  for (const char* tool : tools)
    if (std::system(("PATH=$PATH:/sbin:/usr/sbin command -v " + std::string(tool) + " >/dev/null 2>&1").c_str()) != 0) {
      std::cout << "SKIPPED: " << tool << " is not installed\n";
      return false;
    }
  setenv("PATH", (std::string(std::getenv("PATH")) + ":/sbin:/usr/sbin").c_str(), 1);
  return true;
}

struct Opened {
  TskImage image;
  std::vector<Problem> problems;
  std::unique_ptr<FileTree> tree;
  std::string error;
};

inline Opened open_volume(const std::string& path, uint64_t offset = 0) {
  Opened out;
  const char* const names[] = {path.c_str()};
  out.image.reset(tsk_img_open_utf8(1, names, TSK_IMG_TYPE_DETECT, 0));
  if (!out.image) {
    out.error = tsk_error_text();
    return out;
  }
  std::vector<Problem> said;
  const ProblemHandler keep = [&](Problem problem) { said.push_back(std::move(problem)); };
  auto tree = open_tsk_tree(out.image.get(), offset, static_cast<uint64_t>(out.image->size) - offset, keep);
  out.problems = std::move(said);
  if (tree)
    out.tree = std::move(*tree);
  else
    out.error = tree.error().what;
  return out;
}

struct Walked final : FileVisitor {
  std::vector<FileRecord> records;
  std::vector<Problem> problems;
  size_t stop_after = SIZE_MAX;
  bool file(const FileRecord& record) override {
    records.push_back(record);
    return records.size() < stop_after;
  }
  // The first record of this path; an empty one when there is none.
  const FileRecord& operator[](std::string_view path) const {
    static const FileRecord kNone;
    for (const FileRecord& record : records)
      if (record.path == path) return record;
    return kNone;
  }
  bool has_problem(std::string_view code) const {
    for (const Problem& problem : problems)
      if (problem.code == code) return true;
    return false;
  }
};

inline Walked walk(FileTree& tree, size_t stop_after = SIZE_MAX) {
  Walked out;
  out.stop_after = stop_after;
  tree.walk(out, [&](Problem problem) { out.problems.push_back(std::move(problem)); });
  return out;
}

}  // namespace necropsy::test
