// SPDX-License-Identifier: Apache-2.0
// ByteReader: bounds-checked view of bytes that knows where they came from.
// Does not own. Every read either stays inside the view or says what was missing.
#pragma once
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace necropsy {

static_assert(std::endian::native == std::endian::little, "readers below copy little-endian fields as they lie");

using Bytes = std::span<const std::byte>;

inline Bytes as_bytes(std::string_view text) { return {reinterpret_cast<const std::byte*>(text.data()), text.size()}; }
inline std::string_view as_text(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

class ByteReader {
 public:
  explicit ByteReader(Bytes data, uint64_t base = 0) : data_(data), base_(base) {}

  size_t size() const { return data_.size(); }
  uint64_t base() const { return base_; }  // offset of the view's first byte in its file
  Bytes all() const { return data_; }
  // Written so that `at` near SIZE_MAX cannot wrap.
  bool has(size_t at, size_t count) const { return at <= data_.size() && data_.size() - at >= count; }

  std::optional<uint8_t> u8(size_t at) const { return get<uint8_t>(at); }
  std::optional<uint16_t> u16le(size_t at) const { return get<uint16_t>(at); }
  std::optional<uint32_t> u32le(size_t at) const { return get<uint32_t>(at); }
  std::optional<uint64_t> u64le(size_t at) const { return get<uint64_t>(at); }
  std::optional<uint16_t> u16be(size_t at) const { return swapped<uint16_t>(at); }
  std::optional<uint32_t> u32be(size_t at) const { return swapped<uint32_t>(at); }
  std::optional<uint64_t> u64be(size_t at) const { return swapped<uint64_t>(at); }
  // The part of [at, at+count) that exists; empty when `at` lies outside.
  Bytes slice(size_t at, size_t count) const {
    if (at >= data_.size()) return {};
    return data_.subspan(at, count < data_.size() - at ? count : data_.size() - at);
  }
  // Text of a fixed field that is padded with NUL and not terminated when full (utmp, NTFS labels).
  std::string_view padded_text(size_t at, size_t count) const {
    std::string_view field = as_text(slice(at, count));
    return field.substr(0, field.find('\0'));
  }

 private:
  template <class T>
  std::optional<T> get(size_t at) const {
    if (!has(at, sizeof(T))) return std::nullopt;
    T value;
    std::memcpy(&value, data_.data() + at, sizeof value);
    return value;
  }
  template <class T>
  std::optional<T> swapped(size_t at) const {
    auto value = get<T>(at);
    if (!value) return value;
    if constexpr (sizeof(T) == 2) return __builtin_bswap16(*value);
    if constexpr (sizeof(T) == 4) return __builtin_bswap32(*value);
    if constexpr (sizeof(T) == 8) return __builtin_bswap64(*value);
  }
  Bytes data_;
  uint64_t base_;
};

std::string to_hex(Bytes bytes);

}  // namespace necropsy
