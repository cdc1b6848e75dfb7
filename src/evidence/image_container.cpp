// SPDX-License-Identifier: Apache-2.0
// What kind of file the evidence is: a container that is read, one that is not (with advice), a raw disk, or a log.
// libtsk takes whatever it does not know for a raw disk without files, so this is decided before it is asked.
#include <algorithm>

#include "base/text.hpp"
#include "evidence/image_parts.hpp"

namespace necropsy {
namespace {

using std::string_view_literals::operator""sv;

constexpr size_t kHead = 64 * 1024;
constexpr size_t kSector = 512;

std::string read_text(ContentStream& file, uint64_t offset, size_t count) {
  std::string text(static_cast<size_t>(std::min<uint64_t>(count, offset < file.size() ? file.size() - offset : 0)),
                   '\0');
  auto got = file.read(offset, std::as_writable_bytes(std::span(text)));
  text.resize(got ? *got : 0);
  return text;
}

struct Magic {
  size_t at;
  std::string_view bytes;
  const char* name;
  const char* advice;
};

constexpr char kConvert[] = "convert it with: qemu-img convert -O raw IMAGE disk.raw";
constexpr char kUnpack[] = "unpack it first and name what comes out";
constexpr char kMemory[] = "this is memory, not a disk; necropsy reads disks";

// Containers that are known and not read. Order: longer magic first where one could hide another.
constexpr Magic kUnsupported[] = {
    {0, "QFI\xfb"sv, "qcow2 image", kConvert},
    {0, "QED\0"sv, "QED image", kConvert},
    {64, "\x7f\x10\xda\xbe"sv, "VirtualBox (VDI) image", kConvert},
    {0, "WithoutFreeSpace"sv, "Parallels image", kConvert},
    {0, "WithouFreSpacExt"sv, "Parallels image", kConvert},
    {0, "Bochs Virtual HD Image"sv, "Bochs image", kConvert},
    {0, "EVF2\r\n\x81\0"sv, "EWF version 2 (Ex01) image",
     "export it again as E01 with the tool that made it (EnCase, FTK Imager, ewfexport)"},
    {0, "LEF2\r\n\x81\0"sv, "logical EWF version 2 (Lx01) evidence file", "export its files to a folder and name that"},
    {0, "LVF\t\r\n\xff\0"sv, "logical EWF (L01) evidence file", "export its files to a folder and name that"},
    {0, "ADSEGMENTEDFILE"sv, "AccessData (AD1) logical image",
     "export its files to a folder with FTK Imager and name that"},
    {0, "ADCRYPT\0"sv, "encrypted AccessData image", "decrypt it with FTK Imager first"},
    {0, "MSWIM\0\0\0"sv, "Windows imaging (WIM) archive", kUnpack},
    {0, "partclone-image"sv, "partclone image", "restore it to a raw file: partclone.restore -C -s IMAGE -O disk.raw"},
    {0, "sprs\0\0\0\3"sv, "Apple sparse image", "convert it with hdiutil to a raw image"},
    {0, "PK\3\4"sv, "ZIP archive (AFF4 evidence is one too)", kUnpack},
    {0, "PK\5\6"sv, "ZIP archive", kUnpack},
    {0, "7z\xbc\xaf\x27\x1c"sv, "7-Zip archive", kUnpack},
    {0, "Rar!\x1a\x07"sv, "RAR archive", kUnpack},
    {0, "!<arch>\n"sv, "ar archive", kUnpack},
    {0, "070701"sv, "cpio archive", kUnpack},
    {0, "070702"sv, "cpio archive", kUnpack},
    {0, "EMiL"sv, "LiME memory image", kMemory},
    {0, "PAGEDU64"sv, "Windows crash dump", kMemory},
    {0, "PAGEDUMP"sv, "Windows crash dump", kMemory},
};

// More than nine in ten bytes are text of some kind and there are line ends or little of it.
// `strict`: no NUL at all, as no disk's first 64 KiB are.
bool is_texty(std::string_view head, bool strict) {
  if (head.starts_with("\xff\xfe"sv) || head.starts_with("\xfe\xff"sv)) {
    // UTF-16: every other byte of what Windows logs hold is zero.
    const size_t zeros = static_cast<size_t>(std::count(head.begin(), head.end(), '\0'));
    return head.size() > 2 && zeros >= head.size() / 3 && zeros <= head.size() * 2 / 3;
  }
  size_t text = 0, control = 0, zeros = 0, lines = 0;
  for (const char c : head) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte == 0) {
      ++zeros;
    } else if (byte == '\n') {
      ++lines;
      ++text;
    } else if (byte >= 0x20 && byte != 0x7f) {
      ++text;
    } else if (is_space(c) || byte == 0x1b || byte == 0x08) {
      ++text;
    } else {
      ++control;
    }
  }
  // High bytes count as text (UTF-8, Latin-1), but noise is full of them: most of a log is ASCII.
  const size_t ascii = static_cast<size_t>(
      std::count_if(head.begin(), head.end(), [](char c) { return (c >= 0x20 && c < 0x7f) || is_space(c); }));
  if (zeros > 0 && strict) return false;
  if (ascii * 2 < text || control * 20 > text || text == 0) return false;
  // A crash leaves blocks of zeros in a log.
  return (lines > 0 || head.size() < 4096) && (zeros == 0 || text * 16 >= head.size());
}

