#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Make an object look as others' compilers make it. Usage: age.py notype|rela IN OUT

notype: symbols without types and sizes, as LLVM before 2019 left them. rela: relocations with addends of their own, as other assemblers write.
"""
import struct
import sys

how, src, dst = sys.argv[1:4]
d = bytearray(open(src, 'rb').read())
shoff, = struct.unpack_from('<Q', d, 40)
shnum, shstrndx = struct.unpack_from('<HH', d, 60)


def section(i):
    return struct.unpack_from('<IIQQQQIIQQ', d, shoff + 64 * i)


for i in range(shnum):
    name, kind, flags, addr, off, size, link, info, align, entry = section(i)
    if how == 'notype' and kind == 2:
        for at in range(off, off + size, 24):
            if d[at + 4] & 15 in (1, 2):
                d[at + 4] &= 0xf0
                struct.pack_into('<Q', d, at + 16, 0)
    if how == 'rela' and kind == 9:
        target = section(info)
        new = len(d)
        code = target[2] & 4
        for at in range(off, off + size, 16):
            where, what = struct.unpack_from('<QQ', d, at)
            place = target[4] + where + (4 if code else 0)
            addend, = struct.unpack_from('<i', d, place)
            struct.pack_into('<i', d, place, 0)
            d += struct.pack('<QQq', where, what, addend)
        struct.pack_into('<IIQQQQIIQQ', d, shoff + 64 * i, name, 4, flags, addr, new, size // 16 * 24, link, info, align, 24)
open(dst, 'wb').write(d)
