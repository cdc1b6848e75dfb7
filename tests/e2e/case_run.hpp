// SPDX-License-Identifier: Apache-2.0
// Runs the program as a person does, makes disk images without root, and writes out what a case holds.
#pragma once
#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace necropsy::test {

namespace fs = std::filesystem;

// A folder of one test, gone with it. NECROPSY_KEEP=1 in the environment keeps it.
class Folder {
 public:
  explicit Folder(std::string_view name);
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  fs::path operator/(std::string_view name) const { return path_ / name; }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

struct Ran {
  int code = -1;    // exit code; -N when signal N ended it
  std::string out;  // standard output
  std::string err;
  double seconds = 0;
  double peak_mebibytes = 0;  // of the largest process: the program itself or one of its workers
};

// A program on its way, its output in files of its own. Ended with SIGKILL when it goes out of scope.
class Running {
 public:
  Running(const std::vector<std::string>& words, const fs::path& folder = {});
  ~Running();
  Running(Running&& other) noexcept;
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  pid_t pid() const { return pid_; }
  bool over();  // ended by now
  // Waits; a program that takes longer than this is ended and comes back with code -9.
  Ran wait(std::chrono::milliseconds limit = std::chrono::minutes(3));
  std::vector<pid_t> children() const;

 private:
  pid_t pid_ = -1;
  int status_ = 0;
  double peak_ = 0;
  fs::path out_, err_;
  std::chrono::steady_clock::time_point start_;
};

Ran run(const std::vector<std::string>& words);
// The program under test with these words behind its name.
Ran program(std::vector<std::string> words);
Running start_program(std::vector<std::string> words);
// The same program with tests/e2e/misbehaving linked in: a parser that follows bad orders, media that fail.
Ran misbehaving(std::vector<std::string> words);
Running start_misbehaving(std::vector<std::string> words);
// Runs and requires exit code 0: for the tools that make images.
void tool(const std::vector<std::string>& words);

void write_file(const fs::path& path, std::string_view bytes);
std::string read_file(const fs::path& path);
std::string sha256_of(const fs::path& path);

// An ext4 filesystem with the content of a folder; times and owners are those of the folder.
void make_ext4(const fs::path& image, const fs::path& from, unsigned mebibytes, std::string_view label = "");
// A disk with an MBR and these filesystems as its primary Linux partitions, in order.
void make_disk(const fs::path& disk, const std::vector<fs::path>& parts);

// All rows of all views of the contract, ordered by all their columns, one a line. Columns that name the container,
// or when the run was, are left out.
std::string dump_views(const fs::path& case_file);
// The first lines in which two dumps differ, for a message.
std::string first_difference(const std::string& a, const std::string& b);
// Rows of a query, columns split by '|', lines by '\n'.
std::string query(const fs::path& case_file, std::string_view sql);
// What check_case.py and a person may rely on of the file itself: application id, journal mode, quick_check. Empty: ok.
std::string faults_of_file(const fs::path& case_file);

}  // namespace necropsy::test
