// SPDX-License-Identifier: Apache-2.0
// Files of the analyst's machine: opened for reading only, their bytes, their metadata.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "evidence/image_parts.hpp"

namespace necropsy {

FileHandle& FileHandle::operator=(FileHandle&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

FileHandle::~FileHandle() {
  if (fd_ >= 0) close(fd_);
}

std::string errno_text(std::string_view doing, std::string_view path, int error) {
  char buffer[128] = "";
  const char* why = strerror_r(error, buffer, sizeof buffer);
  return std::string(doing) + " " + std::string(path) + ": " + why;
}

FileHandle open_evidence(int directory, const char* name, int more_flags) {
  // O_NONBLOCK: a pipe that somebody puts in the place of a file must not hold us up.
  const int flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | more_flags;
  // Only the owner and root may leave the access time alone (open(2)); everyone else gets EPERM.
  const int fd = openat(directory, name, flags | O_NOATIME);
  if (fd >= 0 || errno != EPERM) return FileHandle(fd);
  return FileHandle(openat(directory, name, flags));
}

Result<size_t> read_descriptor(int fd, uint64_t offset, std::span<std::byte> out) {
  size_t done = 0;
  while (done < out.size()) {
    if (offset > INT64_MAX - done) break;
    const ssize_t got = pread(fd, out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
    if (got > 0) {
      done += static_cast<size_t>(got);
    } else if (got == 0) {
      break;
    } else if (errno != EINTR) {
      return fail(ErrorCode::io, errno_text("cannot read", "the file", errno), offset + done, out.size() - done, 0);
    }
  }
  return done;
}

Result<size_t> HandleStream::read(uint64_t offset, std::span<std::byte> out) {
  if (offset >= size_) return size_t{0};
  return read_descriptor(fd_.get(), offset, out.first(std::min<uint64_t>(out.size(), size_ - offset)));
}

std::optional<FileRecord> read_posix_metadata(int directory, const char* name, uint64_t* device) {
  struct statx st {};
  const int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_SYNC_AS_STAT | (*name ? 0 : AT_EMPTY_PATH);
  if (statx(directory, name, flags, STATX_BASIC_STATS | STATX_BTIME, &st) != 0) return std::nullopt;
  FileRecord record;
  record.ref.inode = st.stx_ino;
  record.state = FileState::allocated;
  switch (st.stx_mode & S_IFMT) {
    case S_IFREG:
      record.type = FileType::regular;
      break;
    case S_IFDIR:
      record.type = FileType::directory;
      break;
    case S_IFLNK:
      record.type = FileType::symlink;
      break;
    case S_IFCHR:
      record.type = FileType::character;
      break;
    case S_IFBLK:
      record.type = FileType::block;
      break;
    case S_IFIFO:
      record.type = FileType::fifo;
      break;
    case S_IFSOCK:
      record.type = FileType::socket;
      break;
    default:
      record.type = FileType::unknown;
      break;
  }
  record.content_intact = record.type == FileType::regular || record.type == FileType::symlink;
  record.mode = st.stx_mode & 07777u;
  record.uid = st.stx_uid;
  record.gid = st.stx_gid;
  record.size = static_cast<int64_t>(std::min<uint64_t>(st.stx_size, INT64_MAX));
  const auto time = [](const statx_timestamp& t) { return Timestamp::from_unix(t.tv_sec, t.tv_nsec); };
  record.modified = time(st.stx_mtime);
  record.accessed = time(st.stx_atime);
  record.changed = time(st.stx_ctime);
  if (st.stx_mask & STATX_BTIME) record.created = time(st.stx_btime);
  static constexpr struct {
    uint64_t bit;
    const char* word;
  } kFlags[] = {{STATX_ATTR_IMMUTABLE, "immutable"}, {STATX_ATTR_APPEND, "append-only"},
                {STATX_ATTR_NODUMP, "nodump"},       {STATX_ATTR_COMPRESSED, "compressed"},
                {STATX_ATTR_ENCRYPTED, "encrypted"}, {STATX_ATTR_VERITY, "verity"}};
  for (const auto& f : kFlags)
    if (st.stx_attributes & f.bit) record.flags += (record.flags.empty() ? "" : " ") + std::string(f.word);
  if (device) *device = makedev(st.stx_dev_major, st.stx_dev_minor);
  return record;
}

}  // namespace necropsy
