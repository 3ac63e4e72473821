# SPDX-License-Identifier: BSD-2-Clause
# The sample objects: skep and the running kernel accept each, with equal results on the same input, and refuse each broken one
# for the same reason. Without permission to ask the kernel, skep's side alone. Usage: examples.sh BUILD
B=$1
t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT
skep=$B/skep
on=both
"$skep" check --on kernel "$B/examples/socket_filter.bpf.o" >/dev/null 2>&1 || { on=skep; echo "skip kernel # bpf(2) is not permitted"; }
"$B/tools/mkpcap" "$t/c.pcap" 300 >/dev/null

# result NAME CODE: ok if the command before exited with CODE and saw no difference
result()
{
	if [ "$code" = "$2" ] && ! grep -q DIFFERENT "$t/out"; then
		echo "ok $1"
	else
		echo "not ok $1 (exit $code)"
		sed 's/^/#   /' "$t/out" "$t/err" | head -n 12
	fi
}

# verdicts WORD EXPECTED OBJECT...: one line an object: did all its programs get that verdict from both, for the same reason? Programs of
# kinds that this kernel refuses to be asked about (EPERM) count as skep says.
verdicts()
{
	word=$1 expected=$2
	shift 2
	"$skep" check --on $on "$@" >"$t/out" 2>"$t/err"
	awk -v word="$word" -v expected="$expected" '
		function told() {
			if (object == "") return
			sub(/.*\//, "", object); sub(/\.bpf\.o$/, "", object)
			print (bad == "" && rows ? "ok " : "not ok ") word " " object bad
		}
		/^[^ ].*\.bpf\.o$/ { told(); object = $0; rows = 0; bad = ""; next }
		/^[^ ]/ && ($2 == "skep" || $2 == "kernel") { rows++; if ($3 != expected && $2 == "skep") bad = bad " (" $1 ": " $3 " on " $2 ")" }
		/^    DIFFERENT/ && !/skep accepts, kernel EPERM/ { bad = bad " (" $0 ")" }
		END { told() }' "$t/out"
	sed 's/^/#   /' "$t/err"
}
here=$(dirname "$0")
good=$(ls "$B"/examples/*.bpf.o "$B"/examples/newer/*.bpf.o 2>/dev/null)
# the kernel pins on a mounted bpffs only; skep brings its own
[ "$(stat -f -c %t /sys/fs/bpf 2>/dev/null)" = cafe4a11 ] || good=$(echo "$good" | grep -v '/pinned.bpf.o$')
# shellcheck disable=SC2086 # lists
verdicts check accepted $good
verdicts refuse REJECTED "$B"/examples/bad/*.bpf.o

# programs that need no input: OBJECT PROGRAM RESULT, on both
while read -r obj prog want; do
	[ -e "$B/examples/$obj.bpf.o" ] || { echo "skip run $obj # needs a newer clang"; continue; }
	"$skep" run "$B/examples/$obj.bpf.o" -p "$prog" --on $on >"$t/out" 2>"$t/err"
	code=$?
	grep -qx "returned $want (.*) on skep" "$t/out" || code="$code, not $want"
	result "run $obj $prog" 0
done <<'END'
kfuncs masks 0
streams squares 0
dynptrs round_trip 0
dynptrs record 0
iterators sum 500500
iterators bits 99
sleepable nowhere -14
user_ringbuf drain 0
newer/kptr exchange 0
newer/arena list 5050
newer/core_types types 0
END

# OBJECT PROGRAM...: packet programs whose results depend on the packets alone
packets()
{
	obj=$1
	shift
	for p; do
		"$skep" run "$B/examples/$obj.bpf.o" -p $p --pcap "$t/c.pcap" --on $on >"$t/out" 2>"$t/err"
		code=$?
		result "run $obj $p" 0
	done
}
while read -r obj progs; do
	# shellcheck disable=SC2086 # a list
	packets "$obj" $progs
done <"$(dirname "$0")/packets.list"
# a handler of exceptions: Debian's libbpf alone does not bring it along
packets exception_handler handled

# and on every engine
# shellcheck disable=SC2046 # a list
"$B/tools/objrun" "$t/c.pcap" $(awk -v d="$B/examples" '{ $1 = "-- " d "/" $1 ".bpf.o"; print }' "$(dirname "$0")/packets.list") >"$t/out" 2>"$t/err"
code=$?
result "the same on every engine" 0
