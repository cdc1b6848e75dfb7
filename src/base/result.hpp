// SPDX-License-Identifier: Apache-2.0
// Result: a value, or an Error that says what was being read, where, how much was needed and how much was there.
// Damaged evidence is always a Result, never an exception.
#pragma once
#include <cstdint>
#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace necropsy {

enum class ErrorCode : uint8_t {
  truncated,    // fewer bytes than the structure needs
  bad_value,    // a field holds what the format does not allow
  unsupported,  // recognised, but not something necropsy reads
  not_found,
  io,         // the evidence could not be read
  limit,      // a budget was reached
  no_space,   // the analyst's disk is full
  cancelled,  // the run is being stopped
  internal,
};

struct Error {
  ErrorCode code = ErrorCode::internal;
  std::string what;     // complete sentence fragment for a person: "superblock magic is 0x0, not 0xEF53"
  uint64_t offset = 0;  // where, in bytes of the stream that was being read
  uint64_t need = 0;    // bytes wanted, 0 when not a matter of length
  uint64_t have = 0;
};

template <class T>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> fail(ErrorCode code, std::string what, uint64_t offset = 0, uint64_t need = 0,
                                  uint64_t have = 0) {
  return tl::unexpected<Error>(Error{code, std::move(what), offset, need, have});
}

}  // namespace necropsy
