#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# A signal handler that is probed itself interrupts what probes do, at any instruction. Usage: signals.sh BUILD
. "$(dirname "$0")/lib.subr"

gcc -O1 -g -o "$t/signals" tests/hook/signals.c || exit 1
for only in 1 2 4 15; do
	bpf tests/hook/signals.bpf.c "$t/signals.o" "-DEXE=\"$t/signals\"" "-DONLY=$only" || exit 1
	timeout -k 1 60 "$skep" run -j "$t/signals.o" -c "$t/signals ${SECONDS_EACH:-1}" >"$t/out" 2>"$t/err" </dev/null
	code=$?
	is "interrupted probes $only" "$code $(grep -oE '^(ok|wrong: [0-9]*)' "$t/out")" "0 ok"
done
