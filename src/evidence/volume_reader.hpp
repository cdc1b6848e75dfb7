// SPDX-License-Identifier: Apache-2.0
// VolumeReader: the bytes of one volume of an image, through a cache of 64 KiB windows.
// Does not own the image. One thread. Offsets are counted from the start of the volume.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/result.hpp"
#include "evidence/tsk_handles.hpp"

namespace necropsy {

class VolumeReader {
 public:
  // The volume is cut to what the image holds.
  VolumeReader(TSK_IMG_INFO* image, uint64_t offset, uint64_t length);

  uint64_t size() const { return length_; }
  // Fills `out` whole. Error: truncated when the volume ends before, io when the image cannot be read there.
  Result<void> read(uint64_t offset, std::span<std::byte> out);

 private:
  // libtsk's own cache has windows of this size, and larger requests are slower (they bypass it).
  static constexpr uint64_t kWindow = 64 * 1024;
  static constexpr size_t kSlots = 256;
  struct Slot {
    uint64_t window = UINT64_MAX;
    size_t valid = 0;
    std::unique_ptr<std::byte[]> bytes;
  };
  const Slot* fetch(uint64_t window);
  Result<void> read_image(uint64_t offset, std::span<std::byte> out);

  TSK_IMG_INFO* image_;
  uint64_t offset_, length_;
  std::array<Slot, kSlots> slots_;
};

}  // namespace necropsy
