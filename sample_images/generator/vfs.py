# SPDX-License-Identifier: Apache-2.0
"""The file systems of the simulated machine while it lives.

Each change is made at a stated time and leaves the traces a Linux kernel would
leave on ext4: times of the inode and of the directories touched, inode numbers
given out lowest-first in the parent's group and given out again after a
deletion, names that stay in (or, from kernel 5.13 on, are wiped from) the
slack of a directory block, and deletion time, zero size and empty extent tree
of what was deleted.
"""
import posixpath
import struct

from .ext4 import IMMUTABLE_FL, S_IFDIR, S_IFLNK, S_IFMT, S_IFREG, Ext4Writer, dirent_size

SECOND = 1_000_000_000


class Inode:
    __slots__ = ("fs", "number", "mode", "uid", "gid", "atime", "mtime", "ctime", "crtime", "dtime", "nlink",
                 "flags", "generation", "data", "entries", "blocks", "target", "parent", "log", "sparse", "last_path")

    def __init__(self, fs, number, mode, uid, gid, now, generation):
        self.fs, self.number, self.mode, self.uid, self.gid = fs, number, mode, uid, gid
        self.atime = self.mtime = self.ctime = self.crtime = now
        self.dtime, self.nlink, self.flags, self.generation = 0, 1, 0, generation
        self.data, self.entries, self.blocks, self.target, self.parent = b"", None, None, None, None
        self.log, self.sparse, self.last_path = None, False, None

    def is_dir(self):
        return self.mode & S_IFMT == S_IFDIR

    def content(self):
        return self.log.render() if self.log is not None else self.data


class DirectoryBlocks:
    """Directory entries where the kernel would put them, with their slack."""

    def __init__(self, block_size):
        self.usable = block_size - 12  # checksum tail
        self.blocks = []

    def _new_block(self):
        block = bytearray(self.usable)
        struct.pack_into("<IH", block, 0, 0, self.usable)
        self.blocks.append(block)
        return block

    def add(self, name, number, kind):
        raw = name.encode()
        need = dirent_size(len(raw))
        for block in self.blocks:
            if self._add_to(block, raw, number, kind, need):
                return
        self._add_to(self._new_block(), raw, number, kind, need)

    @staticmethod
    def _add_to(block, raw, number, kind, need):
        offset = 0
        while offset < len(block):
            inode, rec_len, name_len = struct.unpack_from("<IHB", block, offset)
            used = dirent_size(name_len) if inode else 0
            if rec_len - used >= need:
                if inode:
                    struct.pack_into("<H", block, offset + 4, used)
                    offset, rec_len = offset + used, rec_len - used
                struct.pack_into("<IHBB", block, offset, number, rec_len, len(raw), kind)
                block[offset + 8:offset + 8 + len(raw)] = raw
                return True
            offset += rec_len
        return False

    def _find(self, name):
        raw = name.encode()
        for block in self.blocks:
            offset, previous = 0, None
            while offset < len(block):
                inode, rec_len, name_len = struct.unpack_from("<IHB", block, offset)
                if inode and bytes(block[offset + 8:offset + 8 + name_len]) == raw:
                    return block, offset, previous, rec_len, name_len
                previous, offset = offset, offset + rec_len
        raise KeyError(name)

    def set_inode(self, name, number):
        block, offset = self._find(name)[:2]
        struct.pack_into("<I", block, offset, number)

    def remove(self, name, wipe):
        block, offset, previous, rec_len, _ = self._find(name)
        if previous is not None:
            before = struct.unpack_from("<H", block, previous + 4)[0]
            struct.pack_into("<H", block, previous + 4, before + rec_len)
            if wipe:
                block[offset:offset + rec_len] = bytes(rec_len)
        else:
            struct.pack_into("<I", block, offset, 0)
            if wipe:
                block[offset + 6:offset + rec_len] = bytes(rec_len - 6)


