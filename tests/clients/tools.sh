#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Debian's stock tracing tools, unmodified, on a program that does a known list of things (tools/toolload.c): what they say is what they say
# on the running kernel as root (tools/expected.txt). The cases are lines of tools/cases.txt.
# Usage: tools.sh BUILD [--long] [--kernel | --renew | --next] [NAME...]; --kernel: on the kernel (root), compared; --renew: write what is
# expected; --next: whatever versions are first in PATH, beside themselves on the kernel.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.subr"
shift
mode=box long= only=
for a; do
	case $a in
	--long) long=1 ;;
	--kernel) mode=kernel long=1 ;;
	--renew) mode=renew long=1 ;;
	--next) mode=next long=1 ;;
	*) only="$only $a" long=1 ;;
	esac
done
need "${CC:-gcc}" bpftrace opensnoop
for p in toolload drive; do
	"${CC:-gcc}" -O1 -g -w -fno-omit-frame-pointer -pthread -o "$work/$p" "$here/tools/$p.c" || { fail "$p.c does not compile"; exit 1; }
done
cp "$here"/tools/*.sh "$work/"
chmod 755 "$work"/*
if [ "$(id -u)" = 0 ]; then
	mkdir "$work/user"
	chown 61001 "$work/user"
fi
command -v openssl >/dev/null && openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/key.pem" -out "$work/cert.pem" -days 2 \
	-subj /CN=localhost 2>/dev/null && chmod 644 "$work/key.pem"
# bcc's tools compile against a kernel's headers, and take those that they are shown
headers=$(ls -d /usr/src/linux-headers-*-amd64 2>/dev/null | tail -n 1)
if [ -n "$long" ] && [ -d "$headers" ] && [ -d "${headers%-amd64}-common" ]; then
	export BCC_KERNEL_SOURCE="$work/headers"
	mkdir "$work/headers"
	cp -rs "${headers%-amd64}-common/include" "${headers%-amd64}-common/arch" "$work/headers/"
	cp -rsf "$headers/include" "$headers/arch" "$work/headers/"
fi
[ $mode = next ] && echo "# of $(command -v bpftrace)"
head -c 3000 /dev/zero | tr '\0' x >"$work/page.html"

# The command of a workload, as one line
workload()
{
	case $1 in
	bash|ssl|pids) echo "/bin/sh $work/$1.sh $work" ;;
	*) echo "$work/toolload $1" ;; # of words, one after the other
	esac
}

# on WHO COMMAND...: in a box as root or user, or on the kernel
on()
{
	if [ "$mode" = box ] || [ "$1" = root ] || [ "$1" = user ]; then
		who=$1
		shift
		as "$who" timeout -k 1 100 "$skep" exec -- "$@"
	else
		shift
		timeout -k 1 60 unshare -m sh -c 'mount -t tracefs t /sys/kernel/tracing 2>/dev/null; exec "$@"' sh "$@"
	fi
}

# run WHO TOOL WORKLOAD FILTER: what counts of its output
run()
{
	dir=$work
	[ "$1" = user ] && [ -d "$work/user" ] && dir=$work/user
	cd "$dir" || exit 1
	rm -f out
	case $2 in
	bpftrace*)
		on "$1" bpftrace "/usr/sbin/${2#bpftrace }" -c "$(workload "$3")" >out 2>&1 </dev/null 3<&- ;;
	*)
		# shellcheck disable=SC2046,SC2086 # words
		on "$1" "$work/drive" out $(echo "$2" | sed "s#LOAD#$work/toolload#g") -- $(workload "$3") </dev/null >err 2>&1 3<&- || cat err ;;
	esac
	awk "$4" out | sed 's/ *$//'
	cd "$here" || exit 1
}

expected() { awk -v n="$1" '/^== / { on = $2 == n; next } on' "$here/tools/expected.txt"; }

judge()
{
	[ $mode = next ] && run kernel "$tool" "$load" "$filter" >"$work/want" || expected "$name" >"$work/want"
	run "$1" "$tool" "$load" "$filter" >"$work/got"
	if cmp -s "$work/want" "$work/got"; then
		ok "$name as $1"
	else
		fail "$name as $1"
		diff "$work/want" "$work/got" | head -n 20
		tail -n 5 "$dir/out"
	fi
}

renew()
{
	echo "== $name"
	if [ "$when" = own ]; then
		expected "$name" # it sees other processes of this machine
	else
		run kernel "$tool" "$load" "$filter"
	fi
}

grep -v '^#' "$here/tools/cases.txt" >"$work/cases"
while IFS='|' read -r name when whom tool load filter <&3; do
	case "$only " in " "|*" $name "*) ;; *) continue ;; esac
	[ "$when" = short ] || [ -n "$long" ] || continue
	[ "$when" = next ] && [ $mode != next ] && continue
	case $tool in *-bpfcc*) command -v "${tool%% *}" >/dev/null && [ -n "$BCC_KERNEL_SOURCE" ] || { skip "$name: no bcc, or no kernel's headers"; continue; } ;; esac
	[ "$load" = ssl ] && ! command -v curl >/dev/null && { skip "$name: no curl"; continue; }
	if [ $mode = renew ]; then
		renew
	elif [ $mode = kernel ]; then
		[ "$when" = own ] || judge kernel
	else
		judge root
		[ "$whom" = both ] && [ "$(id -u)" = 0 ] && { [ -n "$long" ] || [ "$tool" != "${tool#bpftrace}" ]; } && judge user
	fi
done 3<"$work/cases" >"$work/results"
if [ $mode = renew ]; then
	cp "$work/results" "$here/tools/expected.txt"
	exit 0
fi
cat "$work/results"
grep -q '^not ok' "$work/results" && bad=1
finish
