// SPDX-License-Identifier: Apache-2.0
// cat and extract: bytes of files from the evidence. What is written out stays inside the folder that was named.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <set>

#include "base/digest.hpp"
#include "base/escape.hpp"
#include "base/text.hpp"
#include "cli/context.hpp"
#include "engine/ingest.hpp"
#include "store/case_queries.hpp"

namespace necropsy::cli {
namespace {

constexpr int kMostTwins = 1000;

struct Options {
  std::string path, what, folder;
  bool logs = false;
  std::optional<int64_t> finding;
  MovedEvidence moved;
};

ContentRequest request_for(const StoredFile& f) {
  return {f.volume_id, f.tree_path, f.inode, f.sequence, f.attribute_id, 0, 0};
}

int cat(const Options& o) {
  Database db = open_for_reading(o.path);
  const auto files = find_files(db, o.what);
  const StoredFile* best = nullptr;
  for (const StoredFile& f : files)
    if (f.regular && (!best || (f.allocated && !best->allocated))) best = &f;
  if (!best) throw Failure{kUsage, fmt::format("the case has no file '{}'", o.what)};
  const std::string error = read_content(db, o.moved.pairs(), request_for(*best), [](std::string_view piece) {
    put(piece);
    return !stop_requested();
  });
  if (!error.empty()) throw Failure{kWithProblems, error};
  return kDone;
}

// A component of a path from evidence as a file name here: no separators, no . and .., no control characters.
std::string safe_component(std::string_view name) {
  std::string out;
  for (char c : displayable(name)) out += c == '/' || c == '\\' || c == ':' ? '_' : c;
  if (out.empty() || out == "." || out == "..") out = "_" + out;
  if (out.size() > 200) out.resize(200);
  return out;
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return true;
}

// A new file that takes nobody's place: `name`, else with the inode behind it, else with a number as well.
int make_file(int folder, std::string& name, uint64_t inode) {
  const std::string wanted = name;
  for (int attempt = 0; attempt < kMostTwins; ++attempt) {
    if (attempt == 1) name = fmt::format("{}.inode-{}", wanted, inode);
    if (attempt > 1) name = fmt::format("{}.inode-{}.{}", wanted, inode, attempt);
    const int fd = openat(folder, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd >= 0 || errno != EEXIST) return fd;
  }
  return -1;
}

// The list of what was written; lists of earlier extracts stay. Its name, or nothing.
std::string write_manifest(int root, std::string_view text) {
  for (int attempt = 1; attempt < kMostTwins; ++attempt) {
    const std::string name = attempt == 1 ? "MANIFEST.tsv" : fmt::format("MANIFEST-{}.tsv", attempt);
    const int fd = openat(root, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0 && errno == EEXIST) continue;
    if (fd < 0) return {};
    const bool written = write_all(fd, text);
    close(fd);
    return written ? name : std::string();
  }
  return {};
}

// Makes folders one below the other without following links; the descriptor of the last, or -1.
int make_folders(int root, const std::vector<std::string>& parts) {
  int fd = dup(root);
  for (const std::string& part : parts) {
    if (fd < 0) return -1;
    if (mkdirat(fd, part.c_str(), 0700) != 0 && errno != EEXIST) {
      close(fd);
      return -1;
    }
    const int next = openat(fd, part.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    close(fd);
    fd = next;
  }
  return fd;
}

int extract(const Options& o) {
  if (o.what.empty() && !o.logs && !o.finding) throw Failure{kUsage, "write a pattern, --logs or --finding ID"};
  Database db = open_for_reading(o.path);
  const auto files = o.logs ? log_files(db) : o.finding ? finding_files(db, *o.finding) : find_files(db, o.what);
  if (mkdir(o.folder.c_str(), 0700) != 0 && errno != EEXIST)
    throw Failure{kInternal, fmt::format("{}: {}", o.folder, strerror(errno))};
  const int root = open(o.folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (root < 0) throw Failure{kInternal, fmt::format("{}: {}", o.folder, strerror(errno))};
  std::string manifest = "sha256\tbytes\tevidence\tinode\tpath\tfile\n";
  size_t written = 0, failed = 0;
  std::set<std::pair<int64_t, std::pair<uint64_t, int32_t>>> done;
  for (const StoredFile& f : files) {
    if (!f.regular || !f.intact || stop_requested()) continue;
    if (!done.insert({f.volume_id, {f.inode, f.attribute_id}}).second) continue;
    std::vector<std::string> parts = {safe_component(f.evidence)};
    for (std::string_view part : split(f.path, '/'))
      if (!part.empty()) parts.push_back(safe_component(part));
    std::string name = parts.size() > 1 ? parts.back() : fmt::format("inode-{}", f.inode);
    if (parts.size() > 1) parts.pop_back();
    const int folder = make_folders(root, parts);
    // Names that differ in case, or a deleted and a live one, may meet: the inode tells them apart.
    const int fd = folder < 0 ? -1 : make_file(folder, name, f.inode);
    const int why_not = errno;
    if (folder >= 0) close(folder);
    if (fd < 0) {
      fmt::print(stderr, "necropsy: {} could not be written: {}\n", terminal_text(f.path), strerror(why_not));
      ++failed;
      continue;
    }
    Digest sha256(DigestKind::sha256);
    uint64_t bytes = 0;
    bool kept = true;
    const std::string error = read_content(db, o.moved.pairs(), request_for(f), [&](std::string_view piece) {
      kept = write_all(fd, piece);
      sha256.update(as_bytes(piece));
      bytes += piece.size();
      return kept && !stop_requested();
    });
    close(fd);
    if (!kept) throw Failure{kInternal, fmt::format("{}: the disk is full or cannot be written", o.folder)};
    if (!error.empty()) {
      fmt::print(stderr, "necropsy: {}: {}\n", terminal_text(f.path), displayable(error));
      ++failed;
      continue;
    }
    std::string place;
    for (const std::string& part : parts) place += part + "/";
    manifest += fmt::format("{}\t{}\t{}\t{}\t{}\t{}{}\n", sha256.hex(), bytes, f.evidence, f.inode, displayable(f.path),
                            place, name);
    ++written;
  }
  const std::string list = write_manifest(root, manifest);
  close(root);
  if (list.empty()) throw Failure{kInternal, fmt::format("{}/MANIFEST.tsv could not be written", o.folder)};
  fmt::print(stderr, "{} files written to {}, listed in {}\n", written, displayable(o.folder), list);
  if (stop_requested()) return kStopped;
  if (written == 0 && failed == 0) throw Failure{kUsage, "nothing in the case matches"};
  return failed ? kWithProblems : kDone;
}

}  // namespace

void add_files(CLI::App& app, ExitCode& code) {
  auto o = std::make_shared<Options>();
  CLI::App* c = app.add_subcommand("cat", "Bytes of one file from the evidence");
  c->add_option("case", o->path, "Case file")->required()->type_name("CASE.db");
  c->add_option("file", o->what, "Path, or inode number")->required()->type_name("PATH|INODE");
  o->moved.add_to(*c);
  c->footer("Example:\n  necropsy cat server.db /etc/passwd");
  c->callback([o, &code] { code = cat(*o); });

  auto x = std::make_shared<Options>();
  CLI::App* e = app.add_subcommand("extract", "Files from the evidence into a folder, with a manifest of their sha256");
  e->add_option("case", x->path, "Case file")->required()->type_name("CASE.db");
  e->add_option("pattern", x->what, "Path or GLOB")->type_name("PATTERN");
  e->add_option("-o,--output", x->folder, "Folder; nothing is written outside it")->required()->type_name("DIR");
  e->add_flag("--logs", x->logs, "All logs");
  e->add_option("--finding", x->finding, "Files and logs that a finding cites")->type_name("ID");
  x->moved.add_to(*e);
  e->footer("Examples:\n  necropsy extract server.db '/tmp/*' -o out\n  necropsy extract server.db --logs -o out");
  e->callback([x, &code] { code = extract(*x); });
}

}  // namespace necropsy::cli
