#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Linux's own test_verifier, unmodified, over skep and over the running kernel. Usage: verifier.sh BUILD
# Built at test time from Debian's linux-source-6.1; nothing of it is kept in this repository. Differences that are known are lines
# of differences.txt, each with its reason; the list only shrinks. Exit status 1: a difference that is not listed.
set -e
B=$(cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
src=$B/linux/linux-source-6.1
out=$B/linux/out
mkdir -p "$out"

if [ ! -x "$out/test_verifier" ]; then
	[ -e /usr/src/linux-source-6.1.tar.xz ] || apt-get install -y linux-source-6.1 >/dev/null || {
		echo "needs the package linux-source-6.1" >&2
		exit 3
	}
	[ -d "$src" ] || tar -C "$B/linux" -xf /usr/src/linux-source-6.1.tar.xz
	make -s -C "$src/tools/lib/bpf" OUTPUT="$out/" DESTDIR="$out" prefix= all install_headers >/dev/null 2>&1
	cd "$src/tools/testing/selftests/bpf"
	(cd verifier && { echo '#ifdef FILL_ARRAY'; ls *.c | sed 's@.*@#include "&"@'; echo '#endif'; } >tests.h)
	gcc -w -D_GNU_SOURCE -I. -I./verifier -I../../../include -I../../../include/uapi -I../../../lib -I"$out/include" \
		test_verifier.c testing_helpers.c cap_helpers.c "$out/libbpf.a" -lelf -lz -lrt -lpthread -o "$out/test_verifier"
fi

# verdicts LOG: "NUMBER/privilege name|RESULT", sorted
verdicts()
{
	grep -aE '^#[0-9]+/[pu] ' "$1" | sed -E 's/ (OK|FAIL|SKIP)([ :(].*)?$/|\1/' | sort
}

sysctl=/proc/sys/kernel/unprivileged_bpf_disabled
was=$(cat $sysctl)
restore() { echo "$was" >$sysctl 2>/dev/null || true; }
trap restore EXIT
echo 0 >$sysctl 2>/dev/null || true
cd "$out"
./test_verifier >kernel.log 2>&1 || true
SKEP_UNPRIVILEGED=1 LD_PRELOAD=$B/libskep-preload.so ./test_verifier >skep.log 2>&1 || true
restore
printf 'kernel: %s\nskep:   %s\n' "$(grep -a '^Summary' kernel.log)" "$(grep -a '^Summary' skep.log)"
verdicts kernel.log >kernel.txt
verdicts skep.log >skep.txt
diff kernel.txt skep.txt | sed -n 's/^> //p' >differ.txt || true
sed -n 's/^\(#[^|]*|[A-Z]*\).*/\1/p' "$here/differences.txt" | sort >known.txt
new=$(sort differ.txt | comm -23 - known.txt)
gone=$(sort differ.txt | comm -13 - known.txt)
[ -z "$gone" ] || printf 'no longer different, take out of differences.txt:\n%s\n' "$gone"
[ -z "$new" ] || printf 'different:\n%s\n' "$new"
total=$(wc -l <skep.txt) bad=$(printf '%s' "$new" | grep -c . || true)
echo "$((total - bad)) passed, $bad failed, 0 skipped"
[ -z "$new" ]
