#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Runs every test of the build in $B and ends with the totals alone on a line. Called by `make check`.
# A test program prints "ok NAME", "not ok NAME" or "skip NAME" lines, or ends with "N passed, N failed, N skipped".
B=${B:-build}
pass=0 fail=0 skip=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# run TITLE COMMAND...: counts its lines, shows its output only when something failed
run()
{
	title=$1
	shift
	timeout 600 "$@" >"$log" 2>&1
	code=$?
	total=$(grep -E '^[0-9]+ passed, [0-9]+ failed(, [0-9]+ skipped)?$' "$log" | tail -n 1)
	if [ -n "$total" ]; then
		set -- $total
		p=$1 f=$3 s=${5:-0}
	else
		p=$(grep -c '^ok ' "$log") f=$(grep -c '^not ok ' "$log") s=$(grep -c '^skip ' "$log")
	fi
	[ "$code" -ne 0 ] && [ "$f" -eq 0 ] && f=1
	pass=$((pass + p)) fail=$((fail + f)) skip=$((skip + s))
	if [ "$f" -ne 0 ]; then
		echo "FAIL $title (exit $code)"
		head -c 20000 "$log"
	else
		printf '  ok   %-34s %s passed%s\n' "$title" "$p" "$([ "$s" -gt 0 ] && echo ", $s skipped")"
	fi
}

for t in "$B"/unit/* "$B"/map/*; do
	case $t in *.d|*\*) continue ;; esac
	[ -x "$t" ] && run "${t#"$B"/}" "$t"
done
cases=$(find tests/t -name '*.t' | sort)
[ -n "$cases" ] && run "text cases" "$B/tools/cases" $cases
for t in "$B"/diff/*; do
	case $t in *.d|*\*) continue ;; esac
	[ -x "$t" ] && run "${t#"$B"/}" "$t"
done
for t in tests/cli/*.sh; do
	[ -e "$t" ] && run "$t" sh "$t" "$B"
done
echo "$pass passed, $fail failed, $skip skipped"
[ "$fail" -eq 0 ]
