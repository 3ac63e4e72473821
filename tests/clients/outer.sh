#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Boxes below a filter that refuses bpf(2) with EPERM, as container runtimes install one: clients are served all the same.
# Usage: outer.sh BUILD
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.subr"
need cc bpftool python3
[ "$(uname -m)" = x86_64 ] || { skip "swallowed calls are turned on x86-64 only"; finish; }
bpf_objects skeleton
bpftool gen skeleton "$work/obj/skeleton.bpf.o" name skeleton_bpf >"$work/skeleton.skel.h"
cc -O1 -o "$work/outer" "$here/outer.c" && cc -O1 -static -I"$work" -o "$work/static" "$here/skeleton.c" -l:libbpf.a -lelf -lz -pthread ||
	{ fail "the clients do not compile"; finish; }
cp "$here/python.py" "$work/"
"$work/outer" bpftool map >/dev/null 2>&1 && fail "the outer filter refuses bpf(2)" || ok "the outer filter refuses bpf(2)"
for who in root user; do
	as $who "$work/outer" "$skep" exec -- sh -c 'bpftool map create /sys/fs/bpf/m type hash key 4 value 4 entries 4 name m && bpftool map' |
		grep -q 'name m' && ok "bpftool below a filter, as $who" || fail "bpftool below a filter, as $who"
	as $who timeout 60 "$work/outer" "$skep" exec -- "$work/static" >"$work/out" 2>&1 && ! grep -q '^not ok' "$work/out" &&
		ok "static skeleton below a filter, as $who" || { fail "static skeleton below a filter, as $who"; cat "$work/out"; }
	as $who timeout 60 "$work/outer" "$skep" exec -- /usr/bin/python3 "$work/python.py" >"$work/out" 2>&1 && ! grep -q '^not ok' "$work/out" &&
		ok "threads and forks below a filter, as $who" || { fail "threads and forks below a filter, as $who"; cat "$work/out"; }
done
as user "$work/outer" -c "$skep" exec -- sh -c 'bpftool map create /sys/fs/bpf/m type hash key 4 value 4 entries 4 name m && bpftool map' |
	grep -q 'name m' && ok "bpftool where no descriptor may be taken" || fail "bpftool where no descriptor may be taken"
code=$("$work/outer" "$skep" exec -- sh -c 'exit 5' 2>/dev/null; echo $?)
[ "$code" = 5 ] && ok "exit status" || fail "exit status: $code"
finish
