#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Compiles the programs of Linux's selftests, from Debian's linux-source package, as objects to compare verdicts on.
# Usage: selftests.sh OUTDIR [VERSION [CPU [CLANG]]]   (6.12, v3, the newest clang here)
# Objects that are there already are kept; a file that does not compile leaves its messages in NAME.err.
set -e
mkdir -p "$1"
out=$(cd "$1" && pwd)
ver=${2:-6.12} cpu=${3:-v3}
clang=${4:-$(command -v clang-19 || command -v clang)}
src=${SRC:-$out/..}/linux-source-$ver
if [ ! -d "$src" ]; then
	[ -e /usr/src/linux-source-$ver.tar.xz ] || apt-get install -y linux-source-$ver >/dev/null || exit 3
	tar -C "${SRC:-$out/..}" -xf /usr/src/linux-source-$ver.tar.xz
fi
inc=$out/../include-$ver
if [ ! -e "$inc/include/bpf/bpf_helpers.h" ]; then
	mkdir -p "$inc"
	make -s -C "$src/tools/lib/bpf" OUTPUT="$inc/" DESTDIR="$inc" prefix= all install_headers >/dev/null 2>&1
fi
[ -e "$inc/vmlinux.h" ] || bpftool btf dump file /sys/kernel/btf/vmlinux format c >"$inc/vmlinux.h"
cd "$src/tools/testing/selftests/bpf/progs"
for c in *.c; do
	o=$out/${c%.c}.bpf.o
	[ -e "$o" ] || [ -e "$out/$c.err" ] || echo "$c"
done | xargs -P "${JOBS:-2}" -I{} sh -c '
	c={} o='"$out"'/${c%.c}
	extra=
	case $c in test_l4lb_noinline.c|test_xdp_noinline.c) extra=-fno-inline ;; esac
	nice '"$clang"' -target bpf -mcpu='"$cpu"' -O2 -g -w $extra -D__TARGET_ARCH_x86 -DENABLE_ATOMICS_TESTS \
		-I'"$inc"' -I'"$inc"'/include -I.. -I../../../../include/uapi -I/usr/include/'"$(cc -dumpmachine)"' \
		-idirafter "$('"$clang"' -print-resource-dir)/include" -c $c -o $o.tmp 2>$o.c.err && mv $o.tmp $o.bpf.o && rm -f $o.c.err || rm -f $o.tmp'
echo "$(ls "$out"/*.bpf.o | wc -l) objects, $(ls "$out"/*.err 2>/dev/null | wc -l) files that do not compile"
