#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Returns of functions that are left by exceptions, longjmp, tail calls and the end of their thread, and stacks that are read meanwhile: the
# program does what it does without probes, and what returns is counted. Usage: unwind.sh BUILD
. "$(dirname "$0")/lib.subr"
command -v g++ >/dev/null || { echo "skip unwind: no g++"; exit 0; }

bpf tests/hook/unwind.bpf.c "$t/unwind.o" "-DEXE=\"$t/unwind\"" || exit 1

# Calls and returns of each function; of 30 rounds 10 are left by exceptions.
want="thrower 30 20 tail_thrower 30 20 catcher 30 30 frames 30 30 tail_frames 30 30 outer_frames 30 30 jumper 90 0 set_and_jump 30 30 \
recurse 330 330 even 180 180 odd 150 150 through_ender 3 0"
for how in -O2 -O1 "-O2 -static" "-O2 -fcf-protection"; do
	g++ $how -g -fno-omit-frame-pointer -rdynamic -o "$t/unwind" tests/hook/unwind.cc -pthread || exit 1
	"$t/unwind" 30 >"$t/plain"
	timeout -k 1 60 "$skep" run -j "$t/unwind.o" -c "$t/unwind 30" >"$t/out" 2>"$t/err"
	code=$?
	got=$(python3 - "$t/out" <<'END'
import json, sys
lines = [json.loads(l) for l in open(sys.argv[1]) if l[0] == "{"]
n = {m["name"]: [e["value"] for e in m["elements"]] for m in lines[-1]["maps"]}["count"]
names = "thrower tail_thrower catcher frames tail_frames outer_frames jumper set_and_jump recurse even odd through_ender".split()
print(" ".join("%s %d %d" % (f, n[2 * i], n[2 * i + 1]) for i, f in enumerate(names)))
END
)
	if [ "$code" = 0 ] && [ "$(grep bad "$t/out")" = "$(cat "$t/plain")" ]; then
		echo "ok $how: it does what it did"
	else
		echo "not ok $how: exit status $code, $(grep bad "$t/out"), want $(cat "$t/plain")"
		cut -c-300 "$t/err"
	fi
	if [ "$got" = "$want" ]; then echo "ok $how: calls and returns"; else echo "not ok $how: got $got"; echo "#   want $want"; fi
done

# Go's stacks move, so its returns are seen at return instructions; entries are seen again when a function found too little stack.
command -v go >/dev/null || { echo "skip returns of Go: no go"; exit 0; }
cp tests/hook/stacks.go "$t/main.go"
(cd "$t" && GO111MODULE=off GOPATH=$t/path GOCACHE=${GOCACHE:-$B/clients/.go} go build -p 2 -o "$t/stacks" main.go) || exit 1
printf '%s\n' '#include <linux/bpf.h>' '#include <bpf/bpf_helpers.h>' '__u64 in, out;' \
	"SEC(\"uprobe/$t/stacks:main.deep\") int a(void *c) { __sync_fetch_and_add(&in, 1); return 0; }" \
	"SEC(\"uretprobe/$t/stacks:main.deep\") int b(void *c) { __sync_fetch_and_add(&out, 1); return 0; }" \
	'char l[] SEC("license") = "GPL";' >"$t/go.bpf.c"
bpf "$t/go.bpf.c" "$t/go.o" || exit 1
timeout -k 1 60 "$skep" run -j "$t/go.o" -c "$t/stacks" >"$t/out" 2>"$t/err"
code=$?
got=$(python3 - "$t/out" <<'END'
import json, sys
lines = open(sys.argv[1]).read().split("\n")
v = [m for m in json.loads(lines[1])["maps"] if m["name"].endswith("bss")][0]["elements"][0]["value"]
print(lines[0], v["out"], v["in"] >= v["out"])
END
)
if [ "$code $got" = "0 bad 0 160800 True" ]; then echo "ok returns of Go"; else echo "not ok returns of Go: $code $got"; cut -c-300 "$t/err"; fi
