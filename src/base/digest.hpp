// SPDX-License-Identifier: Apache-2.0
// Streaming MD5, SHA-1 and SHA-256 over OpenSSL.
#pragma once
#include <memory>
#include <string>

#include "base/bytes.hpp"

namespace necropsy {

enum class DigestKind : uint8_t { md5, sha1, sha256 };

class Digest {
 public:
  explicit Digest(DigestKind kind);
  ~Digest();
  Digest(Digest&&) noexcept;
  void update(Bytes bytes);
  std::string hex();  // once, at the end

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace necropsy
