#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Every published bug has its case: tests/t/regress/published.txt against the names of the text cases. No case names an id that the list lacks.
list=tests/t/regress/published.txt
names=$(mktemp)
trap 'rm -f "$names"' EXIT
grep -rhE '^-- case ' tests/t --include='*.t' >"$names"
pass=0 fail=0
for id in $(grep -E '^CVE-[0-9]+-[0-9]+$' $list); do
	if grep -q "$id" "$names"; then
		pass=$((pass + 1))
	else
		echo "not ok $id has no case"
		fail=$((fail + 1))
	fi
done
for id in $(grep -oE 'CVE-[0-9]+-[0-9]+' "$names" | sort -u); do
	grep -qE "^$id( |\$)" $list || { echo "not ok $id is not in $list"; fail=$((fail + 1)); }
done
# what has no case has a reason
bad=$(grep -E '^CVE' $list | grep -cvE '^CVE-[0-9]+-[0-9]+( +- .{10,})?$')
[ "$bad" -eq 0 ] || { echo "not ok $bad lines of $list are neither an id nor an id with a reason"; fail=$((fail + 1)); }
echo "$pass passed, $fail failed, 0 skipped"
[ $fail -eq 0 ]
