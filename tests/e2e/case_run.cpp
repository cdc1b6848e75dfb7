// SPDX-License-Identifier: Apache-2.0
#include "e2e/case_run.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <thread>

#include "base/digest.hpp"
#include "base/text.hpp"
#include "store/database.hpp"

namespace necropsy::test {
namespace {

constexpr uint64_t kMebibyte = 1u << 20;

// What differs between two containers of one disk, or between two runs, without anything being wrong.
const std::set<std::string> kOfTheRun = {"evidence_items.path",        "evidence_items.format",
                                         "evidence_items.md5_stored",  "evidence_items.sha1_stored",
                                         "evidence_items.opened_utc",  "evidence_items.verified_utc",
                                         "evidence_items.acquired_utc"};

fs::path output_file(const fs::path& folder, std::string_view what) {
  static int number = 0;
  const fs::path place = folder.empty() ? fs::temp_directory_path() : folder;
  return place / fmt::format("necropsy-e2e-{}-{}.{}", getpid(), ++number, what);
}

std::string cell(const Statement& s, int column) {
  if (s.is_null(column)) return "~";
  return std::string(s.text(column));
}

}  // namespace

Folder::Folder(std::string_view name)
    : path_(fs::temp_directory_path() / fmt::format("necropsy-{}-{}", name, getpid())) {
  fs::remove_all(path_);
  fs::create_directories(path_);
}

Folder::~Folder() {
  std::error_code ignored;
  if (!std::getenv("NECROPSY_KEEP")) fs::remove_all(path_, ignored);
}

Running::Running(const std::vector<std::string>& words, const fs::path& folder)
    : out_(output_file(folder, "out")), err_(output_file(folder, "err")), start_(std::chrono::steady_clock::now()) {
  const int out = open(out_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  const int err = open(err_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  REQUIRE(out >= 0);
  REQUIRE(err >= 0);
  std::vector<char*> argv;
  for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  pid_ = fork();
  if (pid_ == 0) {
    const int nothing = open("/dev/null", O_RDONLY);
    dup2(nothing, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    execvp(argv[0], argv.data());
    _exit(127);
  }
  close(out);
  close(err);
  REQUIRE(pid_ > 0);
}

Running::Running(Running&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      status_(other.status_),
      peak_(other.peak_),
      out_(std::move(other.out_)),
      err_(std::move(other.err_)),
      start_(other.start_) {}

Running::~Running() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, &status_, 0);
  }
  std::error_code ignored;
  if (!out_.empty()) fs::remove(out_, ignored);
  if (!err_.empty()) fs::remove(err_, ignored);
}

bool Running::over() {
  if (pid_ <= 0) return true;
  rusage used{};
  if (wait4(pid_, &status_, WNOHANG, &used) != pid_) return false;
  peak_ = static_cast<double>(used.ru_maxrss) / 1024;
  pid_ = -1;
  return true;
}

Ran Running::wait(std::chrono::milliseconds limit) {
  bool in_time = true;
  while (!over()) {
    if (std::chrono::steady_clock::now() - start_ > limit && in_time) {
      kill(pid_, SIGKILL);
      in_time = false;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  Ran ran;
  ran.peak_mebibytes = peak_;
  ran.code = WIFEXITED(status_) ? WEXITSTATUS(status_) : -WTERMSIG(status_);
  ran.out = read_file(out_);
  ran.err = read_file(err_);
  ran.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  return ran;
}

std::vector<pid_t> Running::children() const {
  std::vector<pid_t> out;
  std::ifstream list(fmt::format("/proc/{0}/task/{0}/children", pid_));
  for (pid_t child; list >> child;) out.push_back(child);
  return out;
}

Ran run(const std::vector<std::string>& words) { return Running(words).wait(); }

Running start_program(std::vector<std::string> words) {
  words.insert(words.begin(), NECROPSY_PROGRAM);
  return Running(words);
}

Ran program(std::vector<std::string> words) { return start_program(std::move(words)).wait(); }

Running start_misbehaving(std::vector<std::string> words) {
  words.insert(words.begin(), NECROPSY_MISBEHAVING);
  return Running(words);
}

Ran misbehaving(std::vector<std::string> words) { return start_misbehaving(std::move(words)).wait(); }

void tool(const std::vector<std::string>& words) {
  // mke2fs and sfdisk are in folders that a user's PATH leaves out.
  const char* path = std::getenv("PATH");
  if (!path || !contains(path, "/usr/sbin"))
    setenv("PATH", fmt::format("{}:/usr/sbin:/sbin", path ? path : "/usr/bin:/bin").c_str(), 1);
  const Ran ran = run(words);
  std::string line;
  for (const std::string& word : words) line += word + " ";
  REQUIRE_MESSAGE(ran.code == 0, line, "ended with ", ran.code, ": ", ran.err);
}

void write_file(const fs::path& path, std::string_view bytes) {
  fs::create_directories(path.parent_path());
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  out.close();
  REQUIRE(out.good());
}

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream bytes;
  bytes << in.rdbuf();
  return std::move(bytes).str();
}

std::string sha256_of(const fs::path& path) {
  Digest digest(DigestKind::sha256);
  std::ifstream in(path, std::ios::binary);
  std::string buffer(kMebibyte, '\0');
  while (in) {
    in.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    digest.update(as_bytes(std::string_view(buffer).substr(0, static_cast<size_t>(in.gcount()))));
  }
  return digest.hex();
}

void make_ext4(const fs::path& image, const fs::path& from, unsigned mebibytes, std::string_view label) {
  fs::remove(image);
  tool({"mke2fs", "-q", "-t", "ext4", "-b", "1024", "-O", "^has_journal", "-L", std::string(label), "-U",
        "6f2d1c5e-6a5b-4f0e-9d0b-0123456789ab", "-d", from.string(), image.string(), fmt::format("{}M", mebibytes)});
}

void make_disk(const fs::path& disk, const std::vector<fs::path>& parts) {
  REQUIRE(parts.size() <= 4);
  uint64_t start = kMebibyte;
  std::string table(512, '\0');
  std::ofstream out(disk, std::ios::binary | std::ios::trunc);
  for (size_t i = 0; i < parts.size(); ++i) {
    const uint64_t bytes = fs::file_size(parts[i]);
    char* entry = table.data() + 446 + 16 * i;
    const auto first = static_cast<uint32_t>(start / 512), count = static_cast<uint32_t>(bytes / 512);
    entry[4] = static_cast<char>(0x83);
    std::memcpy(entry + 8, &first, 4);
    std::memcpy(entry + 12, &count, 4);
    std::ifstream in(parts[i], std::ios::binary);
    out.seekp(static_cast<std::streamoff>(start));
    out << in.rdbuf();
    start += (bytes + kMebibyte - 1) / kMebibyte * kMebibyte;
  }
  table[510] = 0x55;
  table[511] = static_cast<char>(0xAA);
  out.seekp(0);
  out.write(table.data(), static_cast<std::streamsize>(table.size()));
  out.close();
  REQUIRE(out.good());
  fs::resize_file(disk, start);
}

std::string dump_views(const fs::path& case_file) {
  Database db = Database::open(case_file.string(), Database::Mode::read_only);
  std::vector<std::string> views;
  Statement list = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'view' ORDER BY name");
  while (list.step()) views.emplace_back(list.text(0));
  list.reset();
  std::string dump;
  for (const std::string& view : views) {
    const Statement probe = db.prepare(fmt::format("SELECT * FROM \"{}\" LIMIT 0", view));
    std::string columns, order;
    for (int i = 0; i < probe.columns(); ++i) {
      if (kOfTheRun.contains(view + "." + probe.column_name(i))) continue;
      columns += (columns.empty() ? "\"" : ", \"") + probe.column_name(i) + "\"";
    }
    // The timeline has an order of its own, which is part of what is compared.
    order = view == "timeline" ? "ts, ts_ns, event_id" : columns;
    Statement rows = db.prepare(fmt::format("SELECT {} FROM \"{}\" ORDER BY {}", columns, view, order));
    while (rows.step()) {
      dump += view;
      for (int i = 0; i < rows.columns(); ++i) dump += "\t" + cell(rows, i);
      dump += '\n';
    }
  }
  return dump;
}

std::string first_difference(const std::string& a, const std::string& b) {
  if (a == b) return "no difference";
  std::string_view left = a, right = b;
  const auto line = [](std::string_view& text) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view out = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return out;
  };
  while (!left.empty() || !right.empty()) {
    const std::string_view x = line(left), y = line(right);
    if (x != y) return fmt::format("\n  {}\n  {}\n", x.substr(0, 900), y.substr(0, 900));
  }
  return "only in their ends";
}

std::string query(const fs::path& case_file, std::string_view sql) {
  Database db = Database::open(case_file.string(), Database::Mode::read_only);
  Statement rows = db.prepare(sql);
  std::string out;
  while (rows.step()) {
    for (int i = 0; i < rows.columns(); ++i) out += (i ? "|" : "") + cell(rows, i);
    out += '\n';
  }
  return out;
}

std::string faults_of_file(const fs::path& case_file) {
  std::string faults;
  const std::string head = read_file(case_file).substr(0, 100);
  if (!head.starts_with("SQLite format 3")) return "no SQLite file";
  if (head.substr(68, 4) != "NCRP") faults += "application_id; ";
  if (head.substr(18, 2) != "\1\1") faults += "still in WAL mode; ";
  for (const char* rest : {"-wal", "-shm", "-journal"})
    if (fs::exists(case_file.string() + rest)) faults += fmt::format("{} is left behind; ", rest);
  if (query(case_file, "PRAGMA quick_check") != "ok\n") faults += "quick_check; ";
  return faults;
}

}  // namespace necropsy::test
