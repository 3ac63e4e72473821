# SPDX-License-Identifier: BSD-2-Clause
# Runs tests that were built for arm64. Usage: RUN=EMULATOR tests/arm64.sh BUILD UNIT... ; the last line has the totals.
B=$1
shift
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
cases=$(awk '/ passed, .* failed/ { n += $1 } END { print n }' "$t/all")
echo "arm64: $passed files passed, $failed failed; $cases cases of tests/t passed"
[ "$failed" = 0 ]
