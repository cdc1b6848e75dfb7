#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Bends an image so that whoever follows its pointers never comes to an end.

usage: hostile_disks.py KIND IMAGE

ext-deep        folders in folders, 10,000 deep (debugfs)
ext-loop        /a/b/c/loop is /a, and two folders without a name that hold each other
ext-extents     /srv/file: an index block of its extent tree that is its own child
ext-indirect    /srv/file of an ext2: an indirect block that holds its own number, on all levels
ext-lines       /srv/file of an ext2: all its 4 GiB are one block with lines of a log
ext-same-block  /srv: thousands of extents that all lead to one block of names
ntfs-parents    /one and /two: each is the other's parent
ntfs-list       /file.txt: its attribute list leads to a record whose attribute list leads back
"""
import os
import re
import struct
import subprocess
import sys


def debugfs(image, commands):
    done = subprocess.run(['debugfs', '-w', '-f', '-', image], input='\n'.join(commands) + '\n', check=True, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return done.stdout


def inode_place(image, path):
    """Byte at which the inode of a path lies, and the block size."""
    said = debugfs(image, ['imap ' + path, 'show_super_stats -h'])
    block, offset = re.search(r'located at block (\d+), offset 0x([0-9a-f]+)', said).groups()
    size = int(re.search(r'Block size:\s+(\d+)', said).group(1))
    return int(block) * size + int(offset, 16), size


def write(image, at, data):
    with open(image, 'r+b') as f:
        f.seek(at)
        f.write(data)


def read(image, at, size):
    with open(image, 'rb') as f:
        f.seek(at)
        return f.read(size)


def blocks(image, path):
    return [int(b) for b in debugfs(image, ['blocks ' + path]).splitlines()[-1].split()]


def ext_deep(image):
    commands = ['cd /']
    for _ in range(10000):
        commands += ['mkdir d', 'cd d']
    debugfs(image, commands)


def ext_loop(image):
    debugfs(image, ['mkdir /a', 'mkdir /a/b', 'mkdir /a/b/c', 'ln /a /a/b/c/loop', 'mkdir /x', 'mkdir /x/y',
                    'ln /x /x/y/back', 'unlink /x'])


def ext_extents(image):
    at, size = inode_place(image, '/srv/file')
    node = blocks(image, '/srv/file')[0]
    header = struct.pack('<HHHHI', 0xF30A, 1, 4, 2, 0)  # ext4 wiki, extent tree: magic, entries, most, depth, generation
    index = struct.pack('<IIHH', 0, node, 0, 0)
    write(image, at + 0x28, header + index)
    write(image, node * size, header + index)


def ext_indirect(image):
    at, size = inode_place(image, '/srv/file')
    node = blocks(image, '/srv/file')[0]
    write(image, at + 0x28, struct.pack('<15I', *[node] * 15))
    write(image, at + 4, struct.pack('<I', 0xFFFFFFFF))  # size: as much as its levels can hold
    write(image, node * size, struct.pack('<I', node) * (size // 4))


def ext_lines(image):
    at, size = inode_place(image, '/srv/file')
    data, one, two, three = blocks(image, '/srv/file')[:4]
    line = b'Mar  2 10:00:01 web1 sshd[1]: Accepted password for mallory from 192.0.2.1 port 4000 ssh2 and so on %s\n'
    text = line * (size // len(line) + 1)
    write(image, data * size, text[:size - 1] + b'\n')
    for node, child in ((one, data), (two, one), (three, two)):
        write(image, node * size, struct.pack('<I', child) * (size // 4))
    write(image, at + 0x28, struct.pack('<15I', *[data] * 12, one, two, three))
    write(image, at + 4, struct.pack('<I', 0xFFFFFC00))


def ext_same_block(image):
    """An extent tree of depth 1 whose leaves map each block of the folder to the same one, full of names."""
    at, size = inode_place(image, '/srv')
    inode = int(re.search(r'Inode: (\d+)', debugfs(image, ['stat /srv'])).group(1))
    pool = blocks(image, '/srv/file')
    names, leaves = pool[0], pool[1:1 + 4]
    block = b''
    while len(block) < size:
        block += struct.pack('<IHBB8s', inode, 16, 8, 2, b'n%07d' % (len(block) // 16))
    write(image, names * size, block)
    per_leaf = (size - 12) // 12
    root = struct.pack('<HHHHI', 0xF30A, len(leaves), 4, 1, 0)
    logical = 0
    for leaf in leaves:
        root += struct.pack('<IIHH', logical, leaf, 0, 0)
        entries = b''
        for _ in range(per_leaf):
            entries += struct.pack('<IHHI', logical, 1, 0, names)
            logical += 1
        write(image, leaf * size, struct.pack('<HHHHI', 0xF30A, per_leaf, per_leaf, 0, 0) + entries)
    write(image, at + 0x28, root.ljust(60, b'\0'))
    write(image, at + 4, struct.pack('<I', min(logical * size, 0xFFFFF000)))


class Ntfs:
    """MFT records of a volume by their number, with the update sequence taken out and put back."""

    def __init__(self, image):
        self.image = image
        boot = read(image, 0, 512)
        self.cluster = struct.unpack_from('<H', boot, 11)[0] * boot[13]
        self.mft = struct.unpack_from('<Q', boot, 48)[0] * self.cluster
        self.sectors = 2

    def get(self, number):
        record = bytearray(read(self.image, self.mft + number * 1024, 1024))
        array = struct.unpack_from('<H', record, 4)[0]
        for i in range(self.sectors):
            record[512 * i + 510:512 * i + 512] = record[array + 2 + 2 * i:array + 4 + 2 * i]
        return record

    def put(self, number, record):
        record = bytearray(record)
        array = struct.unpack_from('<H', record, 4)[0]
        for i in range(self.sectors):
            record[array + 2 + 2 * i:array + 4 + 2 * i] = record[512 * i + 510:512 * i + 512]
            record[512 * i + 510:512 * i + 512] = record[array:array + 2]
        write(self.image, self.mft + number * 1024, record)

    def named(self, name):
        wide = name.encode('utf-16-le')
        for number in range(24, 2000):
            record = self.get(number)
            if record[:4] == b'FILE' and wide in record:
                return number
        sys.exit('no record is called ' + name)

    @staticmethod
    def attribute(record, kind):
        at = struct.unpack_from('<H', record, 20)[0]
        while struct.unpack_from('<I', record, at)[0] != kind:
            at += struct.unpack_from('<I', record, at + 4)[0]
        return at

    def reference(self, number):
        return number | struct.unpack_from('<H', self.get(number), 16)[0] << 48


def ntfs_parents(image):
    volume = Ntfs(image)
    one, two = volume.named('one'), volume.named('two')
    for number, parent in ((one, two), (two, one)):
        record = volume.get(number)
        at = volume.attribute(record, 0x30)
        content = at + struct.unpack_from('<H', record, at + 20)[0]
        struct.pack_into('<Q', record, content, volume.reference(parent))
        volume.put(number, record)


def ntfs_list(image):
    volume = Ntfs(image)
    one, two = volume.named('file.txt'), volume.named('other.txt')
    references = [volume.reference(one), volume.reference(two)]
    for number, base in ((one, 0), (two, references[0])):
        record = volume.get(number)
        first = struct.unpack_from('<H', record, 20)[0]
        behind = first + struct.unpack_from('<I', record, first + 4)[0]  # behind $STANDARD_INFORMATION
        listed = b''.join(struct.pack('<IHBBQQH6x', 0x80, 32, 0, 26, 0, references[i % 2], i) for i in range(6))
        attribute = struct.pack('<IIBBHHHIHBB', 0x20, 24 + len(listed), 0, 0, 24, 0, 9, len(listed), 24, 0, 0) + listed
        rest = bytes(record[behind:struct.unpack_from('<I', record, 24)[0]])
        record[behind:behind + len(attribute) + len(rest)] = attribute + rest
        struct.pack_into('<I', record, 24, behind + len(attribute) + len(rest))
        struct.pack_into('<Q', record, 32, base)
        volume.put(number, record[:1024])


if __name__ == '__main__':
    os.environ['PATH'] += ':/usr/sbin:/sbin'
    globals()[sys.argv[1].replace('-', '_')](sys.argv[2])
