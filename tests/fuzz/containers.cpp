// SPDX-License-Identifier: Apache-2.0
// Containers of disks, and packed logs. libewf and libtsk open files by name, so the input becomes a file.
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "evidence/image.hpp"
#include "fuzz/target.hpp"

namespace necropsy::fuzz {
namespace {

class Scratch {
 public:
  Scratch() {
    const char* folder = std::getenv("TMPDIR");
    path_ = std::string(folder ? folder : "/tmp") + "/necropsy-fuzz-XXXXXX";
    require(mkdtemp(path_.data()) != nullptr, "no scratch folder");
  }
  ~Scratch() {
    for (const std::string& name : names_) unlink((path_ + "/" + name).c_str());
    rmdir(path_.c_str());
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  std::string write(const std::string& name, Bytes bytes) {
    if (std::find(names_.begin(), names_.end(), name) == names_.end()) names_.push_back(name);
    const std::string path = path_ + "/" + name;
    const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    require(fd >= 0 && ::write(fd, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()), "cannot write");
    close(fd);
    return path;
  }

 private:
  std::string path_;
  std::vector<std::string> names_;
};

void container(Bytes input, const char* name) {
  static Scratch scratch;
  auto image = open_image(scratch.write(name, input));
  if (!image) {
    require(!image.error().what.empty(), "an image is refused without a reason");
    return;
  }
  const uint64_t size = (*image)->facts().bytes;
  std::vector<std::byte> part(4096);
  for (const uint64_t at : {uint64_t{0}, size / 2, size - std::min<uint64_t>(size, 100), size, UINT64_MAX - 4096}) {
    auto got = (*image)->read(at, part);
    require(!got || (*got <= part.size() && (at < size || *got == 0)), "something is read behind the end");
  }
  (*image)->volumes([](const Problem& problem) {
    require(!problem.code.empty() && !problem.what.empty(), "a problem without code or reason");
  });
}

void unpacking(Bytes input) {
  MemoryStream head{std::string(as_text(input))};
  require(unpacked_head(head, 4096).size() <= 4096, "more is unpacked than was asked for");
  constexpr uint64_t kBudget = 1 << 20;
  Unpacked got = unpack(std::make_unique<MemoryStream>(std::string(as_text(input))), -1, kBudget);
  require(got.stream != nullptr, "no stream");
  require(got.compression.empty() || got.stream->size() <= kBudget, "the budget is not kept");
  require(read_all(*got.stream, 2 << 20).has_value(), "what was unpacked cannot be read");
}

}  // namespace

extern const Target container_ewf, container_vmdk, container_vhd, reader_unpack;
const Target container_ewf{[](Bytes input) { container(input, "x.E01"); }};
const Target container_vmdk{[](Bytes input) { container(input, "x.vmdk"); }};
const Target container_vhd{[](Bytes input) { container(input, "x.vhd"); }};
const Target reader_unpack{unpacking};

}  // namespace necropsy::fuzz
