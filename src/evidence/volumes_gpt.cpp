// SPDX-License-Identifier: Apache-2.0
// GUID partition tables. Source: UEFI Specification 2.10, section 5.3.
#include <zlib.h>

#include <algorithm>

#include "base/text.hpp"
#include "evidence/volumes.hpp"

namespace necropsy {
namespace {

constexpr uint32_t kMostEntries = 4096;

uint32_t crc(Bytes bytes) {
  return static_cast<uint32_t>(crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size())));
}

struct Header {
  uint64_t own = 0, other = 0;  // LBA of this header and of its twin
  uint64_t entries_at = 0;      // LBA
  uint32_t entries = 0, entry_size = 0, entries_crc = 0;
  bool sound = false;  // checksums of header and entries match
  std::vector<std::byte> table;
};

// signature[8], revision u32, header size u32, CRC u32, reserved, own LBA u64, other LBA u64, first and last usable
// LBA, disk GUID[16], entries LBA u64 at 72, count u32, entry size u32, CRC of the entries u32.
std::optional<Header> read_header(ContentStream& medium, uint64_t lba, uint32_t sector) {
  std::vector<std::byte> raw(sector);
  auto got = medium.read(lba * sector, raw);
  if (!got || *got < 92 || !as_text(raw).starts_with("EFI PART")) return std::nullopt;
  const ByteReader in(raw);
  Header h;
  const uint32_t size = *in.u32le(12), stored = *in.u32le(16);
  h.own = *in.u64le(24);
  h.other = *in.u64le(32);
  h.entries_at = *in.u64le(72);
  h.entries = *in.u32le(80);
  h.entry_size = *in.u32le(84);
  h.entries_crc = *in.u32le(88);
  if (h.entry_size < 128 || h.entry_size > 4096 || h.entries == 0 || h.entries > kMostEntries ||
      h.entries_at > medium.size() / sector)
    return std::nullopt;
  h.table.resize(size_t{h.entries} * h.entry_size);
  auto read = medium.read(h.entries_at * sector, h.table);
  if (!read) return std::nullopt;
  const bool whole = *read == h.table.size();
  h.table.resize(*read);
  if (size >= 92 && size <= *got) {
    std::vector<std::byte> copy(raw.begin(), raw.begin() + size);
    std::fill(copy.begin() + 16, copy.begin() + 20, std::byte{});
    h.sound = crc(copy) == stored && whole && crc(h.table) == h.entries_crc && h.own == lba;
  }
  return h;
}

