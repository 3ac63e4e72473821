#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The soundness check over what is there: every accepted text case, the sample objects (and those in the directories given), random
# programs. sound.sh BUILD PROGRAMS [DIRECTORY...]: a violation is a "not ok" line, the last line has the totals.
B=$1 N=$2
shift 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
log=$work/log

# Cases of arenas are left out: a fault of theirs is one of the library's own interpreter.
find tests/t -name '*.t' ! -path 'tests/t/map/*' | sort | while read -r t; do
	SOUND_INPUTS=3 "$B/sound/cases" "$t"
done >"$log" 2>&1
for o in "$B"/examples/*.bpf.o $(for d in "$@"; do find "$d" -name '*.o'; done); do
	timeout 120 "$B/sound/skep" check --no-cache "$o"
done >>"$log" 2>&1 </dev/null
"$B/sound/random" -n "$N" -j "${JOBS:-2}" >>"$log" 2>&1
grep -aE '^(not ok|#)' "$log" | grep -av '^not ok tests/t' | head -n 200
grep -a '^sound: .* violations' "$log" | awk '{
	gsub(/[(,]/, "")
	a += $2; f += $5; r += $10; i += $12; v += $(NF - 1); d += $(NF - 3)
} END {
	printf "soundness: %d programs accepted, %d followed in %d runs, %d instructions checked\n", a, f, r, i
	ok = f - v - d
	printf "%d passed, %d failed, 0 skipped\n", (ok < 0 ? 0 : ok), v + d
	exit (v + d > 0)
}'
