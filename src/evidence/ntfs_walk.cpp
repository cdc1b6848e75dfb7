// SPDX-License-Identifier: Apache-2.0
// The walk over all records of an NTFS volume's MFT.
#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "evidence/ntfs_tree.hpp"

namespace necropsy {
namespace {

constexpr uint64_t kRoot = 5;
constexpr size_t kMaxRowsPerRecord = 65'536;

class NtfsWalk {
 public:
  NtfsWalk(NtfsTree& tree, FileVisitor& visitor, WalkProblems& problems)
      : tree_(tree), volume_(tree.volume()), visitor_(visitor), problems_(problems) {
    // Every extension record belongs to one file: more reads than records are a trap.
    extensions_left_ = 2 * volume_.record_count() + 4096;
    lookups_left_ = extensions_left_;
    index_bytes_left_ = volume_.volume_size();
  }

  void run() {
    if (!one(kRoot)) return;
    for (uint64_t number = 0; number < volume_.record_count(); ++number)
      if (number != kRoot && !one(number)) return;
  }

 private:
  std::string where(uint64_t number) const { return fmt::format("MFT record {}", number); }

  bool one(uint64_t number) {
    bool torn = false;
    auto first = volume_.record(number, NtfsDepth::sizes, &torn);
    if (!first) {
      if (first.error().code != ErrorCode::not_found) problems_.report(first.error(), where(number));
      return number != kRoot || bare_root();
    }
    if (first->is_extension()) return true;
    // What a deleted file's clusters hold by now is looked at, so its runs are needed.
    const NtfsDepth depth = first->in_use ? NtfsDepth::sizes : NtfsDepth::runs;
    auto file =
        first->attribute_list || !first->in_use ? volume_.file(number, depth, &extensions_left_) : std::move(first);
    if (!file) return true;
    if (!file->in_use && !file->has_standard_information && file->names.empty()) return true;  // never used
    if (torn && file->in_use)
      problems_.report("damaged", "the record was not written whole: its update marks do not agree", where(number));
    if (file->damaged && file->in_use)
      problems_.report("damaged", "the attributes of the record break off, or parts of it lie in records that are gone",
                       where(number));
    return emit(*file) && (!file->directory || !file->in_use || removed_names(*file));
  }

  // Names that a folder's index no longer uses and no MFT record has any more.
  bool removed_names(const NtfsFile& folder) {
    auto entries = volume_.removed_entries(folder, index_bytes_left_);
    // Of copies the one that was changed last; of a long and a short name of one file the long one.
    std::sort(entries.begin(), entries.end(), [](const NtfsIndexEntry& a, const NtfsIndexEntry& b) {
      return std::tuple(a.record, a.sequence, a.name.space == 2, std::string_view(a.name.name), b.name.times.changed) <
             std::tuple(b.record, b.sequence, b.name.space == 2, std::string_view(b.name.name), a.name.times.changed);
    });
    const NtfsIndexEntry* before = nullptr;
    std::optional<uint64_t> looked_up;
    Result<NtfsFile> file = fail(ErrorCode::not_found, {});
    for (const NtfsIndexEntry& entry : entries) {
      const bool same = before && before->record == entry.record && before->sequence == entry.sequence;
      if (same && (entry.name.space == 2 || before->name.name == entry.name.name)) continue;
      before = &entry;
      if (looked_up != entry.record) {
        file = volume_.file(entry.record, NtfsDepth::sizes, &lookups_left_);
        looked_up = entry.record;
      }
      // A file whose names cannot all be read may have this one.
      if (file && (file->damaged || std::any_of(file->names.begin(), file->names.end(), [&](const NtfsName& name) {
                     return name.parent == folder.number && name.name == entry.name.name;
                   })))
        continue;
      NtfsTree::Folder place = tree_.folder(folder.number, folder.sequence);
      FileRecord record;
      record.path = std::move(place.path);
      record.path += '/';
      record.path += entry.name.name;
      record.ref.inode = entry.record;
      record.ref.sequence = entry.sequence;
      record.state = place.state == FileState::orphan ? FileState::orphan : FileState::deleted;
      record.type = entry.name.attributes & 0x10000000 ? FileType::directory : FileType::regular;
      record.flags = ntfs_flag_words(entry.name.attributes);
      record.size = static_cast<int64_t>(std::min<uint64_t>(entry.name.size, INT64_MAX));
      record.from_index = true;
      record.modified = entry.name.times.modified;
      record.accessed = entry.name.times.accessed;
      record.changed = entry.name.times.changed;
      record.created = entry.name.times.created;
      if (!visitor_.file(record)) return false;
    }
    return true;
  }

