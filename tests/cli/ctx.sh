# SPDX-License-Identifier: BSD-2-Clause
# skep run --ctx: contexts by the names of their fields, for programs that Linux cannot test-run too. Usage: ctx.sh BUILD
B=$1
t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT
src=$(dirname "$0")/../foreign
${CLANG:-clang} -target bpf -O2 -g -D__x86_64__ -I"/usr/include/$(${CC:-cc} -dumpmachine)" -c "$src/contexts.c" -o "$t/c.o" || exit 2

# says NAME CODE TEXT...: the command before exited with CODE and printed each TEXT
says()
{
	name=$1 want=$2 missing=
	shift 2
	for text; do
		grep -qF -- "$text" "$t/out" || missing="$missing, does not say: $text"
	done
	[ "$code" = "$want" ] && [ -z "$missing" ] && echo "ok $name" && return
	echo "not ok $name (exit $code$missing)"
	sed 's/^/#   /' "$t/out" | head -n 12
}

# run PROGRAM JSON [OPTION...]
run()
{
	prog=$1
	echo "$2" >"$t/ctx.json"
	shift 2
	"$B/skep" run "$t/c.o" -p "$prog" --ctx "$t/ctx.json" "$@" >"$t/out" 2>&1
	code=$?
}

run redirect '{"user_family": 2, "user_ip4": "10.0.0.1", "user_port": 20480, "type": 1}'
says 'an address' 0 'returned 1 ' 'user_ip4 = 16777343' 'user_port = 36895'
run redirect '{"user_ip4": "10.0.0.2", "user_port": 20480}'
says 'another address' 0 'returned 1 '
! grep -q 'context after' "$t/out" && echo 'ok nothing changed' || echo 'not ok nothing changed'
run registers '{"rdi": 4, "rsi": "0x2"}'
says registers 0 'returned 42 '
run arguments '{"args": [40, "2"]}'
says arguments 0 'returned 42 '
run message '{"data": "28 02 ff"}'
says 'a message' 0 'returned 42 '
run queue '{"ingress_ifindex": 1, "data": "'"$(printf '00%.0s' $(seq 64))"'"}'
says 'a packet and where it came from' 0 'XDP_PASS'
run mark '{"mark": 7, "data": "'"$(printf '00%.0s' $(seq 64))"'"}'
says 'a packet and its mark' 0 'TC_ACT_OK' 'cb = [0, 8, 0, 0, 0]'
run words '{"words": [21, 0]}'
says words 0 'returned 0 ' '2a 00'
run redirect '{"user_ip5": 1}'
says 'a field that is none' 4 '"user_ip5" is no field of struct bpf_sock_addr' 'ctx-template'
run redirect '{"user_port": 99999999999}'
says 'a number that does not fit' 4 'not a value that fits there'
run redirect '{"user_port": '
says 'damaged JSON' 4 'ctx.json:'
run queue '{"ingress_ifindex": 1}'
says 'no packet' 2 'needs packets'

# a form is a valid context
for type in cgroup_sock_addr kprobe raw_tracepoint sk_msg xdp sched_cls sock_ops cgroup_sysctl perf_event sk_lookup tracepoint; do
	"$B/skep" run --ctx-template $type >"$t/form" 2>&1 && python3 -m json.tool "$t/form" >/dev/null && echo "ok form $type" || echo "not ok form $type"
done
"$B/skep" run --ctx-template cgroup_sock_addr >"$t/form"
run redirect "$(cat "$t/form")"
says 'an empty form' 0 'returned 1 '

# frames that travel: nothing comes back but the counters
printf '\0%.0s' $(seq 64) >"$t/frame"
"$B/skep" run "$B/examples/live_frames.bpf.o" --data "$t/frame" --live --repeat 1000 >"$t/out" 2>&1
code=$?
says 'live frames' 0 'frames = 1000' 'bytes = 64000'
