// SPDX-License-Identifier: Apache-2.0
#include "evidence/ext_tree.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace necropsy {
namespace {

constexpr uint32_t kRoot = 2;
constexpr size_t kMaxOrphanList = 1u << 20;
constexpr size_t kMaxListed = 100'000;
constexpr int kMaxLinks = 16;

}  // namespace

ExtTree::ExtTree(std::unique_ptr<ExtVolume> volume, uint64_t volume_offset)
    : volume_(std::move(volume)), volume_offset_(volume_offset) {
  const ExtSuperblock& sb = volume_->superblock();
  facts_ = {.type = sb.type,
            .block_size = sb.block_size,
            .label = sb.label,
            .uuid = sb.uuid,
            .last_mount_point = sb.last_mount_point,
            .state = sb.state,
            .created = sb.created,
            .mounted = sb.mounted,
            .checked = sb.checked,
            .written = sb.written};
  // Deleted inodes that were still open: each names the next in the field of its deletion time.
  for (uint32_t next = sb.last_orphan; next != 0 && orphan_list_.size() < kMaxOrphanList;) {
    auto inode = volume_->inode(next);
    if (!inode || std::find(orphan_list_.begin(), orphan_list_.end(), next) != orphan_list_.end()) break;
    orphan_list_.push_back(next);
    if (orphan_list_.size() > 4096) break;  // keeps the search above short; no kernel leaves that many
    next = inode->deletion;
  }
  std::sort(orphan_list_.begin(), orphan_list_.end());
}

bool ExtTree::on_orphan_list(uint32_t number) const {
  return std::binary_search(orphan_list_.begin(), orphan_list_.end(), number);
}

bool ExtTree::is_system_inode(uint32_t number) const {
  const ExtSuperblock& sb = volume_->superblock();
  return (number < sb.first_inode && number != kRoot) ||
         std::find(sb.system_inodes.begin(), sb.system_inodes.end(), number) != sb.system_inodes.end();
}

bool ExtTree::read_names(const ExtInode& directory, bool removed, ExtNames& names, ExtFolderBudget& budget,
                         WalkProblems* problems, const std::string& path) {
  const ExtSuperblock& sb = volume_->superblock();
  const uint32_t count = volume_->inode_count();
  bool whole = true;
  const auto damage = [&](std::string what, std::optional<uint64_t> offset) {
    whole = false;
    if (problems && !removed) problems->report("damaged-directory", std::move(what), path, offset);
  };
  names.clear();
  if (directory.flags & kExtInlineData) {
    auto content = volume_->inline_content(directory);
    if (!content) {
      damage(content.error().what, content.error().offset);
      return false;
    }
    // inlinedata.rst: the parent's number, entries up to the end of i_block, and a second run in the attribute.
    const std::string_view text(*content);
    if (text.size() > 4)
      read_ext_directory_block(as_bytes(text.substr(4, 56)), sb.has_file_type(), count, removed, names);
    if (text.size() > 60)
      read_ext_directory_block(as_bytes(text.substr(60)), sb.has_file_type(), count, removed, names);
    names.drop_copies();
    return true;
  }
  std::vector<std::byte> block(sb.block_size);
  const uint64_t blocks = (directory.size + sb.block_size - 1) / sb.block_size;
  for (uint64_t logical = 0; logical < blocks;) {
    auto run = volume_->map(directory, logical);
    if (!run) {
      damage(run.error().what, std::nullopt);
      break;
    }
    const uint64_t end = std::min(run->end(), blocks);
    if (run->hole) {
      logical = end;
      continue;
    }
    for (; logical < end; ++logical) {
      if (budget.bytes < sb.block_size) {
        damage("more directory blocks than the volume has: the rest of this directory is not read", std::nullopt);
        return false;
      }
      budget.bytes -= sb.block_size;
      const uint64_t at = run->physical + (logical - run->logical);
      auto& named = removed ? budget.named_by_removed : budget.named;
      if (named.contains(at)) {
        damage(fmt::format("block {} was a folder's before: its names are not given twice", at), at * sb.block_size);
        continue;
      }
      if (auto done = volume_->read_block(at, block); !done) {
        damage(done.error().what, done.error().offset);
        continue;
      }
      // Blocks of a removed directory may long be something else's.
      if (removed && logical == 0 && !begins_ext_directory(block, directory.number)) return false;
      const size_t before = names.entries().size();
      const ExtBlockLook look = read_ext_directory_block(block, sb.has_file_type(), count, removed, names);
      if (names.entries().size() > before) named.insert(at);
      if (look.damaged)
        damage("this is no directory entry; what follows in the block was searched entry by entry",
               at * sb.block_size + look.damaged_at);
    }
  }
  names.drop_copies();
  return whole;
}

