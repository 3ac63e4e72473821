#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# At least ACCEPTED random programs that the running kernel accepts give the same result, packet and maps on the kernel, the
# interpreter, the JIT, the hardened JIT and as a portable image with a budget. Usage: engines.sh BUILD ACCEPTED JOBS SEED.
# In pieces of PIECE programs; what was done is one line a piece in BUILD/fuzz-engines/SEED, and is not done again.
set -e
B=$1 want=$2 jobs=$3 seed=$4 piece=${PIECE:-20000}
dir=$B/fuzz-engines
mkdir -p "$dir"
done=$dir/$seed
touch "$done"
while :; do
	first=$(awk 'END { print $1 + $2 + 0 }' "$done")
	accepted=$(awk '{ n += $3 } END { print n + 0 }' "$done")
	[ "$accepted" -lt "$want" ] || break
	status=0
	"$B/diff/rand" --runs --seed "$seed" --first "$first" -n "$piece" -j "$jobs" >"$dir/out" || status=$?
	set -- $(awk '/ accepted by the kernel, / { print $3, $8; exit }' "$dir/out")
	failed=$(awk '/ passed, / { print $3 }' "$dir/out")
	[ "$status" -le 1 ] && [ -n "$failed" ] || { cat "$dir/out"; exit 1; }
	if [ "$failed" -gt 0 ]; then
		cp "$dir/out" "$dir/differences-$seed-$first"
		cat "$dir/out"
	fi
	echo "$first $piece $1 $2 $failed" >>"$done"
done
awk '{ n += $2; a += $3; r += $4; f += $5 } END { printf "%d programs, %d accepted by the kernel, %d runs on every engine, %d differences\n", n, a, r, f; exit f > 0 }' "$done"
