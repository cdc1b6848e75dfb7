// SPDX-License-Identifier: Apache-2.0
// The walk over all names and nameless inodes of an ext2/3/4 volume.
#include <fmt/format.h>

#include <algorithm>

#include "evidence/ext_tree.hpp"

namespace necropsy {
namespace {

constexpr uint32_t kRoot = 2;
// Deeper or longer paths than a tree can be made of in practice; what lies below starts anew under its inode.
constexpr size_t kMaxDepth = 1024, kMaxPath = 16 * 1024;
constexpr uint64_t kUnusedTail = 256;
constexpr std::string_view kOrphans = "/$OrphanFiles";

class Bitmap {
 public:
  explicit Bitmap(uint64_t count) : bits_(count / 64 + 1) {}
  bool test(uint64_t n) const { return bits_[n / 64] >> (n % 64) & 1; }
  // Whether it was unset before.
  bool set(uint64_t n) {
    const uint64_t bit = 1ull << (n % 64);
    const bool before = bits_[n / 64] & bit;
    bits_[n / 64] |= bit;
    return !before;
  }

 private:
  std::vector<uint64_t> bits_;
};

// A name may hold any byte on a damaged or encrypted disk, a path component not these two.
void append_component(std::string& path, std::string_view name) {
  path += '/';
  const size_t start = path.size();
  path += name;
  for (size_t at = start; at < path.size(); ++at)
    if (path[at] == '/' || path[at] == '\0') path.replace(at, 1, path[at] == '/' ? "%2F" : "%00");
}

class ExtWalk {
 public:
  ExtWalk(ExtTree& tree, FileVisitor& visitor, WalkProblems& problems)
      : tree_(tree),
        volume_(tree.volume()),
        visitor_(visitor),
        problems_(problems),
        named_(volume_.inode_count()),
        entered_(volume_.inode_count()),
        budget_{volume_.volume_size(), {}, {}} {}

  void run() {
    auto root = volume_.inode(kRoot);
    named_.set(kRoot);
    if (!root || !root->is_directory()) {
      problems_.report("damaged", root ? "the root directory's inode is not a directory" : root.error().what, "/",
                       root ? std::nullopt : std::optional(root.error().offset), Severity::error);
      begin_record("/", kRoot);
      record_.type = FileType::directory;
      if (!visitor_.file(record_)) return;
    } else {
      begin_record("/", kRoot);
      tree_.describe(*root, true, record_, &problems_);
      if (!visitor_.file(record_)) return;
      path_.clear();
      walk_from(kRoot, false);
    }
    if (!stopped_) nameless();
    if (free_but_named_ > 0)
      problems_.report("inconsistent",
                       fmt::format("{} names in use lead to inodes that the bitmap has as free (a journal that was not "
                                   "replayed, or damage)",
                                   free_but_named_),
                       "/");
  }

 private:
  struct Child {
    uint32_t inode;
    bool removed;
    std::string name;
  };
  struct Frame {
    size_t path_length;
    std::vector<Child> children;
    size_t next = 0;
  };

  void begin_record(std::string_view path, uint32_t inode) {
    record_ = FileRecord{};
    record_.path = path;
    record_.ref.inode = inode;
    record_.precision = TimePrecision::s;
  }

  bool hand_on() {
    if (visitor_.file(record_)) return true;
    stopped_ = true;
    return false;
  }

  // Names below the directory `inode`, whose path is in path_. What lies too deep starts anew under its inode.
  void walk_from(uint32_t inode, bool removed) {
    if (!entered_.set(inode)) return;
    std::vector<std::pair<uint32_t, bool>> starts{{inode, removed}};
    std::vector<Frame> frames;
    const auto enter = [&](uint32_t number, bool is_removed) {
      frames.push_back({path_.size(), {}});
      emit_directory(number, is_removed, frames.back().children);
    };
    while (!starts.empty() && !stopped_) {
      const auto [start, start_removed] = starts.back();
      starts.pop_back();
      if (start != inode) path_ = fmt::format("{}/inode-{}", kOrphans, start);
      enter(start, start_removed);
      while (!frames.empty() && !stopped_) {
        Frame& frame = frames.back();
        path_.resize(frame.path_length);
        if (frame.next >= frame.children.size()) {
          frames.pop_back();
          continue;
        }
        const Child child = std::move(frame.children[frame.next++]);
        append_component(path_, child.name);
        if (!entered_.set(child.inode)) {
          problems_.report("damaged-directory", fmt::format("inode {} is a directory with two names", child.inode),
                           path_);
        } else if (frames.size() >= kMaxDepth || path_.size() > kMaxPath) {
          problems_.report("too-deep", fmt::format("names below are given as {}/inode-{}/…", kOrphans, child.inode),
                           path_);
          starts.push_back({child.inode, child.removed});
        } else {
          enter(child.inode, child.removed);
        }
      }
    }
  }

