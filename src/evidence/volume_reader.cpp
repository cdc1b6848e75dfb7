// SPDX-License-Identifier: Apache-2.0
#include "evidence/volume_reader.hpp"

#include <algorithm>
#include <cstring>

namespace necropsy {

VolumeReader::VolumeReader(TSK_IMG_INFO* image, uint64_t offset, uint64_t length) : image_(image), offset_(offset) {
  const auto media = static_cast<uint64_t>(std::max<TSK_OFF_T>(image->size, 0));
  length_ = offset >= media ? 0 : std::min(length, media - offset);
}

Result<void> VolumeReader::read_image(uint64_t offset, std::span<std::byte> out) {
  size_t done = 0;
  while (done < out.size()) {
    const size_t want = std::min<size_t>(out.size() - done, kWindow);
    const ssize_t got = tsk_img_read(image_, static_cast<TSK_OFF_T>(offset_ + offset + done),
                                     reinterpret_cast<char*>(out.data() + done), want);
    if (got <= 0)
      return fail(ErrorCode::io, "the image cannot be read here: " + tsk_error_text(), offset + done, want, 0);
    done += static_cast<size_t>(got);
  }
  return {};
}

// Nothing when the window cannot be read whole: a bad spot must not cost its neighbours.
const VolumeReader::Slot* VolumeReader::fetch(uint64_t window) {
  Slot& slot = slots_[window % kSlots];
  if (slot.window == window) return &slot;
  if (!slot.bytes) slot.bytes = std::make_unique<std::byte[]>(kWindow);
  const uint64_t start = window * kWindow;
  const auto count = static_cast<size_t>(std::min(kWindow, length_ - start));
  slot.window = UINT64_MAX;
  if (!read_image(start, {slot.bytes.get(), count})) return nullptr;
  slot.window = window;
  slot.valid = count;
  return &slot;
}

Result<void> VolumeReader::read(uint64_t offset, std::span<std::byte> out) {
  if (offset > length_ || length_ - offset < out.size())
    return fail(ErrorCode::truncated, "the volume ends before", offset, out.size(),
                offset >= length_ ? 0 : length_ - offset);
  size_t done = 0;
  while (done < out.size()) {
    const uint64_t at = offset + done;
    const Slot* slot = fetch(at / kWindow);
    const auto within = static_cast<size_t>(at % kWindow);
    const size_t count = std::min<size_t>(out.size() - done, kWindow - within);
    if (slot) {
      std::memcpy(out.data() + done, slot->bytes.get() + within, count);
    } else if (auto direct = read_image(at, out.subspan(done, count)); !direct) {
      return direct;
    }
    done += count;
  }
  return {};
}

}  // namespace necropsy