class FileSystem:
    """One volume: inode numbers and what became of each."""

    def __init__(self, name, image_offset, writer_path, block_size, groups, inodes_per_group, wipe_names, rng):
        self.name, self.offset, self.path, self.block_size = name, image_offset, writer_path, block_size
        self.groups, self.inodes_per_group, self.wipe_names, self.rng = groups, inodes_per_group, wipe_names, rng
        self.used = [bytearray(inodes_per_group) for _ in range(groups)]
        for i in range(11):
            self.used[0][i] = 1
        self.first_free = [0] * groups
        self.inodes = {}      # number → living inode
        self.dead = {}        # number → inode deleted last under that number
        self.dirs_in_group = [0] * groups
        self.kbytes = 0

    def allocate(self, group, now, is_dir):
        for g in [(group + k) % self.groups for k in range(self.groups)]:
            used = self.used[g]
            i = self.first_free[g]
            while i < self.inodes_per_group:
                if not used[i]:
                    number = g * self.inodes_per_group + i + 1
                    dead = self.dead.get(number)
                    # the kernel does not give out an inode within five seconds of its deletion
                    if dead is None or now - dead.dtime > 5 * SECOND:
                        used[i] = 1
                        self.dead.pop(number, None)
                        if dead is None:
                            self.first_free[g] = i + 1 if i == self.first_free[g] else self.first_free[g]
                        if is_dir:
                            self.dirs_in_group[g] += 1
                        return number
                i += 1
        raise RuntimeError("out of inodes")

    def release(self, inode):
        g, i = divmod(inode.number - 1, self.inodes_per_group)
        self.used[g][i] = 0
        self.first_free[g] = min(self.first_free[g], i)
        if inode.is_dir():
            self.dirs_in_group[g] -= 1
        del self.inodes[inode.number]
        self.dead[inode.number] = inode

    def group_for_top_directory(self):
        return min(range(self.groups), key=lambda g: (self.dirs_in_group[g], g))


