// SPDX-License-Identifier: Apache-2.0
#include "evidence/tsk_tree.hpp"

#include "evidence/ext_tree.hpp"

namespace necropsy {

Result<std::unique_ptr<FileTree>> open_tsk_tree(TSK_IMG_INFO* image, uint64_t offset, uint64_t length,
                                                const ProblemHandler& problems) {
  (void)problems;
  auto ext = ExtVolume::open(image, offset, length);
  if (ext) return std::make_unique<ExtTree>(std::move(*ext), offset);
  if (auto backup = ExtVolume::open(image, offset, length, true))
    return std::make_unique<ExtTree>(std::move(*backup), offset);
  return fail(ErrorCode::not_found, "no filesystem that necropsy reads");
}

}  // namespace necropsy
