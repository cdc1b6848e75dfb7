// SPDX-License-Identifier: Apache-2.0
// The filesystem of a volume as a FileTree. ext2/3/4 and NTFS are decoded from their stored bytes, FAT and exFAT are
// walked by libtsk with times from the stored entries, everything else libtsk knows is as libtsk gives it.
// docs/filesystems.md says what is decoded how, and where the result differs from libtsk's tools.
#pragma once
#include <cstdint>
#include <memory>

#include "base/result.hpp"
#include "evidence/file_tree.hpp"
#include "evidence/tsk_handles.hpp"

namespace necropsy {

// `image` outlives the tree. Error not_found: no filesystem that necropsy reads lies here.
Result<std::unique_ptr<FileTree>> open_tsk_tree(TSK_IMG_INFO* image, uint64_t offset, uint64_t length,
                                                const ProblemHandler& problems);

}  // namespace necropsy