struct KnownType {
  std::string_view guid, name;
  bool reserved;
};
constexpr KnownType kTypes[] = {
    {"0fc63daf-8483-4772-8e79-3d69d8477de4", "Linux filesystem", false},
    {"c12a7328-f81f-11d2-ba4b-00a0c93ec93b", "EFI system", false},
    {"ebd0a0a2-b9e5-4433-87c0-68b6b72699c7", "Microsoft basic data", false},
    {"e3c9e316-0b5c-4db8-817d-f92df00215ae", "Microsoft reserved", true},
    {"de94bba4-06d1-4d40-a16a-bfd50179d6ac", "Windows recovery", false},
    {"5808c8aa-7e8f-42e0-85d2-e1e90434cfb3", "Windows LDM metadata", true},
    {"af9b60a0-1431-4f62-bc68-3311714a69ad", "Windows LDM data", false},
    {"e75caf8f-f680-4cee-afa3-b001e56efc2d", "Windows Storage Spaces", false},
    {"0657fd6d-a4ab-43c4-84e5-0933c84b4f4f", "Linux swap", false},
    {"e6d6d379-f507-44c2-a23c-238f2a3df928", "Linux LVM", false},
    {"a19d880f-05fc-4d3b-a006-743f0f84911e", "Linux RAID", false},
    {"ca7d7ccb-63ed-4c53-861c-1742536059cc", "Linux LUKS", false},
    {"7ffec5c9-2d00-49b7-8941-3ea10a5586b7", "Linux dm-crypt", false},
    {"8da63339-0007-60c0-c436-083ac8230908", "Linux reserved", true},
    {"933ac7e1-2eb4-4f13-b844-0e14e2aef915", "Linux home", false},
    {"3b8f8425-20e0-4f3b-907f-1a25a76f98e8", "Linux server data", false},
    {"4d21b016-b534-45c2-a9fb-5c16e091fd2d", "Linux variable data", false},
    {"7ec6f557-3bc5-4aca-b293-16ef5df639d1", "Linux temporary data", false},
    {"bc13c2ff-59e6-4262-a352-b275fd6f7172", "Linux extended boot", false},
    {"44479540-f297-41b2-9af7-d131d5f0458a", "Linux root (x86)", false},
    {"4f68bce3-e8cd-4db1-96e7-fbcaf984b709", "Linux root (x86-64)", false},
    {"69dad710-2ce4-4e3c-b16c-21a1d49abed3", "Linux root (ARM)", false},
    {"b921b045-1df0-41c3-af44-4c6f280d3fae", "Linux root (ARM64)", false},
    {"8484680c-9521-48c6-9c11-b0720656f69e", "Linux /usr (x86-64)", false},
    {"77ff5f63-e7b6-4633-acf4-1565b864c0e6", "Linux /usr verity (x86-64)", false},
    {"2c7357ed-ebd2-46d9-aec1-23d437ec2bf5", "Linux root verity (x86-64)", false},
    {"21686148-6449-6e6f-744e-656564454649", "BIOS boot", true},
    {"024dee41-33e7-11d3-9d69-0008c781f39f", "MBR partition scheme", false},
    {"9e1a2d38-c612-4316-aa26-8b49521e5a8b", "PowerPC PReP boot", true},
    {"83bd6b9d-7f41-11dc-be0b-001560b84f0f", "FreeBSD boot", true},
    {"516e7cb4-6ecf-11d6-8ff8-00022d09712b", "FreeBSD data", false},
    {"516e7cb5-6ecf-11d6-8ff8-00022d09712b", "FreeBSD swap", false},
    {"516e7cb6-6ecf-11d6-8ff8-00022d09712b", "FreeBSD UFS", false},
    {"516e7cba-6ecf-11d6-8ff8-00022d09712b", "FreeBSD ZFS", false},
    {"49f48d32-b10e-11dc-b99b-0019d1879648", "NetBSD swap", false},
    {"49f48d5a-b10e-11dc-b99b-0019d1879648", "NetBSD FFS", false},
    {"824cc7a0-36a8-11e3-890a-952519ad3f61", "OpenBSD data", false},
    {"48465300-0000-11aa-aa11-00306543ecac", "Apple HFS+", false},
    {"7c3457ef-0000-11aa-aa11-00306543ecac", "Apple APFS", false},
    {"426f6f74-0000-11aa-aa11-00306543ecac", "Apple boot", false},
    {"53746f72-6167-11aa-aa11-00306543ecac", "Apple CoreStorage", false},
    {"52414944-0000-11aa-aa11-00306543ecac", "Apple RAID", false},
    {"6a82cb45-1dd2-11b2-99a6-080020736631", "Solaris boot", false},
    {"6a85cf4d-1dd2-11b2-99a6-080020736631", "Solaris root", false},
    {"6a87c46f-1dd2-11b2-99a6-080020736631", "Solaris swap", false},
    {"6a898cc3-1dd2-11b2-99a6-080020736631", "Solaris /usr or ZFS", false},
    {"6a945a3b-1dd2-11b2-99a6-080020736631", "Solaris reserved", true},
    {"fe3a2a5d-4f32-41a7-b725-accc3285a309", "ChromeOS kernel", true},
    {"3cb8e202-3b7e-47dd-8a3c-7ff2a13cfcec", "ChromeOS root", false},
    {"aa31e02a-400f-11db-9590-000c2911d1b8", "VMware VMFS", false},
    {"9d275380-40ad-11db-bf97-000c2911d1b8", "VMware diagnostics", true},
    {"cafecafe-9b03-4f30-b4c6-b4b80ceff106", "Ceph block", false},
};

const KnownType* find_type(Bytes guid) {
  const std::string text = guid_text(guid);
  for (const KnownType& type : kTypes)
    if (type.guid == text) return &type;
  return nullptr;
}

bool all_zero(Bytes bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b == std::byte{}; });
}

std::optional<PartitionTable> read_gpt(ContentStream& medium, uint32_t sector) {
  const uint64_t sectors = medium.size() / sector;
  if (sectors < 3) return std::nullopt;
  auto first = read_header(medium, 1, sector);
  std::vector<Problem> problems;
  std::optional<Header> chosen = first;
  if (!first || !first->sound) {
    std::optional<Header> backup;
    if (first && first->other > 1 && first->other < sectors) backup = read_header(medium, first->other, sector);
    if (!backup || !backup->sound) {
      if (auto last = read_header(medium, sectors - 1, sector)) backup = std::move(last);
    }
    if (backup && backup->sound) {
      problems.push_back(volume_problem(Severity::info, "bad-partition-table",
                                        std::string("the GUID partition table at the beginning is ") +
                                            (first ? "damaged" : "missing") + ": its backup at the end is used",
                                        sector));
      chosen = std::move(backup);
    } else if (first) {
      problems.push_back(volume_problem(Severity::warning, "bad-partition-table",
                                        "the GUID partition table does not match its checksum, and no sound backup is "
                                        "there: it is read as it stands",
                                        sector));
    } else {
      return std::nullopt;
    }
  }
  PartitionTable out;
  out.kind = "GPT";
  out.sector = sector;
  out.problems = std::move(problems);
  const Header& h = *chosen;
  for (uint32_t i = 0; i < h.entries; ++i) {
    // type GUID[16], own GUID[16], first LBA u64, last LBA u64 (inclusive), attributes u64, name UTF-16[36]
    const Bytes entry = ByteReader(h.table).slice(size_t{i} * h.entry_size, h.entry_size);
    if (entry.size() < 128) break;
    const ByteReader in(entry);
    const Bytes type = in.slice(0, 16);
    if (all_zero(type)) continue;
    Partition p;
    p.name = "p" + std::to_string(i + 1);
    const uint64_t start = *in.u64le(32), end = *in.u64le(40);
    p.type = "GPT " + (gpt_type_name(type).empty() ? guid_text(type) : std::string(gpt_type_name(type)));
    p.label = utf16le_to_utf8(in.slice(56, 72));
    p.label = displayable(p.label.substr(0, p.label.find('\0')));
    p.reserved = gpt_type_reserved(type);
    if (end < start || end > (1ull << 54)) {
      out.problems.push_back(volume_problem(Severity::warning, "bad-partition-table",
                                            "partition " + p.name + " ends before it starts or beyond all disks"));
      continue;
    }
    p.offset = start * sector;
    p.length = (end - start + 1) * sector;
    out.partitions.push_back(std::move(p));
  }
  return out;
}

}  // namespace

