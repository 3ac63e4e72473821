#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Hostile objects: sample objects with a few bytes spoiled go through `skep check`. objects.sh BUILD HOW-MANY SEED.
# It must answer each: no crash, no sanitizer's report, no hang.
B=$1 N=$2 SEED=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
set -- "$B"/examples/*.bpf.o
pass=0 fail=0 i=0
while [ $i -lt "$N" ]; do
	from=$(eval echo "\${$((i % $# + 1))}")
	"$B/fuzz/spoil" "$from" "$work/o.o" $((SEED * 1000000 + i)) || exit 2
	timeout 60 "$B/skep" check --no-cache "$work/o.o" >"$work/log" 2>&1 </dev/null
	code=$?
	if [ $code -ge 124 ] || grep -qE 'AddressSanitizer|LeakSanitizer|runtime error' "$work/log"; then
		fail=$((fail + 1))
		echo "not ok $from, seed $((SEED * 1000000 + i)): exit $code"
		grep -E 'Sanitizer|runtime error|^ *#[0-9]' "$work/log" | head -n 12
	else
		pass=$((pass + 1))
	fi
	i=$((i + 1))
done
echo "$pass passed, $fail failed, 0 skipped"
[ $fail -eq 0 ]
