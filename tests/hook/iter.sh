# SPDX-License-Identifier: BSD-2-Clause
# Iterators in a box print what they print on the running kernel. Usage: iter.sh BUILD
. "$(dirname "$0")/lib.subr"

[ -r /sys/kernel/btf/vmlinux ] || { echo "skip iter: no kernel types"; exit 0; }
gcc -O1 -o "$t/iter" tests/hook/iter.c -lbpf && bpf tests/hook/iter.bpf.c "$t/iter.o" || exit 1
"$skep" exec -- "$t/iter" "$t/iter.o" >"$t/skep" 2>"$t/err" || { echo "not ok the client ends well: $(tail -n 20 "$t/err")"; exit 1; }
grep -q '^0: 0 = 70$' "$t/skep" && echo "ok elements" || echo "not ok elements: $(cat "$t/skep")"
grep -q '^1 is 1071$' "$t/skep" && echo "ok an iterator writes to elements" || echo "not ok writing: $(cat "$t/skep")"
grep -q '^task iter leads its group$' "$t/skep" && echo "ok tasks" || echo "not ok tasks: $(cat "$t/skep")"
grep -q '^map numbers 3$' "$t/skep" && echo "ok maps" || echo "not ok maps: $(cat "$t/skep")"
if "$t/iter" "$t/iter.o" >"$t/kernel" 2>/dev/null; then
	if diff "$t/kernel" "$t/skep" >"$t/diff"; then echo "ok all lines are the kernel's"; else echo "not ok differences: $(cat "$t/diff")"; fi
else
	echo "skip the kernel does not permit bpf(2)"
fi
