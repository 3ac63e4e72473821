#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Linux's test_verifier and test_lpm_map, unmodified, in the box, as root and as an ordinary user: what differs from the running kernel is
# what differs without the box (differences.txt). Run by `make check-linux` after verifier.sh, which builds them. Usage: box.sh BUILD
B=$(cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
out=$B/linux/out
src=$B/linux/linux-source-6.1/tools/testing/selftests/bpf
work=$(mktemp -d)
chmod 755 "$work"
trap 'rm -rf "$work"' EXIT
bad=0
verdicts() { grep -aE '^#[0-9]+/[pu] ' "$1" | sed -E 's/ (OK|FAIL|SKIP)([ :(].*)?$/|\1/' | sort; }
as()
{
	who=$1
	shift
	if [ "$who" = user ] && [ "$(id -u)" = 0 ]; then
		setpriv --reuid 61001 --regid 61001 --clear-groups --inh-caps=-all --bounding-set=-all "$@"
	else
		"$@"
	fi
}

[ -s "$out/kernel.txt" ] || { echo "not ok: run tests/linux/verifier.sh first: it builds what this runs"; exit 1; }
sed -n 's/^\(#[^|]*|[A-Z]*\).*/\1/p' "$here/differences.txt" | sort >"$work/known"
for who in root user; do
	as $who timeout 280 "$B/skep" exec --unpriv-disabled 0 -- "$out/test_verifier" >"$work/log" 2>&1
	verdicts "$work/log" >"$work/box.txt"
	[ "$(wc -l <"$work/box.txt")" = "$(wc -l <"$out/kernel.txt")" ] || echo "cut short" >>"$work/box.txt"
	diff "$out/kernel.txt" "$work/box.txt" | sed -n 's/^> //p' | sort | comm -23 - "$work/known" >"$work/new"
	if [ -s "$work/new" ]; then
		echo "not ok test_verifier in the box as $who"
		head -n 20 "$work/new"
		bad=1
	else
		echo "ok test_verifier in the box as $who: $(grep -c . "$work/box.txt") runs"
	fi
done
[ -x "$out/test_lpm_map" ] || (cd "$src" && gcc -w -D_GNU_SOURCE -I. -I../../../include -I../../../include/uapi -I../../../lib \
	-I"$out/include" test_lpm_map.c "$out/libbpf.a" -lelf -lz -lrt -lpthread -o "$out/test_lpm_map")
if as user timeout 280 "$B/skep" exec -a -- "$out/test_lpm_map" 2>&1 | grep -q 'test_lpm: OK'; then
	echo "ok test_lpm_map in the box"
else
	echo "not ok test_lpm_map in the box"
	bad=1
fi
exit $bad
