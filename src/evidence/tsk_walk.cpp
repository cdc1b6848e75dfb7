// SPDX-License-Identifier: Apache-2.0
// The walk over names that libtsk finds. The recursion is ours: on the heap, safe from loops, and going on after
// damage.
#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "evidence/tsk_walked.hpp"

namespace necropsy {
namespace {

constexpr size_t kMaxDepth = 512, kMaxPath = 16 * 1024;
constexpr std::string_view kOrphans = "/$OrphanFiles";

class TskWalk {
 public:
  TskWalk(TskWalkedTree& tree, FileVisitor& visitor, WalkProblems& problems)
      : tree_(tree), fs_(tree.filesystem()), visitor_(visitor), problems_(problems) {}

  void run() {
    FileRecord root;
    root.path = "/";
    root.ref.inode = fs_->root_inum;
    root.type = FileType::directory;
    if (!tree_.describe(fs_->root_inum, nullptr, root)) problems_.report("damaged", tsk_error_text(), "/");
    root.type = FileType::directory;
    if (!visitor_.file(root)) return;
    walk_from(fs_->root_inum, {}, false);
    if (!stopped_) nameless();
  }

 private:
  struct Child {
    uint64_t number;
    std::string name;
  };
  struct Frame {
    size_t path_length;
    std::vector<Child> children;
    size_t next = 0;
  };

  void walk_from(uint64_t number, std::string path, bool orphans) {
    if (!entered_.insert(number).second) return;
    path_ = std::move(path);
    in_orphans_ = orphans;
    std::vector<Frame> frames;
    frames.push_back({path_.size(), {}});
    names_of(number, frames.back().children);
    while (!frames.empty() && !stopped_) {
      Frame& frame = frames.back();
      path_.resize(frame.path_length);
      if (frame.next >= frame.children.size()) {
        frames.pop_back();
        continue;
      }
      const Child child = std::move(frame.children[frame.next++]);
      append(child.name);
      if (!entered_.insert(child.number).second) continue;
      if (frames.size() >= kMaxDepth || path_.size() > kMaxPath) {
        problems_.report("too-deep", "names below are not listed: no tree is this deep", path_);
        continue;
      }
      frames.push_back({path_.size(), {}});
      names_of(child.number, frames.back().children);
    }
  }

  void append(std::string_view name) {
    path_ += '/';
    const size_t start = path_.size();
    path_ += name;
    std::replace(path_.begin() + static_cast<std::ptrdiff_t>(start), path_.end(), '/', ':');
  }

  void names_of(uint64_t directory, std::vector<Child>& children) {
    const TskDirectory names(tsk_fs_dir_open_meta(fs_, directory));
    if (!names) {
      problems_.report("damaged-directory", tsk_error_text(), path_);
      return;
    }
    const size_t length = path_.size();
    const size_t count = tsk_fs_dir_getsize(names.get());
    for (size_t i = 0; i < count && !stopped_; ++i) {
      const TSK_FS_NAME* name = tsk_fs_dir_get_name(names.get(), i);
      if (!name || !name->name || TSK_FS_ISDOT(name->name) || tree_.is_virtual(*name)) continue;
      path_.resize(length);
      append(name->name);
      one(*name, children);
    }
    path_.resize(length);
    tsk_error_reset();
  }

  void one(const TSK_FS_NAME& name, std::vector<Child>& children) {
    const bool removed = !(name.flags & TSK_FS_NAME_FLAG_ALLOC);
    FileRecord record;
    record.path = path_;
    record.ref.inode = name.meta_addr;
    record.state = in_orphans_ ? FileState::orphan : removed ? FileState::deleted : FileState::allocated;
    bool directory = false;
    if (name.meta_addr != 0 || !removed) {
      const bool reused = removed && !tree_.is_fat() && is_allocated(name.meta_addr);
      if (reused) {
        record.reallocated = true;
      } else if (tree_.describe(name.meta_addr, &name, record)) {
        directory = record.type == FileType::directory;
        if (removed) named_.insert(name.meta_addr);
      } else if (!removed) {
        problems_.report("damaged", tsk_error_text(), path_);
      }
    }
    if (directory) children.push_back({name.meta_addr, name.name});
    if (!visitor_.file(record)) stopped_ = true;
  }

