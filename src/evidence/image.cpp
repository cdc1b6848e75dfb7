// SPDX-License-Identifier: Apache-2.0
// open_image(): looks at the file, chooses the reader, and hangs volumes and trees below it.
#include "evidence/image.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "base/text.hpp"
#include "evidence/image_parts.hpp"
#include "evidence/signatures.hpp"
#include "evidence/tsk_tree.hpp"

namespace necropsy {
namespace {

// The whole medium as a stream.
class MediumStream final : public ContentStream {
 public:
  explicit MediumStream(Medium& medium) : medium_(medium) {}
  uint64_t size() const override { return medium_.facts.bytes; }
  Result<size_t> read(uint64_t offset, std::span<std::byte> out) override {
    auto got = medium_.read(offset, out);
    if (!got) {
      Error error = got.error();
      error.what = "the image cannot be read: " + error.what;
      if (error.offset < offset || error.offset - offset >= out.size()) error.offset = offset;
      return tl::unexpected(error);
    }
    return got;
  }

 private:
  Medium& medium_;
};

class DiskImage final : public Image {
 public:
  DiskImage(std::unique_ptr<Medium> medium, const OpenOptions& options)
      : medium_(std::move(medium)), stream_(*medium_), options_(options) {}

  const ImageFacts& facts() const override { return medium_->facts; }

  std::vector<VolumeInfo> volumes(const ProblemHandler& problems) override {
    for (const Problem& p : medium_->problems) problems(p);
    return find_volumes(*medium_, stream_, options_.offset, problems);
  }

  Result<std::unique_ptr<FileTree>> open_tree(const VolumeInfo& volume, const ProblemHandler& problems) override {
    if (!volume.offset || volume.state != "filesystem")
      return fail(ErrorCode::unsupported, "volume " + volume.name + " holds no filesystem that is read");
    const uint64_t size = medium_->facts.bytes;
    if (*volume.offset >= size)
      return fail(ErrorCode::truncated, "volume " + volume.name + " starts beyond the end of the evidence",
                  *volume.offset);
    return open_tsk_tree(medium_->tsk(), *volume.offset, std::min(volume.length, size - *volume.offset), problems);
  }

  Result<size_t> read(uint64_t offset, std::span<std::byte> out) override { return stream_.read(offset, out); }

 private:
  std::unique_ptr<Medium> medium_;
  MediumStream stream_;
  OpenOptions options_;
};

// A directory or a single file: one volume, no partition table.
class TreeImage final : public Image {
 public:
  TreeImage(ImageFacts facts, std::string path) : facts_(std::move(facts)), path_(std::move(path)) {}

  const ImageFacts& facts() const override { return facts_; }

  std::vector<VolumeInfo> volumes(const ProblemHandler&) override {
    VolumeInfo info;
    info.name = "whole";
    info.length = facts_.bytes;
    info.type = info.content = facts_.format;
    info.state = "filesystem";
    return {info};
  }

  Result<std::unique_ptr<FileTree>> open_tree(const VolumeInfo&, const ProblemHandler&) override {
    return facts_.format == "directory" ? open_directory_tree(path_) : open_single_file_tree(path_);
  }

  Result<size_t> read(uint64_t offset, std::span<std::byte> out) override {
    if (facts_.format == "directory") return fail(ErrorCode::unsupported, "a directory has no bytes of its own");
    if (!stream_) {
      FileHandle fd = open_evidence(AT_FDCWD, path_.c_str());
      if (!fd) return fail(ErrorCode::io, errno_text("cannot open", path_, errno));
      stream_.emplace(std::move(fd), facts_.bytes);
    }
    return stream_->read(offset, out);
  }

