#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The tables of eBPF programs in Linux's lib/test_bpf.c on all of skep's engines. Usage: [RUN=EMULATOR] test_bpf.sh BUILD
# Cut from Debian's linux-source-6.1 when this runs; nothing of it is kept in this repository.
set -e
B=$(cd "$1" && pwd)
cd "$(dirname "$0")/../.."
out=$B/linux/test_bpf
src=${LINUX_SOURCE:-$B/linux/linux-source-6.1}
mkdir -p "$out"

if [ ! -e "$out/tables.h" ]; then
	if [ ! -e "$src/lib/test_bpf.c" ]; then
		[ -e /usr/src/linux-source-6.1.tar.xz ] || apt-get install -y linux-source-6.1 >/dev/null || {
			echo "needs the package linux-source-6.1" >&2
			exit 3
		}
		tar -C "$B/linux" -xf /usr/src/linux-source-6.1.tar.xz linux-source-6.1/lib/test_bpf.c
	fi
	# up to what runs the tests in the kernel, and the table of tail calls behind it
	awk '/^#include/ { next }
	     /^static struct net_device dev;/ { kernel = 1 }
	     /^struct tail_call_test {/ { kernel = 0 }
	     /^static void __init destroy_tail_call_tests/ { kernel = 1 }
	     !kernel' "$src/lib/test_bpf.c" >"$out/tables.new"
	mv "$out/tables.new" "$out/tables.h"
fi
${CC:-cc} -std=gnu11 -O1 -w -Isrc -Iinclude -Itests -D_GNU_SOURCE -DTEST_BPF="\"$out/tables.h\"" -o "$out/test_bpf" \
	tests/linux/test_bpf.c "$B/libskep.a" -pthread
# shellcheck disable=SC2086 # a command with arguments
$RUN "$out/test_bpf"
