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

for o in "$B"/examples/*.bpf.o; do
	name=$(basename "$o" .bpf.o)
	side=$on
	# the kernel pins on a mounted bpffs only; skep brings its own
	[ "$name" = pinned ] && [ "$(stat -f -c %t /sys/fs/bpf 2>/dev/null)" != cafe4a11 ] && side=skep
	"$skep" check --on $side "$o" >"$t/out" 2>"$t/err"
	code=$?
	result "check $name" 0
done
for o in "$B"/examples/bad/*.bpf.o; do
	name=$(basename "$o" .bpf.o)
	"$skep" check --on $on "$o" >"$t/out" 2>"$t/err"
	code=$?
	result "refuse $name" 1
done

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

# and on every engine
# shellcheck disable=SC2046 # a list
"$B/tools/objrun" "$t/c.pcap" $(awk -v d="$B/examples" '{ $1 = "-- " d "/" $1 ".bpf.o"; print }' "$(dirname "$0")/packets.list") >"$t/out" 2>"$t/err"
code=$?
result "the same on every engine" 0
