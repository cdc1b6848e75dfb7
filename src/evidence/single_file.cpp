// SPDX-License-Identifier: Apache-2.0
// A log handed over by itself, as a tree with one file: /NAME.
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "evidence/image_parts.hpp"

namespace necropsy {
namespace {

class SingleFileTree final : public FileTree {
 public:
  SingleFileTree(std::string path, FileRecord record) : path_(std::move(path)), record_(std::move(record)) {
    facts_.type = "file";
  }
  const FilesystemFacts& facts() const override { return facts_; }
  void walk(FileVisitor& visitor, const ProblemHandler&) override { visitor.file(record_); }

  Result<std::unique_ptr<ContentStream>> open(const FileRef& ref) override {
    if (ref.path != record_.ref.path) return fail(ErrorCode::not_found, "the evidence is the file " + record_.path);
    FileHandle fd = open_evidence(AT_FDCWD, path_.c_str());
    if (!fd) return fail(ErrorCode::io, errno_text("cannot open", path_, errno));
    struct stat st {};
    if (fstat(fd.get(), &st) != 0 || !S_ISREG(st.st_mode))
      return fail(ErrorCode::io, path_ + " is no longer a regular file");
    return std::make_unique<HandleStream>(std::move(fd), static_cast<uint64_t>(std::max<off_t>(st.st_size, 0)));
  }
  std::optional<FileRecord> find(std::string_view path) override {
    if (path != record_.path) return std::nullopt;
    return record_;
  }
  std::vector<FileRecord> list(std::string_view directory) override {
    if (directory != "/" && !directory.empty()) return {};
    return {record_};
  }

 private:
  std::string path_;
  FileRecord record_;
  FilesystemFacts facts_;
};

}  // namespace

Result<std::unique_ptr<FileTree>> open_single_file_tree(const std::string& path) {
  auto record = read_posix_metadata(AT_FDCWD, path.c_str());
  if (!record) return fail(ErrorCode::io, errno_text("cannot look at", path, errno));
  if (record->type != FileType::regular) return fail(ErrorCode::unsupported, path + " is not a regular file");
  record->path = path.substr(path.rfind('/') + 1);
  record->path.insert(0, "/");
  record->ref.path = record->path;
  return std::make_unique<SingleFileTree>(path, std::move(*record));
}

}  // namespace necropsy
