// SPDX-License-Identifier: Apache-2.0
// VMDK, read here: libvmdk looks for each extent under the name that the descriptor gives, so that a renamed image does
// not open, or worse, another file with the old name is read in its place.
// Source: "Virtual Disk Format 5.0" (VMware, 2011): descriptor, hosted sparse extents, compressed (stream) extents.
#include <fcntl.h>
#include <sys/stat.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/text.hpp"
#include "evidence/image_parts.hpp"

namespace necropsy {
namespace {

constexpr uint64_t kSector = 512;

std::string read_text(ContentStream& file, uint64_t offset, size_t count) {
  std::string text(count, '\0');
  auto got = file.read(offset, std::as_writable_bytes(std::span(text)));
  text.resize(got ? *got : 0);
  return text;
}

std::string folder_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash + 1);
}

// Value of `key=value` or `key = "value"` in a descriptor.
std::string descriptor_value(std::string_view text, std::string_view key) {
  for (std::string_view line : split(text, '\n')) {
    line = trim(line);
    const size_t equals = line.find('=');
    if (equals == std::string_view::npos || !equals_ignore_case(trim(line.substr(0, equals)), key)) continue;
    std::string_view value = trim(line.substr(equals + 1));
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
    return std::string(value);
  }
  return {};
}

struct SparseHeader {
  uint32_t flags = 0;
  uint64_t capacity = 0, grain = 0;  // sectors
  uint64_t descriptor = 0, descriptor_sectors = 0;
  uint32_t entries = 0;  // per grain table
  uint64_t directory = 0;
  bool zeroed_grains() const { return (flags & 4u) != 0; }
  bool compressed() const { return (flags & 0x10000u) != 0; }
};

std::optional<SparseHeader> read_sparse_header(ContentStream& file, uint64_t offset) {
  const std::string raw = read_text(file, offset, kSector);
  const ByteReader in(as_bytes(raw));
  if (raw.size() < kSector || !raw.starts_with("KDMV")) return std::nullopt;
  SparseHeader h;
  h.flags = *in.u32le(8);
  h.capacity = *in.u64le(12);
  h.grain = *in.u64le(20);
  h.descriptor = *in.u64le(28);
  h.descriptor_sectors = *in.u64le(36);
  h.entries = *in.u32le(44);
  h.directory = *in.u64le(56);
  return h;
}

// One extent: its sectors come from a flat file, a sparse one, or are all zero.
class VmdkExtent {
 public:
  virtual ~VmdkExtent() = default;
  virtual Result<void> fetch(uint64_t offset, std::span<std::byte> out) = 0;
};

class ZeroExtent final : public VmdkExtent {
 public:
  Result<void> fetch(uint64_t, std::span<std::byte> out) override {
    std::fill(out.begin(), out.end(), std::byte{});
    return {};
  }
};

Result<void> read_whole(ContentStream& file, uint64_t offset, std::span<std::byte> out, std::string_view what) {
  auto got = file.read(offset, out);
  if (!got) return tl::unexpected(got.error());
  if (*got < out.size())
    return fail(ErrorCode::truncated, "the VMDK ends before " + std::string(what), offset, out.size(), *got);
  return {};
}

class FlatExtent final : public VmdkExtent {
 public:
  FlatExtent(HandleStream file, uint64_t start) : file_(std::move(file)), start_(start) {}
  Result<void> fetch(uint64_t offset, std::span<std::byte> out) override {
    return read_whole(file_, start_ + offset, out, "the bytes of a flat extent");
  }

 private:
  HandleStream file_;
  uint64_t start_;
};

class SparseExtent final : public VmdkExtent {
 public:
  SparseExtent(HandleStream file, const SparseHeader& header, std::vector<uint32_t> directory)
      : file_(std::move(file)), header_(header), directory_(std::move(directory)) {}