  void emit_directory(uint32_t number, bool removed, std::vector<Child>& children) {
    auto directory = volume_.inode(number);
    if (!directory) {
      problems_.report(directory.error(), path_);
      return;
    }
    tree_.read_names(*directory, removed, names_, budget_, &problems_, path_);
    const size_t length = path_.size();
    for (const ExtNames::Entry& entry : names_.entries()) {
      path_.resize(length);
      append_component(path_, names_.name(entry));
      begin_record(path_, entry.inode);
      if (entry.deleted)
        describe_removed(entry, children);
      else
        describe_live(entry, children);
      if (in_orphans_) record_.state = FileState::orphan;
      if (!hand_on()) break;
    }
    path_.resize(length);
  }

  void describe_live(const ExtNames::Entry& entry, std::vector<Child>& children) {
    record_.type = ext_entry_type(entry.file_type);
    auto inode = volume_.inode(entry.inode);
    if (!inode) {
      problems_.report(inode.error(), path_);
      return;
    }
    const bool allocated = volume_.inode_allocated(entry.inode).value_or(true);
    if (!allocated) ++free_but_named_;
    named_.set(entry.inode);
    if (!inode->used) {
      problems_.report("damaged", fmt::format("inode {} is empty though this name leads to it", entry.inode), path_);
      return;
    }
    // In use by its name; a bitmap that says otherwise is behind (its journal was not replayed).
    tree_.describe(*inode, allocated || inode->links > 0, record_, &problems_);
    if (inode->is_directory()) children.push_back({entry.inode, false, std::string(names_.name(entry))});
  }

  void describe_removed(const ExtNames::Entry& entry, std::vector<Child>& children) {
    record_.state = FileState::deleted;
    record_.type = ext_entry_type(entry.file_type);
    if (entry.inode == 0) return;
    auto inode = volume_.inode(entry.inode);
    if (!inode || !inode->used) return;
    // Without a bitmap: an inode in use has links and no time of deletion.
    const bool allocated = volume_.inode_allocated(entry.inode).value_or(inode->links > 0 && inode->deletion == 0);
    const bool other_type = entry.file_type != 0 && inode->type() != record_.type;
    if (other_type || (allocated && inode->links > 0)) {
      record_.reallocated = true;
      return;
    }
    named_.set(entry.inode);
    tree_.describe(*inode, allocated, record_, &problems_);
    if (inode->is_directory() && !entered_.test(entry.inode))
      children.push_back({entry.inode, true, std::string(names_.name(entry))});
  }

  template <class Visit>
  void each_nameless(Visit&& visit) {
    const uint64_t per_group = volume_.superblock().inodes_per_group;
    const uint32_t count = volume_.inode_count();
    for (uint64_t group = 0; group * per_group < count && !stopped_; ++group) {
      const auto about = volume_.group(group);
      if (!about) {
        problems_.report(about.error(), fmt::format("inode table of group {}", group));
        continue;
      }
      // Inodes that the filesystem says it never used: where the table was not zeroed they hold what an earlier
      // filesystem left; where it was, a repair may have counted deleted ones among them, and those come first.
      uint64_t sure = per_group - std::min<uint64_t>(per_group, about->inodes_unused);
      if (about->inodes_uninitialised) sure = 0;
      uint64_t unused_in_a_row = 0;
      for (uint64_t index = 0; index < per_group && !stopped_; ++index) {
        if (index >= sure && (!about->table_zeroed || unused_in_a_row >= kUnusedTail)) break;
        const uint64_t n = group * per_group + index + 1;
        if (n > count) break;
        const auto number = static_cast<uint32_t>(n);
        if (named_.test(number)) continue;
        auto inode = volume_.inode(number);
        if (!inode) {
          problems_.report(inode.error(), fmt::format("inode {}", number));
          if (inode.error().code != ErrorCode::io) break;  // the table is not where it should be
          continue;
        }
        unused_in_a_row = inode->used ? 0 : unused_in_a_row + 1;
        if (inode->used && !is_hidden_system(*inode)) visit(*inode);
      }
    }
  }

