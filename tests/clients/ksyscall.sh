#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Kernel functions of system calls, __x64_sys_NAME: by libbpf and by bpftrace, as root and as an ordinary user. Usage: ksyscall.sh BUILD
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.subr"
need bpftool cc
[ "$(uname -m)" = x86_64 ] || { skip "functions of system calls have other names here"; exit 0; }
bpf_objects ksyscall
bpftool gen skeleton "$work/obj/ksyscall.bpf.o" name ksyscall_bpf >"$work/ksyscall.skel.h" || { fail "no skeleton"; finish; }
cc -O1 -I"$work" -o "$work/ksyscall" "$here/ksyscall.c" -lbpf || { fail "ksyscall.c does not compile"; finish; }
for who in root user; do
	as $who timeout 60 "$skep" exec -- "$work/ksyscall" >"$work/out" 2>"$work/err" && ! grep -q '^not ok' "$work/out" &&
		[ "$(grep -c '^ok' "$work/out")" = 12 ] && ok "libbpf, as $who" ||
		{ fail "libbpf, as $who"; cat "$work/out" "$work/err"; }
done
command -v bpftrace >/dev/null || { skip "bpftrace is not installed"; finish; }
cat >"$work/open.bt" <<'END'
kprobe:__x64_sys_openat /comm == "cat"/ { printf("enter %s\n", str(((struct pt_regs *)arg0)->si)); }
kretprobe:__x64_sys_openat /comm == "cat"/ { printf("leave %d\n", (int64)retval); }
END
for who in root user; do
	as $who timeout 60 "$skep" exec -- bpftrace "$work/open.bt" -c "/bin/cat /nonexistent/bt" >"$work/out" 2>"$work/err"
	grep -A1 '^enter /nonexistent/bt$' "$work/out" | grep -q '^leave -2$' && ! grep -q ERROR "$work/out" "$work/err" &&
		ok "bpftrace, as $who" || { fail "bpftrace, as $who"; cat "$work/out" "$work/err"; }
done
finish
