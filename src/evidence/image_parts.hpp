// SPDX-License-Identifier: Apache-2.0
// Parts that open_image() puts together. Private to src/evidence.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "evidence/image.hpp"
#include "evidence/tsk_handles.hpp"

namespace necropsy {

// An open descriptor that closes itself.
class FileHandle final {
 public:
  explicit FileHandle(int fd = -1) : fd_(fd) {}
  FileHandle(FileHandle&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  FileHandle& operator=(FileHandle&& other) noexcept;
  ~FileHandle();
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_;
};

// Opens for reading only, without touching the access time where the system allows that. errno tells of a failure.
FileHandle open_evidence(int directory, const char* name, int more_flags = 0);

// Bytes of an open file or block device.
class HandleStream final : public ContentStream {
 public:
  HandleStream(FileHandle fd, uint64_t size) : fd_(std::move(fd)), size_(size) {}
  uint64_t size() const override { return size_; }
  Result<size_t> read(uint64_t offset, std::span<std::byte> out) override;

 private:
  FileHandle fd_;
  uint64_t size_;
};

// pread() until `out` is full, the file ends or fails.
Result<size_t> read_descriptor(int fd, uint64_t offset, std::span<std::byte> out);

// The file, looked at from outside: what kind of container, from its magic numbers.
enum class Container : uint8_t { none, ewf, aff, vmdk, vhd, vhdx, unsupported };
struct Sniffed {
  Container container = Container::none;
  std::string name;    // of an unsupported one: qcow2, DMG …
  std::string advice;  // sentence for a person
};
// `size` of the file; reads its head, and its last sector for formats that are known by their end.
Sniffed sniff_container(ContentStream& file, std::string_view path);

// Whether a file without container magic is a disk (or a volume), and not a log: content first, then name and size.
bool is_disk(ContentStream& file, std::string_view path, bool block_device);

// A medium that necropsy reads; libtsk gets it as an external image. Reads of what the evidence does not hold are
// errors, never zeros.
class Medium {
 public:
  Medium();
  virtual ~Medium();
  Medium(const Medium&) = delete;
  Medium& operator=(const Medium&) = delete;
  TSK_IMG_INFO* tsk();
  // Past libtsk and its cache. Short only at the end of the medium.
  Result<size_t> read(uint64_t offset, std::span<std::byte> out);

  ImageFacts facts;
  std::vector<Problem> problems;  // found on opening, reported with the volumes

 protected:
  // Fills `out` whole; [offset, offset + out.size()) lies within facts.bytes.
  virtual Result<void> fetch(uint64_t offset, std::span<std::byte> out) = 0;

 private:
  struct Bridge;
  static ssize_t read_bridge(TSK_IMG_INFO* image, TSK_OFF_T offset, char* out, size_t count);
  std::unique_ptr<Bridge> bridge_;
};

Result<std::unique_ptr<Medium>> open_raw(const std::string& path, uint64_t size);
Result<std::unique_ptr<Medium>> open_ewf(const std::string& path);
Result<std::unique_ptr<Medium>> open_vmdk(const std::string& path, ContentStream& file);
Result<std::unique_ptr<Medium>> open_vhd(const std::string& path, ContentStream& file, Container container);
Result<std::unique_ptr<Medium>> open_aff(const std::string& path);
// A container of one or more files that libtsk reads by itself.
Result<std::unique_ptr<Medium>> open_by_libtsk(std::vector<std::string> segments, TSK_IMG_TYPE_ENUM type,
                                               std::string format);

// Segments of a split raw image whose first one is `path`, in order: x.001 x.002 …, x.000 …, x.aa x.ab …, xaa xab ….
// `missing`: names that are absent although a later one is there.
std::vector<std::string> find_split_segments(const std::string& path, std::vector<std::string>& missing);
// Name of the first segment when `path` is a later one of a split image; empty otherwise.
std::string first_split_segment(const std::string& path);
// E01, E02 … E99, EAA … EZZ, FAA … (also s01, L01), case kept. Empty when `path` has no such ending.
std::string ewf_segment_name(const std::string& path, unsigned number);

// Volumes of a medium; with `offset` the one that starts there.
std::vector<VolumeInfo> find_volumes(Medium& medium, ContentStream& stream, std::optional<uint64_t> offset,
                                     const ProblemHandler& problems);
// Whether a file begins like a partitioned disk or a volume.
bool shows_disk_structures(ContentStream& stream);

// Whole evidence without a filesystem of its own.
Result<std::unique_ptr<FileTree>> open_directory_tree(const std::string& path);
Result<std::unique_ptr<FileTree>> open_single_file_tree(const std::string& path);

// Times, owner, mode and attributes of an open file or a name below an open directory (never through a symlink).
// Fails with errno set.
std::optional<FileRecord> read_posix_metadata(int directory, const char* name, uint64_t* device = nullptr);

std::string errno_text(std::string_view doing, std::string_view path, int error);

}  // namespace necropsy
