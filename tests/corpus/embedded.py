#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""BPF objects inside other files. Usage: embedded.py OUTDIR FILE...

Tools with skeletons carry whole ELF objects for the BPF machine (e_machine 247) in their data: each is written to
OUTDIR/NAME-N.bpf.o. An object ends where its section headers, or its last section, end.
"""
import os
import struct
import sys


def size_of(data, at):
    """Bytes of the ELF object at `at`, 0 when it is none."""
    head = data[at:at + 64]
    if len(head) < 64 or head[:6] != b'\x7fELF\x02\x01':
        return 0
    if struct.unpack_from('<H', head, 18)[0] != 247:
        return 0
    shoff, = struct.unpack_from('<Q', head, 40)
    shentsize, shnum = struct.unpack_from('<HH', head, 58)
    if shentsize != 64 or not shnum or at + shoff + 64 * shnum > len(data):
        return 0
    end = shoff + 64 * shnum
    for i in range(shnum):
        kind, _, _, off, size = struct.unpack_from('<IQQQQ', data, at + shoff + 64 * i + 4)
        if kind not in (0, 8):
            end = max(end, off + size)
    return end if at + end <= len(data) else 0


def main():
    out, n = sys.argv[1], 0
    os.makedirs(out, exist_ok=True)
    for path in sys.argv[2:]:
        data = open(path, 'rb').read()
        at, k = data.find(b'\x7fELF', 1), 0
        while at >= 0:
            size = size_of(data, at)
            if size:
                with open('%s/%s-%d.bpf.o' % (out, os.path.basename(path), k), 'wb') as f:
                    f.write(data[at:at + size])
                k += 1
            at = data.find(b'\x7fELF', at + max(size, 4))
        n += k
    print('%d objects' % n)


main()