  static Result<std::unique_ptr<VmdkExtent>> open(HandleStream file) {
    auto header = read_sparse_header(file, 0);
    if (!header) return fail(ErrorCode::bad_value, "an extent of the VMDK has no sparse extent header");
    // A stream that was written in one go has its directory behind the grains; a copy of the header with the place
    // stands in the last sector but one.
    if (header->directory == UINT64_MAX) {
      header = file.size() > 2 * kSector ? read_sparse_header(file, file.size() - 2 * kSector) : std::nullopt;
      if (!header || header->directory == UINT64_MAX)
        return fail(ErrorCode::truncated, "the VMDK ends before its grain directory");
    }
    const SparseHeader& h = *header;
    if (h.grain < 8 || h.grain > 8192 || (h.grain & (h.grain - 1)) != 0 || h.entries == 0 || h.entries > 65536 ||
        h.capacity == 0 || h.capacity > (1ull << 48) || h.directory > file.size() / kSector)
      return fail(ErrorCode::bad_value, "the header of a sparse VMDK extent holds impossible numbers");
    const uint64_t per_table = h.grain * h.entries;
    const uint64_t tables = (h.capacity + per_table - 1) / per_table;
    if (tables > (file.size() - h.directory * kSector) / 4)
      return fail(ErrorCode::truncated, "the VMDK ends within its grain directory", h.directory * kSector, tables * 4);
    std::vector<uint32_t> directory(tables);
    auto read = read_whole(file, h.directory * kSector, std::as_writable_bytes(std::span(directory)), "its directory");
    if (!read) return tl::unexpected(read.error());
    return std::make_unique<SparseExtent>(std::move(file), h, std::move(directory));
  }

  Result<void> fetch(uint64_t offset, std::span<std::byte> out) override {
    const uint64_t grain_bytes = header_.grain * kSector;
    while (!out.empty()) {
      const uint64_t grain = offset / grain_bytes, within = offset % grain_bytes;
      const auto part = out.first(static_cast<size_t>(std::min<uint64_t>(out.size(), grain_bytes - within)));
      auto sector = grain_sector(grain);
      if (!sector) return tl::unexpected(sector.error());
      if (*sector == 0) {
        std::fill(part.begin(), part.end(), std::byte{});
      } else if (header_.compressed()) {
        if (auto unpacked = unpack_grain(grain, *sector); !unpacked) return unpacked;
        std::memcpy(part.data(), unpacked_.data() + within, part.size());
      } else if (auto read = read_whole(file_, *sector * kSector + within, part, "one of its grains"); !read) {
        return read;
      }
      offset += part.size();
      out = out.subspan(part.size());
    }
    return {};
  }

 private:
  // Where a grain lies; 0 when it was never written (or was zeroed).
  Result<uint64_t> grain_sector(uint64_t grain) {
    const uint64_t table = grain / header_.entries;
    if (table >= directory_.size()) return fail(ErrorCode::bad_value, "a VMDK grain lies outside its directory");
    if (directory_[table] == 0) return uint64_t{0};
    if (table != table_number_) {
      table_number_ = UINT64_MAX;
      table_.resize(header_.entries);
      auto read = read_whole(file_, uint64_t{directory_[table]} * kSector, std::as_writable_bytes(std::span(table_)),
                             "one of its grain tables");
      if (!read) return tl::unexpected(read.error());
      table_number_ = table;
    }
    const uint32_t entry = table_[grain % header_.entries];
    if (entry == 1 && header_.zeroed_grains()) return uint64_t{0};
    return uint64_t{entry};
  }

  // A compressed grain: sector number u64, packed size u32, then zlib data.
  Result<void> unpack_grain(uint64_t grain, uint64_t sector) {
    if (grain == unpacked_grain_) return {};
    unpacked_grain_ = UINT64_MAX;
    const size_t grain_bytes = static_cast<size_t>(header_.grain * kSector);
    std::byte head[12];
    if (auto read = read_whole(file_, sector * kSector, head, "one of its grains"); !read) return read;
    const uint32_t size = *ByteReader(head).u32le(8);
    if (size == 0 || size > 2 * grain_bytes + 4096)
      return fail(ErrorCode::bad_value, "a compressed grain of the VMDK has an impossible size", sector * kSector);
    packed_.resize(size);
    if (auto read = read_whole(file_, sector * kSector + 12, packed_, "one of its grains"); !read) return read;
    unpacked_.assign(grain_bytes, std::byte{});
    uLongf got = static_cast<uLongf>(grain_bytes);
    if (uncompress(reinterpret_cast<Bytef*>(unpacked_.data()), &got, reinterpret_cast<const Bytef*>(packed_.data()),
                   size) != Z_OK)
      return fail(ErrorCode::bad_value, "a compressed grain of the VMDK is damaged", sector * kSector, size);
    unpacked_grain_ = grain;
    return {};
  }

