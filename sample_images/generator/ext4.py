# SPDX-License-Identifier: Apache-2.0
"""Writes a finished tree of inodes into an empty ext4 filesystem of mke2fs.

mke2fs makes superblock, journal and tables; everything that a kernel would
have written while the machine ran (inodes with nanosecond and creation times,
directory blocks with their slack, extents, bitmaps, counters, checksums,
inodes of deleted files with their deletion time) is written here. The layout
follows the kernel's Documentation/filesystems/ext4; e2fsck -fn is the judge.
"""
import os
import struct
import subprocess

from .crc32c import crc32c

S_IFMT, S_IFDIR, S_IFREG, S_IFLNK = 0o170000, 0o040000, 0o100000, 0o120000
EXTENTS_FL = 0x80000
IMMUTABLE_FL = 0x10
FEATURES = ("has_journal,ext_attr,resize_inode,dir_index,filetype,extent,64bit,flex_bg,"
            "sparse_super,large_file,huge_file,dir_nlink,extra_isize,metadata_csum")


def make_filesystem(path, size, block_size, group_blocks, inodes, uuid, hash_seed, mkfs_time, mount_point):
    """An empty filesystem, the same bytes for the same arguments."""
    with open(path, "wb") as out:
        out.truncate(size)
    env = dict(os.environ, E2FSPROGS_FAKE_TIME=str(mkfs_time), SOURCE_DATE_EPOCH=str(mkfs_time),
               LC_ALL="C", TZ="UTC", MKE2FS_CONFIG="/nonexistent")
    env["PATH"] = env.get("PATH", "") + ":/usr/sbin:/sbin"
    subprocess.run(
        ["mke2fs", "-q", "-F", "-t", "ext4", "-O", "none," + FEATURES, "-b", str(block_size), "-I", "256",
         "-g", str(group_blocks), "-N", str(inodes), "-m", "5", "-U", uuid, "-J", "size=4",
         "-E", f"hash_seed={hash_seed},lazy_itable_init=0,lazy_journal_init=0,root_owner=0:0",
         "-M", mount_point, path],
        check=True, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def encode_time(ns):
    """(seconds word, extra word) of a time in nanoseconds since 1970."""
    seconds, nanos = divmod(ns, 1_000_000_000)
    epoch = ((seconds - ((seconds & 0xFFFFFFFF) - ((seconds & 0x80000000) << 1))) >> 32) & 3
    return seconds & 0xFFFFFFFF, (nanos << 2) | epoch


def dirent_size(name_len):
    return (8 + name_len + 3) & ~3


class Ext4Writer:
    def __init__(self, path):
        self.file = open(path, "r+b")
        self.file.seek(1024)
        self.sb = bytearray(self.file.read(1024))
        u32 = lambda o: struct.unpack_from("<I", self.sb, o)[0]
        u16 = lambda o: struct.unpack_from("<H", self.sb, o)[0]
        self.block_size = 1024 << u32(24)
        self.blocks = u32(4)
        self.first_data_block = u32(20)
        self.blocks_per_group = u32(32)
        self.inodes_per_group = u32(40)
        self.inode_count = u32(0)
        self.inode_size = u16(88)
        self.reserved_gdt = u16(206)
        self.desc_size = u16(254)
        self.first_inode = u32(84)
        self.csum_seed = crc32c(0xFFFFFFFF, bytes(self.sb[104:120]))
        self.groups = (self.blocks - self.first_data_block + self.blocks_per_group - 1) // self.blocks_per_group
        self.file.seek((self.first_data_block + 1) * self.block_size)
        self.gdt = bytearray(self.file.read(self.groups * self.desc_size))
        self._load_bitmaps()
        self.next_block = {}

    # -- reading what mke2fs left ----------------------------------------------
    def _desc(self, group, offset, fmt):
        return struct.unpack_from("<" + fmt, self.gdt, group * self.desc_size + offset)[0]

    def _set_desc(self, group, offset, fmt, value):
        struct.pack_into("<" + fmt, self.gdt, group * self.desc_size + offset, value)

    def group_start(self, group):
        return self.first_data_block + group * self.blocks_per_group

    def group_blocks(self, group):
        return min(self.blocks_per_group, self.blocks - self.group_start(group))

    @staticmethod
    def _has_super(group):
        if group <= 1:
            return True
        for base in (3, 5, 7):
            n = base
            while n < group:
                n *= base
            if n == group:
                return True
        return False

    def _load_bitmaps(self):
        self.block_map, self.inode_map = [], []
        gdt_blocks = (self.groups * self.desc_size + self.block_size - 1) // self.block_size
        for g in range(self.groups):
            flags = self._desc(g, 0x12, "H")
            if flags & 2:  # block bitmap not initialised: only backups lie here (flex_bg)
                bitmap = bytearray(self.block_size)
                used = 1 + gdt_blocks + self.reserved_gdt if self._has_super(g) else 0
                for b in range(used):
                    bitmap[b >> 3] |= 1 << (b & 7)
                meta = []
                for owner in range(self.groups):
                    meta += [self._desc(owner, 0, "I"), self._desc(owner, 4, "I")]
                    table = self._desc(owner, 8, "I")
                    meta += range(table, table + self.inodes_per_group * self.inode_size // self.block_size)
                for block in meta:
                    b = block - self.group_start(g)
                    if 0 <= b < self.blocks_per_group:
                        bitmap[b >> 3] |= 1 << (b & 7)
                for b in range(self.group_blocks(g), self.block_size * 8):
                    bitmap[b >> 3] |= 1 << (b & 7)
            else:
                self.file.seek(self._desc(g, 0, "I") * self.block_size)
                bitmap = bytearray(self.file.read(self.block_size))
            self.block_map.append(bitmap)
            if flags & 1:
                bitmap = bytearray(self.block_size)
                for i in range(self.inodes_per_group, self.block_size * 8):
                    bitmap[i >> 3] |= 1 << (i & 7)
            else:
                self.file.seek(self._desc(g, 4, "I") * self.block_size)
                bitmap = bytearray(self.file.read(self.block_size))
            self.inode_map.append(bitmap)
        self.highest_inode = [0] * self.groups
        self.dirs = [self._desc(g, 0x10, "H") for g in range(self.groups)]

    def read_inode(self, number):
        g, i = divmod(number - 1, self.inodes_per_group)
        self.file.seek(self._desc(g, 8, "I") * self.block_size + i * self.inode_size)
        return bytearray(self.file.read(self.inode_size))

    # -- blocks -------------------------------------------------------------------
    def _free_run(self, group, wanted, start=0):
        """First run of `wanted` free blocks in the group, relative to its start."""
        bitmap, limit, run = self.block_map[group], self.group_blocks(group), 0
        b = start
        while b < limit:
            if run == 0 and not b & 7 and bitmap[b >> 3] == 0xFF:
                b += 8
                continue
            if bitmap[b >> 3] >> (b & 7) & 1:
                run = 0
            else:
                run += 1
                if run == wanted:
                    return b - wanted + 1
            b += 1
        return None

    def allocate(self, group, wanted):
        for g in [(group + k) % self.groups for k in range(self.groups)]:
            start = self._free_run(g, wanted, self.next_block.get(g, 0))
            if start is None:
                start = self._free_run(g, wanted, 0)
            if start is None:
                continue
            for b in range(start, start + wanted):
                self.block_map[g][b >> 3] |= 1 << (b & 7)
            self.next_block[g] = start + wanted
            return self.group_start(g) + start
        raise RuntimeError(f"no run of {wanted} free blocks left")

    def is_free(self, block):
        g, b = divmod(block - self.first_data_block, self.blocks_per_group)
        return not self.block_map[g][b >> 3] >> (b & 7) & 1

    def write_block_data(self, block, data):
        self.file.seek(block * self.block_size)
        self.file.write(data)

    # -- inodes ---------------------------------------------------------------------
    def inode_seed(self, number, generation):
        return crc32c(crc32c(self.csum_seed, struct.pack("<I", number)), struct.pack("<I", generation))

    def write_inode(self, number, raw):
        raw[0x7C:0x7E] = raw[0x82:0x84] = b"\0\0"
        crc = crc32c(self.inode_seed(number, struct.unpack_from("<I", raw, 100)[0]), bytes(raw))
        struct.pack_into("<H", raw, 0x7C, crc & 0xFFFF)
        struct.pack_into("<H", raw, 0x82, crc >> 16)
        g, i = divmod(number - 1, self.inodes_per_group)
        self.highest_inode[g] = max(self.highest_inode[g], i + 1)
        self.file.seek(self._desc(g, 8, "I") * self.block_size + i * self.inode_size)
        self.file.write(raw)

    def set_inode_used(self, number, is_dir):
        g, i = divmod(number - 1, self.inodes_per_group)
        self.inode_map[g][i >> 3] |= 1 << (i & 7)
        if is_dir:
            self.dirs[g] += 1

    @staticmethod
    def pack_times(raw, inode):
        for offset, extra, value in ((8, 140, inode.atime), (12, 132, inode.ctime), (16, 136, inode.mtime),
                                     (144, 148, inode.crtime)):
            seconds, more = encode_time(value)
            struct.pack_into("<I", raw, offset, seconds)
            struct.pack_into("<I", raw, extra, more)

    def pack_inode(self, inode):
        """The fixed part of an inode record; block map is left empty."""
        raw = bytearray(self.inode_size)
        struct.pack_into("<HHI", raw, 0, inode.mode, inode.uid & 0xFFFF, 0)
        struct.pack_into("<HH", raw, 24, inode.gid & 0xFFFF, inode.nlink)
        struct.pack_into("<I", raw, 32, inode.flags | EXTENTS_FL)
        struct.pack_into("<HHHH", raw, 40, 0xF30A, 0, 4, 0)  # empty extent tree
        struct.pack_into("<I", raw, 100, inode.generation)
        struct.pack_into("<HH", raw, 120, inode.uid >> 16, inode.gid >> 16)
        struct.pack_into("<H", raw, 128, 32)
        self.pack_times(raw, inode)
        return raw

    def place(self, number, raw, chunks, size):
        """Gives data its blocks. chunks: list of (logical block, bytes)."""
        extents, used = [], 0
        for logical, data in chunks:
            count = (len(data) + self.block_size - 1) // self.block_size
            group = (number - 1) // self.inodes_per_group
            block = self.allocate(group, count)
            self.write_block_data(block, data.ljust(count * self.block_size, b"\0"))
            extents.append((logical, count, block))
            used += count
        if len(extents) > 4:
            raise RuntimeError("more than four extents")
        struct.pack_into("<HHHHI", raw, 40, 0xF30A, len(extents), 4, 0, 0)
        for k, (logical, count, block) in enumerate(extents):
            struct.pack_into("<IHHI", raw, 52 + 12 * k, logical, count, block >> 32, block & 0xFFFFFFFF)
        struct.pack_into("<I", raw, 4, size & 0xFFFFFFFF)
        struct.pack_into("<I", raw, 108, size >> 32)
        struct.pack_into("<I", raw, 28, used * (self.block_size // 512))

    def directory_block_with_tail(self, number, generation, block):
        seed = self.inode_seed(number, generation)
        body = bytes(block[:-12])
        return body + struct.pack("<IHBBI", 0, 12, 0, 0xDE, crc32c(seed, body))

    # -- the end ------------------------------------------------------------------
    def finish(self, mount_time, write_time, mount_count, mount_point, kbytes):
        free_blocks = free_inodes = 0
        for g in range(self.groups):
            limit = self.group_blocks(g)
            used = sum(bin(x).count("1") for x in self.block_map[g]) - (self.block_size * 8 - limit)
            fb = limit - used
            used_i = sum(bin(x).count("1") for x in self.inode_map[g]) - (self.block_size * 8 - self.inodes_per_group)
            fi = self.inodes_per_group - used_i
            old_high = self.inodes_per_group - self._desc(g, 0x1C, "H")
            high = max(self.highest_inode[g], old_high if not self._desc(g, 0x12, "H") & 1 else 0)
            flags = self._desc(g, 0x12, "H")
            if high:
                flags &= ~1
            if used_i == 0 and high == 0:
                flags |= 1
            flags &= ~2
            self._set_desc(g, 0x0C, "H", fb & 0xFFFF)
            self._set_desc(g, 0x0E, "H", fi & 0xFFFF)
            self._set_desc(g, 0x10, "H", self.dirs[g])
            self._set_desc(g, 0x12, "H", flags)
            self._set_desc(g, 0x1C, "H", self.inodes_per_group - high)
            self.file.seek(self._desc(g, 0, "I") * self.block_size)
            self.file.write(self.block_map[g])
            crc = crc32c(self.csum_seed, bytes(self.block_map[g][:self.blocks_per_group // 8]))
            self._set_desc(g, 0x18, "H", crc & 0xFFFF)
            self._set_desc(g, 0x38, "H", crc >> 16)
            self.file.seek(self._desc(g, 4, "I") * self.block_size)
            self.file.write(self.inode_map[g])
            crc = crc32c(self.csum_seed, bytes(self.inode_map[g][:self.inodes_per_group // 8]))
            self._set_desc(g, 0x1A, "H", crc & 0xFFFF)
            self._set_desc(g, 0x3A, "H", crc >> 16)
            self._set_desc(g, 0x1E, "H", 0)
            desc = bytes(self.gdt[g * self.desc_size:(g + 1) * self.desc_size])
            crc = crc32c(crc32c(self.csum_seed, struct.pack("<I", g)), desc)
            self._set_desc(g, 0x1E, "H", crc & 0xFFFF)
            free_blocks += fb
            free_inodes += fi
        sb = self.sb
        struct.pack_into("<I", sb, 12, free_blocks & 0xFFFFFFFF)
        struct.pack_into("<I", sb, 16, free_inodes)
        struct.pack_into("<I", sb, 44, mount_time & 0xFFFFFFFF)
        struct.pack_into("<I", sb, 48, write_time & 0xFFFFFFFF)
        struct.pack_into("<H", sb, 52, mount_count)
        struct.pack_into("<H", sb, 54, 0xFFFF)
        sb[136:200] = mount_point.encode().ljust(64, b"\0")
        struct.pack_into("<Q", sb, 0x178, kbytes)
        struct.pack_into("<I", sb, 1020, crc32c(0xFFFFFFFF, bytes(sb[:1020])))
        self.file.seek(1024)
        self.file.write(sb)
        self.file.seek((self.first_data_block + 1) * self.block_size)
        self.file.write(self.gdt)
        self.file.close()
