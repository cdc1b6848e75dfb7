// SPDX-License-Identifier: Apache-2.0
// VHD, VHDX and AFF: read by libtsk; here is found out what libtsk would not say: snapshots whose parent is missing.
// Sources: "Virtual Hard Disk Image Format Specification" (Microsoft), [MS-VHDX] sections 2.2 and 2.6.
#include <algorithm>
#include <cstring>

#include "evidence/image_parts.hpp"

namespace necropsy {
namespace {

class LibtskMedium final : public Medium {
 public:
  explicit LibtskMedium(TskImage image) : image_(std::move(image)), window_(kWindow) {}

 protected:
  Result<void> fetch(uint64_t offset, std::span<std::byte> out) override {
    while (!out.empty()) {
      // Whole sectors only: see Medium::read_bridge() for what libtsk does with the others when they cannot be read.
      const uint64_t start = offset / kSector * kSector;
      const uint64_t end = std::min((offset + out.size() + kSector - 1) / kSector * kSector, start + kWindow);
      const auto count = static_cast<size_t>(std::min(end, facts.bytes) - start);
      const ssize_t got =
          tsk_img_read(image_.get(), static_cast<TSK_OFF_T>(start), reinterpret_cast<char*>(window_.data()), count);
      const auto skip = static_cast<size_t>(offset - start);
      if (got < 0 || static_cast<size_t>(got) <= skip)
        return fail(ErrorCode::io, got < 0 ? tsk_error_text() : "the image ends before", offset, out.size(), 0);
      const size_t part = std::min(static_cast<size_t>(got) - skip, out.size());
      std::memcpy(out.data(), window_.data() + skip, part);
      offset += part;
      out = out.subspan(part);
    }
    return {};
  }

 private:
  static constexpr uint64_t kWindow = 64 * 1024;
  static constexpr uint64_t kSector = 4096;
  TskImage image_;
  std::vector<std::byte> window_;
};

std::string read_text(ContentStream& file, uint64_t offset, size_t count) {
  std::string text(count, '\0');
  auto got = file.read(offset, std::as_writable_bytes(std::span(text)));
  text.resize(got ? *got : 0);
  return text;
}

}  // namespace

Result<std::unique_ptr<Medium>> open_by_libtsk(std::vector<std::string> segments, TSK_IMG_TYPE_ENUM type,
                                               std::string format) {
  const char* first = segments.front().c_str();
  tsk_error_reset();
  // The other files are found by the libraries themselves, beside the first.
  TskImage image(tsk_img_open_utf8(1, &first, type, 0));
  if (!image) return fail(ErrorCode::bad_value, "the " + format + " image cannot be opened: " + tsk_error_text());
  if (image->size < 0) return fail(ErrorCode::bad_value, "the " + format + " image does not say how large it is");
  ImageFacts facts;
  facts.format = std::move(format);
  facts.segments = std::move(segments);
  facts.bytes = static_cast<uint64_t>(image->size);
  facts.sector_size = image->sector_size ? image->sector_size : 512;
  auto medium = std::make_unique<LibtskMedium>(std::move(image));
  medium->facts = std::move(facts);
  return medium;
}

Result<std::unique_ptr<Medium>> open_vhd(const std::string& path, ContentStream& file, Container container) {
  if (container == Container::vhd) {
    // Footer: cookie[8], features, version, data offset u64, times … disk type u32be at 60: 2 fixed, 3 dynamic,
    // 4 differencing. It stands at the end, and dynamic disks have a copy at the beginning.
    std::string footer = read_text(file, 0, 512);
    if (!footer.starts_with("conectix") && file.size() >= 512) footer = read_text(file, file.size() - 512, 512);
    if (ByteReader(as_bytes(footer)).u32be(60) == 4u)
      return fail(ErrorCode::unsupported,
                  "this VHD is a differencing disk that holds only the changes to its parent: merge them first");
    return open_by_libtsk({path}, TSK_IMG_TYPE_VHD_VHD, "vhd");
  }
  // VHDX: a parent locator (metadata item A8D35F2D-B30B-454D-ABF7-D3D84834AB0C) marks a differencing disk.
  // The metadata region lies in the first MiBs; its table lists the items by GUID.
  static constexpr char kParentLocator[] = "\x2d\x5f\xd3\xa8\x0b\xb3\x4d\x45\xab\xf7\xd3\xd8\x48\x34\xab\x0c";
  const std::string start = read_text(file, 0, static_cast<size_t>(std::min<uint64_t>(file.size(), 8u << 20)));
  for (size_t at = 0; (at = start.find("metadata", at)) != std::string::npos; ++at) {
    if (at % 65536 != 0) continue;
    const ByteReader table(as_bytes(start).subspan(at));
    const size_t entries = std::min<size_t>(table.u16le(10).value_or(0), 2047);
    for (size_t i = 0; i < entries; ++i)
      if (as_text(table.slice(32 + i * 32, 16)) == std::string_view(kParentLocator, 16))
        return fail(ErrorCode::unsupported,
                    "this VHDX is a differencing disk that holds only the changes to its parent: merge them first");
  }
  return open_by_libtsk({path}, TSK_IMG_TYPE_VHD_VHD, "vhdx");
}

Result<std::unique_ptr<Medium>> open_aff(const std::string& path) {
  return open_by_libtsk({path}, TSK_IMG_TYPE_AFF_AFF, "aff");
}

}  // namespace necropsy
