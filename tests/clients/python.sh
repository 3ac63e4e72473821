#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# A Python client by raw system calls, as root and as an ordinary user. Usage: python.sh BUILD
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.subr"
need python3
python=$(command -v /usr/bin/python3 || command -v python3)
[ "$(uname -m)" = x86_64 ] || { skip "the client knows x86-64's numbers only"; finish; }
cp "$here/python.py" "$work/"
for who in root user; do
	as $who timeout 60 "$skep" exec -- "$python" "$work/python.py" >"$work/out" 2>&1 && ! grep -q '^not ok' "$work/out" &&
		[ "$(grep -c '^ok' "$work/out")" = 20 ] && ok "raw system calls as $who" || { fail "raw system calls as $who"; cat "$work/out"; }
done
finish
