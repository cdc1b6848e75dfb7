// SPDX-License-Identifier: Apache-2.0
// Evidence made for a test: files in a folder that goes away, and the tools that make images.
#pragma once
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.hpp"
#include "evidence/image.hpp"

namespace necropsy::testing {

namespace fs = std::filesystem;

class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "necropsy-test-XXXXXX").string();
    if (mkdtemp(name.data())) path_ = name;
    REQUIRE_FALSE(path_.empty());
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string path(std::string_view name) const { return path_ + "/" + std::string(name); }
  const std::string& root() const { return path_; }

 private:
  std::string path_;
};

inline std::string write_file(const std::string& path, std::string_view bytes) {
  fs::create_directories(fs::path(path).parent_path());
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  return path;
}

inline std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream bytes;
  bytes << in.rdbuf();
  return std::move(bytes).str();
}

inline bool run(const std::string& command) {
  return std::system(("PATH=$PATH:/sbin:/usr/sbin; " + command + " >/dev/null 2>&1").c_str()) == 0;
}
inline bool have(std::string_view tool) { return run("command -v " + std::string(tool)); }

// Tools that CI has; elsewhere the test says that it could not run.
#define NEEDS(tool)                                         \
  if (!have(tool)) {                                        \
    MESSAGE("skipped: the tool " tool " is not installed"); \
    return;                                                 \
  }

// Bytes that do not compress and differ from place to place (xorshift).
inline std::string noise(size_t size, uint64_t seed = 88172645463325252ull) {
  std::string out(size, '\0');
  for (size_t i = 0; i < size; ++i) {
    if (i % 8 == 0) {
      seed ^= seed << 13;
      seed ^= seed >> 7;
      seed ^= seed << 17;
    }
    out[i] = static_cast<char>(seed >> (i % 8 * 8));
  }
  return out;
}

inline void put(std::string& bytes, size_t at, std::string_view value) {
  if (bytes.size() < at + value.size()) bytes.resize(at + value.size());
  bytes.replace(at, value.size(), value);
}
inline void put_le(std::string& bytes, size_t at, uint64_t value, size_t width) {
  std::string raw;
  for (size_t i = 0; i < width; ++i) raw += static_cast<char>(value >> (8 * i));
  put(bytes, at, raw);
}
inline void put_mbr_entry(std::string& bytes, size_t sector, int slot, uint8_t type, uint32_t start, uint32_t count) {
  const size_t table = sector * 512;
  const size_t e = table + 446 + static_cast<size_t>(slot) * 16;
  put_le(bytes, e, 0, 1);
  put_le(bytes, e + 4, type, 1);
  put_le(bytes, e + 8, start, 4);
  put_le(bytes, e + 12, count, 4);
  put(bytes, table + 510, "\x55\xaa");
}

struct Opened {
  std::unique_ptr<Image> image;
  std::vector<VolumeInfo> volumes;
  std::vector<Problem> problems;
  std::string error;

  const VolumeInfo* volume(std::string_view name) const {
    for (const VolumeInfo& v : volumes)
      if (v.name == name) return &v;
    return nullptr;
  }
  size_t count(std::string_view code) const {
    size_t n = 0;
    for (const Problem& p : problems) n += p.code == code;
    return n;
  }
};

inline Opened open_all(const std::string& path, const OpenOptions& options = {}) {
  Opened out;
  auto image = open_image(path, options);
  if (!image) {
    out.error = image.error().what;
    return out;
  }
  out.image = std::move(*image);
  out.volumes = out.image->volumes([&](Problem p) { out.problems.push_back(std::move(p)); });
  return out;
}

// Bytes of the medium up to its end or the first error, whose place goes to `error_at`.
inline std::string read_media(Image& image, std::optional<uint64_t>* error_at = nullptr, size_t step = 100'000) {
  std::string all, part(step, '\0');
  while (all.size() < image.facts().bytes) {
    auto got = image.read(all.size(), std::as_writable_bytes(std::span(part)));
    if (!got) {
      if (error_at) *error_at = got.error().offset;
      return all;
    }
    if (*got == 0) break;
    all.append(part, 0, *got);
  }
  return all;
}

inline std::string sha256_of(const std::string& path) {
  Digest digest(DigestKind::sha256);
  const std::string bytes = read_file(path);
  digest.update(as_bytes(bytes));
  return digest.hex();
}

}  // namespace necropsy::testing