void ExtTree::describe(const ExtInode& inode, bool allocated, FileRecord& record, WalkProblems* problems) {
  record.type = inode.flags & kExtEaInode ? FileType::metadata : inode.type();
  record.mode = inode.mode & 07777u;
  record.uid = inode.uid;
  record.gid = inode.gid;
  record.size = static_cast<int64_t>(std::min<uint64_t>(inode.size, INT64_MAX));
  record.flags = ext_flag_words(inode.flags);
  record.modified = inode.modified;
  record.accessed = inode.accessed;
  record.changed = inode.changed;
  record.created = inode.created;
  record.precision = inode.nanoseconds ? TimePrecision::ns : TimePrecision::s;
  // The field also links the list of open deleted inodes; a number as small as an inode's is such a link.
  if (inode.deletion > volume_->inode_count() && (!allocated || inode.links == 0) && !on_orphan_list(inode.number))
    record.deleted = Timestamp::from_unix(inode.deletion);
  if (allocated)
    record.content_intact = inode.is_regular() || inode.is_symlink();
  else if (inode.is_regular())
    record.content_intact = volume_->content_intact(inode);
  if (inode.is_symlink() && inode.size > 0) {
    if (auto target = volume_->link_target(inode))
      record.target = std::move(*target);
    else if (allocated && problems)
      problems->report(target.error(), record.path);
  }
}

Result<std::unique_ptr<ContentStream>> ExtTree::open(const FileRef& ref) {
  if (ref.inode > UINT32_MAX) return fail(ErrorCode::not_found, "inodes of this filesystem have 32 bits");
  return volume_->open_content(static_cast<uint32_t>(ref.inode));
}

std::optional<ExtTree::Place> ExtTree::resolve(std::string_view path) {
  std::vector<Place> at{{kRoot, {}}};  // the way down, for `..`
  std::string rest(path);
  size_t next = 0;
  ExtNames names;
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
    auto directory = volume_->inode(at.back().inode);
    if (!directory || !directory->is_directory()) return std::nullopt;
    ExtFolderBudget budget{volume_->volume_size(), {}, {}};
    read_names(*directory, false, names, budget, nullptr, {});
    const auto found = std::find_if(names.entries().begin(), names.entries().end(),
                                    [&](const ExtNames::Entry& e) { return !e.deleted && names.name(e) == component; });
    if (found == names.entries().end()) return std::nullopt;
    auto inode = volume_->inode(found->inode);
    if (!inode) return std::nullopt;
    if (!inode->is_symlink()) {
      at.push_back({found->inode, at.back().path + "/" + component});
      continue;
    }
    auto target = volume_->link_target(*inode);
    if (!target || target->empty() || ++links > kMaxLinks) return std::nullopt;
    if (target->front() == '/') at.resize(1);
    rest = *target + "/" + rest.substr(next);
    next = 0;
  }
}

std::optional<FileRecord> ExtTree::find(std::string_view path) {
  auto place = resolve(path);
  if (!place) return std::nullopt;
  auto inode = volume_->inode(place->inode);
  if (!inode) return std::nullopt;
  FileRecord record;
  record.path = place->path.empty() ? "/" : place->path;
  record.ref.inode = place->inode;
  describe(*inode, true, record, nullptr);
  return record;
}

std::vector<FileRecord> ExtTree::list(std::string_view directory) {
  std::vector<FileRecord> out;
  auto place = resolve(directory);
  if (!place) return out;
  auto inode = volume_->inode(place->inode);
  if (!inode || !inode->is_directory()) return out;
  ExtNames names;
  ExtFolderBudget budget{volume_->volume_size(), {}, {}};
  read_names(*inode, false, names, budget, nullptr, {});
  for (const ExtNames::Entry& entry : names.entries()) {
    if (entry.deleted || out.size() >= kMaxListed) continue;
    auto child = volume_->inode(entry.inode);
    if (!child) continue;
    FileRecord& record = out.emplace_back();
    record.path = place->path + "/" + std::string(names.name(entry));
    record.ref.inode = entry.inode;
    describe(*child, true, record, nullptr);
  }
  std::sort(out.begin(), out.end(), [](const FileRecord& a, const FileRecord& b) { return a.path < b.path; });
  return out;
}

}  // namespace necropsy
