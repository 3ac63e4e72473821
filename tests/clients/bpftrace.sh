#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Unmodified bpftrace, as root and as an ordinary user. Usage: bpftrace.sh BUILD
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.subr"
need bpftrace
libc=$(ldd /bin/sh | awk '/libc\.so/ { print $3 }')

# try NAME PATTERN BPFTRACE-ARGUMENTS...: its output has a line like that
try()
{
	name=$1 pattern=$2
	shift 2
	for who in root user; do
		as $who timeout 60 "$skep" exec -- bpftrace "$@" >"$work/out" 2>&1
		grep -Eq "$pattern" "$work/out" && ok "$name as $who" || { fail "$name as $who"; head -n 20 "$work/out"; }
	done
}

try "begin and end" '^hello 3$' -e 'BEGIN { printf("hello %d\n", 1 + 2); exit(); }'
try "maps" '^@m\[b\]: 2$' -e 'BEGIN { @m["a"] = 1; @m["b"] = 2; exit(); }'
try "timers" '^tick$' -e 'interval:ms:100 { printf("tick\n"); exit(); }'
try "listing tracepoints" '^tracepoint:syscalls:sys_enter_openat$' -l 'tracepoint:syscalls:*'
try "system calls of a command" '^@calls\[cat\]: [1-9]' -e 'tracepoint:syscalls:sys_enter_openat { @calls[comm] = count(); }' -c '/bin/cat /etc/hostname'
try "functions of a command" '^@calls\[env\]: [1-9]' -e "uprobe:$libc:getenv { @calls[comm] = count(); }" -c /usr/bin/env
try "results of functions" '^@ret: [1-9]' -e "uretprobe:$libc:malloc { @ret = count(); }" -c /usr/bin/env
try "a kernel function is refused" 'skep exec: bpftrace: kprobe do_nanosleep: skep owns no kernel function' -e 'kprobe:do_nanosleep { @ = count(); }'
for seen in maps:0 'smaps:[1-9]'; do
	try "what skep maps is in /proc/self/${seen%:*} of a traced process: ${seen#*:}" "^/proc/self/$seen" \
		-e "uprobe:$libc:malloc { @ = count(); }" -c '/bin/grep -c /memfd:skep- /proc/self/maps /proc/self/smaps'
done
"${CC:-gcc}" -O1 -w -o "$work/born" "$here/born.c" || fail "born.c does not compile"
chmod 755 "$work/born"
try "children that nobody has seen before they write an event" '^(event){20}$' -e 'tracepoint:syscalls:sys_enter_getppid /comm == "born"/ { printf("event"); }' -c "$work/born"
finish
