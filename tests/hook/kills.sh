#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# skep is killed at each of the system calls by which it attaches and detaches, one after the other: each time its target goes on, and the
# next skep traces it, counts and leaves it as it was. Usage: kills.sh BUILD [STEP [FIRST [LAST [CALL]]]]: every STEP-th of them alone. By
# those before the 31st the agent's code gets there: until then there is nothing that a thread could find back by.
step=${2:-17} first=${3:-33} last=${4:-135} call=${5:-ptrace}
. "$(dirname "$0")/lib.subr"
trap 'kill $pid 2>/dev/null; rm -rf "$t"' EXIT

printf '%s\n' '#include <linux/bpf.h>' '#include <bpf/bpf_helpers.h>' '__u64 in, out;' \
	"SEC(\"uprobe/$B/hook/target:recurse\") int a(void *c) { __sync_fetch_and_add(&in, 1); return 0; }" \
	"SEC(\"uretprobe/$B/hook/target:recurse\") int b(void *c) { __sync_fetch_and_add(&out, 1); return 0; }" \
	"SEC(\"uretprobe/$B/hook/target:leaves\") int d(void *c) { return 0; }" \
	'char l[] SEC("license") = "GPL";' >"$t/k.bpf.c"
bpf "$t/k.bpf.c" "$t/k.o" || exit 1

begin()
{
	rm -f "$t/in"
	mkfifo "$t/in"
	"$B/hook/target" 2 0 <"$t/in" >"$t/said" &
	pid=$!
	exec 3>"$t/in"
	echo go >&3
	sleep 0.1
	state >"$t/before"
}

# What is mapped with a name or as code, what is open, the bytes of the code.
state()
{
	grep -E 'r-x|skep|memfd' /proc/$pid/maps | cut -d' ' -f1-5
	ls /proc/$pid/fd | wc -l
	python3 - $pid "$B/hook/target" <<'END'
import sys, zlib
pid, path = sys.argv[1:]
m = open("/proc/%s/mem" % pid, "rb")
for l in open("/proc/%s/maps" % pid):
    f = l.split()
    if f[-1] == path and "x" in f[1]:
        a, b = (int(x, 16) for x in f[0].split("-"))
        m.seek(a); print(zlib.crc32(m.read(b - a)))
END
}

traced() { "$@" "$skep" run -j "$t/k.o" -P $pid --seconds 1 >"$t/out" 2>"$t/err"; }
begin
n=$first bad=0 died=0
while [ $n -le $last ]; do
	traced strace -qq -f -o "$t/calls" -e trace=ptrace,pwrite64 -e inject=$call:signal=KILL:when=$n
	status=$?
	[ $status = 0 ] && break
	if [ $status != 137 ]; then
		is "status of a skep that is killed" $status 137
		exit 1
	fi
	sleep 0.05 # of one that died nothing is mapped
	if ! grep -q target /proc/$pid/maps 2>/dev/null; then
		echo "# kill $n: the target died; before: $(grep -v SIGCHLD "$t/calls" | tail -n 3 | cut -c1-90 | tr '\n' ';')"
		died=$((died + 1))
		begin
		n=$((n + step))
		continue
	fi
	traced timeout 60
	why="status $? $(tail -n 1 "$t/err" | cut -c-200)"
	count=$(python3 -c 'import json,sys
v = [m for m in json.loads(open(sys.argv[1]).read().split("\n")[-2])["maps"] if m["name"].endswith("bss")][0]["elements"][0]["value"]
print("counts" if v["in"] > 10 and v["out"] > 10 else v)' "$t/out" 2>&1 | tail -n 1)
	state >"$t/after"
	if [ "$why $count" != "status 0  counts" ] || ! cmp -s "$t/before" "$t/after"; then
		bad=$((bad + 1))
		echo "# kill $n: $why, $count; $(diff "$t/before" "$t/after" | tr '\n' ';')"
		echo "#   before: $(grep -v SIGCHLD "$t/calls" | tail -n 3 | cut -c1-90 | tr '\n' ';')"
		kill -9 $pid
		begin
	fi
	n=$((n + step))
done
echo "# up to call $n"
is "kills after which the next skep could not trace, or something stayed" $bad 0
is "targets that died" $died 0
echo stop >&3
wait $pid
is "it has computed what it should" "$? $(tail -n 1 "$t/said")" "0 ok"
