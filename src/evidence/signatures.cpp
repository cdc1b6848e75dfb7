// SPDX-License-Identifier: Apache-2.0
// Places and magic numbers as in the headers of the Linux kernel (include/uapi/linux/magic.h and fs/*), util-linux
// libblkid/src/superblocks, the libyal format documents, and [MS-FSA]/[FAT] boot sectors.
#include "evidence/signatures.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

namespace necropsy {

PartStream::PartStream(ContentStream& whole, uint64_t offset, uint64_t length)
    : whole_(whole), offset_(std::min(offset, whole.size())), length_(std::min(length, whole.size() - offset_)) {}

Result<size_t> PartStream::read(uint64_t offset, std::span<std::byte> out) {
  if (offset >= length_) return size_t{0};
  return whole_.read(offset_ + offset, out.first(std::min<uint64_t>(out.size(), length_ - offset)));
}

namespace {

using std::string_view_literals::operator""sv;

constexpr size_t kHead = 512 * 1024;

// Bytes around the known places: the head in one piece, the rest on demand.
class Places {
 public:
  explicit Places(ContentStream& volume) : volume_(volume) {
    head_.resize(static_cast<size_t>(std::min<uint64_t>(kHead, volume.size())));
    // By windows, so that one unreadable place does not hide the others.
    for (size_t at = 0; at < head_.size(); at += kWindow) {
      const auto window = std::span(head_).subspan(at, std::min(kWindow, head_.size() - at));
      auto got = volume.read(at, window);
      if (!got) unreadable_ = true;
    }
  }
  uint64_t size() const { return volume_.size(); }
  bool unreadable() const { return unreadable_; }
  const std::vector<std::byte>& head() const { return head_; }

  std::string text(uint64_t at, size_t count) {
    if (at <= head_.size() && head_.size() - at >= count)
      return std::string(as_text(std::span(head_).subspan(static_cast<size_t>(at), count)));
    std::string out(count, '\0');
    if (at >= size()) return {};
    auto got = volume_.read(at, std::as_writable_bytes(std::span(out)));
    if (!got) unreadable_ = true;
    out.resize(got ? *got : 0);
    return out;
  }
  bool is(uint64_t at, std::string_view magic) { return text(at, magic.size()) == magic; }
  template <class T>
  std::optional<T> number(uint64_t at, bool big = false) {
    const std::string raw = text(at, sizeof(T));
    const ByteReader in(as_bytes(raw));
    if constexpr (sizeof(T) == 1) return in.u8(0);
    if constexpr (sizeof(T) == 2) return big ? in.u16be(0) : in.u16le(0);
    if constexpr (sizeof(T) == 4) return big ? in.u32be(0) : in.u32le(0);
    if constexpr (sizeof(T) == 8) return big ? in.u64be(0) : in.u64le(0);
  }

