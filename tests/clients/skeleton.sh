#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# A libbpf program with a skeleton, dynamic and static, as root and as an ordinary user. Usage: skeleton.sh BUILD
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.subr"
need bpftool cc
bpf_objects skeleton
bpftool gen skeleton "$work/obj/skeleton.bpf.o" name skeleton_bpf >"$work/skeleton.skel.h" || { fail "no skeleton"; finish; }
cc -O1 -I"$work" -o "$work/dynamic" "$here/skeleton.c" -lbpf -pthread
cc -O1 -static -I"$work" -o "$work/static" "$here/skeleton.c" -l:libbpf.a -lelf -lz -pthread
for how in dynamic static; do
	for who in root user; do
		as $who timeout 60 "$skep" exec -- "$work/$how" >"$work/out" 2>"$work/err" && ! grep -q '^not ok' "$work/out" &&
			[ "$(grep -c '^ok' "$work/out")" = 14 ] && ok "skeleton, $how, as $who" ||
			{ fail "skeleton, $how, as $who"; cat "$work/out" "$work/err"; }
	done
done
as user timeout 60 "$skep" exec -a -- "$work/dynamic" >"$work/out" 2>"$work/err" && ! grep -q '^not ok' "$work/out" &&
	ok "skeleton, accelerated" || { fail "skeleton, accelerated"; cat "$work/out" "$work/err"; }
finish