std::optional<PartitionTable> read_gpt(ContentStream& medium) {
  // 512 before 4096: a table for 4 KiB sectors keeps its header at 4096, one for 512 at 512.
  for (uint32_t sector : {512u, 4096u, 1024u, 2048u})
    if (auto table = read_gpt(medium, sector)) return table;
  return std::nullopt;
}

std::string guid_text(Bytes guid) {
  if (guid.size() < 16) return {};
  static constexpr size_t kOrder[] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
  static constexpr char kHex[] = "0123456789abcdef";
  std::string text;
  for (size_t i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    const auto byte = static_cast<uint8_t>(guid[kOrder[i]]);
    text += kHex[byte >> 4];
    text += kHex[byte & 15];
  }
  return text;
}

std::string_view gpt_type_name(Bytes guid) {
  const KnownType* type = find_type(guid);
  return type ? type->name : std::string_view();
}

bool gpt_type_reserved(Bytes guid) {
  const KnownType* type = find_type(guid);
  return type && type->reserved;
}

const char* mbr_type_name(uint8_t type) {
  switch (type) {
    case 0x01:
      return "FAT12";
    case 0x04:
      return "FAT16 (under 32 MiB)";
    case 0x06:
      return "FAT16";
    case 0x07:
      return "NTFS / exFAT / HPFS";
    case 0x0b:
      return "FAT32";
    case 0x0c:
      return "FAT32 (LBA)";
    case 0x0e:
      return "FAT16 (LBA)";
    case 0x11:
      return "hidden FAT12";
    case 0x12:
      return "Compaq diagnostics";
    case 0x14:
      return "hidden FAT16 (under 32 MiB)";
    case 0x16:
      return "hidden FAT16";
    case 0x17:
      return "hidden NTFS / HPFS";
    case 0x1b:
      return "hidden FAT32";
    case 0x1c:
      return "hidden FAT32 (LBA)";
    case 0x1e:
      return "hidden FAT16 (LBA)";
    case 0x27:
      return "Windows recovery";
    case 0x39:
      return "Plan 9";
    case 0x41:
      return "PowerPC PReP boot";
    case 0x42:
      return "Windows dynamic disk (LDM)";
    case 0x63:
      return "UNIX System V";
    case 0x64:
      return "NetWare 286";
    case 0x65:
      return "NetWare 386";
    case 0x80:
      return "old Minix";
    case 0x81:
      return "Minix";
    case 0x82:
      return "Linux swap / Solaris x86";
    case 0x83:
      return "Linux";
    case 0x84:
      return "hibernation";
    case 0x86:
      return "NTFS volume set";
    case 0x87:
      return "NTFS volume set";
    case 0x88:
      return "Linux plain text";
    case 0x8e:
      return "Linux LVM";
    case 0xa0:
      return "laptop hibernation";
    case 0xa5:
      return "FreeBSD";
    case 0xa6:
      return "OpenBSD";
    case 0xa8:
      return "Darwin UFS";
    case 0xa9:
      return "NetBSD";
    case 0xab:
      return "Darwin boot";
    case 0xaf:
      return "HFS / HFS+";
    case 0xbe:
      return "Solaris boot";
    case 0xbf:
      return "Solaris";
    case 0xda:
      return "data without a filesystem";
    case 0xde:
      return "Dell utility";
    case 0xe8:
      return "LUKS";
    case 0xeb:
      return "BeOS";
    case 0xee:
      return "GPT protective";
    case 0xef:
      return "EFI system";
    case 0xfb:
      return "VMware VMFS";
    case 0xfc:
      return "VMware swap";
    case 0xfd:
      return "Linux RAID";
    case 0xfe:
      return "LANstep";
    default:
      return "";
  }
}

}  // namespace necropsy
