#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes an NTFS image without root and without mounting: mkntfs, folders through libntfs-3g, files through ntfscp.

usage: make_ntfs.py IMAGE MEBIBYTES [FILE=PATH/IN/IMAGE ...]"""
import ctypes
import ctypes.util
import os
import subprocess
import sys

DIRECTORY = 0o040000


def library():
    name = ctypes.util.find_library('ntfs-3g')
    if name is None:
        sys.exit('libntfs-3g is not installed')
    lib = ctypes.CDLL(name)
    pointer = ctypes.c_void_p
    lib.ntfs_mount.restype = pointer
    lib.ntfs_mount.argtypes = [ctypes.c_char_p, ctypes.c_ulong]
    lib.ntfs_pathname_to_inode.restype = pointer
    lib.ntfs_pathname_to_inode.argtypes = [pointer, pointer, ctypes.c_char_p]
    lib.ntfs_create.restype = pointer
    lib.ntfs_create.argtypes = [pointer, ctypes.c_uint32, pointer, ctypes.c_uint8, ctypes.c_uint32]
    lib.ntfs_inode_close.argtypes = [pointer]
    lib.ntfs_umount.argtypes = [pointer, ctypes.c_int]
    return lib


def make_folders(image, folders):
    lib = library()
    volume = lib.ntfs_mount(image.encode(), 0)
    if not volume:
        sys.exit('the image does not open')
    for folder in folders:
        parent, _, name = folder.rpartition('/')
        inode = lib.ntfs_pathname_to_inode(volume, None, (parent or '/').encode())
        text = ctypes.create_string_buffer(name.encode('utf-16-le'))
        made = lib.ntfs_create(inode, 0, ctypes.cast(text, ctypes.c_void_p), len(name), DIRECTORY)
        if not made:
            sys.exit('cannot make ' + folder)
        lib.ntfs_inode_close(made)
        lib.ntfs_inode_close(inode)
    lib.ntfs_umount(volume, 0)


def main():
    image, mebibytes, files = sys.argv[1], int(sys.argv[2]), [f.split('=', 1) for f in sys.argv[3:]]
    with open(image, 'wb') as out:
        out.truncate(mebibytes << 20)
    subprocess.run(['mkntfs', '-F', '-Q', '-q', '-L', 'SYSTEM', image], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    folders = []
    for _, path in files:
        parts = path.split('/')[:-1]
        for n in range(1, len(parts) + 1):
            folder = '/'.join(parts[:n])
            if folder not in folders:
                folders.append(folder)
    make_folders(image, folders)
    for source, path in files:
        subprocess.run(['ntfscp', '-q', image, source, path], check=True)


if __name__ == '__main__':
    os.environ['PATH'] += ':/usr/sbin:/sbin'
    main()