// Login records: 384 bytes each (x86 Linux), type u16 in 0..9, names padded with NUL.
bool is_utmp(std::string_view head, uint64_t size) {
  constexpr size_t kRecord = 384;
  if (size < kRecord || size % kRecord != 0) return false;
  size_t used = 0;
  const auto padded = [](std::string_view field) {
    const size_t end = std::min(field.find('\0'), field.size());
    return std::all_of(field.begin(), field.begin() + static_cast<ptrdiff_t>(end),
                       [](char c) { return static_cast<unsigned char>(c) >= 0x20; });
  };
  for (size_t at = 0; at + kRecord <= head.size() && at < 32 * kRecord; at += kRecord) {
    const ByteReader in(as_bytes(head.substr(at, kRecord)));
    const unsigned type = *in.u8(0) != 0 ? *in.u16le(0) : *in.u16be(0) + *in.u16be(2);
    if (type > 9) return false;
    if (!padded(head.substr(at + 8, 32)) || !padded(head.substr(at + 44, 32)) || !padded(head.substr(at + 76, 256)))
      return false;
    if (type != 0) ++used;
  }
  return used > 0;
}

// Binary files that are evidence by themselves.
bool is_known_file(std::string_view head, uint64_t size) {
  static constexpr struct {
    size_t at;
    std::string_view bytes;
  } kFiles[] = {
      {4, "LfLe"sv},                              // Windows event log of 2000 to 2003
      {0, "ElfFile\0"sv},                         // .evtx
      {0, "LPKSHHRH"sv},                          // systemd journal
      {0, "regf"sv},                              // registry hive
      {0, "SQLite format 3\0"sv},                 //
      {0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"sv},  // OLE compound file
      {4, "\xef\xcd\xab\x89"sv},                  // ESE database
      {4, "SCCA"sv},                              // prefetch
      {0, "MAM\x04"sv},                           // packed prefetch
      {0, "L\0\0\0\x01\x14\x02\0"sv},             // shortcut
      {0,
       "\x7f"
       "ELF"sv},
      {0, "\xd4\xc3\xb2\xa1"sv},  // pcap
      {0, "\xa1\xb2\xc3\xd4"sv},
      {0, "\x0a\x0d\x0d\x0a"sv},  // pcapng
      {0,
       "\xfe"
       "bin"sv},  // MySQL binary log
      {0, "%PDF-"sv},
      {0, "\x89PNG"sv},
      {0, "\xff\xd8\xff"sv},
  };
  for (const auto& f : kFiles)
    if (head.size() >= f.at + f.bytes.size() && head.substr(f.at, f.bytes.size()) == f.bytes) return true;
  return is_utmp(head, size);
}

std::string_view name_of(std::string_view path) { return path.substr(path.rfind('/') + 1); }

bool name_is_log(std::string_view path) {
  const std::string name = to_lower(name_of(path));
  for (std::string_view word : {"wtmp", "utmp", "btmp", "lastlog", "faillog", "tallylog"})
    if (name.starts_with(word)) return true;
  for (std::string_view ending :
       {".log", ".evt", ".evtx", ".journal", ".txt", ".csv", ".json", ".xml", ".pcap", ".dat"})
    if (name.ends_with(ending)) return true;
  return contains(name, ".log.") || contains(name, ".log-");
}

bool name_is_disk(std::string_view path) {
  const std::string name = to_lower(name_of(path));
  for (std::string_view ending : {".dd",  ".raw",   ".img",    ".image",  ".bin",  ".iso",  ".001",  ".000", ".00",
                                  ".01",  ".dd.aa", ".raw.aa", ".img.aa", ".vol",  ".part", ".disk", ".ima", ".vfd",
                                  ".flp", ".hdd",   ".ext2",   ".ext3",   ".ext4", ".ntfs", ".fat"})
    if (name.ends_with(ending)) return true;
  return false;
}

// The beginning of something longer: what lies behind is not known yet.
class HeadStream final : public ContentStream {
 public:
  explicit HeadStream(std::string head) : head_(std::move(head)) {}
  uint64_t size() const override { return uint64_t{1} << 50; }
  Result<size_t> read(uint64_t offset, std::span<std::byte> out) override { return head_.read(offset, out); }

 private:
  MemoryStream head_;
};

// A packed file is a log, as rotation leaves them, unless a disk is inside.
bool holds_disk(ContentStream& file) {
  const std::string head = unpacked_head(file, 1 << 20);
  if (head.empty() || is_texty(std::string_view(head).substr(0, kHead), true)) return false;
  if (is_known_file(head, head.size())) return false;
  HeadStream inside(head);
  if (shows_disk_structures(inside)) return true;
  return head.size() == 1 << 20 && std::all_of(head.begin(), head.end(), [](char c) { return c == '\0'; });
}

}  // namespace

