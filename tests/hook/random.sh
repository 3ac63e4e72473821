#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Random functions with a probe on each instruction, beside single steps. Usage: random.sh BUILD [SEEDS [FIRST]]
. "$(dirname "$0")/lib.subr"

seed=${3:-11} end=$((${3:-11} + ${2:-3})) bad=0 n=0
while [ $seed -lt $end ]; do
	python3 tests/hook/random.py $seed >"$t/random.S" &&
		gcc -O1 -no-pie -static -o "$t/random" tests/hook/random_main.c "$t/random.S" &&
		gcc -O1 -fPIE -pie -o "$t/random-pie" tests/hook/random_main.c "$t/random.S" || exit 1
	if (echo | timeout 3 "$t/random" 3) >/dev/null 2>&1; then # some seeds run for ever
		{ timeout 60 "$B/hook/random" "$t/random" $seed && timeout 60 "$B/hook/random" "$t/random-pie" $seed cycles; } >"$t/out" 2>"$t/err" || { bad=$((bad + 1)); echo "not ok seed $seed"; tail -n 6 "$t/out" "$t/err"; }
		n=$((n + 1))
	fi
	seed=$((seed + 1))
done
[ $bad = 0 ] && echo "ok random functions: $n"
