#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# What Linux 6.18 accepts and skep must refuse, where it takes C to say it; the rest is tests/t/regress/kernel-unsound.t. Usage: unsound.sh BUILD
here=$(cd "$(dirname "$0")" && pwd)
t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT
${CLANG:-clang} -target bpf -mcpu=v3 -O2 -g -I"/usr/include/$(uname -m)-linux-gnu" -c "$here/unsound.bpf.c" -o "$t/o.o" || { echo "not ok compiles"; exit 1; }
bad=0
timeout 60 "$1/skep" check --no-cache "$t/o.o" >"$t/out" 2>&1
for p in number_for_memory number_for_object null_for_nonnull object_to_write; do
	sed -n "/^$p /,/(REJ_/p" "$t/out" >"$t/one"
	grep -q "REJECTED" "$t/one" && grep -q "Caller passes invalid args" "$t/one" && echo "ok $p" || { echo "not ok $p"; cat "$t/one"; bad=1; }
done
exit $bad