 private:
  ImageFacts facts_;
  std::string path_;
  std::optional<HandleStream> stream_;
};

// libewf keeps every segment open, and with too few descriptors it fails in ways that look like a damaged image.
void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

// Absolute. A symlink in the last place is followed, because the other segments lie beside its target; so are paths
// with .., which do not mean what they seem to when a directory before them is a symlink.
std::string resolve(const std::string& path) {
  std::error_code error;
  const std::filesystem::path out = std::filesystem::absolute(path, error);
  if (error) return path;
  const bool climbs = std::find(out.begin(), out.end(), "..") != out.end();
  if (climbs || std::filesystem::is_symlink(out, error)) {
    auto real = std::filesystem::canonical(out, error);
    return error ? out.string() : real.string();
  }
  std::string text = out.lexically_normal().string();
  while (text.size() > 1 && text.back() == '/') text.pop_back();
  return text;
}

std::unique_ptr<Image> file_image(const std::string& path, uint64_t size) {
  ImageFacts facts;
  facts.format = "file";
  facts.segments = {path};
  facts.bytes = size;
  return std::make_unique<TreeImage>(std::move(facts), path);
}

}  // namespace

Result<std::unique_ptr<Image>> open_image(const std::string& given, const OpenOptions& options) {
  raise_descriptor_limit();
  const std::string path = resolve(given);
  struct stat st {};
  if (stat(path.c_str(), &st) != 0)
    return fail(errno == ENOENT ? ErrorCode::not_found : ErrorCode::io, errno_text("cannot open", path, errno));
  if (S_ISDIR(st.st_mode)) {
    ImageFacts facts;
    facts.format = "directory";
    facts.segments = {path};
    return std::make_unique<TreeImage>(std::move(facts), path);
  }
  const bool block = S_ISBLK(st.st_mode);
  if (!S_ISREG(st.st_mode) && !block)
    return fail(ErrorCode::unsupported, path + " is neither a file, nor a directory, nor a block device");

  FileHandle fd = open_evidence(AT_FDCWD, path.c_str());
  if (!fd) return fail(ErrorCode::io, errno_text("cannot open", path, errno));
  uint64_t size = static_cast<uint64_t>(std::max<off_t>(st.st_size, 0));
  if (block) {
    const off_t end = lseek(fd.get(), 0, SEEK_END);
    if (end < 0) return fail(ErrorCode::io, errno_text("cannot find the size of", path, errno));
    size = static_cast<uint64_t>(end);
  }
  HandleStream file(std::move(fd), size);
  // The first bytes must be readable, or nothing can be said about the rest.
  std::byte first{};
  if (auto got = file.read(0, {&first, 1}); !got) return tl::unexpected(got.error());

  const Sniffed sniffed = sniff_container(file, path);
  Result<std::unique_ptr<Medium>> medium = nullptr;
  switch (sniffed.container) {
    case Container::unsupported:
      return fail(ErrorCode::unsupported, "this is a " + sniffed.name + ": " + sniffed.advice);
    case Container::ewf:
      medium = open_ewf(path);
      break;
    case Container::aff:
      medium = open_aff(path);
      break;
    case Container::vmdk:
      medium = open_vmdk(path, file);
      break;
    case Container::vhd:
    case Container::vhdx:
      medium = open_vhd(path, file, sniffed.container);
      break;
    case Container::none: {
      const bool disk = is_disk(file, path, block);
      if (const std::string first_segment = first_split_segment(path); !first_segment.empty() && !block) {
        // A later piece of a split image looks like anything; what the first piece is decides.
        FileHandle other = open_evidence(AT_FDCWD, first_segment.c_str());
        struct stat other_st {};
        if (other && fstat(other.get(), &other_st) == 0 && S_ISREG(other_st.st_mode)) {
          HandleStream first_file(std::move(other), static_cast<uint64_t>(std::max<off_t>(other_st.st_size, 0)));
          if (is_disk(first_file, first_segment, false))
            return fail(ErrorCode::unsupported,
                        path + " is a later segment of a split image: name the first one, " + first_segment);
        }
      }
      if (!disk && !options.offset) return file_image(path, size);
      medium = open_raw(path, size);
      break;
    }
  }
  if (!medium) return tl::unexpected(medium.error());
  if ((*medium)->facts.bytes == 0) return fail(ErrorCode::truncated, path + " is an image of nothing: it has no bytes");
  return std::make_unique<DiskImage>(std::move(*medium), options);
}

}  // namespace necropsy
