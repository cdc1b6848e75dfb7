// SPDX-License-Identifier: Apache-2.0
#include "evidence/tsk_walked.hpp"

#include <fmt/format.h>
#include <tsk/fs/tsk_iso9660.h>

#include <algorithm>

#include "base/text.hpp"
#include "evidence/fat_times.hpp"
#include "evidence/iso_record.hpp"

namespace necropsy {
namespace {

constexpr size_t kMaxListed = 100'000;
constexpr int kMaxLinks = 16;
constexpr size_t kMaxIsoRecords = 1u << 24;
constexpr uint64_t kMinChecked = 1u << 20;  // blocks that may be looked up in any case
constexpr size_t kFatEntry = 32;
constexpr std::string_view kLabelMark = " (Volume Label Entry)";  // libtsk's words after a volume label's name

// A file's content through libtsk, in windows of 64 KiB.
class TskContent final : public ContentStream {
 public:
  TskContent(TskFile file, const TSK_FS_ATTR* attribute, uint64_t size)
      : file_(std::move(file)), attribute_(attribute), size_(size) {}
  uint64_t size() const override { return size_; }
  Result<size_t> read(uint64_t offset, std::span<std::byte> out) override {
    size_t done = 0;
    while (done < out.size() && offset + done < size_) {
      const uint64_t at = offset + done, start = at / kWindow * kWindow;
      if (start != start_) {
        window_.resize(static_cast<size_t>(std::min<uint64_t>(kWindow, size_ - start)));
        start_ = UINT64_MAX;
        const ssize_t got = tsk_fs_attr_read(attribute_, static_cast<TSK_OFF_T>(start), window_.data(), window_.size(),
                                             TSK_FS_FILE_READ_FLAG_NONE);
        if (got < 0 || static_cast<size_t>(got) != window_.size())
          return fail(ErrorCode::io, "the content cannot be read: " + tsk_error_text(), start, window_.size(),
                      got > 0 ? static_cast<uint64_t>(got) : 0);
        start_ = start;
      }
      const auto within = static_cast<size_t>(at - start);
      const size_t count = std::min(out.size() - done, window_.size() - within);
      std::memcpy(out.data() + done, window_.data() + within, count);
      done += count;
    }
    return done;
  }