  HandleStream file_;
  SparseHeader header_;
  std::vector<uint32_t> directory_;
  std::vector<uint32_t> table_;
  uint64_t table_number_ = UINT64_MAX, unpacked_grain_ = UINT64_MAX;
  std::vector<std::byte> packed_, unpacked_;
};

class VmdkMedium final : public Medium {
 public:
  struct Part {
    uint64_t start, size;
    std::unique_ptr<VmdkExtent> extent;
  };
  std::vector<Part> parts;

 protected:
  Result<void> fetch(uint64_t offset, std::span<std::byte> out) override {
    while (!out.empty()) {
      auto next =
          std::upper_bound(parts.begin(), parts.end(), offset, [](uint64_t at, const Part& p) { return at < p.start; });
      Part& part = *std::prev(next);
      const uint64_t within = offset - part.start;
      const size_t count = static_cast<size_t>(std::min<uint64_t>(out.size(), part.size - within));
      if (count == 0) return fail(ErrorCode::truncated, "the extents of the VMDK end here", offset, out.size(), 0);
      if (auto read = part.extent->fetch(within, out.first(count)); !read) {
        Error error = read.error();
        error.offset = offset;  // of the medium, not of the extent's file
        return tl::unexpected(error);
      }
      offset += count;
      out = out.subspan(count);
    }
    return {};
  }
};

struct ExtentLine {
  uint64_t sectors = 0, offset = 0;
  std::string kind, file;
};

// "RW 4192256 SPARSE "name"", flat ones with the first sector behind the name.
std::vector<ExtentLine> read_extent_lines(std::string_view descriptor) {
  std::vector<ExtentLine> extents;
  for (std::string_view line : split(descriptor, '\n')) {
    line = trim(line);
    const std::string_view access = take_word(line);
    if (access != "RW" && access != "RDONLY" && access != "NOACCESS") continue;
    const auto sectors = to_number<uint64_t>(take_word(line));
    if (!sectors || *sectors > (1ull << 48)) continue;
    ExtentLine extent;
    extent.sectors = *sectors;
    extent.kind = std::string(take_word(line));
    const size_t first = line.find('"'), last = line.rfind('"');
    if (first != std::string_view::npos && last > first) {
      extent.file = line.substr(first + 1, last - first - 1);
      extent.offset = to_number<uint64_t>(trim(line.substr(last + 1))).value_or(0);
    }
    if (extents.size() < 10'000) extents.push_back(std::move(extent));
  }
  return extents;
}

Result<HandleStream> open_extent_file(const std::string& name) {
  FileHandle fd = open_evidence(AT_FDCWD, name.c_str());
  if (!fd && errno == ENOENT)
    return fail(ErrorCode::not_found, "the VMDK's extent " + displayable(name) + " is missing");
  if (!fd) return fail(ErrorCode::io, errno_text("cannot open", displayable(name), errno));
  struct stat st {};
  if (fstat(fd.get(), &st) != 0 || !S_ISREG(st.st_mode))
    return fail(ErrorCode::unsupported, "the VMDK's extent " + displayable(name) + " is not a regular file");
  return HandleStream(std::move(fd), static_cast<uint64_t>(std::max<off_t>(st.st_size, 0)));
}

Result<std::unique_ptr<VmdkExtent>> open_extent(const ExtentLine& line, const std::string& name) {
  if (line.kind == "ZERO") return std::make_unique<ZeroExtent>();
  auto file = open_extent_file(name);
  if (!file) return tl::unexpected(file.error());
  if (line.kind == "SPARSE") return SparseExtent::open(std::move(*file));
  if (line.kind == "FLAT" || line.kind == "VMFS") {
    if (line.offset > (1ull << 48))
      return fail(ErrorCode::bad_value, "a flat extent of the VMDK starts beyond all disks");
    return std::make_unique<FlatExtent>(std::move(*file), line.offset * kSector);
  }
  return fail(ErrorCode::unsupported, "the VMDK's extent " + displayable(name) + " is of the kind " +
                                          displayable(line.kind) + ": convert it (qemu-img convert -O raw)");
}

}  // namespace

