#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Random functions with a probe on each instruction, beside single steps. Usage: random.sh BUILD [SEEDS [FIRST]]
. "$(dirname "$0")/lib.subr"

seed=${3:-11} end=$((${3:-11} + ${2:-3})) bad=0 n=0
while [ $seed -lt $end ]; do
	python3 tests/hook/random.py $seed >"$t/random.S" &&
		gcc -O1 -no-pie -static -o "$t/random" tests/hook/random_main.c "$t/random.S" || exit 1
	echo | timeout 3 "$t/random" 3 >/dev/null # some seeds run for ever
	if [ $? != 124 ]; then
		timeout 60 "$B/hook/random" "$t/random" $seed >"$t/out" 2>"$t/err" || { bad=$((bad + 1)); echo "not ok seed $seed"; tail -n 6 "$t/out" "$t/err"; }
		n=$((n + 1))
	fi
	seed=$((seed + 1))
done
[ $bad = 0 ] && echo "ok random functions: $n"
