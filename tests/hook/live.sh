# SPDX-License-Identifier: BSD-2-Clause
# skep run -c and -P: programs attached by section to a command and to a process, what they send, refusals. Usage: live.sh BUILD
. "$(dirname "$0")/lib.subr"

gcc -O1 -g -fno-omit-frame-pointer -pthread -o "$t/busy" tests/hook/busy.c && bpf tests/hook/live.bpf.c "$t/live.o" || exit 1
"$skep" run -j "$t/live.o" -c "$t/busy 4 200" >"$t/out" 2>"$t/err"; code=$?
if [ $code = 3 ] && grep -q perf_event_open "$t/err"; then echo "skip live: $(cat "$t/err")"; exit 0; fi
is "exit status" $code 0
py()
{
	python3 - "$t/out" <<END
import json, sys
lines = [json.loads(l) for l in open(sys.argv[1])]
rec = [l["record"] for l in lines if l.get("map") == "events"]
perf = [l["record"] for l in lines if l.get("map") == "perf"]
text = [l["printk"] for l in lines if "printk" in l]
maps = {m["name"]: m["elements"] for m in lines[-1]["maps"]}
count = [e["value"] for e in maps["count"]]
samples = {e["key"]: e["value"] for e in maps["samples"]}
print($1)
END
}
is "forks: four children and a thread" "$(py 'count[0]')" 5
is "execs: the command's and its children's" "$(py 'count[1]')" 5
is "exits: of the threads, too" "$(py 'count[2]')" 6
is "system calls" "$(py 'count[3]')" 4
is "raw tracepoints" "$(py 'count[5]')" 5
is "as many records as events" "$(py 'len(rec)')" 16
is "records are typed" "$(py 'sorted(set(r["comm"] for r in rec if r["kind"] == 2))')" "['busy', 'true']"
is "records of the perf buffer" "$(py 'len(perf)')" 5
is "bpf_printk" "$(py 'text.count("exec 7")')" 5
is "samples of the command" "$(py 'samples.get("busy", 0) > 5')" True
"$t/busy" 0 3000 & pid=$!
"$skep" run -j "$t/live.o" -P $pid --seconds 1 >"$t/out" 2>"$t/err"
kill $pid 2>/dev/null
is "samples of a process that runs already" "$(py 'samples.get("busy", 0) > 5')" True
printf '%s\n' '#include <linux/bpf.h>' '#include <bpf/bpf_helpers.h>' 'SEC("kprobe/do_exit") int k(void *c) { return 0; }' \
	'char l[] SEC("license") = "GPL";' >"$t/k.bpf.c"
bpf "$t/k.bpf.c" "$t/k.o" || exit 1
"$skep" run "$t/k.o" -c true >"$t/out" 2>"$t/err"; code=$?
is "a kernel function is refused" $code 3
grep -q 'no kernel function' "$t/err" && echo "ok and why is said" || echo "not ok no reason: $(cat "$t/err")"
printf '%s\n' '#include <linux/bpf.h>' '#include <bpf/bpf_helpers.h>' 'SEC("tp/sched/sched_switch") int k(void *c) { return 0; }' \
	'char l[] SEC("license") = "GPL";' >"$t/k.bpf.c"
bpf "$t/k.bpf.c" "$t/k.o" || exit 1
"$skep" run "$t/k.o" -c true >"$t/out" 2>"$t/err"; code=$?
is "a tracepoint of the kernel's own is refused" $code 3
printf '%s\n' '#include <linux/bpf.h>' '#include <bpf/bpf_helpers.h>' 'SEC("socket") int k(struct __sk_buff *s) { return 0; }' \
	'char l[] SEC("license") = "GPL";' >"$t/k.bpf.c"
bpf "$t/k.bpf.c" "$t/k.o" || exit 1
"$skep" run "$t/k.o" -c true >"$t/out" 2>"$t/err"; code=$?
is "what packets run is not attached to a command" $code 3
is "and the way to run it is named" "$(grep -c 'give it input: --pcap' "$t/err")" 1
