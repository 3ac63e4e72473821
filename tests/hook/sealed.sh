#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Processes that may do less than others: of another user, in vfork's child. Usage: sealed.sh BUILD
B=$1
skep=$B/skep
t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT
chmod 755 "$t"

is()
{
	if [ "$2" = "$3" ]; then echo "ok $1"; else echo "not ok $1: got \"$2\", want \"$3\""; tail -n 5 "$t/out" "$t/err" | cut -c-300; fi
}
# What the program counted: calls, arguments it could read, arguments it could not.
counts()
{
	python3 - "$t/out" <<END
import json, sys
lines = [json.loads(l) for l in open(sys.argv[1]) if l[0] == "{"]
print(*[e["value"] for e in lines[-1]["maps"][0]["elements"]] if lines else "-")
END
}

gcc -O1 -g -o "$t/sealed" tests/hook/sealed.c && clang -O2 -g -target bpf -D__x86_64__ -D__TARGET_ARCH_x86 "-DEXE=\"$t/sealed\"" \
	"-I/usr/include/$(uname -m)-linux-gnu" -c tests/hook/sealed.bpf.c -o "$t/sealed.o" || exit 1
chmod 755 "$t/sealed"
run() { timeout -k 1 30 "$@" >"$t/out" 2>"$t/err" </dev/null; }

run "$skep" run -j "$t/sealed.o" -c "sh -c '$t/sealed plain 5; $t/sealed plain 5; true'"
is "children of vfork" "$? $(counts)" "0 10 10 0"
other="/usr/bin/setpriv --reuid=65534 --regid=65534 --clear-groups"
if [ "$(id -u)" = 0 ]; then
	run "$skep" run -j "$t/sealed.o" -c "$other $t/sealed plain 10"
	is "another user's" "$? $(counts)" "0 10 10 0"
	$other "$t/sealed" plain 10 2 >"$t/its" &
	pid=$!
	sleep 0.3
	run "$skep" run -j "$t/sealed.o" -P $pid
	wait $pid
	is "another user's that runs" "$? $(counts)" "0 10 10 0"
	if command -v bpftrace >/dev/null; then
		run "$skep" exec -- bpftrace -e "uprobe:$t/sealed:probed { @[str(arg0), uid] = count(); }" -c "$other $t/sealed plain 10"
		is "another user's, by bpftrace" "$? $(grep -o '@.*' "$t/out")" "0 @[text, 65534]: 10"
	fi
fi
