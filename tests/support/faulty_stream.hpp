// SPDX-License-Identifier: Apache-2.0
// Evidence that cannot be read at some place: the n-th read fails, alone or with all that follow.
#pragma once
#include <algorithm>
#include <random>
#include <vector>

#include "parse/content_stream.hpp"

namespace necropsy::test {

// When reads fail. Counts them too.
class Fault {
 public:
  Fault() = default;  // never
  Fault(uint64_t at, bool lasting) : at_(at), lasting_(lasting) {}
  // Called for each read; true when this one is to fail.
  bool strikes() {
    ++reads_;
    const bool now = lasting_ ? reads_ >= at_ : reads_ == at_;
    struck_ |= now;
    return now;
  }
  uint64_t reads() const { return reads_; }
  bool struck() const { return struck_; }

 private:
  uint64_t reads_ = 0, at_ = UINT64_MAX;
  bool lasting_ = false, struck_ = false;
};

class FaultyStream final : public ContentStream {
 public:
  FaultyStream(ContentStream& inner, Fault& fault) : inner_(inner), fault_(fault) {}
  uint64_t size() const override { return inner_.size(); }
  Result<size_t> read(uint64_t offset, std::span<std::byte> out) override {
    if (fault_.strikes()) return fail(ErrorCode::io, "a bad sector", offset, out.size(), 0);
    return inner_.read(offset, out);
  }

 private:
  ContentStream& inner_;
  Fault& fault_;
};

// The numbers 1 … `count`, or `most` of them that a fixed seed chooses.
inline std::vector<uint64_t> faults_to_try(uint64_t count, size_t most) {
  std::vector<uint64_t> out;
  if (count <= most) {
    for (uint64_t n = 1; n <= count; ++n) out.push_back(n);
    return out;
  }
  std::mt19937_64 random(count);
  for (size_t i = 0; i < most; ++i) out.push_back(random() % count + 1);
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

}  // namespace necropsy::test