  bool bare_root() {
    FileRecord record;
    record.path = "/";
    record.ref.inode = kRoot;
    record.type = FileType::directory;
    return visitor_.file(record);
  }

  bool emit(const NtfsFile& file) {
    const auto names = shown_names(file);
    // Records 12 to 15 are kept in reserve: in use, nameless and empty on every volume.
    if (names.empty() && file.in_use && file.number >= 12 && file.number <= 15 &&
        std::all_of(file.streams.begin(), file.streams.end(), [](const NtfsStream& s) { return s.size == 0; }))
      return true;
    if (names.empty() || file.number == kRoot) {
      const NtfsName* name = path_name(file);
      const std::string path = file.number == kRoot ? "" : fmt::format("/$OrphanFiles/inode-{}", file.number);
      return emit_name(file, name, path, file.number == kRoot ? FileState::allocated : FileState::orphan);
    }
    size_t rows = 0;
    for (const NtfsName* name : names) {
      NtfsTree::Folder folder = tree_.folder(name->parent, name->parent_sequence);
      std::string path = std::move(folder.path);
      path += '/';
      const size_t start = path.size();
      path += name->name;
      for (size_t at = start; at < path.size(); ++at)
        if (path[at] == '/' || path[at] == '\0') path.replace(at, 1, path[at] == '/' ? "%2F" : "%00");
      // A file in use below a folder that is not has lost its place.
      FileState state = file.in_use ? FileState::allocated : FileState::deleted;
      if (folder.state == FileState::orphan || (file.in_use && folder.state == FileState::deleted))
        state = FileState::orphan;
      rows += 1 + file.streams.size();
      if (rows > kMaxRowsPerRecord) {
        problems_.report("limit", "more names and streams than a file can have: the rest is not listed",
                         where(file.number));
        return true;
      }
      if (!emit_name(file, name, path, state)) return false;
    }
    return true;
  }

  bool emit_name(const NtfsFile& file, const NtfsName* name, const std::string& path, FileState state) {
    FileRecord record;
    record.path = path.empty() ? "/" : path;
    record.state = state;
    tree_.describe(file, name, nullptr, record);
    if (!visitor_.file(record)) return false;
    for (const NtfsStream& stream : file.streams) {
      if (stream.type == kNtfsData && stream.name.empty()) continue;
      FileRecord of_stream;
      of_stream.path = record.path + ":" + stream.name;
      of_stream.state = state;
      tree_.describe(file, name, &stream, of_stream);
      if (!visitor_.file(of_stream)) return false;
    }
    return true;
  }

  NtfsTree& tree_;
  NtfsVolume& volume_;
  FileVisitor& visitor_;
  WalkProblems& problems_;
  uint64_t extensions_left_ = 0, lookups_left_ = 0, index_bytes_left_ = 0;
};

}  // namespace

void NtfsTree::walk(FileVisitor& visitor, const ProblemHandler& handler) {
  WalkProblems problems(handler, volume_offset_);
  if (volume_->from_backup())
    problems.report("damaged", "the boot sector is damaged; its copy at the volume's end was used", {}, 0);
  if (volume_->from_mirror()) problems.report("damaged", "the first MFT record is damaged; its mirror was used");
  const NtfsBoot& boot = volume_->boot();
  if (boot.sectors > volume_->volume_size() / boot.sector_size)
    problems.report("truncated",
                    fmt::format("the filesystem has {} sectors of {} bytes, the volume ends after {}", boot.sectors,
                                boot.sector_size, volume_->volume_size() / boot.sector_size));
  NtfsWalk(*this, visitor, problems).run();
  problems.finish();
}

}  // namespace necropsy
