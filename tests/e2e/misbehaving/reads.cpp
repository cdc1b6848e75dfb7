// SPDX-License-Identifier: Apache-2.0
// A medium with bad sectors and a slow one, without a device: in the tests' copy of the program, pread() fails or waits
// as the name of the file orders. bad-sector@OFFSET+LENGTH: what overlaps it is EIO. slow@MILLISECONDS: each read.
#include <sys/syscall.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <string_view>

namespace {

// The number behind `word` in the name of an open file.
bool ordered(std::string_view name, std::string_view word, uint64_t& number, uint64_t* second = nullptr) {
  const size_t at = name.find(word);
  if (at == std::string_view::npos) return false;
  size_t i = at + word.size();
  const auto digits = [&] {
    uint64_t n = 0;
    for (; i < name.size() && name[i] >= '0' && name[i] <= '9'; ++i) n = n * 10 + static_cast<uint64_t>(name[i] - '0');
    return n;
  };
  number = digits();
  if (second && i < name.size() && name[i] == '+') {
    ++i;
    *second = digits();
  }
  return true;
}

}  // namespace

extern "C" {
ssize_t pread(int fd, void* out, size_t size, off_t offset);
ssize_t pread64(int fd, void* out, size_t size, off_t offset);

ssize_t pread(int fd, void* out, size_t size, off_t offset) {
  char link[64], name[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t length = readlink(link, name, sizeof name);
  const std::string_view path(name, length > 0 ? static_cast<size_t>(length) : 0);
  uint64_t first = 0, count = 0;
  if (ordered(path, "bad-sector@", first, &count)) {
    const auto start = static_cast<uint64_t>(offset);
    if (start < first + count && first < start + size) {
      // As a disk does it: what lies before the bad place comes, then the error.
      if (start >= first) {
        errno = EIO;
        return -1;
      }
      size = first - start;
    }
  }
  if (ordered(path, "slow@", first)) {
    const timespec wait{static_cast<time_t>(first / 1000), static_cast<long>(first % 1000) * 1'000'000};
    nanosleep(&wait, nullptr);
  }
  return syscall(SYS_pread64, fd, out, size, offset);
}

ssize_t pread64(int fd, void* out, size_t size, off_t offset) { return pread(fd, out, size, offset); }
}
