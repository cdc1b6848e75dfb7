// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <cstdlib>

#include "fuzz/target.hpp"

namespace necropsy::fuzz {

void require(bool holds, std::string_view what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %.*s\n", static_cast<int>(what.size()), what.data());
  std::abort();
}

}  // namespace necropsy::fuzz

#if defined(__SANITIZE_ADDRESS__) || defined(NECROPSY_FUZZ)
// libtsk tries each container library on each image, and those keep what they allocated when it is not theirs.
extern "C" __attribute__((weak, used)) const char* __lsan_default_suppressions();
extern "C" __attribute__((weak, used)) const char* __lsan_default_suppressions() {
  return "leak:libvmdk\nleak:libvhdi\nleak:libewf\nleak:libafflib\nleak:libtsk\n";
}
#endif
