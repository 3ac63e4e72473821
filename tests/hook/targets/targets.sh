#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Real programs under probes, a million hits each: counts that are known must be exact, entries and returns must agree, and the program does
# and prints what it does without probes. Usage: targets.sh BUILD [HITS] [NAME...]; needs the packages of tools/deps.sh --long.
B=$(cd "$1" && pwd)
N=${2:-1000000}
[ $# -gt 1 ] && shift 2 || shift
only=" $* "
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
chmod 755 "$work"
trap 'rm -rf "$work"' EXIT
PATH=$PATH:/usr/sbin:/sbin
export WORK="$work" HITS="$N" HERE="$here"
bad=0
: >"$work/table"

# row NAME BEFORE BETWEEN AFTER: what a target did and for how long, in ns, for the table; its checks follow
row() { echo "$1 $((($3 - $2) / 1000000)) $((($4 - $3) / 1000000))" >>"$work/table"; }
fine() { echo "ok $1" | tee -a "$work/checks.$name"; }
wrong() { echo "not ok $1" | tee -a "$work/checks.$name"; bad=1; }

wanted()
{
	case "$only" in "  "|*" $1 "*) ;; *) return 1 ;; esac
	shift
	for c; do
		command -v "$c" >/dev/null || { echo "skip $c is not installed"; return 1; }
	done
}

# probe NAME COMMAND PROGRAM: the command without and with probes; $work/NAME.out (what it printed), .maps (counters), .plain
probe()
{
	name=$1
	began=$(date +%s%N)
	sh -c "$2" >"$work/$name.plain" 2>"$work/$name.plain-err" </dev/null
	echo $? >>"$work/$name.plain"
	between=$(date +%s%N)
	printf '%s\n' "#!/bin/sh" "$2 >$work/$name.out 2>$work/$name.err </dev/null" "echo \$? >>$work/$name.out" >"$work/$name.sh"
	timeout -k 5 400 "$B/skep" exec -- bpftrace -e "$3" -c "/bin/sh $work/$name.sh" >"$work/$name.maps" 2>&1 </dev/null
	code=$?
	row "$name" "$began" "$between" "$(date +%s%N)"
	is "$name: bpftrace's end" $code 0
	same
}

# It printed and ended as without probes.
same()
{
	cmp -s "$work/$name.plain" "$work/$name.out" && fine "$name: it does what it does without probes" && return
	wrong "$name: its output differs"
	diff "$work/$name.plain" "$work/$name.out" | head -n 5
	tail -n 5 "$work/$name.err"
}

# value NAME MAP
value() { awk -v m="@$2:" '$1 == m { print $2 }' "$work/$1.maps"; }

is()
{
	if [ -n "$2" ] && [ "$2" = "$3" ]; then
		fine "$1 ($2)"
	else
		wrong "$1: ${2:-nothing}, not ${3:-nothing}"
		tail -n 8 "$work/$name.maps"
	fi
}

# at_least TEXT VALUE MINIMUM
at_least()
{
	if [ "${2:-0}" -ge "$3" ]; then
		fine "$1 ($2)"
	else
		wrong "$1: ${2:-nothing}, less than $3"
	fi
}

if wanted bash bpftrace; then
	probe bash "/bin/bash --norc -c 'for ((i = 0; i < $N; i++)); do :; done; echo \$i'" '
		uprobe:/bin/bash:colon_builtin { @in = count(); } uretprobe:/bin/bash:colon_builtin { @out = count(); }
		tracepoint:syscalls:sys_enter_exit_group /comm == "bash"/ { @ends = count(); }'
	is "bash: entries of a builtin" "$(value bash in)" "$N"
	is "bash: its returns" "$(value bash out)" "$N"
	is "bash: system calls" "$(value bash ends)" 1
fi

if wanted python bpftrace; then
	probe python "/usr/bin/python3 $here/calls.py $N" '
		uprobe:/usr/bin/python3:PyUnicode_New { @in = count(); } uretprobe:/usr/bin/python3:PyUnicode_New { @out = count(); }
		tracepoint:syscalls:sys_enter_getppid /comm == "python3"/ { @calls = count(); }
		tracepoint:syscalls:sys_exit_getppid /comm == "python3"/ { @ended = count(); }'
	at_least "python: entries of a function" "$(value python in)" "$N"
	is "python: its returns" "$(value python out)" "$(value python in)"
	is "python: system calls" "$(value python calls)" "$N"
	is "python: and their ends" "$(value python ended)" "$N"
fi

if wanted node bpftrace node; then
	node=$(readlink -f "$(command -v node)")
	probe node "$node $here/calls.js $N" "
		uprobe:$node:uv_os_getppid { @in = count(); } uretprobe:$node:uv_os_getppid { @out = count(); }
		tracepoint:syscalls:sys_enter_getppid /comm == \"node\"/ { @calls = count(); }
		tracepoint:syscalls:sys_exit_getppid /comm == \"node\"/ { @ended = count(); }"
	is "node: entries of a function" "$(value node in)" "$N"
	is "node: its returns" "$(value node out)" "$N"
	is "node: system calls" "$(value node calls)" "$N"
	is "node: and their ends" "$(value node ended)" "$N"
fi

if wanted go bpftrace go curl; then
	(cd "$work" && cp "$here/server.go" . && GOFLAGS=-mod=mod GO111MODULE=off CGO_ENABLED=0 go build -o goserver server.go) || bad=1
	probe go "sh $here/go.sh $N" "
		uprobe:$work/goserver:main.work { @in = count(); } uprobe:$work/goserver:main.handle { @requests = count(); }
		tracepoint:syscalls:sys_enter_getpgid /comm == \"goserver\"/ { @calls = count(); }"
	is "go: entries of a function on goroutines" "$(value go in)" "$N"
	is "go: requests" "$(value go requests)" 100
	is "go: system calls" "$(value go calls)" "$N"
