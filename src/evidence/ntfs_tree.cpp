// SPDX-License-Identifier: Apache-2.0
#include "evidence/ntfs_tree.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"

namespace necropsy {
namespace {

constexpr uint64_t kRoot = 5, kExtend = 11, kVolume = 3, kFirstUser = 16;
constexpr int kMaxDepth = 512;
constexpr size_t kMaxPath = 32 * 1024;
constexpr size_t kMaxKnown = 64u << 20;  // bytes of paths of folders that are kept
constexpr size_t kMaxListed = 100'000;
constexpr int kMaxLinks = 16;
constexpr int32_t kOwnNumbers = 0x10000;  // attribute ids have 16 bits

bool is_unnamed_data(const NtfsStream& stream) { return stream.type == kNtfsData && stream.name.empty(); }

const NtfsStream* unnamed_data(const NtfsFile& file) {
  const auto found = std::find_if(file.streams.begin(), file.streams.end(), is_unnamed_data);
  return found == file.streams.end() ? nullptr : &*found;
}

// A freed record has the next sequence number already; 0 is passed over.
bool same_incarnation(uint16_t stored, bool in_use, uint16_t wanted) {
  if (stored == wanted) return true;
  return !in_use && stored == (wanted == 0xFFFF ? 1 : wanted + 1);
}

void append_name(std::string& path, std::string_view name) {
  path += '/';
  const size_t start = path.size();
  path += name;
  for (size_t at = start; at < path.size(); ++at)
    if (path[at] == '/' || path[at] == '\0') path.replace(at, 1, path[at] == '/' ? "%2F" : "%00");
}

}  // namespace

std::vector<const NtfsName*> shown_names(const NtfsFile& file) {
  std::vector<const NtfsName*> out;
  for (const NtfsName& name : file.names) {
    const bool has_long = name.space == 2 && std::any_of(file.names.begin(), file.names.end(), [&](const NtfsName& n) {
                            return n.space != 2 && n.parent == name.parent && n.parent_sequence == name.parent_sequence;
                          });
    if (!has_long) out.push_back(&name);
  }
  return out;
}

const NtfsName* path_name(const NtfsFile& file) {
  const NtfsName* best = nullptr;
  for (const NtfsName& name : file.names)
    if (!best || (best->space == 2 && name.space != 2)) best = &name;
  return best;
}

int32_t stream_number(const NtfsFile& file, const NtfsStream& stream) {
  const auto same_id =
      std::count_if(file.streams.begin(), file.streams.end(), [&](const NtfsStream& s) { return s.id == stream.id; });
  if (same_id == 1) return stream.id;
  return kOwnNumbers + static_cast<int32_t>(&stream - file.streams.data());
}

NtfsTree::NtfsTree(std::unique_ptr<NtfsVolume> volume, uint64_t volume_offset)
    : volume_(std::move(volume)), volume_offset_(volume_offset) {
  facts_.type = "ntfs";
  facts_.block_size = volume_->boot().cluster_size;
  facts_.uuid = fmt::format("{:016X}", volume_->boot().serial);
  if (auto about = volume_->file(kVolume, NtfsDepth::sizes)) {
    facts_.label = about->volume_name;
    facts_.created = about->times.created;
    if (about->volume_flags) facts_.state = *about->volume_flags & 1 ? "dirty" : "clean";
  }
}

NtfsTree::Folder NtfsTree::folder(uint64_t number, uint16_t sequence) { return folder_at(number, sequence, 0); }

NtfsTree::Folder NtfsTree::folder_at(uint64_t number, uint16_t sequence, int depth) {
  if (number == kRoot) return {};
  const auto found = known_.find(number);
  const Known known = found != known_.end() ? found->second : know(number, depth);
  if (known.directory && same_incarnation(known.sequence, known.in_use, sequence) &&
      known.folder.path.size() <= kMaxPath)
    return known.folder;
  // The folder is gone and its record serves another file, or none ever was one.
  return {fmt::format("/$OrphanFiles/inode-{}-{}", number, sequence), FileState::orphan};
}

NtfsTree::Known NtfsTree::know(uint64_t number, int depth) {
  Known known;
  uint64_t budget = 64;
  if (auto file = volume_->file(number, NtfsDepth::sizes, &budget); file && !file->is_extension()) {
    known.directory = file->directory;
    known.in_use = file->in_use;
    known.sequence = file->sequence;
    const NtfsName* name = path_name(*file);
    if (!name || depth >= kMaxDepth || name->parent == number) {
      known.folder = {fmt::format("/$OrphanFiles/inode-{}", number), FileState::orphan};
    } else if (known.directory) {
      // A loop of parents ends at the depth limit; what it is made of is no path.
      known.folder = folder_at(name->parent, name->parent_sequence, depth + 1);
      append_name(known.folder.path, name->name);
      if (known.folder.state == FileState::allocated && !known.in_use) known.folder.state = FileState::deleted;
    }
  }
  known_bytes_ += known.folder.path.size() + sizeof known;
  if (known_bytes_ > kMaxKnown) {
    known_.clear();
    known_bytes_ = 0;
  }
  known_.emplace(number, known);
  return known;
}

void NtfsTree::describe(const NtfsFile& file, const NtfsName* name, const NtfsStream* stream, FileRecord& record) {
  record.ref.inode = file.number;
  record.ref.sequence = file.sequence;
  record.precision = TimePrecision::ns;
  const bool system =
      (file.number < kFirstUser && file.number != kRoot) || (name && name->parent == kExtend && file.number != kExtend);
  const NtfsStream* data = stream ? stream : unnamed_data(file);
  record.type = stream           ? (stream->type == kNtfsData && !system ? FileType::regular : FileType::metadata)
                : file.directory ? FileType::directory
                : system         ? FileType::metadata
                                 : FileType::regular;
  record.modified = file.times.modified;
  record.accessed = file.times.accessed;
  record.changed = file.times.changed;
  record.created = file.times.created;
  if (name && !stream) {
    record.fn_modified = name->times.modified;
    record.fn_accessed = name->times.accessed;
    record.fn_changed = name->times.changed;
    record.fn_created = name->times.created;
  }
  uint32_t attributes = file.has_standard_information ? file.attributes : name ? name->attributes : 0;
  if (data && data->compressed()) attributes |= 0x800;
  if (data && data->sparse()) attributes |= 0x200;
  if (data && (data->flags & 0x4000)) attributes |= 0x4000;
  record.flags = ntfs_flag_words(attributes);
  record.owner_sid = file.owner.empty() ? volume_->owner(file.security_id) : file.owner;
  if (stream) record.ref.attribute_id = stream_number(file, *stream);
  uint64_t size = data ? data->size : 0;
  if (!stream && file.directory)
    size = file.index_allocation ? file.index_allocation->size : file.index_root ? file.index_root->size : 0;
  record.size = static_cast<int64_t>(std::min<uint64_t>(size, INT64_MAX));
  if (file.reparse && !stream) {
    if (auto content = volume_->read_small(*file.reparse, 16 * 1024))
      record.target = ntfs_reparse_target(as_bytes(*content));
    if (!record.target.empty()) record.type = FileType::symlink;
  }
  if (data && record.type != FileType::directory) record.content_intact = file.in_use || volume_->content_intact(*data);
}

Result<std::unique_ptr<ContentStream>> NtfsTree::open(const FileRef& ref) {
  auto file = volume_->file(ref.inode, NtfsDepth::runs);
  if (!file) return tl::unexpected(file.error());
  if (ref.sequence != 0 && file->sequence != ref.sequence)
    return fail(ErrorCode::not_found,
                fmt::format("MFT record {} has sequence {}, not {}", ref.inode, file->sequence, ref.sequence));
  for (const NtfsStream& stream : file->streams)
    if (ref.attribute_id < 0 ? is_unnamed_data(stream) : stream_number(*file, stream) == ref.attribute_id)
      return volume_->open_stream(*file, stream);
  if (file->directory && ref.attribute_id < 0)
    return fail(ErrorCode::unsupported, fmt::format("MFT record {} is a directory", ref.inode));
  return fail(ErrorCode::not_found, fmt::format("MFT record {} has no such stream", ref.inode));
}

std::optional<NtfsTree::Place> NtfsTree::resolve(std::string_view path) {
  std::vector<Place> at{{kRoot, {}}};
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
    auto directory = volume_->file(at.back().record, NtfsDepth::runs);
    if (!directory) return std::nullopt;
    std::optional<Place> child;
    std::string target;
    for (const NtfsIndexEntry& entry : volume_->index(*directory)) {
      if (!equals_ignore_case(entry.name.name, component)) continue;
      auto file = volume_->file(entry.record, NtfsDepth::sizes);
      if (!file || !file->in_use || file->sequence != entry.sequence) continue;
      // By its short name it is found under the long one.
      const NtfsName* name = &entry.name;
      for (const NtfsName* shown : shown_names(*file))
        if (entry.name.space == 2 && shown->parent == entry.name.parent) name = shown;
      child = Place{entry.record, at.back().path + "/" + name->name};
      if (file->reparse)
        if (auto content = volume_->read_small(*file->reparse, 16 * 1024))
          target = ntfs_reparse_target(as_bytes(*content));
      break;
    }
    if (!child) return std::nullopt;
    if (target.empty()) {
      at.push_back(std::move(*child));
      continue;
    }
    if (++links > kMaxLinks) return std::nullopt;
    std::replace(target.begin(), target.end(), '\\', '/');
    if (target.starts_with("/\?\?/")) target.erase(0, 4);
    if (target.size() > 1 && target[1] == ':') target.replace(0, 2, "/");
    if (target.starts_with('/')) at.resize(1);
    rest = target + "/" + rest.substr(next);
    next = 0;
  }
}

