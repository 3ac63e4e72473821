#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# System calls of code that no file has: seen with --all-syscalls alone. Usage: jitted.sh BUILD
. "$(dirname "$0")/lib.subr"

gcc -O2 -g -pthread -o "$t/jitted" tests/hook/jitted.c || exit 1
cat >"$t/calls.bpf.c" <<'END'
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
long entries, exits;
SEC("tracepoint/syscalls/sys_enter_getppid") int enter(void *ctx) { __sync_fetch_and_add(&entries, 1); return 0; }
SEC("tracepoint/syscalls/sys_exit_getppid") int leave(void *ctx) { __sync_fetch_and_add(&exits, 1); return 0; }
char l[] SEC("license") = "GPL";
END
bpf "$t/calls.bpf.c" "$t/calls.o" || exit 1
# counted OPTION...
counted()
{
	"$skep" run -j "$t/calls.o" "$@" -c "$t/jitted 100" >"$t/out" 2>"$t/err" || return
	grep -qx ok "$t/out" && python3 - "$t/out" <<'END'
import json, sys
lines = [json.loads(l) for l in open(sys.argv[1]) if l.startswith("{")]
v = lines[-1]["maps"][0]["elements"][0]["value"]
print(v["entries"], v["exits"])
END
}
entries=$(counted | cut -d" " -f1)
is "without it libc's alone" "$([ "${entries:-0}" -gt 4 ] && [ "$entries" -lt 100 ] && echo few)" few
if [ "$(uname -r | cut -d. -f1)" -lt 6 ]; then echo "skip jitted: syscall user dispatch by ptrace is of Linux 6.4"; exit 0; fi
is "with it all" "$(counted --all-syscalls)" "707 707"