Result<std::unique_ptr<Medium>> open_vmdk(const std::string& path, ContentStream& file) {
  static constexpr char kNoDescriptor[] =
      "this is one extent of a VMDK without its descriptor: name the small .vmdk file that lists the extents";
  const auto header = read_sparse_header(file, 0);
  std::string descriptor;
  if (header) {
    if (header->descriptor == 0 || header->descriptor_sectors == 0) return fail(ErrorCode::unsupported, kNoDescriptor);
    if (header->descriptor > file.size() / kSector)
      return fail(ErrorCode::truncated, "the VMDK ends before its descriptor");
    descriptor = read_text(file, header->descriptor * kSector,
                           static_cast<size_t>(std::min<uint64_t>(header->descriptor_sectors, 2048) * kSector));
    descriptor = descriptor.substr(0, descriptor.find('\0'));
  } else if (read_text(file, 0, 4) == "COWD") {
    return fail(ErrorCode::unsupported, kNoDescriptor);
  } else {
    descriptor = read_text(file, 0, static_cast<size_t>(std::min<uint64_t>(file.size(), 1u << 20)));
  }
  const std::string parent = to_lower(descriptor_value(descriptor, "parentCID"));
  if (!parent.empty() && parent != "ffffffff") {
    const std::string hint = descriptor_value(descriptor, "parentFileNameHint");
    return fail(ErrorCode::unsupported, "this VMDK is a snapshot that holds only the changes to its parent" +
                                            (hint.empty() ? std::string() : " " + displayable(hint)) +
                                            ": merge them first (qemu-img convert -O raw, with the parent beside it)");
  }

  auto medium = std::make_unique<VmdkMedium>();
  ImageFacts& facts = medium->facts;
  facts.format = "vmdk";
  facts.segments = {path};
  std::vector<ExtentLine> lines = read_extent_lines(descriptor);
  if (lines.empty())
    return fail(ErrorCode::unsupported, header ? kNoDescriptor : "the VMDK's descriptor names no extents");
  for (const ExtentLine& line : lines) {
    if (line.sectors == 0) continue;
    std::string name;
    if (header) {
      // One file that holds descriptor and grains, whatever it was called when it was made.
      name = path;
    } else if (line.kind != "ZERO") {
      // An extent lies beside its descriptor: a descriptor is evidence and must not choose among the analyst's files.
      if (line.file.empty() || line.file == "." || line.file == ".." ||
          line.file.find_first_of(std::string_view("/\\\0", 3)) != std::string::npos)
        return fail(ErrorCode::unsupported,
                    "the VMDK names an extent outside its own folder: " + displayable(line.file));
      name = folder_of(path) + line.file;
      facts.segments.push_back(name);
    }
    auto extent = open_extent(line, name);
    if (!extent) return tl::unexpected(extent.error());
    medium->parts.push_back({facts.bytes, line.sectors * kSector, std::move(*extent)});
    facts.bytes += line.sectors * kSector;
    if (header) break;
    if (facts.bytes > (1ull << 60))
      return fail(ErrorCode::bad_value, "the extents of the VMDK are larger than any disk");
  }
  if (facts.bytes == 0) return fail(ErrorCode::bad_value, "the extents of the VMDK are empty");
  return medium;
}

}  // namespace necropsy
