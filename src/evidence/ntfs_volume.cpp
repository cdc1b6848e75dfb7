// SPDX-License-Identifier: Apache-2.0
#include "evidence/ntfs_volume.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace necropsy {
namespace {

constexpr size_t kMaxAttributeList = 1u << 20;
constexpr size_t kMaxExtensions = 4096;    // of one file; the list has at most 256 KiB
constexpr uint64_t kMaxOwners = 1u << 18;  // security ids
constexpr uint64_t kMaxSds = 256u << 20;
constexpr uint64_t kMaxIndex = 1u << 30;
constexpr uint64_t kMaxCluster = 1ull << 48;
constexpr uint64_t kMinChecked = 1u << 20;  // clusters that may be looked up in any case

// A stream read through its runs.
class NtfsContent final : public ContentStream {
 public:
  NtfsContent(NtfsVolume& volume, NtfsStream stream)
      : volume_(volume), stream_(std::move(stream)), size_(volume.content_size(stream_)) {}
  uint64_t size() const override { return size_; }
  Result<size_t> read(uint64_t offset, std::span<std::byte> out) override {
    if (offset >= size_) return 0;
    const auto count = static_cast<size_t>(std::min<uint64_t>(out.size(), size_ - offset));
    if (auto done = volume_.read_stream(stream_, offset, out.first(count)); !done) return tl::unexpected(done.error());
    return count;
  }

