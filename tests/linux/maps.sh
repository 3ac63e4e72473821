#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Linux's own map tests, unmodified, over skep by its preload library: test_maps and test_lpm_map of 6.1, test_lru_map of 6.12.
# Usage: maps.sh BUILD [kernel|box]: with `kernel` over the running kernel, too, and times side by side (it takes minutes); with `box` in a
# box, without the library (114 million calls: half an hour on two processors), as the box's only test here.
# Built at test time from Debian's linux-source packages; nothing of it is kept in this repository. The last part of test_maps, a
# stress of task storages, asks for a symbol that neither the running kernel nor skep has: it is left out of the judgement.
set -e
B=$(cd "$1" && pwd)
src=${LINUX_SRC:-$B/linux}
out=$B/linux/out
mkdir -p "$out" "$src"

# source VERSION: unpacked
source_of()
{
	[ -d "$src/linux-source-$1" ] && return
	[ -e "/usr/src/linux-source-$1.tar.xz" ] || apt-get install -y "linux-source-$1" >/dev/null || {
		echo "needs the package linux-source-$1" >&2
		exit 3
	}
	tar -C "$src" -xf "/usr/src/linux-source-$1.tar.xz"
}

# program NAME: an object of the tests' own programs
program()
{
	clang -target bpf -mcpu=v3 -O2 -g -w -D__TARGET_ARCH_x86 -I. -I"$out/include" -I"$out" -I../../../include/uapi \
		-I"/usr/include/$(uname -m)-linux-gnu" -c "progs/$1.c" -o "$out/$1.bpf.o"
}

if [ ! -x "$out/test_maps" ]; then
	source_of 6.1
	[ -e "$out/libbpf.a" ] || make -s -C "$src/linux-source-6.1/tools/lib/bpf" OUTPUT="$out/" DESTDIR="$out" prefix= all \
		install_headers >/dev/null 2>&1
	cd "$src/linux-source-6.1/tools/testing/selftests/bpf"
	mkdir -p "$out/map_tests"
	{
		echo '#ifdef DECLARE'
		ls map_tests/*.c | sed 's@.*/\(.*\)\.c@extern void test_\1(void);@'
		echo '#endif'
		echo '#ifdef CALL'
		ls map_tests/*.c | sed 's@.*/\(.*\)\.c@test_\1();@'
		echo '#endif'
	} >"$out/map_tests/tests.h"
	for p in sockmap_parse_prog sockmap_verdict_prog sockmap_tcp_msg_prog test_map_in_map test_map_in_map_invalid; do
		program $p
	done
	bpftool btf dump file /sys/kernel/btf/vmlinux format c >"$out/vmlinux.h"
	program read_bpf_task_storage_busy
	bpftool gen skeleton "$out/read_bpf_task_storage_busy.bpf.o" name read_bpf_task_storage_busy \
		>"$out/read_bpf_task_storage_busy.skel.h"
	cc="gcc -w -D_GNU_SOURCE -I. -I$out -I../../../include -I../../../include/uapi -I../../../lib -I$out/include"
	$cc test_maps.c testing_helpers.c map_tests/*.c "$out/libbpf.a" -lelf -lz -lrt -lpthread -o "$out/test_maps"
	$cc test_lpm_map.c testing_helpers.c "$out/libbpf.a" -lelf -lz -lrt -lpthread -o "$out/test_lpm_map"
	source_of 6.12
	cd "$src/linux-source-6.12/tools/testing/selftests/bpf"
	$cc test_lru_map.c "$out/libbpf.a" -lelf -lz -lrt -lpthread -o "$out/test_lru_map"
fi

cd "$out"
passed=0 failed=0
# cpu: processor time of all that has run so far, in milliseconds: on a busy machine the only time that says something
cpu()
{
	sed -n '2s/[ms]/ /gp' "$out/times" | awk '{ printf "%d\n", ($1 * 60 + $2 + $3 * 60 + $4) * 1000 }'
}

# run WHERE NAME: over skep or the kernel
run()
{
	start=$(date +%s%N)
	times >"$out/times"
	before=$(cpu)
	code=0
	if [ "$1" = box ]; then
		timeout 3000 "$B/skep" exec -- "./$2" >"$1-$2.log" 2>&1 || code=$?
	elif [ "$1" = skep ]; then
		LD_PRELOAD=$B/libskep-preload.so timeout 900 "./$2" >"$1-$2.log" 2>&1 || code=$?
	else
		timeout 900 "./$2" >"$1-$2.log" 2>&1 || code=$?
	fi
	took=$((($(date +%s%N) - start) / 1000000))
	times >"$out/times"
	used=$(($(cpu) - before))
	# the part that both lack
	if [ "$code" != 0 ] && grep -q 'test_task_storage_map_stress_lookup.*load skel' "$1-$2.log"; then
		code=0
	fi
	if [ "$code" = 0 ]; then
		passed=$((passed + 1))
		echo "ok $2 over $1 ($((took / 1000)).$(printf %03d $((took % 1000))) s, processor $((used / 1000)).$(printf %03d $((used % 1000))) s)"
	else
		failed=$((failed + 1))
		echo "not ok $2 over $1 (exit $code)"
		tail -n 12 "$1-$2.log"
	fi
}

for t in test_lru_map test_lpm_map test_maps; do
	[ "${2-}" = box ] && where=box || where=skep
	run $where $t
	[ "${2-}" != kernel ] || run kernel $t
done
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]
