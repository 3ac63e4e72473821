#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The tools of a later Debian, unmodified, beside themselves on the running kernel (root): their packages are fetched by apt, with lists and
# a cache of its own, and unpacked in the build directory; each runs by the libraries it came with. Usage: next.sh BUILD [SUITE [NAME...]]
B=$(cd "$1" && pwd)
here=$(cd "$(dirname "$0")/.." && pwd)
suite=${2:-trixie}
[ $# -gt 1 ] && shift 2 || shift
next=$B/next/$suite
if [ ! -e "$next/done" ]; then
	mkdir -p "$next/lists/partial" "$next/cache/archives/partial" "$next/debs" "$next/root" "$next/bin"
	mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null | grep -v '^#' | grep -o 'https\{0,1\}://[^ ]*/debian/\{0,1\}' | head -n 1)
	printf 'Types: deb\nURIs: %s\nSuites: %s\nComponents: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n' \
		"${mirror:-http://deb.debian.org/debian}" "$suite" >"$next/next.sources"
	own="-o Dir::Etc::SourceList=$next/next.sources -o Dir::Etc::SourceParts=/dev/null -o Dir::State::Lists=$next/lists
		-o Dir::Cache=$next/cache -o APT::Sandbox::User=root -o Dir::State::Status=/dev/null"
	# shellcheck disable=SC2086 # options
	apt-get $own -q update >"$next/log" 2>&1
	# shellcheck disable=SC2046,SC2086 # packages
	(cd "$next/debs" && apt-get $own -q download $(apt-cache $own depends --recurse --no-recommends --no-suggests --no-conflicts \
		--no-breaks --no-replaces --no-enhances libbpf-tools bpftrace 2>/dev/null | grep '^[a-z0-9]' | sort -u)) >>"$next/log" 2>&1 || {
		echo "skip the packages of $suite cannot be fetched: $(tail -n 1 "$next/log")"
		exit 0
	}
	for deb in "$next"/debs/*.deb; do
		dpkg-deb -x "$deb" "$next/root"
	done
	lib=$next/root/usr/lib/x86_64-linux-gnu
	for tool in "$next"/root/usr/sbin/*-libbpf "$next/root/usr/bin/bpftrace"; do
		name=$(basename "$tool" -libbpf)
		printf '#!/bin/sh\nexec %s --library-path %s %s "$@"\n' "$lib/ld-linux-x86-64.so.2" "$lib" "$tool" >"$next/bin/$name"
	done
	chmod -R a+rX "$next"
	chmod 755 "$next"/bin/*
	: >"$next/done"
fi
PATH=$next/bin:$PATH
export PATH
sh "$here/tools.sh" "$B" --next "$@"
bad=$?
[ $# -gt 0 ] || sh "$here/oneliners.sh" "$B" --beside "$here/oneliners_more.bt" || bad=1
exit $bad