fi

if wanted nginx bpftrace nginx ab; then
	probe nginx "sh $here/nginx.sh $((N / 20))" '
		uprobe:/usr/sbin/nginx:ngx_http_process_request { @requests = count(); }
		uprobe:/usr/sbin/nginx:ngx_palloc, uprobe:/usr/sbin/nginx:ngx_pcalloc, uprobe:/usr/sbin/nginx:ngx_pnalloc,
		uprobe:/usr/sbin/nginx:ngx_hash_find, uprobe:/usr/sbin/nginx:ngx_http_core_run_phases, uprobe:/usr/sbin/nginx:ngx_list_push,
		uprobe:/usr/sbin/nginx:ngx_vslprintf { @in = count(); }
		uretprobe:/usr/sbin/nginx:ngx_palloc, uretprobe:/usr/sbin/nginx:ngx_pcalloc, uretprobe:/usr/sbin/nginx:ngx_pnalloc,
		uretprobe:/usr/sbin/nginx:ngx_hash_find, uretprobe:/usr/sbin/nginx:ngx_http_core_run_phases, uretprobe:/usr/sbin/nginx:ngx_list_push,
		uretprobe:/usr/sbin/nginx:ngx_vslprintf { @out = count(); }
		tracepoint:syscalls:sys_enter_writev /comm == "nginx"/ { @calls = count(); }'
	is "nginx: requests" "$(value nginx requests)" $((N / 20))
	at_least "nginx: entries of functions" "$(value nginx in)" "$N"
	is "nginx: their returns" "$(value nginx out)" "$(value nginx in)"
	is "nginx: answers written" "$(value nginx calls)" $((N / 20))
fi

pg=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | tail -n 1)
# it does not run as root, nor where it takes itself for root as in an ordinary user's box: attached to from outside
if [ -n "$pg" ] && wanted postgres clang pg_ctlcluster && [ "$(id -u)" = 0 ]; then
	export PG="$pg" SKEP="$B/skep"
	sh "$here/postgres.sh" init || bad=1
	clang -O2 -g -target bpf "-I/usr/include/$(uname -m)-linux-gnu" -DSERVER="\"$pg/postgres\"" -c "$here/postgres.bpf.c" -o "$work/pg.o" || bad=1
	name=postgres began=$(date +%s%N)
	sh "$here/postgres.sh" run $((N / 50)) >"$work/postgres.plain" 2>"$work/plain-err"
	between=$(date +%s%N)
	chmod 777 "$work"
	sh "$here/postgres.sh" run $((N / 50)) "$work/pg.o" >"$work/postgres.out" 2>"$work/postgres.err"
	row postgres "$began" "$between" "$(date +%s%N)"
	same
	cat "$work/skep.log"
	[ -s "$work/counts.json" ] && python3 - "$work/counts.json" >"$work/postgres.maps" <<'X'
import json, sys
lines = [json.loads(l) for l in open(sys.argv[1])]
count = [e["value"] for m in lines[-1]["maps"] if m["name"] == "count" for e in m["elements"]]
for name, n in zip(("in", "out", "allocs", "allocated", "calls"), count):
    print("@%s: %d" % (name, n))
X
	at_least "postgres: portals" "$(value postgres in)" $((N / 50))
	is "postgres: entries and returns of a function" "$(value postgres out)" "$(value postgres in)"
	at_least "postgres: entries of another" "$(value postgres allocs)" "$N"
	is "postgres: and its returns" "$(value postgres allocated)" "$(value postgres allocs)"
	at_least "postgres: system calls" "$(value postgres calls)" $((N / 50))
fi

if wanted tls bpftrace openssl curl; then
	sh "$here/tls.sh" init
	export BPFTRACE_STRLEN=200
	probe tls "sh $here/tls.sh run" '
		uprobe:/usr/lib/x86_64-linux-gnu/libssl.so.3:SSL_write { printf("%s writes %s\n", comm, str(arg1, arg2)); }
		uprobe:/usr/lib/x86_64-linux-gnu/libssl.so.3:SSL_read { @buf[tid] = arg1; }
		uretprobe:/usr/lib/x86_64-linux-gnu/libssl.so.3:SSL_read /@buf[tid] && (int32)retval > 0/ {
			printf("%s reads %s\n", comm, str(@buf[tid], retval)); delete(@buf[tid]); }'
	grep -aq 'curl writes GET /secret.txt' "$work/tls.maps" && fine "tls: what curl sends is seen in clear" || wrong "tls: no request"
	grep -aq 'the plain text of it' "$work/tls.maps" && fine "tls: and what it receives" || wrong "tls: no answer"
fi

# The programs, the hits that their probes counted, and the time of the whole command without and with (the tracer's start and end included)
printf '\n%-10s %12s %12s %12s   %s\n' program hits "plain ms" "probed ms" checks
while read -r name plain probed; do
	hits=$(awk '/^@[a-z]*: [0-9]+$/ { n += $2 } END { print n + 0 }' "$work/$name.maps")
	[ "$hits" = 0 ] && hits=$(grep -ac ' writes \| reads ' "$work/$name.maps")
	good=$(grep -c '^ok' "$work/checks.$name")
	all=$(wc -l <"$work/checks.$name")
	printf '%-10s %12s %12s %12s   %s\n' "$name" "$hits" "$plain" "$probed" "$good of $all$([ "$good" = "$all" ] || echo "   FAILED")"
done <"$work/table"
exit $bad
