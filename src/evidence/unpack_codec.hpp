// SPDX-License-Identifier: Apache-2.0
// One member of packed content, step by step. Private to unpack.cpp.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/timestamp.hpp"

namespace necropsy {

class Codec {
 public:
  enum class State : uint8_t { running, member_end, failed };
  struct Step {
    State state = State::running;
    size_t consumed = 0, produced = 0;
  };
  virtual ~Codec() = default;
  virtual Step step(Bytes in, std::span<std::byte> out) = 0;
  virtual std::string error() const = 0;
  virtual std::optional<Timestamp> modified() const { return std::nullopt; }  // gzip header
};

// gzip, bzip2, xz or zstd; null when there is no memory for it.
std::unique_ptr<Codec> make_codec(std::string_view compression);
// Whether another member of the same kind begins here.
bool is_member_start(Bytes bytes, std::string_view compression);

}  // namespace necropsy