 private:
  static constexpr uint64_t kWindow = 64 * 1024;
  TskFile file_;
  const TSK_FS_ATTR* attribute_;
  uint64_t size_;
  uint64_t start_ = UINT64_MAX;
  std::vector<char> window_;
};

std::string type_name(TSK_FS_TYPE_ENUM type) {
  switch (type) {
    case TSK_FS_TYPE_FAT12:
      return "fat12";
    case TSK_FS_TYPE_FAT16:
      return "fat16";
    case TSK_FS_TYPE_FAT32:
      return "fat32";
    case TSK_FS_TYPE_EXFAT:
      return "exfat";
    case TSK_FS_TYPE_ISO9660:
      return "iso9660";
    case TSK_FS_TYPE_HFS:
      return "hfs+";
    case TSK_FS_TYPE_HFS_LEGACY:
      return "hfs";
    case TSK_FS_TYPE_FFS1:
    case TSK_FS_TYPE_FFS1B:
      return "ufs1";
    case TSK_FS_TYPE_FFS2:
      return "ufs2";
    default:
      return to_lower(tsk_fs_type_toname(type) ? tsk_fs_type_toname(type) : "unknown");
  }
}

FileType from_meta(TSK_FS_META_TYPE_ENUM type) {
  switch (type) {
    case TSK_FS_META_TYPE_REG:
      return FileType::regular;
    case TSK_FS_META_TYPE_DIR:
      return FileType::directory;
    case TSK_FS_META_TYPE_FIFO:
      return FileType::fifo;
    case TSK_FS_META_TYPE_CHR:
      return FileType::character;
    case TSK_FS_META_TYPE_BLK:
      return FileType::block;
    case TSK_FS_META_TYPE_LNK:
      return FileType::symlink;
    case TSK_FS_META_TYPE_SOCK:
      return FileType::socket;
    case TSK_FS_META_TYPE_WHT:
      return FileType::whiteout;
    default:
      return FileType::unknown;
  }
}

FileType from_name(TSK_FS_NAME_TYPE_ENUM type) {
  switch (type) {
    case TSK_FS_NAME_TYPE_REG:
      return FileType::regular;
    case TSK_FS_NAME_TYPE_DIR:
      return FileType::directory;
    case TSK_FS_NAME_TYPE_FIFO:
      return FileType::fifo;
    case TSK_FS_NAME_TYPE_CHR:
      return FileType::character;
    case TSK_FS_NAME_TYPE_BLK:
      return FileType::block;
    case TSK_FS_NAME_TYPE_LNK:
      return FileType::symlink;
    case TSK_FS_NAME_TYPE_SOCK:
      return FileType::socket;
    case TSK_FS_NAME_TYPE_WHT:
      return FileType::whiteout;
    default:
      return FileType::unknown;
  }
}

FileType from_mode(uint32_t mode) {
  constexpr FileType kTypes[16] = {FileType::unknown,   FileType::fifo,    FileType::character, FileType::unknown,
                                   FileType::directory, FileType::unknown, FileType::block,     FileType::unknown,
                                   FileType::regular,   FileType::unknown, FileType::symlink,   FileType::unknown,
                                   FileType::socket,    FileType::unknown, FileType::whiteout,  FileType::unknown};
  return kTypes[mode >> 12 & 15];
}

// libtsk says 0 where it has no time.
std::optional<Timestamp> tsk_time(time_t seconds, uint32_t nanos) {
  if (seconds == 0 && nanos == 0) return std::nullopt;
  return Timestamp::from_unix(seconds, nanos < 1'000'000'000 ? nanos : 0);
}

// Where libtsk's numbers of FAT entries begin: the first sector behind the FATs (exFAT: the cluster heap).
struct FatGeometry {
  uint32_t sector_size = 512;
  uint64_t first_entry = 0;  // byte offset of the entry with number 3
};

std::optional<FatGeometry> fat_geometry(VolumeReader& reader, bool exfat) {
  std::array<std::byte, 512> bytes;
  // FAT32 keeps a copy of its boot sector in sector 6, which libtsk falls back to.
  for (const uint64_t at : {uint64_t{0}, uint64_t{6 * 512}}) {
    if (!reader.read(at, bytes)) return std::nullopt;
    const ByteReader in(bytes);
    if (*in.u16le(510) != 0xAA55) continue;
    FatGeometry out;
    if (exfat) {
      const uint8_t shift = *in.u8(108);
      if (shift < 9 || shift > 12) continue;
      out.sector_size = 1u << shift;
      out.first_entry = static_cast<uint64_t>(*in.u32le(88)) * out.sector_size;
    } else {
      out.sector_size = *in.u16le(11);
      if (out.sector_size < 128 || out.sector_size > 4096) continue;
      const uint64_t per_fat = *in.u16le(22) ? *in.u16le(22) : *in.u32le(36);
      out.first_entry = (*in.u16le(14) + *in.u8(16) * per_fat) * out.sector_size;
    }
    return out;
  }
  return std::nullopt;
}

}  // namespace

TskWalkedTree::TskWalkedTree(TSK_IMG_INFO* image, uint64_t offset, uint64_t length, TskFilesystem filesystem)
    : filesystem_(std::move(filesystem)), reader_(image, offset, length), offset_(offset) {
  check_budget_ = 4 * filesystem_->block_count + kMinChecked;
  if (filesystem_->ftype == TSK_FS_TYPE_ISO9660) {
    const auto* iso = reinterpret_cast<const ISO_INFO*>(filesystem_.get());
    for (const auto* node = iso->in_list; node && iso_records_.size() < kMaxIsoRecords; node = node->next)
      iso_records_.emplace(node->inum, static_cast<uint64_t>(node->dentry_offset));
  }
  read_facts();
}

bool TskWalkedTree::is_fat() const { return TSK_FS_TYPE_ISFAT(filesystem_->ftype) != 0; }

bool TskWalkedTree::is_virtual(const TSK_FS_NAME& name) const {
  return name.type == TSK_FS_NAME_TYPE_VIRT || name.type == TSK_FS_NAME_TYPE_VIRT_DIR;
}

void TskWalkedTree::read_facts() {
  facts_.type = type_name(filesystem_->ftype);
  facts_.block_size = filesystem_->block_size;
  std::array<std::byte, 2048> bytes;
  if (is_fat() && reader_.read(0, std::span(bytes).first(512))) {
    const ByteReader in(bytes);
    uint32_t serial = 0;
    if (filesystem_->ftype == TSK_FS_TYPE_EXFAT) {
      serial = *in.u32le(100);
      facts_.block_size = *in.u8(108) + *in.u8(109) < 32 ? 1u << (*in.u8(108) + *in.u8(109)) : 0;
      facts_.state = *in.u16le(106) & 2 ? "dirty" : "clean";
    } else {
      facts_.block_size = *in.u16le(11) * *in.u8(13);
      const bool fat32 = filesystem_->ftype == TSK_FS_TYPE_FAT32;
      const size_t extended = fat32 ? 66 : 38;
      if (*in.u8(extended) == 0x29) serial = *in.u32le(extended + 1);
      // The second entry of the FAT: its highest or second highest bit is set when the volume was shut down cleanly.
      std::array<std::byte, 8> fat{};
      if (filesystem_->ftype != TSK_FS_TYPE_FAT12 &&
          reader_.read(static_cast<uint64_t>(*in.u16le(14)) * *in.u16le(11), fat)) {
        const ByteReader entries(fat);
        const bool clean = fat32 ? *entries.u32le(4) & 0x08000000 : *entries.u16le(2) & 0x8000;
        facts_.state = clean ? "clean" : "dirty";
      }
    }
    if (serial != 0) facts_.uuid = fmt::format("{:04X}-{:04X}", serial >> 16, serial & 0xFFFF);
    if (const TskDirectory root{tsk_fs_dir_open_meta(filesystem_.get(), filesystem_->root_inum)}; root)
      for (size_t i = 0; i < tsk_fs_dir_getsize(root.get()); ++i) {
        const TSK_FS_NAME* name = tsk_fs_dir_get_name(root.get(), i);
        if (!name || !name->name || !(name->flags & TSK_FS_NAME_FLAG_ALLOC)) continue;
        const std::string_view text = name->name;
        if (text.ends_with(kLabelMark)) facts_.label = trim(text.substr(0, text.size() - kLabelMark.size()));
        if (facts_.label == "$EMPTY_VOLUME_LABEL") facts_.label.clear();  // libtsk's word for none
      }
  } else if (filesystem_->ftype == TSK_FS_TYPE_ISO9660 && reader_.read(16 * 2048, bytes)) {
    const ByteReader in(bytes);
    facts_.label = trim(as_text(in.slice(40, 32)));
    facts_.created = iso_long_time(in.slice(813, 17));
    facts_.written = iso_long_time(in.slice(830, 17));
  } else if (filesystem_->fs_id_used > 0) {
    facts_.uuid = to_hex(std::as_bytes(
        std::span(filesystem_->fs_id).first(std::min<size_t>(filesystem_->fs_id_used, sizeof filesystem_->fs_id))));
  }
  tsk_error_reset();
}

bool TskWalkedTree::describe_fat(uint64_t number, FileRecord& record) {
  const bool exfat = filesystem_->ftype == TSK_FS_TYPE_EXFAT;
  record.local_time = true;
  if (number == filesystem_->root_inum) {  // FAT keeps nothing about its root
    record.type = FileType::directory;
    return true;
  }
  const auto geometry = fat_geometry(reader_, exfat);
  std::array<std::byte, 2 * kFatEntry> bytes{};
  if (!geometry || number < 3) return false;
  const uint64_t at = geometry->first_entry + (number - 3) * kFatEntry;
  if (!reader_.read(at, std::span(bytes).first(kFatEntry))) return false;
  if (exfat) (void)reader_.read(at + kFatEntry, std::span(bytes).subspan(kFatEntry));
  const Bytes whole(bytes);
  const auto entry = exfat ? decode_exfat_entry(whole.first(kFatEntry), whole.subspan(kFatEntry))
                           : decode_fat_entry(whole.first(kFatEntry));
  if (!entry) {
    // exFAT: label, allocation bitmap and upcase table are entries of other types, without times.
    record.type = FileType::metadata;
    return exfat;
  }
  record.type = entry->directory()                ? FileType::directory
                : !exfat && entry->volume_label() ? FileType::metadata
                                                  : FileType::regular;
  record.size = static_cast<int64_t>(std::min<uint64_t>(entry->size, INT64_MAX));
  record.flags = fat_flag_words(entry->attributes);
  record.modified = entry->modified;
  record.accessed = entry->accessed;
  record.created = entry->created;
  record.precision = entry->modified_precision;
  record.accessed_precision = entry->accessed_precision;
  record.created_precision = entry->created_precision;
  record.local_time = entry->local;
  return true;
}

bool TskWalkedTree::describe_iso(uint64_t number, FileRecord& record) {
  const auto place = iso_records_.find(number);
  std::array<std::byte, 256> bytes{};
  if (place == iso_records_.end()) return false;
  const auto room =
      static_cast<size_t>(std::min<uint64_t>(bytes.size(), reader_.size() - std::min(reader_.size(), place->second)));
  if (!reader_.read(place->second, std::span(bytes).first(room))) return false;
  auto found = decode_iso_record(Bytes(bytes).first(room));
  if (!found) return false;
  std::vector<std::byte> more;
  for (int areas = 0; found->next_length > 0 && areas < 16; ++areas) {
    more.resize(std::min<uint32_t>(found->next_length, 2048));
    const uint64_t at = static_cast<uint64_t>(found->next_block) * 2048 + found->next_offset;
    found->next_length = 0;
    if (!reader_.read(at, more)) break;
    add_rock_ridge(more, *found);
  }
  record.modified = found->modified;
  record.accessed = found->accessed;
  record.changed = found->changed;
  record.created = found->created ? found->created : found->recorded;
  if (found->mode) {
    record.mode = *found->mode & 07777u;
    record.type = from_mode(*found->mode);
  }
  record.uid = found->uid;
  record.gid = found->gid;
  record.target = found->link;
  return true;
}

bool TskWalkedTree::describe(uint64_t number, const TSK_FS_NAME* name, FileRecord& record) {
  record.ref.inode = number;
  record.precision = TimePrecision::s;
  if (name) record.type = from_name(name->type);
  if (is_fat()) {
    if (!describe_fat(number, record)) return false;
  } else {
    const TskFile file(tsk_fs_file_open_meta(filesystem_.get(), nullptr, number));
    if (!file || !file->meta) return false;
    const TSK_FS_META& meta = *file->meta;
    const bool iso = filesystem_->ftype == TSK_FS_TYPE_ISO9660;
    const bool hfs = TSK_FS_TYPE_ISHFS(filesystem_->ftype);
    record.type = from_meta(meta.type);
    record.size = std::max<int64_t>(meta.size, 0);
    if (meta.link) record.target = meta.link;
    if (!iso) {
      record.mode = static_cast<uint32_t>(meta.mode) & 07777u;
      record.uid = static_cast<uint32_t>(meta.uid);
      record.gid = static_cast<uint32_t>(meta.gid);
      record.modified = tsk_time(meta.mtime, meta.mtime_nano);
      record.accessed = tsk_time(meta.atime, meta.atime_nano);
      record.changed = tsk_time(meta.ctime, meta.ctime_nano);
      record.created = tsk_time(meta.crtime, meta.crtime_nano);
      if (filesystem_->ftype == TSK_FS_TYPE_FFS2 || filesystem_->ftype == TSK_FS_TYPE_FFS1)
        record.precision = TimePrecision::ns;
      // Numbers below 16 are the catalogue and its like (Apple TN1150, "Catalog Node IDs").
      if (hfs && number < 16 && record.type != FileType::directory) record.type = FileType::metadata;
    } else if (!describe_iso(number, record)) {
      record.created.reset();
    }
  }
  if (record.type == FileType::regular)
    record.content_intact = record.state == FileState::allocated || content_intact(number);
  return true;
}

bool TskWalkedTree::content_intact(uint64_t number) {
  const TskFile file(tsk_fs_file_open_meta(filesystem_.get(), nullptr, number));
  if (!file || !file->meta || file->meta->size <= 0 || static_cast<uint64_t>(file->meta->size) > reader_.size() ||
      !filesystem_->block_getflags)
    return false;
  const TSK_FS_ATTR* data = tsk_fs_file_attr_get(file.get());
  if (!data) {
    tsk_error_reset();
    return false;
  }
  if (data->flags & TSK_FS_ATTR_RES) return true;
  uint64_t blocks = 0;
  for (const TSK_FS_ATTR_RUN* run = data->nrd.run; run; run = run->next) {
    if (run->flags & TSK_FS_ATTR_RUN_FLAG_FILLER) return false;
    if (run->flags & TSK_FS_ATTR_RUN_FLAG_SPARSE) continue;
    for (uint64_t i = 0; i < run->len; ++i) {
      if (check_budget_ == 0) return false;
      --check_budget_;
      if (!(filesystem_->block_getflags(filesystem_.get(), run->addr + i) & TSK_FS_BLOCK_FLAG_UNALLOC)) return false;
    }
    blocks += run->len;
  }
  return blocks * filesystem_->block_size >= static_cast<uint64_t>(file->meta->size);
}

Result<std::unique_ptr<ContentStream>> TskWalkedTree::open(const FileRef& ref) {
  TskFile file(tsk_fs_file_open_meta(filesystem_.get(), nullptr, ref.inode));
  if (!file || !file->meta) return fail(ErrorCode::not_found, fmt::format("file {}: {}", ref.inode, tsk_error_text()));
  if (file->meta->type == TSK_FS_META_TYPE_DIR)
    return fail(ErrorCode::unsupported, fmt::format("file {} is a directory", ref.inode));
  const TSK_FS_ATTR* data = tsk_fs_file_attr_get(file.get());
  if (!data) {
    const std::string why = tsk_error_text();
    if (file->meta->size == 0) return std::make_unique<MemoryStream>(std::string());
    return fail(ErrorCode::io, fmt::format("file {}: {}", ref.inode, why));
  }
  // What is neither mapped nor a hole cannot be there.
  uint64_t size = static_cast<uint64_t>(std::max<TSK_OFF_T>(data->size, 0));
  if (data->flags & TSK_FS_ATTR_NONRES && !(data->flags & TSK_FS_ATTR_COMP)) {
    uint64_t end = 0;
    for (const TSK_FS_ATTR_RUN* run = data->nrd.run; run; run = run->next) end = std::max(end, run->offset + run->len);
    if (end < UINT64_MAX / filesystem_->block_size) size = std::min(size, end * filesystem_->block_size);
  }
  return std::make_unique<TskContent>(std::move(file), data, size);
}

bool TskWalkedTree::same_name(std::string_view a, std::string_view b) const {
  return is_fat() || TSK_FS_TYPE_ISHFS(filesystem_->ftype) ? equals_ignore_case(a, b) : a == b;
}

std::optional<TskWalkedTree::Place> TskWalkedTree::resolve(std::string_view path) {
  std::vector<Place> at{{filesystem_->root_inum, {}}};
  std::string rest(path);
  size_t next = 0;
  for (int links = 0;;) {
    while (next < rest.size() && rest[next] == '/') ++next;
    if (next >= rest.size()) return at.back();
    const std::string component = rest.substr(next, rest.find('/', next) - next);
    next += component.size();
    if (component == ".") continue;
    if (component == "..") {
      if (at.size() > 1) at.pop_back();
      continue;
    }
    const TskDirectory directory(tsk_fs_dir_open_meta(filesystem_.get(), at.back().number));
    if (!directory) {
      tsk_error_reset();
      return std::nullopt;
    }
    std::optional<Place> child;
    for (size_t i = 0; !child && i < tsk_fs_dir_getsize(directory.get()); ++i) {
      const TSK_FS_NAME* name = tsk_fs_dir_get_name(directory.get(), i);
      if (!name || !name->name || is_virtual(*name) || !(name->flags & TSK_FS_NAME_FLAG_ALLOC)) continue;
      if (same_name(name->name, component) || (name->shrt_name && same_name(name->shrt_name, component)))
        child = Place{name->meta_addr, at.back().path + "/" + name->name};
    }
    if (!child) return std::nullopt;
    FileRecord record;
    if (!describe(child->number, nullptr, record) || record.type != FileType::symlink) {
      at.push_back(std::move(*child));
      continue;
    }
    if (record.target.empty() || ++links > kMaxLinks) return std::nullopt;
    if (record.target.front() == '/') at.resize(1);
    rest = record.target + "/" + rest.substr(next);
    next = 0;
  }
}

std::optional<FileRecord> TskWalkedTree::find(std::string_view path) {
  auto place = resolve(path);
  FileRecord record;
  if (!place || !describe(place->number, nullptr, record)) return std::nullopt;
  record.path = place->path.empty() ? "/" : place->path;
  return record;
}

std::vector<FileRecord> TskWalkedTree::list(std::string_view directory) {
  std::vector<FileRecord> out;
  auto place = resolve(directory);
  if (!place) return out;
  const TskDirectory names(tsk_fs_dir_open_meta(filesystem_.get(), place->number));
  for (size_t i = 0; names && i < tsk_fs_dir_getsize(names.get()) && out.size() < kMaxListed; ++i) {
    const TSK_FS_NAME* name = tsk_fs_dir_get_name(names.get(), i);
    if (!name || !name->name || is_virtual(*name) || !(name->flags & TSK_FS_NAME_FLAG_ALLOC) ||
        TSK_FS_ISDOT(name->name))
      continue;
    FileRecord record;
    record.path = place->path + "/" + name->name;
    if (describe(name->meta_addr, name, record)) out.push_back(std::move(record));
  }
  tsk_error_reset();
  std::sort(out.begin(), out.end(), [](const FileRecord& a, const FileRecord& b) { return a.path < b.path; });
  return out;
}

}  // namespace necropsy
