#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# What programs may do inside traced processes; many probes by one link, sessions. As root and as an ordinary user. Usage: inside.sh BUILD
. "$(dirname "$0")/lib.subr"

"$skep" btf dump /sys/kernel/btf/vmlinux --format c >"$t/vmlinux.h" 2>"$t/err" ||
	bpftool btf dump file /sys/kernel/btf/vmlinux format c >"$t/vmlinux.h" 2>"$t/err" ||
	{ echo "skip inside: no types of a kernel"; exit 0; }
gcc -O1 -g -fno-omit-frame-pointer -o "$t/inside" tests/hook/inside.c && bpf tests/hook/inside.bpf.c "$t/inside.o" "-DEXE=\"$t/inside\"" &&
	gcc -O1 -g -o "$t/multi" tests/hook/multi.c -lbpf && bpf tests/hook/multi.bpf.c "$t/multi.o" "-DEXE=\"$t/inside\"" || exit 1
py()
{
	python3 - "$t/out" <<END
import json, sys
lines = [json.loads(l) for l in open(sys.argv[1]) if l[0] == "{"]
text = [l["printk"] for l in lines if "printk" in l]
perf = [l for l in lines if l.get("map") == "perf"]
maps = {m["name"]: [e["value"] for e in m["elements"]] for m in lines[-1]["maps"]}
print($1)
END
}

for user in root tester; do
	run=
	if [ $user = tester ]; then
		[ "$(id -u)" = 0 ] && id tester >/dev/null 2>&1 || continue
		run="setpriv --reuid=tester --regid=tester --clear-groups"
	fi
	timeout -k 1 60 $run "$skep" run -j "$t/inside.o" -c "$t/inside" >"$t/out" 2>"$t/err"
	is "$user: exit status" $? 0
	is "$user: tail calls" "$(py 'maps["count"][0]')" 10
	is "$user: maps in maps" "$(py 'maps["count"][1]')" 10
	is "$user: each inner map" "$(py 'maps["inner_a"] + maps["inner_b"]')" "[5, 5]"
	is "$user: bpf_loop and for_each" "$(py 'maps["count"][2]')" 1090
	is "$user: kernel functions" "$(py 'maps["count"][3]')" 10
	is "$user: the task's fields" "$(py 'maps["count"][4]')" 10
	is "$user: guarded memory" "$(py 'maps["count"][5]')" 10
	is "$user: stacks" "$(py 'maps["count"][6]')" 10
	is "$user: storage of the task" "$(py 'maps["count"][7]')" 10
	is "$user: global functions" "$(py 'maps["count"][8]')" 10
	is "$user: text" "$(py 'text == ["inside %d of it" % i for i in range(10)]')" True
	is "$user: records" "$(py 'len(perf)')" 10
	timeout -k 1 60 $run "$skep" exec -- "$t/multi" "$t/multi.o" >"$t/out" 2>"$t/err" </dev/null
	is "$user: many probes by one link, sessions" "$? $(cat "$t/out")" "0 "
done
