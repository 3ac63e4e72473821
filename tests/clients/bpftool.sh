#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# bpftool in the box: the commands of bpftool.cmds answer as on the running kernel, but for ids, times and addresses; the same for an
# ordinary user. Usage: bpftool.sh BUILD [-v]
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.subr"
need bpftool
bpf_objects simple several calls bad core

# Every command with what it said and how it ended.
cat >"$work/run.sh" <<'END'
O=$1 T=$2 P=/sys/fs/bpf/skep-bpftool-test
mkdir -p "$T"
while IFS= read -r line; do
	case $line in '#'*|'') continue ;; esac
	echo "### $line"
	eval "$line" 2>&1
	echo "=== $?"
done
END
# What may differ.
normal()
{
	sed -E -e 's/^[0-9]+: /N: /' -e 's/(id|ids|btf_id|map_ids|prog_ids) [0-9,]+/\1 N/g' -e 's/loaded_at [^ ]+/loaded_at T/' \
		-e 's/"(id|btf_id|loaded_at|uid)": ?[0-9]+/"\1":N/g' -e 's/"(map_ids|prog_ids)":\[[0-9,]*\]/"\1":[]/g' \
		-e 's/(xlated|jited) [0-9]+B/\1 B/g' -e 's/"bytes_(xlated|jited)":[0-9]+/"bytes_\1":N/g' \
		-e 's/\(id ?[0-9]+\)/(id N)/g' -e 's/inner_map_id: .*/inner/' -e 's/fd[ =:]*[0-9]+/fd N/g' \
		-e 's/"?bytes_memlock"?: ?[0-9]+/bytes_memlock/; s/memlock [0-9]+B/memlock B/' \
		-e "s,$work/[a-z0-9-]*,DIR,g" -e '/^(\*\*|Note:|WARNING)/d' "$1"
}
commands=$(grep -cv '^#' "$here/bpftool.cmds")

rm -rf /sys/fs/bpf/skep-bpftool-test 2>/dev/null
if kernel_bpf; then
	sh "$work/run.sh" "$work/obj" "$work/k" <"$here/bpftool.cmds" >"$work/kernel.out" 2>&1
	normal "$work/kernel.out" >"$work/kernel.txt"
fi
for who in root user; do
	as "$who" "$skep" exec -- sh "$work/run.sh" "$work/obj" "$work/$who" <"$here/bpftool.cmds" >"$work/$who.out" 2>&1
	normal "$work/$who.out" >"$work/$who.txt"
	[ "$(grep -c '^### ' "$work/$who.txt")" = "$commands" ] || fail "bpftool as $who: ended early"
	if [ ! -s "$work/kernel.txt" ]; then
		skip "bpftool as $who: the kernel's bpf(2) is not there to compare"
	elif diff -U 4 "$work/kernel.txt" "$work/$who.txt" >"$work/$who.diff"; then
		ok "bpftool as $who: $commands commands as on the kernel"
	else
		fail "bpftool as $who: $commands commands as on the kernel"
		head -n "${LINES_OF_DIFF:-60}" "$work/$who.diff"
	fi
done
finish