  // The filesystem's own files; inode 1 lists bad blocks, and data may be hidden in one that claims to have any.
  bool is_hidden_system(const ExtInode& inode) const {
    return tree_.is_system_inode(inode.number) && !(inode.number == 1 && inode.sectors > 0);
  }

  void emit_nameless(const ExtInode& inode) {
    begin_record(fmt::format("{}/inode-{}", kOrphans, inode.number), inode.number);
    const bool allocated = volume_.inode_allocated(inode.number).value_or(inode.links > 0 && inode.deletion == 0);
    tree_.describe(inode, allocated, record_, &problems_);
    record_.state = FileState::orphan;
    named_.set(inode.number);
    hand_on();
  }

  void nameless() {
    in_orphans_ = true;
    // Directories first, so that what they name is found below them; those that another nameless one names, below that.
    std::vector<uint32_t> directories;
    each_nameless([&](const ExtInode& inode) {
      if (inode.is_directory()) directories.push_back(inode.number);
    });
    std::vector<uint32_t> inner;
    ExtFolderBudget look{volume_.volume_size(), {}, {}};
    for (uint32_t number : directories) {
      auto inode = volume_.inode(number);
      if (!inode) continue;
      tree_.read_names(*inode, !volume_.inode_allocated(number).value_or(false), names_, look, nullptr, {});
      for (const ExtNames::Entry& entry : names_.entries())
        if (entry.inode != number) inner.push_back(entry.inode);
    }
    std::sort(inner.begin(), inner.end());
    for (const bool inner_too : {false, true}) {  // the second pass finds those that only name each other
      for (uint32_t number : directories) {
        if (stopped_) return;
        if (named_.test(number) || (!inner_too && std::binary_search(inner.begin(), inner.end(), number))) continue;
        auto inode = volume_.inode(number);
        if (!inode) continue;
        emit_nameless(*inode);
        path_ = record_.path;
        if (!stopped_) walk_from(number, !volume_.inode_allocated(number).value_or(false));
      }
    }
    each_nameless([&](const ExtInode& inode) { emit_nameless(inode); });
  }

  ExtTree& tree_;
  ExtVolume& volume_;
  FileVisitor& visitor_;
  WalkProblems& problems_;
  Bitmap named_, entered_;
  ExtFolderBudget budget_;
  uint64_t free_but_named_ = 0;
  bool in_orphans_ = false;
  bool stopped_ = false;
  std::string path_;
  ExtNames names_;
  FileRecord record_;
};

}  // namespace

void ExtTree::walk(FileVisitor& visitor, const ProblemHandler& handler) {
  WalkProblems problems(handler, volume_offset_);
  const ExtSuperblock& sb = volume_->superblock();
  if (volume_->from_backup())
    problems.report("damaged", "the superblock is damaged; a backup of it was used", {}, kExtSuperblockOffset);
  if (volume_->inode_count() < sb.inodes_count)
    problems.report("truncated", fmt::format("the superblock speaks of {} inodes; the volume has room for {}",
                                             sb.inodes_count, volume_->inode_count()));
  if (sb.blocks_count > volume_->volume_size() / sb.block_size)
    problems.report("truncated", fmt::format("the filesystem has {} blocks of {} bytes, the volume ends after {}",
                                             sb.blocks_count, sb.block_size, volume_->volume_size() / sb.block_size));
  ExtWalk(*this, visitor, problems).run();
  problems.finish();
}

}  // namespace necropsy
