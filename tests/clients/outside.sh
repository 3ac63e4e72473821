#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# A process that runs outside is traced from a box (skep exec --trace), and is left as it was. Usage: outside.sh BUILD
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.subr"
need bpftrace
libc=$(ldd /bin/sh | awk '/libc\.so/ { print $3 }')
chmod 777 "$work"

# counted NAME: it was, and the client was told at once that something had come
counted() { grep -Eq "^$1: [1-9]" "$work/out" && ! grep -q '^@late' "$work/out"; }

# A process that reads a file and starts a child, again and again, until its file of life is gone.
cat >"$work/busy.sh" <<'END'
echo $$ >"$1.pid"
while [ -e "$1" ]; do /bin/true; read -r line <"$1"; sleep 0.02; done
echo done >"$1.end"
END

for who in root user; do
	life=$work/life.$who
	echo x >"$life"
	chmod 666 "$life"
	as $who sh "$work/busy.sh" "$life" &
	shell=$!
	while [ ! -s "$life.pid" ]; do sleep 0.05; done
	pid=$(cat "$life.pid")

	as $who timeout 60 "$skep" exec --trace "$pid" -- bpftrace -e 'tracepoint:syscalls:sys_enter_openat
		/pid == '"$pid"'/ { @opens = count(); exit(); } interval:s:30 { @late = 1; exit(); }' >"$work/out" 2>&1
	counted @opens && ok "system calls of it as $who" || { fail "system calls of it as $who"; cat "$work/out"; }

	as $who timeout 60 "$skep" exec --trace "$pid" -- bpftrace -e "uprobe:$libc:read { @reads = count(); exit(); }
		interval:s:30 { @late = 1; exit(); }" >"$work/out" 2>&1
	counted @reads && ok "functions of it as $who" || { fail "functions of it as $who"; cat "$work/out"; }

	as $who timeout 60 "$skep" exec --trace "$pid" -- bpftrace -e 'profile:hz:199 /pid == '"$pid"'/ { @samples = count(); }
		tracepoint:sched:sched_process_exec { @execs[comm] = count(); if (comm == "true") { exit(); } }
		interval:s:30 { @late = 1; exit(); }' >"$work/out" 2>&1
	counted '@execs\[true\]' && ok "its children as $who" || { fail "its children as $who"; cat "$work/out"; }

	# into a box that runs already
	as $who timeout 60 "$skep" exec -b "outside$$$who" -- sleep 50 &
	box=$!
	n=0
	while ! as $who "$skep" ps | grep -q "outside$$$who" && [ $n -lt 100 ]; do sleep 0.05; n=$((n + 1)); done
	as $who timeout 60 "$skep" exec -b "outside$$$who" --trace "$pid" -- bpftrace -e 'tracepoint:syscalls:sys_enter_openat
		/pid == '"$pid"'/ { @opens = count(); exit(); } interval:s:30 { @late = 1; exit(); }' >"$work/out" 2>&1
	counted @opens && ok "by a box that was there as $who" ||
		{ fail "by a box that was there as $who"; cat "$work/out"; }
	kill $box 2>/dev/null
	wait $box 2>/dev/null

	grep -q skep-agent "/proc/$pid/maps" && fail "left as it was as $who" || ok "left as it was as $who"
	rm "$life"
	wait $shell
	[ "$(cat "$life.end" 2>/dev/null)" = done ] && ok "it went on as $who" || fail "it went on as $who"
done

as user "$skep" exec --trace 1 -- true >"$work/out" 2>&1
[ $? = 125 ] && grep -q 'process 1: it belongs to somebody else' "$work/out" && ok "somebody else's" || { fail "somebody else's"; cat "$work/out"; }
"$skep" exec --trace 12x -- true >"$work/out" 2>&1
[ $? = 125 ] && ok "no number" || fail "no number"
finish
