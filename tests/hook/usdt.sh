#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Static probes: through libbpf's own code and through bpftrace, with arguments and counters, in a dynamic and a static program and in a library
# that is loaded later. As root and as an ordinary user. Usage: usdt.sh BUILD
. "$(dirname "$0")/lib.subr"

[ -e /usr/include/bpf/usdt.bpf.h ] || { echo "skip usdt: no libbpf headers"; exit 0; }
bpftool btf dump file /sys/kernel/btf/vmlinux format c >"$t/vmlinux.h" 2>/dev/null || { echo "skip usdt: no types of a kernel"; exit 0; }
gcc -O2 -g -o "$t/usdt" tests/hook/usdt.c -ldl && gcc -O2 -g -DSTATIC -static -o "$t/usdt-static" tests/hook/usdt.c &&
	gcc -O2 -shared -fPIC -o "$t/libusdt.so" tests/hook/usdt_lib.c || exit 1
bpf tests/hook/usdt.bpf.c "$t/usdt.o" "-DEXE=\"$t/usdt\"" "-DLIB=\"$t/libusdt.so\"" || exit 1
bpf tests/hook/usdt.bpf.c "$t/usdt-static.o" "-DEXE=\"$t/usdt-static\"" || exit 1
bss()
{
	python3 - "$t/out" <<'END'
import json, sys
for l in open(sys.argv[1]):
    if l.startswith('{"maps"'):
        v = [m for m in json.loads(l)["maps"] if m["name"].endswith(".bss")][0]["elements"][0]["value"]
        print(*["%s %d" % (k, v[k]) for k in ("plain", "wanted", "twice", "library", "right")])
END
}
for user in root tester; do
	run=
	if [ $user = tester ]; then
		[ "$(id -u)" = 0 ] && id tester >/dev/null 2>&1 || continue
		run="setpriv --reuid=tester --regid=tester --clear-groups"
	fi
	for p in usdt usdt-static; do
		timeout -k 1 60 $run "$skep" run -j "$t/$p.o" -c "$t/$p $t/libusdt.so" >"$t/out" 2>"$t/err"
		n=$([ $p = usdt ] && echo 10 || echo 0)
		is "$user, $p: events and arguments" "$(bss)" "plain 10 wanted 10 twice 20 library $n right 20"
		is "$user, $p: the counter" "$(head -n 1 "$t/out")" "listened 10 counter 1"
	done
done
# A process that runs already: the counter goes back when the probe goes.
"$t/usdt" "$t/libusdt.so" 60 50 >"$t/said" &
pid=$!
timeout -k 1 60 "$skep" run -j "$t/usdt.o" -P $pid --seconds 1 >"$t/out" 2>"$t/err"
wait $pid
said=$(cat "$t/said")
[ "${said#listened 0 }" = "$said" ] && [ "${said%counter 0}" != "$said" ]
is "the counter is as it was ($said)" $? 0
command -v bpftrace >/dev/null || exit 0
timeout -k 1 60 "$skep" exec -- bpftrace -e "usdt:$t/usdt:skept:plain { @[str(arg1)] = sum(arg2); }" -c "$t/usdt -" >"$t/out" 2>"$t/err" </dev/null
is "bpftrace" "$(grep '^@' "$t/out")" "@[text]: 45000"