  bool is_allocated(uint64_t number) const {
    const TskFile file(tsk_fs_file_open_meta(fs_, nullptr, number));
    return file && file->meta && (file->meta->flags & TSK_FS_META_FLAG_ALLOC);
  }

  struct Nameless {
    uint64_t number;
    bool directory;
    std::string name;  // FAT keeps the name with the rest
  };

  static TSK_WALK_RET_ENUM collect(TSK_FS_FILE* file, void* walk) {
    auto& self = *static_cast<TskWalk*>(walk);
    if (!file->meta || self.named_.contains(file->meta->addr)) return TSK_WALK_CONT;
    const TSK_FS_META& meta = *file->meta;
    if (meta.type == TSK_FS_META_TYPE_VIRT || meta.type == TSK_FS_META_TYPE_VIRT_DIR) return TSK_WALK_CONT;
    std::string name = meta.name2 ? meta.name2->name : "";
    if (name == "." || name == "..") return TSK_WALK_CONT;
    self.nameless_.push_back({meta.addr, meta.type == TSK_FS_META_TYPE_DIR, std::move(name)});
    return self.nameless_.size() < kMaxNameless ? TSK_WALK_CONT : TSK_WALK_STOP;
  }

  void nameless() {
    // The catalog of HFS keeps nothing of removed files, and its header may promise any number of ids to look up.
    if (TSK_FS_TYPE_ISHFS(fs_->ftype)) return;
    // No filesystem keeps a file in less than 16 bytes, whatever its superblock promises.
    const TSK_INUM_T last = std::min<TSK_INUM_T>(
        fs_->last_inum, fs_->first_inum + static_cast<TSK_INUM_T>(std::max<TSK_OFF_T>(fs_->img_info->size, 0)) / 16);
    const auto flags = static_cast<TSK_FS_META_FLAG_ENUM>(TSK_FS_META_FLAG_UNALLOC | TSK_FS_META_FLAG_USED);
    if (tsk_fs_meta_walk(fs_, fs_->first_inum, last, flags, collect, this) != 0)
      problems_.report("damaged", "nameless files: " + tsk_error_text());
    if (nameless_.size() >= kMaxNameless)
      problems_.report("limit", fmt::format("only the first {} nameless files are listed", kMaxNameless));
    // Folders first: what they name is found below them.
    for (const bool directories : {true, false})
      for (const Nameless& found : nameless_) {
        if (stopped_) return;
        if (found.directory != directories || !named_.insert(found.number).second) continue;
        FileRecord record;
        record.state = FileState::orphan;
        record.path = fmt::format("{}/inode-{}", kOrphans, found.number);
        if (!found.name.empty()) {
          path_ = record.path;
          append(found.name);
          record.path = path_;
        }
        if (!tree_.describe(found.number, nullptr, record)) continue;
        if (tree_.is_fat() && record.type == FileType::metadata) continue;  // a former label is no file
        if (!visitor_.file(record)) stopped_ = true;
        if (directories && !stopped_) walk_from(found.number, record.path, true);
      }
  }

  static constexpr size_t kMaxNameless = 1u << 22;
  TskWalkedTree& tree_;
  TSK_FS_INFO* fs_;
  FileVisitor& visitor_;
  WalkProblems& problems_;
  bool stopped_ = false, in_orphans_ = false;
  std::string path_;
  std::unordered_set<uint64_t> entered_, named_;
  std::vector<Nameless> nameless_;
};

}  // namespace

void TskWalkedTree::walk(FileVisitor& visitor, const ProblemHandler& handler) {
  WalkProblems problems(handler, offset_);
  TskWalk(*this, visitor, problems).run();
  tsk_error_reset();
  problems.finish();
}

}  // namespace necropsy
