// SPDX-License-Identifier: Apache-2.0
// A directory of the analyst's machine as a tree: a mounted image, or files that were copied off one.
// Every step goes from an open directory to one name in it and never through a symlink, so that nothing in the evidence
// can lead out of it. Symlinks are resolved as the machine would have: absolute ones from the tree's root.
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/text.hpp"
#include "evidence/image_parts.hpp"

namespace necropsy {
namespace {

constexpr size_t kDeepest = 400;  // directories open at once
constexpr size_t kMostNames = 10'000'000;
constexpr size_t kMostListed = 100'000;
constexpr size_t kMostLinks = 16;

struct DirCloser {
  void operator()(DIR* dir) const noexcept { closedir(dir); }
};

FileHandle open_directory(int parent, const char* name) {
  return open_evidence(parent, name, O_DIRECTORY | O_NOFOLLOW);
}

// Names without . and .., sorted by bytes; `complete` is false when reading stopped early (errno says why, 0: too
// many).
std::vector<std::string> read_names(int directory, bool& complete) {
  std::vector<std::string> names;
  complete = false;
  // A descriptor of its own: fdopendir() takes it over, and the position belongs to it.
  FileHandle own = open_directory(directory, ".");
  if (!own) return names;
  const int fd = dup(own.get());
  if (fd < 0) return names;
  std::unique_ptr<DIR, DirCloser> dir(fdopendir(fd));
  if (!dir) {
    const int error = errno;
    close(fd);
    errno = error;
    return names;
  }
  while (names.size() < kMostNames) {
    errno = 0;
    const dirent* entry = readdir(dir.get());
    if (!entry) {
      complete = errno == 0;
      break;
    }
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  const int error = errno;
  std::sort(names.begin(), names.end());
  errno = error;
  return names;
}

std::string read_link(int directory, const char* name) {
  std::string target(4096, '\0');
  const ssize_t got = readlinkat(directory, name, target.data(), target.size());
  target.resize(got > 0 ? static_cast<size_t>(got) : 0);
  return target;
}

// Filesystems of a running kernel: endless, and no evidence of a disk.
bool is_kernel_filesystem(int directory) {
  struct statfs fs {};
  if (fstatfs(directory, &fs) != 0) return false;
  switch (static_cast<uint32_t>(fs.f_type)) {
    case 0x9fa0:      // proc
    case 0x62656572:  // sysfs
    case 0x1cd1:      // devpts
    case 0x64626720:  // debugfs
    case 0x74726163:  // tracefs
    case 0x73636673:  // securityfs
    case 0x27e0eb:    // cgroup
    case 0x63677270:  // cgroup2
    case 0xcafe4a11:  // bpf
    case 0x19800202:  // mqueue
    case 0x62656570:  // configfs
    case 0x6165676c:  // pstore
      return true;
    default:
      return false;
  }
}

class DirectoryTree final : public FileTree {
 public:
  DirectoryTree(std::string path, FileHandle root) : path_(std::move(path)), root_(std::move(root)) {
    facts_.type = "directory";
    struct statfs fs {};
    if (fstatfs(root_.get(), &fs) == 0) facts_.block_size = static_cast<uint32_t>(fs.f_bsize);
  }
  const FilesystemFacts& facts() const override { return facts_; }
  void walk(FileVisitor& visitor, const ProblemHandler& problems) override;
  Result<std::unique_ptr<ContentStream>> open(const FileRef& ref) override;
  std::optional<FileRecord> find(std::string_view path) override;
  std::vector<FileRecord> list(std::string_view directory) override;

 private:
  struct Place {
    FileHandle directory;  // that holds the name
    std::string parent;    // its path, "" for the root
    std::string name;      // "" for the root itself
    std::string path() const { return name.empty() ? "/" : parent + "/" + name; }
  };
  std::optional<FileRecord> record_of(int directory, const std::string& name, std::string path,
                                      uint64_t* device = nullptr);
  std::optional<Place> resolve(std::string_view path, bool follow);

  std::string path_;
  FileHandle root_;
  FilesystemFacts facts_;
};

std::optional<FileRecord> DirectoryTree::record_of(int directory, const std::string& name, std::string path,
                                                   uint64_t* device) {
  auto record = read_posix_metadata(directory, name.c_str(), device);
  if (!record) return std::nullopt;
  if (record->type == FileType::symlink) record->target = read_link(directory, name.c_str());
  record->ref.path = path;
  record->path = std::move(path);
  return record;
}

void DirectoryTree::walk(FileVisitor& visitor, const ProblemHandler& problems) {
  struct Level {
    FileHandle fd;
    std::vector<std::string> names;
    size_t next = 0;
    std::string path;
    uint64_t device = 0, inode = 0;
  };
  const auto report = [&](Severity severity, std::string code, std::string what, const std::string& path) {
    problems(Problem{.stage = Stage::walk,
                     .severity = severity,
                     .code = std::move(code),
                     .what = std::move(what),
                     .file_path = path,
                     .offset = {},
                     .length = {}});
  };
  std::vector<Level> stack;
  const auto enter = [&](int parent, const std::string& name, const std::string& path, uint64_t device,
                         uint64_t inode) {
    for (const Level& above : stack)
      if (above.device == device && above.inode == inode) {
        report(Severity::warning, "loop", "the directory is also one of those above it: entered once", path);
        return;
      }
    if (stack.size() >= kDeepest) {
      report(Severity::error, "limit", "directories are nested deeper than " + std::to_string(kDeepest) + " levels",
             path);
      return;
    }
    Level level;
    level.fd = name.empty() ? FileHandle(dup(root_.get())) : open_directory(parent, name.c_str());
    if (!level.fd) {
      report(Severity::error, "read-error", errno_text("cannot read the directory", displayable(path), errno), path);
      return;
    }
    if (!stack.empty() && device != stack.back().device && is_kernel_filesystem(level.fd.get())) {
      report(Severity::info, "skipped", "a filesystem of the running kernel is mounted here: passed over", path);
      return;
    }
    bool complete = false;
    level.names = read_names(level.fd.get(), complete);
    if (!complete)
      report(Severity::error, "read-error",
             errno == 0 ? "the directory has too many names: the rest is left out"
                        : errno_text("cannot read all of the directory", displayable(path), errno),
             path);
    level.path = path == "/" ? "" : path;
    level.device = device;
    level.inode = inode;
    stack.push_back(std::move(level));
  };

  uint64_t device = 0;
  auto root = record_of(root_.get(), "", "/", &device);
  if (!root) {
    report(Severity::error, "read-error", errno_text("cannot look at", path_, errno), "/");
    return;
  }
  if (!visitor.file(*root)) return;
  enter(root_.get(), "", "/", device, root->ref.inode);
  while (!stack.empty()) {
    Level& level = stack.back();
    if (level.next >= level.names.size()) {
      stack.pop_back();
      continue;
    }
    const std::string& name = level.names[level.next++];
    const std::string path = level.path + "/" + name;
    auto record = record_of(level.fd.get(), name, path, &device);
    if (!record) {
      report(Severity::warning, "read-error", errno_text("cannot look at", displayable(path), errno), path);
      continue;
    }
    if (!visitor.file(*record)) return;
    // `level` and `name` do not survive: entering adds to the stack.
    if (record->type == FileType::directory) enter(level.fd.get(), std::string(name), path, device, record->ref.inode);
  }
}

// The directory that holds the last component, symlinks on the way (and in the last place, when asked) followed inside
// the tree; `..` stops at the root.
std::optional<DirectoryTree::Place> DirectoryTree::resolve(std::string_view path, bool follow) {
  std::vector<std::string> todo;  // components, the next one last
  const auto push = [&](std::string_view text) {
    std::vector<std::string_view> parts = split(text, '/');
    for (size_t i = parts.size(); i-- > 0;)
      if (!parts[i].empty() && parts[i] != ".") todo.emplace_back(parts[i]);
  };
  push(path);
  struct Step {
    FileHandle fd;
    std::string name;
  };
  std::vector<Step> way;  // open directories below the root
  const auto here = [&] { return way.empty() ? root_.get() : way.back().fd.get(); };
  const auto here_path = [&] {
    std::string text;
    for (const Step& s : way) text += "/" + s.name;
    return text;
  };
  size_t links = 0;
  while (!todo.empty()) {
    const std::string name = std::move(todo.back());
    todo.pop_back();
    if (name == "..") {
      if (!way.empty()) way.pop_back();
      continue;
    }
    struct stat st {};
    if (fstatat(here(), name.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0) return std::nullopt;
    if (S_ISLNK(st.st_mode) && (follow || !todo.empty())) {
      if (++links > kMostLinks) return std::nullopt;
      const std::string target = read_link(here(), name.c_str());
      if (target.empty()) return std::nullopt;
      if (target.front() == '/') way.clear();
      push(target);
      if (todo.size() > 4096) return std::nullopt;
      continue;
    }
    if (todo.empty()) {
      FileHandle parent(dup(here()));
      if (!parent) return std::nullopt;
      return Place{std::move(parent), here_path(), name};
    }
    if (!S_ISDIR(st.st_mode) || way.size() >= kDeepest) return std::nullopt;
    FileHandle next = open_directory(here(), name.c_str());
    if (!next) return std::nullopt;
    way.push_back({std::move(next), name});
  }
  // The path ended in a directory that is already open (/, or x/..).
  if (way.empty()) return Place{FileHandle(dup(root_.get())), {}, {}};
  const std::string last = std::move(way.back().name);
  way.pop_back();
  FileHandle parent(dup(here()));
  if (!parent) return std::nullopt;
  return Place{std::move(parent), here_path(), last};
}

Result<std::unique_ptr<ContentStream>> DirectoryTree::open(const FileRef& ref) {
  auto place = resolve(ref.path, false);
  if (!place || place->name.empty())
    return fail(ErrorCode::not_found, "no file " + displayable(ref.path) + " is there");
  struct stat st {};
  // Looked at before it is opened: opening a device may do something.
  if (fstatat(place->directory.get(), place->name.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0)
    return fail(ErrorCode::io, errno_text("cannot look at", displayable(ref.path), errno));
  if (S_ISLNK(st.st_mode))
    return std::make_unique<MemoryStream>(read_link(place->directory.get(), place->name.c_str()));
  if (!S_ISREG(st.st_mode)) return fail(ErrorCode::unsupported, displayable(ref.path) + " is not a regular file");
  FileHandle fd = open_evidence(place->directory.get(), place->name.c_str(), O_NOFOLLOW);
  if (!fd || fstat(fd.get(), &st) != 0)
    return fail(ErrorCode::io, errno_text("cannot open", displayable(ref.path), errno));
  if (!S_ISREG(st.st_mode)) return fail(ErrorCode::unsupported, displayable(ref.path) + " is not a regular file");
  return std::make_unique<HandleStream>(std::move(fd), static_cast<uint64_t>(std::max<off_t>(st.st_size, 0)));
}

std::optional<FileRecord> DirectoryTree::find(std::string_view path) {
  auto place = resolve(path, true);
  if (!place) return std::nullopt;
  return record_of(place->directory.get(), place->name, place->path());
}

std::vector<FileRecord> DirectoryTree::list(std::string_view directory) {
  std::vector<FileRecord> out;
  auto place = resolve(directory, true);
  if (!place) return out;
  FileHandle fd =
      place->name.empty() ? std::move(place->directory) : open_directory(place->directory.get(), place->name.c_str());
  if (!fd) return out;
  const std::string base = place->name.empty() ? "" : place->path();
  bool complete = false;
  for (const std::string& name : read_names(fd.get(), complete)) {
    if (out.size() >= kMostListed) break;
    if (auto record = record_of(fd.get(), name, base + "/" + name)) out.push_back(std::move(*record));
  }
  return out;
}

}  // namespace

Result<std::unique_ptr<FileTree>> open_directory_tree(const std::string& path) {
  // The evidence itself may be named through a symlink; below it none is followed.
  FileHandle root = open_evidence(AT_FDCWD, path.c_str(), O_DIRECTORY);
  if (!root) return fail(ErrorCode::io, errno_text("cannot open the directory", path, errno));
  return std::make_unique<DirectoryTree>(path, std::move(root));
}

}  // namespace necropsy