 private:
  static constexpr size_t kWindow = 64 * 1024;
  ContentStream& volume_;
  std::vector<std::byte> head_;
  bool unreadable_ = false;
};

bool power_of_two(uint64_t n) { return n != 0 && (n & (n - 1)) == 0; }

// fat12, fat16 or fat32 by the number of clusters ("FAT: General Overview of On-Disk Format", 3.5); empty when the
// parameter block does not hold together. The 55 AA at the end is missing on some media.
std::string fat_type(Places& at) {
  const uint8_t jump = at.number<uint8_t>(0).value_or(0);
  if (jump != 0xeb && jump != 0xe9) return {};
  const uint32_t sector = at.number<uint16_t>(11).value_or(0);
  const uint32_t cluster = at.number<uint8_t>(13).value_or(0);
  const uint32_t reserved = at.number<uint16_t>(14).value_or(0);
  const uint32_t fats = at.number<uint8_t>(16).value_or(0);
  const uint32_t roots = at.number<uint16_t>(17).value_or(0);
  const uint32_t media = at.number<uint8_t>(21).value_or(0);
  uint64_t total = at.number<uint16_t>(19).value_or(0);
  uint64_t fat = at.number<uint16_t>(22).value_or(0);
  if (sector < 512 || sector > 4096 || !power_of_two(sector) || !power_of_two(cluster) || reserved == 0 || fats == 0 ||
      fats > 4 || (media != 0xf0 && media < 0xf8))
    return {};
  if (total == 0) total = at.number<uint32_t>(32).value_or(0);
  const bool wide = fat == 0;
  if (wide) fat = at.number<uint32_t>(36).value_or(0);
  if (total == 0 || fat == 0 || (!wide && roots == 0)) return {};
  const uint64_t root_sectors = (uint64_t{roots} * 32 + sector - 1) / sector;
  const uint64_t meta = reserved + fats * fat + root_sectors;
  if (meta >= total) return {};
  const uint64_t clusters = (total - meta) / cluster;
  if (wide) return "fat32";
  return clusters < 4085 ? "fat12" : clusters < 65525 ? "fat16" : "fat32";
}

// BitLocker: -FVE-FS- in place of the OEM name; BitLocker To Go keeps a FAT boot sector with a GUID at 424.
bool is_bitlocker(Places& at) {
  return at.is(3, "-FVE-FS-"sv) || (at.is(3, "MSWIN4.1"sv) && at.is(424, "\x3b\xd6\x67\x49\x29\x2e\xd8\x4a\x83\x99"sv));
}

// Superblock of ext2/3/4 at `base`; feature words at 92, 96 and 100 (fs/ext4/ext4.h).
std::optional<Signature> ext_at(Places& at, uint64_t base) {
  if (!at.is(base + 56, "\x53\xef"sv)) return std::nullopt;
  const uint32_t block_log = at.number<uint32_t>(base + 24).value_or(99);
  const uint32_t inodes = at.number<uint32_t>(base).value_or(0), blocks = at.number<uint32_t>(base + 4).value_or(0);
  if (block_log > 6 || inodes == 0 || blocks == 0) return std::nullopt;
  const uint32_t compat = at.number<uint32_t>(base + 92).value_or(0);
  const uint32_t incompat = at.number<uint32_t>(base + 96).value_or(0);
  const uint32_t read_only = at.number<uint32_t>(base + 100).value_or(0);
  if (incompat & 0x8) return Signature{VolumeKind::unsupported, "ext journal", "journal device of another volume"};
  // Beyond ext3: meta data checksums, 64 bit, extents, flex groups, inline data … and huge files, extra inode fields.
  constexpr uint32_t kOldIncompat = 0x1 | 0x2 | 0x4 | 0x10, kOldReadOnly = 0x1 | 0x2 | 0x4;
  const bool four = (incompat & ~kOldIncompat) != 0 || (read_only & ~kOldReadOnly) != 0;
  return Signature{VolumeKind::filesystem, four ? "ext4" : (compat & 0x4) ? "ext3" : "ext2", {}};
}

std::optional<Signature> read_filesystem(Places& at) {
  if (is_bitlocker(at)) return Signature{VolumeKind::encrypted, "BitLocker", {}};
  if (at.is(3, "NTFS    "sv)) {
    const uint32_t sector = at.number<uint16_t>(11).value_or(0);
    if (power_of_two(sector) && sector >= 256 && sector <= 4096) return Signature{VolumeKind::filesystem, "ntfs", {}};
  }
  if (at.is(3, "EXFAT   "sv)) return Signature{VolumeKind::filesystem, "exfat", {}};
  // LUKS stands at the very beginning; its volume may still show an old superblock at 1024.
  if (at.is(0, "LUKS\xba\xbe"sv) || at.is(0, "SKUL\xba\xbe"sv)) {
    const unsigned version = at.number<uint16_t>(6, true).value_or(0);
    return Signature{VolumeKind::encrypted, version == 1 ? "LUKS1" : version == 2 ? "LUKS2" : "LUKS", {}};
  }
  if (auto ext = ext_at(at, 1024)) return ext;
  if (std::string fat = fat_type(at); !fat.empty()) return Signature{VolumeKind::filesystem, fat, {}};
  return std::nullopt;
}

struct Magic {
  uint64_t at;
  std::string_view bytes;
  VolumeKind kind;
  const char* content;
};
constexpr std::string_view kMdMagic = "\xfc\x4e\x2b\xa9"sv;

constexpr VolumeKind kFs = VolumeKind::filesystem, kEnc = VolumeKind::encrypted, kUn = VolumeKind::unsupported,
                     kSwap = VolumeKind::swap;

// Order matters where volumes carry traces of what they held before: what stands first is looked at first.
constexpr Magic kMagics[] = {
    {0, "XFSB"sv, kUn, "XFS"},
    {3, "ReFS\0\0\0\0"sv, kUn, "ReFS"},
    {32, "NXSB"sv, kUn, "APFS"},
    {536, "LVM2 001"sv, kUn, "LVM2"},
    {24, "LVM2 001"sv, kUn, "LVM2"},
    {1048, "LVM2 001"sv, kUn, "LVM2"},
    {1560, "LVM2 001"sv, kUn, "LVM2"},
    {0, "HM\1\0"sv, kUn, "LVM1"},
    {0, kMdMagic, kUn, "mdraid"},
    {4096 + 24, "\xc6\x85\x73\xf6\x4e\x1a\x45\xca\x82\x65\xf5\x7f\x48\xba\x6d\x81"sv, kUn, "bcache"},
    {4096 + 24, "\xc6\x85\x73\xf6\x66\xce\x90\xa9\xd9\x6a\x60\xcf\x80\x3d\xf7\xef"sv, kUn, "bcachefs"},
    {65536 + 64, "_BHRfS_M"sv, kUn, "Btrfs"},
    {1024, "\x10\x20\xf5\xf2"sv, kUn, "F2FS"},
    {1024, "\xe2\xe1\xf5\xe0"sv, kUn, "EROFS"},
    {1030, "\x34\x34"sv, kUn, "NILFS2"},
    {32768, "JFS1"sv, kUn, "JFS"},
    {65536 + 52, "ReIsEr"sv, kUn, "ReiserFS"},
    {8192 + 52, "ReIsEr"sv, kUn, "ReiserFS"},
    {65536, "ReIsEr4"sv, kUn, "Reiser4"},
    {65536, "\x01\x16\x19\x70"sv, kUn, "GFS2"},
    {2048, "OCFSV2"sv, kUn, "OCFS2"},
    {4096, "OCFSV2"sv, kUn, "OCFS2"},
    {8192, "OCFSV2"sv, kUn, "OCFS2"},
    {1024, "\xf5\xfc\x01\xa5"sv, kUn, "VxFS"},
    {0, "\x31\x30\x52\xc5\x4d\x4d\x41\xc8"sv, kUn, "HAMMER"},
    {0, "\x11\x20\x17\x05\x32\x4d\x41\x48"sv, kUn, "HAMMER2"},
    {0x100000, "\x0d\xd0\x01\xc0"sv, kUn, "VMFS"},
    {0x200000, "\x5e\xf1\xab\x2f"sv, kUn, "VMFS"},
    {0, "hsqs"sv, kUn, "squashfs"},
    {0, "sqsh"sv, kUn, "squashfs"},
    {0, "\x45\x3d\xcd\x28"sv, kUn, "cramfs"},
    {0, "\x28\xcd\x3d\x45"sv, kUn, "cramfs"},
    {0, "-rom1fs-"sv, kUn, "romfs"},
    {32, "1SFB"sv, kUn, "BFS"},
    {544, "1SFB"sv, kUn, "BFS"},
    {512, "!Stra0tis\x86\xff\x02^\x41rh"sv, kUn, "Stratis"},
    {0, "dmvdo001"sv, kUn, "VDO"},
    {0, "verity\0\0"sv, kUn, "dm-verity"},
    {0, "integrt\0"sv, kUn, "dm-integrity"},
    {88, "CS\1\0"sv, kUn, "CoreStorage"},
    {4096, "SPACEDB "sv, kUn, "Storage Spaces"},
    {3072, "PRIVHEAD"sv, kUn, "LDM (dynamic disk)"},
    {0, "PRIVHEAD"sv, kUn, "LDM (dynamic disk)"},
    {1040, "\x7f\x13"sv, kUn, "Minix"},
    {1040, "\x8f\x13"sv, kUn, "Minix"},
    {1040, "\x68\x24"sv, kUn, "Minix"},
    {1040, "\x78\x24"sv, kUn, "Minix"},
    {1024, "H+\0\4"sv, kFs, "hfs+"},
    {1024, "HX\0\5"sv, kFs, "hfsx"},
    {8192 + 1372, "\x54\x19\x01\0"sv, kFs, "ufs1"},
    {8192 + 1372, "\0\1\x19\x54"sv, kFs, "ufs1"},
    {65536 + 1372, "\x19\x01\x54\x19"sv, kFs, "ufs2"},
    {65536 + 1372, "\x19\x54\x01\x19"sv, kFs, "ufs2"},
    {8192 + 1372, "\x19\x01\x54\x19"sv, kFs, "ufs2"},
    {262144 + 1372, "\x19\x01\x54\x19"sv, kFs, "ufs2"},
    {4086, "SWAPSPACE2"sv, kSwap, "swap"},
    {4086, "SWAP-SPACE"sv, kSwap, "swap"},
    {8182, "SWAPSPACE2"sv, kSwap, "swap"},
    {8182, "SWAP-SPACE"sv, kSwap, "swap"},
    {16374, "SWAPSPACE2"sv, kSwap, "swap"},
    {65526, "SWAPSPACE2"sv, kSwap, "swap"},
    // A hibernated machine's memory lies in its swap; still no files.
    {4086, "S1SUSPEND\0"sv, kSwap, "swap (hibernated)"},
    {4086, "ULSUSPEND\0"sv, kSwap, "swap (hibernated)"},
    {4086, "LINHIB0001"sv, kSwap, "swap (hibernated)"},
};

std::string raid_detail(int32_t level) {
  return level == -1 ? "linear member" : level < 0 ? "member" : "RAID level " + std::to_string(level) + " member";
}

// Version 1 superblock: level at 72.
std::string raid_detail_at(Places& at, uint64_t superblock) {
  return raid_detail(static_cast<int32_t>(at.number<uint32_t>(superblock + 72).value_or(0)));
}

// HFS wrapper with HFS+ inside opens in libtsk; plain HFS does not.
std::optional<Signature> read_hfs(Places& at) {
  if (!at.is(1024, "BD"sv)) return std::nullopt;
  const uint32_t block = at.number<uint32_t>(1024 + 20, true).value_or(0);
  if (block == 0 || block % 512 != 0) return std::nullopt;
  if (at.is(1024 + 124, "H+"sv)) return Signature{VolumeKind::filesystem, "hfs+", "in an HFS wrapper"};
  return Signature{VolumeKind::unsupported, "HFS", {}};
}

std::optional<Signature> read_optical(Places& at) {
  bool iso = false, udf = false;
  for (uint64_t sector = 16; sector < 24; ++sector) {
    const std::string id = at.text(sector * 2048 + 1, 5);
    iso = iso || id == "CD001";
    udf = udf || id == "NSR02" || id == "NSR03";
  }
  if (iso) return Signature{VolumeKind::filesystem, "iso9660", udf ? "with a UDF filesystem beside it" : ""};
  if (udf) return Signature{VolumeKind::unsupported, "UDF", {}};
  return std::nullopt;
}

// Uberblocks 0x00bab10c in the second half of one of the first two labels (256 KiB each).
bool is_zfs(Places& at) {
  for (uint64_t label : {uint64_t{0}, uint64_t{262144}})
    for (uint64_t i = 0; i < 128; ++i) {
      const uint64_t place = label + 131072 + i * 1024;
      if (at.is(place, "\x0c\xb1\xba\0\0\0\0\0"sv) || at.is(place, "\0\0\0\0\0\xba\xb1\x0c"sv)) return true;
    }
  return false;
}

// Metadata at the end of a volume. A mirror's volume starts with the filesystem itself and is read as such.
std::optional<Signature> read_tail(Places& at) {
  const uint64_t size = at.size();
  // md 0.90: in the last full 64 KiB; level at 28. md 1.0: 8 to 12 KiB before the end, aligned to 4 KiB; level at 72.
  if (size >= 131072) {
    const uint64_t old = (size & ~uint64_t{65535}) - 65536;
    for (bool big : {false, true})
      if (at.number<uint32_t>(old, big) == 0xa92b4efcu)
        return Signature{kUn, "mdraid",
                         raid_detail(static_cast<int32_t>(at.number<uint32_t>(old + 28, big).value_or(0)))};
    const uint64_t late = (size / 512 - 16) * 512 & ~uint64_t{4095};
    if (at.number<uint32_t>(late) == 0xa92b4efcu) return Signature{kUn, "mdraid", raid_detail_at(at, late)};
  }
  if (size >= 1024) {
    const uint64_t last = (size / 512 - 1) * 512;
    if (at.is(last, "GEOM::ELI"sv)) return Signature{kEnc, "GELI", {}};
    if (at.is(last - 512, "Intel Raid ISM Cfg Sig. "sv)) return Signature{kUn, "Intel RAID", {}};
    if (at.is(last, "\xde\x11\xde\x11"sv)) return Signature{kUn, "DDF RAID", {}};
  }
  return std::nullopt;
}

// An ext superblock of a later block group: the first one was lost. Group 1 starts after 8 × block size blocks.
std::optional<Signature> read_backup_ext(Places& at) {
  for (uint64_t block : {1024, 2048, 4096, 8192, 16384, 32768, 65536}) {
    const uint64_t base = block * block * 8 + (block == 1024 ? 1024 : 0);
    if (base + 1024 > at.size()) break;
    auto ext = ext_at(at, base);
    // Its group number is not 0, but where the first revision of the format (0 at 76) keeps none.
    if (!ext || (at.number<uint16_t>(base + 90) == 0 && at.number<uint32_t>(base + 76) != 0)) continue;
    if (uint64_t{1024} << at.number<uint32_t>(base + 24).value_or(0) != block) continue;
    ext->kind = VolumeKind::unsupported;
    ext->detail = "its first superblock is lost, a copy stands at byte " + std::to_string(base);
    return ext;
  }
  return std::nullopt;
}

// The last sector of an NTFS volume is a copy of its boot sector.
std::optional<Signature> read_backup_ntfs(Places& at) {
  if (at.size() < 1024) return std::nullopt;
  for (uint64_t back : {512, 4096})
    if (at.size() > back && at.is((at.size() / 512) * 512 - back + 3, "NTFS    "sv))
      return Signature{VolumeKind::unsupported, "ntfs", "its boot sector is lost, the copy at the end is there"};
  return std::nullopt;
}

// The first byte is zero, and each is as the one before it: megabytes of nothing are compared by words.
bool all_zero(Bytes bytes) {
  return bytes.empty() ||
         (bytes[0] == std::byte{} && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0);
}

// Head, tail and evenly spread samples in between.
bool is_empty(Places& at) {
  if (at.unreadable() || !all_zero(at.head())) return false;
  constexpr uint64_t kSamples = 256;
  constexpr size_t kSample = 4096;
  const uint64_t size = at.size();
  if (size == 0) return true;
  for (uint64_t i = 0; i <= kSamples; ++i) {
    const uint64_t place = size <= kSample ? 0 : (size - kSample) / kSamples * i;
    if (!all_zero(as_bytes(at.text(place, kSample)))) return false;
  }
  const uint64_t tail = size <= 65536 ? 0 : size - 65536;
  return all_zero(as_bytes(at.text(tail, 65536))) && !at.unreadable();
}

// Encrypted volumes without a header look like noise: all byte values about equally often.
bool looks_random(Places& at) {
  if (at.head().size() < 65536) return false;
  std::array<uint32_t, 256> count{};
  for (size_t i = 0; i < 65536; ++i) ++count[static_cast<uint8_t>(at.head()[i])];
  // Expected 256 each, standard deviation 16: eight of them either way.
  return std::all_of(count.begin(), count.end(), [](uint32_t n) { return n > 128 && n < 384; });
}

}  // namespace

Signature identify(ContentStream& volume) {
  Places at(volume);
  // md 1.2 leaves the first 4 KiB alone: a superblock from before may still stand at 1024.
  if (at.is(4096, kMdMagic)) return {kUn, "mdraid", raid_detail_at(at, 4096)};
  if (auto found = read_filesystem(at)) {
    // The first member of a striped set shows a superblock too, but what lies behind it is not contiguous.
    auto raid = read_tail(at);
    if (!raid || raid->content != "mdraid" || raid->detail == "RAID level 1 member") return *found;
    raid->detail += "; shows " + found->content;
    return *raid;
  }
  for (const Magic& m : kMagics)
    if (at.is(m.at, m.bytes)) {
      Signature found{m.kind, m.content, {}};
      if (found.content == "mdraid") found.detail = raid_detail_at(at, m.at);
      return found;
    }
  if (auto found = read_optical(at)) return *found;
  if (auto found = read_hfs(at)) return *found;
  if (is_zfs(at)) return {VolumeKind::unsupported, "ZFS", {}};
  if (auto found = read_tail(at)) return *found;
  if (auto found = read_backup_ext(at)) return *found;
  if (auto found = read_backup_ntfs(at)) return *found;
  if (is_empty(at)) return {VolumeKind::empty, {}, {}};
  Signature unknown;
  if (at.unreadable())
    unknown.detail = "its beginning cannot be read";
  else if (looks_random(at))
    unknown.detail = "random-looking content, perhaps encrypted without a header";
  return unknown;
}

}  // namespace necropsy
