# SPDX-License-Identifier: BSD-2-Clause
# A process that mostly waits for children of vfork, which use its memory, is attached to and left again and again. Usage: vforks.sh BUILD
. "$(dirname "$0")/lib.subr"

gcc -O1 -g -o "$t/vforks" tests/hook/vforks.c || exit 1
printf '%s\n' '#include <linux/bpf.h>' '#include <bpf/bpf_helpers.h>' '__u64 hits, calls;' \
	"SEC(\"uprobe/$t/vforks:work\") int a(void *c) { __sync_fetch_and_add(&hits, 1); return 0; }" \
	'SEC("tracepoint/syscalls/sys_enter_wait4") int b(void *c) { __sync_fetch_and_add(&calls, 1); return 0; }' \
	'char l[] SEC("license") = "GPL";' >"$t/v.bpf.c"
bpf "$t/v.bpf.c" "$t/v.o" || exit 1
"$t/vforks" 100 >"$t/said" & pid=$!
seen=0
for i in 1 2 3 4 5; do
	"$skep" run -j "$t/v.o" -P $pid --seconds 1 >"$t/out" 2>>"$t/err"
	grep -q '"hits":[1-9].*"calls":[1-9]' "$t/out" && seen=$((seen + 1))
done
is "each time it is attached to there are events" $seen 5
is "nothing was in the way" "$(cat "$t/err")" ""
is "nothing is left in it" "$(grep -c /memfd:skep- /proc/$pid/maps)" 0
wait $pid
is "it ends well" $? 0
is "and has the right result" "$(cat "$t/said")" 495000
