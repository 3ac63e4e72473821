# SPDX-License-Identifier: BSD-2-Clause
# N calls of a function of the interpreter (from a module), N system calls, exceptions and generators in between.
import os
import sys
from _json import encode_basestring_ascii

n = int(sys.argv[1])
total, parent = 0, os.getppid
for i in range(n):
    encode_basestring_ascii("x")
    total += parent() > 0
    if i % 1000 == 0:
        try:
            os.fspath(i)
        except TypeError as e:
            total += len(list(c for c in str(e)))
print(total)