class Vfs:
    """The mounted tree. `now` is the time of the change, in nanoseconds."""

    def __init__(self, root_fs, var_fs, made, rng):
        self.rng = rng
        self.root = self._make_root(root_fs, made)
        self.var = None
        self.mkdir("/var", made)
        self.var_point = self.lookup("/var")
        self.var = self._make_root(var_fs, made)

    def _make_root(self, fs, made):
        root = Inode(fs, 2, S_IFDIR | 0o755, 0, 0, made, 0)
        root.entries, root.blocks, root.nlink, root.parent = {}, DirectoryBlocks(fs.block_size), 3, root
        root.blocks.add(".", 2, 2)
        root.blocks.add("..", 2, 2)
        fs.inodes[2] = root
        lost = Inode(fs, 11, S_IFDIR | 0o700, 0, 0, made // SECOND * SECOND, 0)
        lost.entries, lost.blocks, lost.nlink, lost.parent = {}, None, 2, root
        fs.inodes[11] = lost
        root.entries["lost+found"] = lost
        root.blocks.add("lost+found", 11, 2)
        return root

    # -- looking -----------------------------------------------------------------
    def _step(self, node, name):
        child = node.entries.get(name)
        if child is not None and self.var is not None and child is self.var_point:
            return self.var
        return child

    def lookup(self, path, follow=True, depth=0):
        node = self.root
        parts = [p for p in path.split("/") if p]
        for k, part in enumerate(parts):
            if node.entries is None:
                return None
            child = self._step(node, part)
            if child is None:
                return None
            if child.target is not None and (follow or k + 1 < len(parts)):
                if depth > 8:
                    return None
                base = "/" + "/".join(parts[:k])
                joined = posixpath.normpath(posixpath.join(base, child.target))
                return self.lookup(posixpath.join(joined, *parts[k + 1:]), follow, depth + 1)
            node = child
        return node

    def real(self, path):
        """The path with links in its directories resolved."""
        directory, name = posixpath.split(posixpath.normpath(path))
        if directory == "/":
            return "/" + name
        out = "/"
        for part in [p for p in directory.split("/") if p]:
            node = self.lookup(posixpath.join(out, part), follow=False)
            if node is not None and node.target is not None:
                out = posixpath.normpath(posixpath.join(out, node.target))
            else:
                out = posixpath.join(out, part)
        return posixpath.join(out, name)

    def exists(self, path):
        return self.lookup(path, follow=False) is not None

    def read(self, path, now=None):
        node = self.lookup(path)
        if now is not None:
            self.touch_atime(node, now)
        return node.content()

    @staticmethod
    def touch_atime(node, now):
        """relatime: only when older than the other times or than a day."""
        if node.atime <= node.mtime or node.atime <= node.ctime or now - node.atime > 86400 * SECOND:
            node.atime = now

    # -- changing ------------------------------------------------------------------
    def _parent(self, path):
        directory, name = posixpath.split(self.real(path))
        node = self.lookup(directory)
        if node is None or node.entries is None:
            raise FileNotFoundError(path)
        return node, name

    def _new(self, path, mode, uid, gid, now):
        parent, name = self._parent(path)
        if name in parent.entries:
            raise FileExistsError(path)
        fs, is_dir = parent.fs, mode & S_IFMT == S_IFDIR
        group = (parent.number - 1) // fs.inodes_per_group
        if is_dir and parent.number == 2:
            group = fs.group_for_top_directory()
        node = Inode(fs, fs.allocate(group, now, is_dir), mode, uid, gid, now, self.rng.getrandbits(32))
        fs.inodes[node.number] = node
        kind = {S_IFDIR: 2, S_IFREG: 1, S_IFLNK: 7}[mode & S_IFMT]
        parent.entries[name] = node
        parent.blocks.add(name, node.number, kind)
        parent.mtime = parent.ctime = now
        node.last_path = self.real(path)
        if is_dir:
            node.entries, node.blocks, node.nlink, node.parent = {}, DirectoryBlocks(fs.block_size), 2, parent
            node.blocks.add(".", node.number, 2)
            node.blocks.add("..", parent.number, 2)
            parent.nlink += 1
        return node

    def mkdir(self, path, now, mode=0o755, uid=0, gid=0):
        return self._new(path, S_IFDIR | mode, uid, gid, now)

    def makedirs(self, path, now, mode=0o755, uid=0, gid=0):
        built = ""
        for part in [p for p in path.split("/") if p]:
            built += "/" + part
            if not self.exists(built):
                self.mkdir(built, now, mode, uid, gid)

    def symlink(self, path, target, now, uid=0, gid=0):
        node = self._new(path, S_IFLNK | 0o777, uid, gid, now)
        node.target = target
        return node

    def create(self, path, data, now, mode=0o644, uid=0, gid=0):
        node = self._new(path, S_IFREG | mode, uid, gid, now)
        node.data = data
        node.fs.kbytes += len(data) // 1024 + 1
        return node

    def write(self, path, data, now, mode=0o644, uid=0, gid=0):
        """Creates, or truncates and writes in place."""
        node = self.lookup(path)
        if node is None:
            return self.create(path, data, now, mode, uid, gid)
        node.data, node.log = data, None
        node.mtime = node.ctime = now
        node.fs.kbytes += len(data) // 1024 + 1
        return node

    def append(self, path, data, now, **kw):
        node = self.lookup(path)
        if node is None:
            return self.create(path, data, now, **kw)
        node.data += data
        node.mtime = node.ctime = now
        return node

    def replace(self, path, data, now, mode=0o644, uid=0, gid=0, suffix=".new"):
        """A new file renamed over the old one, as editors and tools do."""
        temp = path + suffix
        node = self.create(temp, data, now, mode, uid, gid)
        self.rename(temp, path, now + 1_200_000)
        return node

    def rename(self, old, new, now):
        parent, name = self._parent(old)
        node = parent.entries[name]
        target_parent, target_name = self._parent(new)
        if target_parent.fs is not parent.fs:
            raise OSError("cross-device")
        existing = target_parent.entries.get(target_name)
        if existing is node:
            return
        if existing is not None:
            target_parent.blocks.set_inode(target_name, node.number)
        else:
            kind = {S_IFDIR: 2, S_IFREG: 1, S_IFLNK: 7}[node.mode & S_IFMT]
            target_parent.blocks.add(target_name, node.number, kind)
        target_parent.entries[target_name] = node
        del parent.entries[name]
        parent.blocks.remove(name, parent.fs.wipe_names)
        node.ctime = parent.mtime = parent.ctime = target_parent.mtime = target_parent.ctime = now
        node.last_path = self.real(new)
        if existing is not None:
            self._drop(existing, now)

    def link(self, old, new, now):
        node = self.lookup(old, follow=False)
        parent, name = self._parent(new)
        parent.entries[name] = node
        parent.blocks.add(name, node.number, 1)
        node.nlink += 1
        node.ctime = parent.mtime = parent.ctime = now

    def _drop(self, node, now):
        node.nlink -= 1
        node.ctime = now
        if node.nlink == 0 or node.is_dir():
            node.nlink = 0
            if node.content() or node.is_dir():
                node.mtime = now  # ext4_truncate stamps both
            node.dtime = now // SECOND
            node.dtime = node.dtime * SECOND
            node.fs.release(node)

    def unlink(self, path, now):
        parent, name = self._parent(path)
        node = parent.entries.pop(name)
        parent.blocks.remove(name, parent.fs.wipe_names)
        parent.mtime = parent.ctime = now
        if node.is_dir():
            if node.entries:
                raise OSError("not empty: " + path)
            parent.nlink -= 1
        self._drop(node, now)
        return node

    def rmtree(self, path, now, step=400_000):
        node = self.lookup(path, follow=False)
        if node.is_dir():
            for name in list(node.entries):
                now = self.rmtree(posixpath.join(path, name), now, step)
        self.unlink(path, now)
        return now + step

    def set_times(self, path, atime, mtime, now):
        node = self.lookup(path)
        node.atime, node.mtime, node.ctime = atime, mtime, now

    def chmod(self, path, mode, now):
        node = self.lookup(path)
        node.mode, node.ctime = node.mode & S_IFMT | mode, now

    def chown(self, path, uid, gid, now):
        node = self.lookup(path, follow=False)
        node.uid, node.gid, node.ctime = uid, gid, now

    def set_immutable(self, path, now):
        node = self.lookup(path)
        node.flags |= IMMUTABLE_FL
        node.ctime = now

    def walk(self, path="/"):
        """(path, inode) of every name, mount points followed."""
        node = self.lookup(path, follow=False)
        yield path, node
        if node.entries is not None:
            for name in sorted(node.entries):
                child = posixpath.join(path, name)
                if self.lookup(child, follow=False).entries is not None:
                    yield from self.walk(child)
                else:
                    yield child, self.lookup(child, follow=False)


def _chunks(data, block_size, sparse):
    if not data:
        return []
    if not sparse:
        return [(0, data)]
    out, start = [], None
    count = (len(data) + block_size - 1) // block_size
    for b in range(count + 1):
        empty = b == count or not any(data[b * block_size:(b + 1) * block_size])
        if not empty and start is None:
            start = b
        elif empty and start is not None:
            out.append((start, data[start * block_size:b * block_size]))
            start = None
    return out


def commit(fs, mount_time, write_time, mount_count, mount_point):
    """Writes the whole volume into the filesystem that mke2fs made."""
    writer = Ext4Writer(fs.path)
    if (writer.groups, writer.inodes_per_group) != (fs.groups, fs.inodes_per_group):
        raise RuntimeError(f"geometry: {writer.groups}×{writer.inodes_per_group} inodes")
    root = fs.inodes[2]
    raw = writer.read_inode(2)
    # the root directory keeps the block mke2fs gave it and grows if it must
    struct.pack_into("<H", raw, 26, root.nlink)
    first = struct.unpack_from("<I", raw, 60)[0]
    writer.pack_times(raw, root)
    struct.pack_into("<H", raw, 0, root.mode)
    if len(root.blocks.blocks) != 1:
        raise RuntimeError("root directory larger than a block")
    generation = struct.unpack_from("<I", raw, 100)[0]
    writer.write_block_data(first, writer.directory_block_with_tail(2, generation, root.blocks.blocks[0] + bytes(12)))
    writer.write_inode(2, raw)
    lost = writer.read_inode(11)
    writer.pack_times(lost, fs.inodes[11])
    writer.write_inode(11, lost)

    for number in sorted(n for n in fs.inodes if n > 11):
        node = fs.inodes[number]
        raw = writer.pack_inode(node)
        writer.set_inode_used(number, node.is_dir())
        if node.is_dir():
            data = b"".join(writer.directory_block_with_tail(number, node.generation, b + bytes(12))
                            for b in node.blocks.blocks)
            writer.place(number, raw, [(0, data)], len(data))
        elif node.target is not None:
            target = node.target.encode()
            if len(target) >= 60:
                writer.place(number, raw, [(0, target)], len(target))
            else:
                raw[40:100] = target.ljust(60, b"\0")
                struct.pack_into("<I", raw, 32, 0)
                struct.pack_into("<I", raw, 4, len(target))
        else:
            data = node.content()
            writer.place(number, raw, _chunks(data, fs.block_size, node.sparse), len(data))
        writer.write_inode(number, raw)

    for number in sorted(fs.dead):
        node = fs.dead[number]
        raw = writer.pack_inode(node)
        struct.pack_into("<I", raw, 20, node.dtime // SECOND)
        if node.target is not None:
            struct.pack_into("<I", raw, 32, 0)
            raw[40:100] = bytes(60)
        else:
            # content stays behind in blocks that belong to nobody now
            data = node.content() if not node.is_dir() else b""
            if data:
                count = (len(data) + fs.block_size - 1) // fs.block_size
                g = (number - 1) // fs.inodes_per_group
                start = writer._free_run(g, count, writer.next_block.get(g, 0))
                if start is not None:
                    writer.write_block_data(writer.group_start(g) + start, data)
                    writer.next_block[g] = start + count
        writer.write_inode(number, raw)
    writer.finish(mount_time, write_time, mount_count, mount_point, fs.kbytes)
