# SPDX-License-Identifier: BSD-2-Clause
# Runs tests that were built for arm64, and the examples, which must do what they do here. The last line has the totals.
# Usage: RUN=EMULATOR tests/arm64.sh BUILD NATIVE-BUILD UNIT...
B=$1 native=$2
shift 2
t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT
passed=0 failed=0

for unit; do
	if $RUN "$B/unit/$unit" >"$t/out" 2>&1; then
		echo "ok unit/$unit"
		passed=$((passed + 1))
	else
		grep -v '^ok' "$t/out" | head -20
		echo "not ok unit/$unit"
		failed=$((failed + 1))
	fi
done
for f in $(find tests/t -name '*.t' | sort); do
	if $RUN "$B/tools/cases" "$f" >"$t/out" 2>&1; then
		passed=$((passed + 1))
	else
		grep '^not ok' "$t/out" | head -20
		failed=$((failed + 1))
	fi
	cat "$t/out" >>"$t/all"
done
"$native/tools/mkpcap" "$t/c.pcap" 300 >/dev/null
objects=$(awk -v d="$native/examples" '{ $1 = "-- " d "/" $1 ".bpf.o"; print }' tests/cli/packets.list)
# shellcheck disable=SC2086 # lists
if "$native/tools/objrun" "$t/c.pcap" $objects >"$t/here" && $RUN "$B/tools/objrun" "$t/c.pcap" $objects >"$t/there" &&
   diff "$t/here" "$t/there"; then
	echo "ok examples ($(wc -l <"$t/there") programs)"
	passed=$((passed + 1))
else
	echo "not ok examples"
	failed=$((failed + 1))
fi
cases=$(awk '/ passed, .* failed/ { n += $1 } END { print n }' "$t/all")
echo "arm64: $passed files passed, $failed failed; $cases cases of tests/t passed"
[ "$failed" = 0 ]
