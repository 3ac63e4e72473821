#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# A skep that is killed while it traces: its target goes on, and the next skep traces it, or leaves it as it was. Usage: killed.sh BUILD
. "$(dirname "$0")/lib.subr"
trap 'kill $pid 2>/dev/null; rm -rf "$t"' EXIT

printf '%s\n' '#include <linux/bpf.h>' '#include <bpf/bpf_helpers.h>' '__u64 in, out, calls;' \
	"SEC(\"uprobe/$B/hook/target:recurse\") int a(void *c) { __sync_fetch_and_add(&in, 1); return 0; }" \
	"SEC(\"uretprobe/$B/hook/target:recurse\") int b(void *c) { __sync_fetch_and_add(&out, 1); return 0; }" \
	"SEC(\"uretprobe/$B/hook/target:leaves\") int d(void *c) { return 0; }" \
	"SEC(\"tracepoint/syscalls/sys_exit_getppid\") int e(void *c) { __sync_fetch_and_add(&calls, 1); return 0; }" \
	'char l[] SEC("license") = "GPL";' >"$t/k.bpf.c"
bpf "$t/k.bpf.c" "$t/k.o" || exit 1
code_of() { python3 - "$1" "$B/hook/target" <<'END'
import sys
pid, path = sys.argv[1:]
for l in open("/proc/%s/maps" % pid):
    f = l.split()
    if f[-1] == path and "x" in f[1]:
        a, b = (int(x, 16) for x in f[0].split("-"))
        m = open("/proc/%s/mem" % pid, "rb"); m.seek(a)
        g = open(path, "rb"); g.seek(int(f[2], 16))
        print("as in the file" if m.read(b - a) == g.read(b - a).ljust(b - a, b"\0") else "changed")
END
}
got()
{
	python3 - "$t/out" <<'END'
import json, sys
v = [m for m in json.loads(open(sys.argv[1]).read().split("\n")[-2])["maps"] if m["name"].endswith("bss")][0]["elements"][0]["value"]
print(v["in"] > 1000 and v["out"] > 1000 and v["calls"] > 10 or v)
END
}
mkfifo "$t/in"
"$B/hook/target" 4 0 <"$t/in" >"$t/said" &
pid=$!
exec 3>"$t/in"
echo go >&3
for i in 1 2 3; do
	"$skep" run -j "$t/k.o" -P $pid >"$t/out" 2>"$t/err" &
	tracer=$!
	for n in 1 2 3 4 5 6 7 8 9 10; do # it is attached to
		[ "$(code_of $pid)" = changed ] && break
		sleep 0.2
	done
	sleep 0.2
	kill -9 $tracer
	wait $tracer 2>/dev/null
	kill -0 $pid && echo "ok it goes on after kill $i" || echo "not ok it is gone after kill $i"
done
is "probes are left behind" "$(code_of $pid)" changed
timeout 60 "$skep" run -j "$t/k.o" -P $pid --seconds 1 >"$t/out" 2>"$t/err"
is "traced again" "$? $(got)" "0 True"
is "its code" "$(code_of $pid)" "as in the file"
is "nothing else is left" "$(grep -c 'skep' /proc/$pid/maps)" 0
echo stop >&3
wait $pid
is "it has computed what it should" "$? $(tail -n 1 "$t/said")" "0 ok"
