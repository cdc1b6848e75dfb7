// SPDX-License-Identifier: Apache-2.0
#include "fuzz/sparse_image.hpp"

#include <algorithm>

#include "base/digest.hpp"
#include "evidence/tsk_tree.hpp"
#include "fuzz/target.hpp"

namespace necropsy::fuzz {
namespace {

constexpr size_t kMostRead = 256 * 1024;  // bytes of one file

class Look final : public FileVisitor {
 public:
  explicit Look(size_t most) : most_(most) {}
  bool file(const FileRecord& record) override {
    require(record.path.starts_with('/'), "a path that does not begin at the root");
    require(record.precision <= TimePrecision::day, "a precision that is none");
    records.push_back(record);
    return records.size() < most_;
  }
  std::vector<FileRecord> records;

 private:
  size_t most_;
};

// Digest of the content, or that it could not be read.
std::string content_of(FileTree& tree, const FileRecord& record) {
  auto stream = tree.open(record.ref);
  if (!stream) return "closed";
  Digest digest(DigestKind::md5);
  std::vector<std::byte> part(64 * 1024);
  for (uint64_t at = 0; at < kMostRead; at += part.size()) {
    auto got = (*stream)->read(at, part);
    if (!got) return "unreadable";
    require(*got <= part.size(), "more is read than was asked for");
    digest.update(Bytes(part).first(*got));
    if (*got < part.size()) break;
  }
  // Behind the end, and at a place where no file reaches.
  for (const uint64_t at : {(*stream)->size(), UINT64_MAX - 1024}) {
    auto got = (*stream)->read(at, std::span(part).first(512));
    require(!got || *got == 0, "something is read behind the end of a file");
  }
  return digest.hex();
}

}  // namespace

SparseMedium::SparseMedium(Bytes file) {
  const ByteReader in(file);
  facts.format = "raw";
  facts.bytes = (in.u16le(0).value_or(1) % kMostSectors + 1) * kSector;
  for (size_t at = 2; at + 2 < file.size(); at += kRecord) {
    const Bytes sector = in.slice(at + 2, kSector);
    sectors_[*in.u16le(at)] = bytes_.size();
    bytes_.insert(bytes_.end(), sector.begin(), sector.end());
    bytes_.resize((bytes_.size() + kSector - 1) / kSector * kSector);
  }
}

Result<void> SparseMedium::fetch(uint64_t offset, std::span<std::byte> out) {
  while (!out.empty()) {
    const uint64_t within = offset % kSector;
    const size_t count = std::min<size_t>(out.size(), kSector - within);
    const auto found = sectors_.find(offset / kSector);
    if (found == sectors_.end())
      std::fill_n(out.begin(), count, std::byte{});
    else
      std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(found->second + within), count, out.begin());
    offset += count;
    out = out.subspan(count);
  }
  return {};
}

TreeLook look_at_tree(Medium& medium, size_t most) {
  TreeLook out;
  const ProblemHandler problems = [&](Problem problem) {
    require(!problem.code.empty() && !problem.what.empty(), "a problem without code or reason");
    ++out.problems;
  };
  auto opened = open_tsk_tree(medium.tsk(), 0, medium.facts.bytes, problems);
  if (!opened) {
    ++out.problems;
    return out;
  }
  out.opened = true;
  FileTree& tree = **opened;
  Look look(most);
  tree.walk(look, problems);
  size_t read = 0;
  for (FileRecord& record : look.records) {
    std::string content = "-";
    if ((record.type == FileType::regular || record.type == FileType::metadata) && ++read <= 200)
      content = content_of(tree, record);
    if (content == "closed" || content == "unreadable") ++out.problems;
    out.rows.push_back({std::move(record), std::move(content)});
  }
  for (size_t i = 0; i < out.rows.size() && i < 16; ++i) tree.find(out.rows[i].record.path);
  for (const char* path : {"/", "/etc", "/WINDOWS/system32", "/a/../b", ""}) tree.list(path);
  for (const char* path : {"/etc/fstab", "/WINDOWS/system32/config", "/link/x", "//", "/.."}) tree.find(path);
  return out;
}

}  // namespace necropsy::fuzz