Sniffed sniff_container(ContentStream& file, std::string_view path) {
  const std::string head = read_text(file, 0, kHead);
  const auto is = [&](size_t at, std::string_view magic) {
    return head.size() >= at + magic.size() && std::string_view(head).substr(at, magic.size()) == magic;
  };
  const auto unsupported = [](std::string name, std::string advice) {
    return Sniffed{Container::unsupported, std::move(name), std::move(advice)};
  };
  if (is(0, "EVF\t\r\n\xff\0"sv)) return {Container::ewf, {}, {}};
  if (is(0, "AFF10\r\n\0"sv)) return {Container::aff, {}, {}};
  if (is(0, "KDMV"sv) || is(0, "COWD"sv)) return {Container::vmdk, {}, {}};
  // The descriptor may have a comment or blanks in front of it.
  if (const size_t at = head.find("# Disk DescriptorFile");
      at < 64 || equals_ignore_case(head.substr(0, 21), "# Disk DescriptorFile"))
    return {Container::vmdk, {}, {}};
  if (is(0, "vhdxfile"sv)) return {Container::vhdx, {}, {}};
  if (is(0, "conectix"sv)) return {Container::vhd, {}, {}};
  for (const Magic& m : kUnsupported)
    if (is(m.at, m.bytes)) return unsupported(m.name, m.advice);
  if (is(257, "ustar"sv)) return unsupported("tar archive", "unpack it and name the folder");
  if (const std::string_view packed = compression_of(as_bytes(head)); !packed.empty() && holds_disk(file))
    return unsupported(std::string(packed) + "-compressed disk image", kUnpack);
  if (file.size() >= kSector) {
    const std::string tail = read_text(file, file.size() - kSector, kSector);
    // A fixed VHD is a raw disk with a footer: version 1.0 and type 2 tell it from a chance.
    if (tail.starts_with("conectix") && ByteReader(as_bytes(tail)).u32be(12) == 0x00010000u)
      return {Container::vhd, {}, {}};
    if (tail.starts_with("koly"sv) && ByteReader(as_bytes(tail)).u32be(8) == 512u)
      return unsupported("Apple disk image (DMG)",
                         "convert it with: qemu-img convert -O raw IMAGE disk.raw (or hdiutil)");
  }
  (void)path;
  return {};
}

bool is_disk(ContentStream& file, std::string_view path, bool block_device) {
  if (block_device) return true;
  const std::string head = read_text(file, 0, kHead);
  if (head.empty() || is_texty(head, true) || is_known_file(head, file.size())) return false;
  if (!compression_of(as_bytes(head)).empty()) return false;
  if (shows_disk_structures(file)) return true;
  // Nothing tells what it is. Blank, encrypted and unknown disks are whole sectors and large; logs that begin with
  // zeros, and records without magic, are known by their names.
  if (is_texty(head, false) || name_is_log(path)) return false;
  if (name_is_disk(path)) return true;
  return file.size() % kSector == 0 && file.size() >= (1u << 20);
}

}  // namespace necropsy
