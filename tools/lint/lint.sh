#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# House rules that a compiler cannot see. Prints every violation; exit status 1 if there is one.
cd "$(dirname "$0")/../.." || exit 2
bad=$(mktemp)
trap 'rm -f "$bad"' EXIT
say() { echo "$1" >>"$bad"; }

# 1. Include arrows point down only.
awk -F'[: ]+' '
	FILENAME ~ /layers.txt$/ { if ($1 !~ /^#/ && NF) { room[$1] = 1; for (i = 2; i <= NF; i++) ok[$1, $i] = 1 } next }
	/^#include "/ {
		split(FILENAME, f, "/"); from = f[2]
		match($0, /"[^"]*"/); inc = substr($0, RSTART + 1, RLENGTH - 2)
		split(inc, t, "/"); to = t[1]
		if (to in room && to != from && !((from, to) in ok)) print FILENAME ": " from " must not include " inc
	}' tools/lint/layers.txt $(git ls-files 'src/*.c' 'src/*.h') >>"$bad"

# 2. Files of at most 1,500 lines, each with its licence on the first line.
for f in $(git ls-files '*.c' '*.h' '*.def'); do
	n=$(wc -l <"$f")
	[ "$n" -le 1500 ] || say "$f: $n lines (at most 1500: split it by duty)"
	head -n 1 "$f" | grep -q 'SPDX-License-Identifier: \(BSD-2-Clause\|GPL-2.0 OR BSD-2-Clause\)' || say "$f: no SPDX line"
done

# 3. Facts live in tables, not in the verifier.
git grep -nE 'case (BPF_FUNC_|BPF_MAP_TYPE_)' -- src/verifier >>"$bad"

# 4. Executable memory has one constructor in this process, and one in traced ones.
git grep -nE 'PROT_EXEC|MFD_EXEC' -- 'src/*.c' ':!src/jit/codemem.c' ':!src/map' ':!src/box/trace*' ':!src/agent' >>"$bad"

# 5. Every rejection is used.
for id in $(sed -n 's/^R(\([A-Z0-9_]*\),.*/\1/p' src/spec/reject.def); do
	git grep -qw "REJ_$id" -- src/verifier || say "src/spec/reject.def: REJ_$id is used nowhere"
done

# 6. Headers compile alone.
for h in $(git ls-files 'src/*.h' 'include/*.h'); do
	case $h in *_impl.h|src/vm/ops.h|src/spec/row.h) continue ;; esac
	printf '#include "%s"\n' "${h#src/}" | sed 's,"include/,",' |
		${CC:-gcc} -std=gnu11 -D_GNU_SOURCE -Isrc -Iinclude -fsyntax-only -x c - 2>/dev/null || say "$h: does not compile alone"
done

# 7. No open ends without an owner, no trailing blanks.
git grep -nE '\b(TODO|FIXME|XXX)\b' -- src include tests ':!tools/lint' >>"$bad"
git grep -nE '[ 	]+$' -- 'src/*' 'include/*' 'tests/*.c' 'tests/*.h' >>"$bad"

cat "$bad"
[ ! -s "$bad" ]
