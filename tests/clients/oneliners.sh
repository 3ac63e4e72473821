#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# One-liners of unmodified bpftrace (oneliners.bt) on a program that does each thing a known number of times (traced.c): the
# output is the running kernel's for the same line, as root on the kernel (oneliners.txt), whoever runs it here.
# Usage: oneliners.sh BUILD [--kernel | --renew | --beside [FILE]]; --kernel: run them on the kernel (root) and compare; --renew: write the
# list anew; --beside: whatever bpftrace is first in PATH, here and on the kernel (root); FILE: these lines instead.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.subr"
need bpftrace "${CC:-gcc}"
"${CC:-gcc}" -O2 -w -o "$work/traced" "$here/traced.c" || { fail "traced.c does not compile"; exit 1; }
chmod 755 "$work/traced"

lines=${3:-$here/oneliners.bt}
# line N: the program of that line, with the names of this machine
line() { sed -n "$1p" "$lines" | sed "s#TRACED#$work/traced#g"; }

# What does not depend on the machine: no addresses, maps in one order
plain() { grep -v '^Attaching\|RLIMIT_MEMLOCK\|^$' | sed "s#$work/traced#TRACED#g; s/0x[0-9a-f]*/ADDR/g" | LC_ALL=C sort; }

on_kernel()
{
	unshare -m sh -c 'mount -t tracefs t /sys/kernel/tracing 2>/dev/null; exec "$@"' sh \
		timeout 60 bpftrace -e "$1" -c "$work/traced" 2>&1 </dev/null | plain
}

# in_box WHO PROGRAM
in_box() { as "$1" timeout -k 1 100 "$skep" exec -- bpftrace -e "$2" -c "$work/traced" 2>&1 </dev/null | plain; }
expected() { awk -v n="$1" '/^== / { on = $2 == n; next } on' "$here/oneliners.txt"; }

# judge N WHO
judge()
{
	[ $mode = beside ] && on_kernel "$(line "$1")" >"$work/$1.$2.want" || expected "$1" >"$work/$1.$2.want"
	if [ "$2" = kernel ]; then
		on_kernel "$(line "$1")" >"$work/$1.$2.out"
	else
		in_box "$2" "$(line "$1")" >"$work/$1.$2.out"
	fi
	if cmp -s "$work/$1.$2.want" "$work/$1.$2.out"; then
		ok "line $1 as $2"
	else
		fail "line $1 as $2: $(sed -n "$1p" "$lines")"
		diff "$work/$1.$2.want" "$work/$1.$2.out" | head -n 10
	fi
}

n=$(wc -l <"$lines")
mode=list
case ${2-} in
--renew)
	for i in $(seq "$n"); do
		echo "== $i"
		on_kernel "$(line "$i")"
	done >"$here/oneliners.txt"
	exit ;;
--kernel) who=kernel ;;
--beside) who=root mode=beside ;;
*) who=root ;;
esac
for i in $(seq "$n"); do
	judge "$i" $who
	# inside the box an ordinary user is root, too
	[ $who = root ] && [ $((i % 4)) = 0 ] && judge "$i" user
done
finish
