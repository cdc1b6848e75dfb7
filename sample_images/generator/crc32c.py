# SPDX-License-Identifier: Apache-2.0
"""CRC-32C (Castagnoli), as ext4 uses it: reflected, no final inversion."""


def _make_tables():
    tables = [[0] * 256 for _ in range(8)]
    for n in range(256):
        crc = n
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
        tables[0][n] = crc
    for n in range(256):
        crc = tables[0][n]
        for k in range(1, 8):
            crc = tables[0][crc & 0xFF] ^ (crc >> 8)
            tables[k][n] = crc
    return tables


_T = _make_tables()


def crc32c(seed, data):
    t0, t1, t2, t3, t4, t5, t6, t7 = _T
    crc = seed
    end = len(data) & ~7
    for i in range(0, end, 8):
        word = int.from_bytes(data[i:i + 8], "little") ^ crc
        crc = (t7[word & 0xFF] ^ t6[word >> 8 & 0xFF] ^ t5[word >> 16 & 0xFF] ^
               t4[word >> 24 & 0xFF] ^ t3[word >> 32 & 0xFF] ^ t2[word >> 40 & 0xFF] ^
               t1[word >> 48 & 0xFF] ^ t0[word >> 56 & 0xFF])
    for byte in data[end:]:
        crc = t0[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc
