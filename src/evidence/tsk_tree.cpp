// SPDX-License-Identifier: Apache-2.0
#include "evidence/tsk_tree.hpp"

#include "evidence/ext_tree.hpp"
#include "evidence/ntfs_tree.hpp"
#include "evidence/tsk_walked.hpp"

namespace necropsy {
namespace {

// A superblock may outlive its filesystem; one whose root directory begins with itself is in force.
bool has_root(ExtVolume& volume) {
  auto root = volume.inode(2);
  if (!root || !root->is_directory()) return false;
  if (root->flags & kExtInlineData) return true;
  auto run = volume.map(*root, 0);
  std::vector<std::byte> block(volume.superblock().block_size);
  return run && !run->hole && volume.read_block(run->physical, block) && begins_ext_directory(block, 2);
}

}  // namespace

Result<std::unique_ptr<FileTree>> open_tsk_tree(TSK_IMG_INFO* image, uint64_t offset, uint64_t length,
                                                const ProblemHandler& problems) {
  auto ext = ExtVolume::open(image, offset, length);
  if (ext && has_root(**ext)) return std::make_unique<ExtTree>(std::move(*ext), offset);
  auto ntfs = NtfsVolume::open(image, offset, length);
  if (ntfs) return std::make_unique<NtfsTree>(std::move(*ntfs), offset);

  TskFilesystem filesystem(tsk_fs_open_img(image, static_cast<TSK_OFF_T>(offset), TSK_FS_TYPE_DETECT));
  const std::string why = filesystem ? std::string() : tsk_error_text();
  constexpr auto kSupported = TSK_FS_TYPE_FAT_DETECT | TSK_FS_TYPE_ISO9660 | TSK_FS_TYPE_HFS_DETECT |
                              TSK_FS_TYPE_FFS_DETECT | TSK_FS_TYPE_YAFFS2;
  if (filesystem && (filesystem->ftype & kSupported))
    return std::make_unique<TskWalkedTree>(image, offset, length, std::move(filesystem));

  // Damaged beyond what libtsk takes: an ext superblock without its root, or a backup of one.
  if (ext) return std::make_unique<ExtTree>(std::move(*ext), offset);
  if (auto backup = ExtVolume::open(image, offset, length, true); backup && has_root(**backup))
    return std::make_unique<ExtTree>(std::move(*backup), offset);
  if (auto backup = NtfsVolume::open(image, offset, length, true))
    return std::make_unique<NtfsTree>(std::move(*backup), offset);
  // A boot sector of NTFS without an MFT is worth a word; other volumes are named by whoever asked.
  if (ntfs.error().code == ErrorCode::bad_value && ntfs.error().what.find("MFT") != std::string::npos && problems)
    problems({.stage = Stage::volume,
              .severity = Severity::error,
              .code = "damaged",
              .what = "NTFS: " + ntfs.error().what,
              .file_path = {},
              .offset = offset,
              .length = {}});
  return fail(ErrorCode::not_found, "no filesystem that necropsy reads: " + why, offset);
}

}  // namespace necropsy
