# SPDX-License-Identifier: BSD-2-Clause
# What the tables say, checked in, so that a change of a contract shows in review. Usage: golden.sh BUILD [--renew]
# Renew with `make golden` and commit the difference with what caused it.
B=$1
skep=$B/skep
dir=tests/golden
t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT

helps()
{
	"$skep" --help
	for verb in $("$skep" --help | sed -n 's/^  \([a-z]*\)  .*/\1/p' | grep -v version); do
		printf '\n---- %s\n' "$verb"
		"$skep" "$verb" --help
	done
}

for what in helpers kfuncs maps progtypes insns; do
	"$skep" "$what" >"$t/$what.txt"
done
for what in helpers kfuncs maps progtypes; do
	"$skep" "$what" --status >>"$t/$what.txt"
done
"$skep" explain >"$t/rejects.txt"
helps >"$t/help.txt"

for f in "$t"/*.txt; do
	name=$(basename "$f")
	if [ "$2" = --renew ]; then
		cmp -s "$f" "$dir/$name" || { cp "$f" "$dir/$name" && echo "renewed $dir/$name"; }
	elif diff -u "$dir/$name" "$f" >"$t/diff" 2>&1; then
		echo "ok golden $name"
	else
		head -n 20 "$t/diff"
		echo "not ok golden $name: differs; if that is meant: make golden"
	fi
done