std::optional<FileRecord> NtfsTree::find(std::string_view path) {
  // A stream is asked for as path:stream.
  std::string_view stream_name;
  auto place = resolve(path);
  if (!place) {
    const size_t colon = path.rfind(':');
    if (colon == std::string_view::npos || path.find('/', colon) != std::string_view::npos) return std::nullopt;
    stream_name = path.substr(colon + 1);
    place = resolve(path.substr(0, colon));
    if (!place || stream_name.empty()) return std::nullopt;
  }
  auto file = volume_->file(place->record, NtfsDepth::sizes);
  if (!file) return std::nullopt;
  const NtfsStream* stream = nullptr;
  if (!stream_name.empty()) {
    for (const NtfsStream& s : file->streams)
      if (equals_ignore_case(s.name, stream_name)) stream = &s;
    if (!stream) return std::nullopt;
  }
  const NtfsName* name = path_name(*file);
  for (const NtfsName* shown : shown_names(*file))
    if (place->path.ends_with("/" + shown->name)) name = shown;
  FileRecord record;
  record.path = place->path.empty() ? "/" : place->path;
  if (stream) record.path += ":" + stream->name;
  describe(*file, name, stream, record);
  return record;
}

std::vector<FileRecord> NtfsTree::list(std::string_view directory) {
  std::vector<FileRecord> out;
  auto place = resolve(directory);
  if (!place) return out;
  auto file = volume_->file(place->record, NtfsDepth::runs);
  if (!file || !file->directory) return out;
  for (const NtfsIndexEntry& entry : volume_->index(*file)) {
    if (entry.record == kRoot || out.size() >= kMaxListed) continue;
    auto child = volume_->file(entry.record, NtfsDepth::sizes);
    if (!child || !child->in_use || child->sequence != entry.sequence) continue;
    // A node that is no longer used still holds what it held: the file itself must have this name.
    const auto names = shown_names(*child);
    const auto name = std::find_if(names.begin(), names.end(), [&](const NtfsName* n) {
      return n->parent == place->record && n->name == entry.name.name;
    });
    if (name == names.end()) continue;
    FileRecord& record = out.emplace_back();
    record.path = place->path + "/" + entry.name.name;
    describe(*child, *name, nullptr, record);
  }
  std::sort(out.begin(), out.end(), [](const FileRecord& a, const FileRecord& b) { return a.path < b.path; });
  out.erase(
      std::unique(out.begin(), out.end(), [](const FileRecord& a, const FileRecord& b) { return a.path == b.path; }),
      out.end());
  return out;
}

}  // namespace necropsy
