// SPDX-License-Identifier: Apache-2.0
// Filesystems and partition tables, each from a sparse image (sparse_image.hpp), through the code that opens evidence.
// The seven filesystems are one reader with seven corpora: what is on the disk decides which way is taken.
#include <algorithm>

#include "evidence/signatures.hpp"
#include "evidence/volumes.hpp"
#include "fuzz/sparse_image.hpp"
#include "fuzz/target.hpp"

namespace necropsy::fuzz {
namespace {

void filesystem(Bytes input) {
  SparseMedium medium(input);
  look_at_tree(medium, 2000);
}

void volumes(Bytes input) {
  SparseMedium medium(input);
  MediumBytes stream(medium);
  size_t problems = 0;
  const auto found = find_volumes(medium, stream, std::nullopt, [&](const Problem& problem) {
    require(!problem.code.empty() && !problem.what.empty(), "a problem without code or reason");
    ++problems;
  });
  require(found.size() <= 4096 && problems <= 65'536, "more volumes than a table can name");
  for (const VolumeInfo& volume : found)
    require(!volume.name.empty() && !volume.state.empty(), "a volume without name");
  find_volumes(medium, stream, 512, [](const Problem&) {});
  shows_disk_structures(stream);
}

void partition_tables(Bytes input) {
  MemoryStream medium{std::string(as_text(input))};
  for (const uint32_t sector : {512u, 4096u})
    if (const auto table = read_mbr(medium, sector)) require(table->partitions.size() <= 4096, "a table without end");
  if (const auto table = read_gpt(medium)) require(table->partitions.size() <= 4096, "a table without end");
  for (const uint64_t base : {uint64_t{0}, uint64_t{512}})
    if (base <= input.size())
      if (const auto table = read_bsd_label(medium, base, input.size() - base, "p"))
        require(table->partitions.size() <= 4096, "a table without end");
  identify(medium);
  PartStream part(medium, std::min<uint64_t>(input.size(), 512), input.size() - std::min<uint64_t>(input.size(), 512));
  identify(part);
}

}  // namespace

extern const Target fs_ext, fs_ntfs, fs_fat, fs_exfat, fs_iso9660, fs_hfs, fs_ufs, disk_volumes,
    reader_partition_tables;
const Target fs_ext{filesystem}, fs_ntfs{filesystem}, fs_fat{filesystem}, fs_exfat{filesystem}, fs_iso9660{filesystem},
    fs_hfs{filesystem}, fs_ufs{filesystem};
const Target disk_volumes{volumes};
const Target reader_partition_tables{partition_tables};

}  // namespace necropsy::fuzz
