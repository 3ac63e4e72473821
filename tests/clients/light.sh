#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# A light skeleton: no libbpf at run time, a loader program makes maps and programs in the client's place, the relocations are
# BPF_PROG_LOAD's own. In a box as root and as an ordinary user, in the process, and on the kernel. Usage: light.sh BUILD
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.subr"
need bpftool cc "${CLANG:-clang}"
example=$here/../../examples/light
"${CLANG:-clang}" -target bpf -mcpu=v3 -O2 -g -I"/usr/include/$(uname -m)-linux-gnu" -c "$example/light.bpf.c" -o "$work/light.bpf.o" &&
	bpftool gen skeleton -L "$work/light.bpf.o" name light >"$work/light.lskel.h" 2>/dev/null &&
	cc -O1 -I"$work" -o "$work/light" "$example/light.c" ||
	{ fail "the light skeleton cannot be made"; finish; }

cc -O1 -o "$work/progcall" "$here/progcall.c"

# try TITLE COMMAND...: it must print "ok" as often as $times says
times=9
try()
{
	title=$1
	shift
	"$@" >"$work/out" 2>"$work/err" && [ "$(grep -c '^ok' "$work/out")" = $times ] && ok "$title" ||
		{ fail "$title"; cat "$work/out" "$work/err"; }
}
for who in root user; do
	try "in a box, as $who" as $who timeout 60 "$skep" exec -- "$work/light"
	try "in a box, accelerated, as $who" as $who timeout 60 "$skep" exec -a -- "$work/light"
done
try "in the process" env LD_PRELOAD="$B/libskep-preload.so" "$work/light"
if kernel_bpf; then
	try "on the kernel" "$work/light"
fi
times=1
for who in root user; do
	try "bad pointers of a program's calls, as $who" as $who timeout 60 "$skep" exec -- "$work/progcall"
done
try "bad pointers of a program's calls, in the process" env LD_PRELOAD="$B/libskep-preload.so" "$work/progcall"
finish