 private:
  NtfsVolume& volume_;
  NtfsStream stream_;
  uint64_t size_;
};

// A compressed stream, through libtsk; a window of 64 KiB spares it unpacking the same unit again and again.
class TskAttributeContent final : public ContentStream {
 public:
  TskAttributeContent(TskFile file, const TSK_FS_ATTR* attribute, uint64_t size)
      : file_(std::move(file)), attribute_(attribute), size_(size) {}
  uint64_t size() const override { return size_; }
  Result<size_t> read(uint64_t offset, std::span<std::byte> out) override {
    size_t done = 0;
    while (done < out.size() && offset + done < size_) {
      const uint64_t at = offset + done;
      const uint64_t start = at / kWindow * kWindow;
      if (start_ != start) {
        const size_t want = static_cast<size_t>(std::min<uint64_t>(kWindow, size_ - start));
        window_.resize(want);
        start_ = UINT64_MAX;
        const ssize_t got = tsk_fs_attr_read(attribute_, static_cast<TSK_OFF_T>(start), window_.data(), want,
                                             TSK_FS_FILE_READ_FLAG_NONE);
        if (got != static_cast<ssize_t>(want))
          return fail(ErrorCode::io, "a compressed stream cannot be read: " + tsk_error_text(), start, want,
                      got > 0 ? static_cast<uint64_t>(got) : 0);
        start_ = start;
      }
      const size_t within = static_cast<size_t>(at - start);
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

bool by_first(const NtfsRun& a, const NtfsRun& b) { return a.first < b.first; }

}  // namespace

Result<std::unique_ptr<NtfsVolume>> NtfsVolume::open(TSK_IMG_INFO* image, uint64_t offset, uint64_t length,
                                                     bool backup) {
  std::unique_ptr<NtfsVolume> volume(new NtfsVolume(image, offset, length));
  const uint64_t size = volume->reader_.size();
  if (size < 1024) return fail(ErrorCode::truncated, "too small for NTFS", 0, 1024, size);
  std::array<std::byte, 512> sector;
  // The copy lies in the last sector of the volume, which the filesystem itself leaves out.
  if (auto done = volume->reader_.read(backup ? (size - 512) / 512 * 512 : 0, sector); !done)
    return tl::unexpected(done.error());
  auto boot = decode_ntfs_boot(sector);
  if (!boot) return tl::unexpected(boot.error());
  volume->from_backup_ = backup;
  volume->boot_ = *boot;
  if (auto done = volume->open_mft(); !done) return tl::unexpected(done.error());
  return volume;
}

Result<void> NtfsVolume::open_mft() {
  buffer_.resize(boot_.record_size);
  extension_.resize(boot_.record_size);
  Error first_error;
  for (const uint64_t cluster : {boot_.mft_cluster, boot_.mirror_cluster}) {
    if (cluster > reader_.size() / boot_.cluster_size) continue;
    if (auto done = reader_.read(cluster * boot_.cluster_size, buffer_); !done) {
      first_error = done.error();
      continue;
    }
    apply_ntfs_fixups(buffer_);
    auto record = decode_ntfs_record(buffer_, 0, NtfsDepth::runs);
    if (!record) {
      first_error = record.error();
      continue;
    }
    const auto data = std::find_if(record->streams.begin(), record->streams.end(),
                                   [](const NtfsStream& s) { return s.type == kNtfsData && s.name.empty(); });
    if (data == record->streams.end() || data->runs.empty()) continue;
    mft_ = *data;
    from_mirror_ = cluster != boot_.mft_cluster;
    record_count_ = std::min(content_size(mft_), reader_.size()) / boot_.record_size;
    // A fragmented MFT has more runs in extension records, which lie in the part that is known already.
    if (record->attribute_list) {
      mft_.size = std::min<uint64_t>(mft_.size, reader_.size());
      if (auto whole = file(0, NtfsDepth::runs))
        for (NtfsStream& stream : whole->streams)
          if (stream.type == kNtfsData && stream.name.empty() && stream.runs.size() > mft_.runs.size())
            mft_ = std::move(stream);
      record_count_ = std::min(content_size(mft_), reader_.size()) / boot_.record_size;
    }
    if (record_count_ > 0) return {};
  }
  if (first_error.what.empty()) first_error = {ErrorCode::bad_value, "the MFT is not where the boot sector says"};
  return tl::unexpected(first_error);
}

Result<void> NtfsVolume::read_record(uint64_t number, std::span<std::byte> out) {
  if (number >= record_count_) return fail(ErrorCode::bad_value, fmt::format("there is no MFT record {}", number));
  return read_stream(mft_, number * boot_.record_size, out);
}

Result<NtfsFile> NtfsVolume::record(uint64_t number, NtfsDepth depth, bool* torn) {
  if (auto done = read_record(number, buffer_); !done) return tl::unexpected(done.error());
  if (std::all_of(buffer_.begin(), buffer_.begin() + 42, [](std::byte b) { return b == std::byte{0}; }))
    return fail(ErrorCode::not_found, fmt::format("MFT record {} was never written", number));
  const bool sound = apply_ntfs_fixups(buffer_);
  if (torn) *torn = !sound;
  return decode_ntfs_record(buffer_, number, depth);
}

Result<NtfsFile> NtfsVolume::file(uint64_t number, NtfsDepth depth, uint64_t* budget, bool* torn) {
  auto found = record(number, depth, torn);
  if (!found || !found->attribute_list) return found;
  auto list = read_small(*found->attribute_list, kMaxAttributeList);
  if (!list) {
    found->damaged = true;
    return found;
  }
  std::vector<std::pair<uint64_t, uint16_t>> extensions;
  for (const NtfsListEntry& entry : decode_ntfs_attribute_list(as_bytes(*list))) {
    // Later parts of a stream bring nothing but its runs.
    if (entry.record == number || (depth == NtfsDepth::sizes && entry.first != 0 && entry.type == kNtfsData)) continue;
    const std::pair key{entry.record, entry.sequence};
    if (std::find(extensions.rbegin(), extensions.rend(), key) == extensions.rend()) extensions.push_back(key);
    if (extensions.size() >= kMaxExtensions) break;
  }
  for (const auto& [extension, sequence] : extensions) {
    if (budget && (*budget == 0 || --*budget == 0)) {
      found->damaged = true;
      break;
    }
    if (!read_record(extension, extension_)) {
      found->damaged = true;
      continue;
    }
    apply_ntfs_fixups(extension_);
    const ByteReader in(extension_);
    // One that serves another file by now says nothing about this one.
    if (as_text(in.slice(0, 4)) != "FILE" || *in.u16le(16) != sequence ||
        (*in.u64le(32) & 0xFFFF'FFFF'FFFF) != number) {
      if (found->in_use) found->damaged = true;
      continue;
    }
    add_ntfs_attributes(extension_, *found, depth);
  }
  for (NtfsStream& stream : found->streams) std::sort(stream.runs.begin(), stream.runs.end(), by_first);
  if (found->index_allocation)
    std::sort(found->index_allocation->runs.begin(), found->index_allocation->runs.end(), by_first);
  return found;
}

Result<void> NtfsVolume::read_stream(const NtfsStream& stream, uint64_t offset, std::span<std::byte> out) {
  if (stream.resident) {
    std::fill(out.begin(), out.end(), std::byte{0});
    if (offset < stream.content.size())
      std::memcpy(out.data(), stream.content.data() + offset,
                  std::min<size_t>(out.size(), stream.content.size() - offset));
    return {};
  }
  while (!out.empty()) {
    const uint64_t cluster = offset / boot_.cluster_size, within = offset % boot_.cluster_size;
    auto run = std::upper_bound(stream.runs.begin(), stream.runs.end(), cluster,
                                [](uint64_t c, const NtfsRun& r) { return c < r.first; });
    std::optional<uint64_t> physical;
    uint64_t clusters = 1;
    if (run != stream.runs.begin() && cluster < std::prev(run)->first + std::prev(run)->length) {
      --run;
      clusters = run->first + run->length - cluster;
      if (run->cluster) physical = *run->cluster + (cluster - run->first);
    } else if (stream.initialised > offset) {
      return fail(ErrorCode::bad_value, fmt::format("cluster {} of the stream is not mapped", cluster));
    } else {
      clusters = run == stream.runs.end() ? UINT64_MAX : run->first - cluster;
    }
    uint64_t available =
        clusters > UINT64_MAX / boot_.cluster_size ? UINT64_MAX : clusters * boot_.cluster_size - within;
    // Behind the initialised part the clusters hold what was there before.
    const bool zeros = !physical || offset >= stream.initialised;
    if (!zeros) available = std::min(available, stream.initialised - offset);
    const auto count = static_cast<size_t>(std::min<uint64_t>(out.size(), available));
    if (zeros)
      std::fill_n(out.begin(), count, std::byte{0});
    else if (auto done = reader_.read(*physical * boot_.cluster_size + within, out.first(count)); !done)
      return done;
    offset += count;
    out = out.subspan(count);
  }
  return {};
}

Result<std::string> NtfsVolume::read_small(const NtfsStream& stream, size_t limit) {
  std::string out(static_cast<size_t>(std::min<uint64_t>(content_size(stream), limit)), '\0');
  if (auto done = read_stream(stream, 0, std::as_writable_bytes(std::span(out))); !done)
    return tl::unexpected(done.error());
  return out;
}

uint64_t NtfsVolume::content_size(const NtfsStream& stream) const {
  if (stream.resident) return stream.content.size();
  if (stream.runs.empty()) return 0;
  const NtfsRun& last = stream.runs.back();
  const uint64_t clusters = last.first + last.length;
  const uint64_t mapped = clusters > UINT64_MAX / boot_.cluster_size ? UINT64_MAX : clusters * boot_.cluster_size;
  return std::min(stream.size, mapped);
}

// Whether all clusters of the range are free by $Bitmap; one that cannot be read says no.
bool NtfsVolume::clusters_free(uint64_t first, uint64_t count) {
  if (!bitmap_loaded_) {
    bitmap_loaded_ = true;
    check_budget_ = 4 * (reader_.size() / boot_.cluster_size) + kMinChecked;
    if (auto found = file(6, NtfsDepth::runs))
      for (NtfsStream& stream : found->streams)
        if (stream.type == kNtfsData && stream.name.empty()) bitmap_ = std::move(stream);
  }
  if (!bitmap_ || count > check_budget_ || first > kMaxCluster || (first + count - 1) / 8 >= content_size(*bitmap_))
    return false;
  check_budget_ -= count;
  std::array<std::byte, 4096> bytes;
  for (const uint64_t end = first + count; first < end;) {
    const uint64_t start = first / 8;
    const auto size = static_cast<size_t>(std::min<uint64_t>(bytes.size(), (end - 1) / 8 - start + 1));
    if (!read_stream(*bitmap_, start, std::span(bytes).first(size))) return false;
    for (const uint64_t stop = std::min(end, (start + size) * 8); first < stop; ++first)
      if ((bytes[first / 8 - start] >> (first % 8) & std::byte{1}) != std::byte{0}) return false;
  }
  return true;
}

bool NtfsVolume::content_intact(const NtfsStream& stream) {
  if (stream.size == 0) return false;
  if (stream.resident) return true;
  bool any = false;
  for (const NtfsRun& run : stream.runs) {
    if (!run.cluster) continue;
    any = true;
    if (!clusters_free(*run.cluster, run.length)) return false;
  }
  return any && content_size(stream) == stream.size;
}

Result<std::unique_ptr<ContentStream>> NtfsVolume::open_stream(const NtfsFile& file, const NtfsStream& stream) {
  if (stream.resident) return std::make_unique<MemoryStream>(stream.content);
  if (!stream.compressed() || stream.compression_unit == 0) return std::make_unique<NtfsContent>(*this, stream);
  if (!filesystem_) filesystem_.reset(tsk_fs_open_img(image_, static_cast<TSK_OFF_T>(offset_), TSK_FS_TYPE_NTFS));
  if (!filesystem_) return fail(ErrorCode::io, "libtsk does not open the filesystem: " + tsk_error_text());
  TskFile handle(tsk_fs_file_open_meta(filesystem_.get(), nullptr, file.number));
  if (!handle) return fail(ErrorCode::io, fmt::format("MFT record {}: {}", file.number, tsk_error_text()));
  const int count = tsk_fs_file_attr_getsize(handle.get());
  for (int i = 0; i < count; ++i) {
    const TSK_FS_ATTR* attribute = tsk_fs_file_attr_get_idx(handle.get(), i);
    if (!attribute || attribute->type != TSK_FS_ATTR_TYPE_NTFS_DATA) continue;
    std::string_view name = attribute->name ? attribute->name : "";
    if (name == "$Data" || name == "N/A") name = {};
    if (name != stream.name) continue;
    return std::make_unique<TskAttributeContent>(std::move(handle), attribute, content_size(stream));
  }
  return fail(ErrorCode::not_found, fmt::format("libtsk does not know this stream of MFT record {}", file.number));
}

// $Secure:$SDS: blocks of 256 KiB, each followed by a copy; entries of hash, id, offset, size and descriptor.
void NtfsVolume::load_owners() {
  owners_loaded_ = true;
  auto secure = file(9, NtfsDepth::runs);
  if (!secure) return;
  const auto sds = std::find_if(secure->streams.begin(), secure->streams.end(),
                                [](const NtfsStream& s) { return s.name == "$SDS"; });
  if (sds == secure->streams.end()) return;
  constexpr uint64_t kBlock = 256 * 1024;
  const uint64_t size = std::min({content_size(*sds), reader_.size(), kMaxSds});
  std::vector<std::byte> block(kBlock);
  for (uint64_t start = 0; start < size && owners_.size() < kMaxOwners; start += 2 * kBlock) {
    const auto count = static_cast<size_t>(std::min(kBlock, size - start));
    if (!read_stream(*sds, start, std::span(block).first(count))) continue;
    const ByteReader in(Bytes(block).first(count));
    for (size_t at = 0; in.has(at, 20);) {
      const uint32_t id = *in.u32le(at + 4), length = *in.u32le(at + 16);
      if (*in.u64le(at + 8) != start + at || length < 20 || !in.has(at, length)) break;
      owners_[id] = ntfs_owner(in.slice(at + 20, length - 20));
      at += (length + 15) & ~std::size_t{15};
    }
  }
}

const std::string& NtfsVolume::owner(uint32_t security_id) {
  static const std::string kNone;
  if (security_id == 0) return kNone;
  if (!owners_loaded_) load_owners();
  const auto found = owners_.find(security_id);
  return found == owners_.end() ? kNone : found->second;
}

std::vector<NtfsIndexEntry> NtfsVolume::index(const NtfsFile& directory) {
  std::vector<NtfsIndexEntry> out;
  if (directory.index_root && directory.index_root->resident) {
    const Bytes root = as_bytes(directory.index_root->content);
    if (root.size() > 32) out = decode_ntfs_index(root.subspan(16));
  }
  if (!directory.index_allocation) return out;
  const NtfsStream& stream = *directory.index_allocation;
  const uint64_t size = std::min({content_size(stream), reader_.size(), kMaxIndex});
  std::vector<std::byte> node(boot_.index_size);
  for (uint64_t at = 0; at + node.size() <= size; at += node.size()) {
    if (!read_stream(stream, at, node)) continue;
    if (as_text(Bytes(node).first(4)) != "INDX" || !apply_ntfs_fixups(node)) continue;
    auto entries = decode_ntfs_index(Bytes(node).subspan(24));
    out.insert(out.end(), std::make_move_iterator(entries.begin()), std::make_move_iterator(entries.end()));
  }
  return out;
}

std::vector<NtfsIndexEntry> NtfsVolume::removed_entries(const NtfsFile& directory, uint64_t& budget) {
  std::vector<NtfsIndexEntry> out;
  if (!directory.index_allocation) return out;
  const NtfsStream& stream = *directory.index_allocation;
  std::string in_use;  // one bit a node
  if (directory.index_bitmap)
    if (auto bits = read_small(*directory.index_bitmap, kMaxIndex / 512 / 8)) in_use = std::move(*bits);
  std::vector<std::byte> node(boot_.index_size);
  const uint64_t size = std::min({content_size(stream), reader_.size(), kMaxIndex});
  for (uint64_t at = 0; at + node.size() <= size && budget >= node.size(); at += node.size()) {
    budget -= node.size();
    if (!read_stream(stream, at, node) || as_text(Bytes(node).first(4)) != "INDX" || !apply_ntfs_fixups(node)) continue;
    const uint64_t index = at / node.size();
    const bool used = index / 8 < in_use.size() && (static_cast<uint8_t>(in_use[index / 8]) >> (index % 8) & 1);
    // Entries begin at multiples of 8 behind the update sequence; those in use end where the header says.
    const ByteReader in(node);
    const uint32_t end = used ? in.u32le(28).value_or(0) : in.u32le(24).value_or(0);
    if (end > node.size() - 24) continue;
    auto entries =
        carve_ntfs_index(Bytes(node).subspan((24 + end + 7) & ~std::size_t{7}), directory.number, directory.sequence);
    out.insert(out.end(), std::make_move_iterator(entries.begin()), std::make_move_iterator(entries.end()));
  }
  return out;
}

}  // namespace necropsy
