#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Checks that what the build, the tests and the demo need is there. Missing packages are installed with apt-get when run
# as root on a Debian-like system; otherwise one line names them. Usage: tools/deps.sh [--check] [--long]
# --check never installs. --long: also what `make check-tools` and `make check-targets` trace and trace with.
# Exit status: 0 all there, 1 something is missing. Costs a few milliseconds when all is there.

check_only=0 long=0
for arg; do
	case $arg in
	--check) check_only=1 ;;
	--long) long=1 ;;
	*) echo "usage: tools/deps.sh [--check] [--long]" >&2; exit 2 ;;
	esac
done

multiarch=$(uname -m)-linux-gnu

# need PACKAGE command NAME... | header PATH... | lib NAME...: is any of them there?
have()
{
	kind=$1
	shift
	for name; do
		case $kind in
		command)
			command -v "$name" >/dev/null 2>&1 && return 0 ;;
		header)
			for dir in /usr/include "/usr/include/$multiarch" /usr/local/include; do
				[ -e "$dir/$name" ] && return 0
			done ;;
		lib)
			for dir in "/usr/lib/$multiarch" /usr/lib64 /usr/lib /usr/local/lib; do
				[ -e "$dir/$name" ] && return 0
			done ;;
		esac
	done
	return 1
}

missing=
need()
{
	package=$1
	shift
	have "$@" || case " $missing " in *" $package "*) ;; *) missing="${missing:+$missing }$package" ;; esac
}

need gcc command "${CC:-gcc}" gcc
need libc6-dev header stdio.h
need make command make
need binutils command ar
need clang command "${CLANG:-clang}" clang
need llvm command llvm-strip llvm-objdump
need linux-libc-dev header linux/bpf.h
need libbpf-dev header bpf/libbpf.h
need libbpf-dev lib libbpf.a
need libelf-dev header libelf.h
need libelf-dev lib libelf.so
need zlib1g-dev header zlib.h
need libpcap-dev header pcap/pcap.h
need libpcap-dev lib libpcap.so
need libzydis-dev header Zydis/Zydis.h
need libjansson-dev header jansson.h
need pkg-config command pkg-config
need openssl command openssl

if [ $long = 1 ]; then
	PATH=$PATH:/usr/sbin:/sbin
	need bpftrace command bpftrace
	need libbpf-tools command funclatency
	need bpfcc-tools command memleak-bpfcc
	need curl command curl
	need bsdutils command script
	need bash command bash
	need python3 command python3
	need nodejs command node
	need nginx-light command nginx
	need apache2-utils command ab
	need postgresql command pg_ctlcluster
	need golang-go command go
	need openjdk-17-jdk-headless command javac
	ls -d /usr/src/linux-headers-*-common >/dev/null 2>&1 || missing="${missing:+$missing }linux-headers-amd64"
	[ -d /usr/share/gocode/src/github.com/cilium/ebpf ] || missing="${missing:+$missing }golang-github-cilium-ebpf-dev"
fi

may_install() { [ "$check_only" = 0 ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; }
install() { DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@"; }
# The package lists of a fresh machine are empty or old.
install_or_update() { install "$@" >/dev/null 2>&1 || { apt-get update -q >/dev/null && install "$@" >/dev/null; }; }

# shellcheck disable=SC2086 # lists of packages
if [ -n "$missing" ]; then
	if ! may_install; then
		echo "skep: missing packages; as root run: apt-get install $missing" >&2
		exit 1
	fi
	echo "Installing with apt-get: $missing"
	if ! install_or_update $missing; then
		echo "skep: apt-get could not install: $missing" >&2
		exit 1
	fi
fi

# What tests are skipped without is installed where that is possible, and never asked for.
extra=
want()
{
	packages=$1
	shift
	have command "$@" || extra="$extra $packages"
}
PATH=$PATH:/usr/sbin:/sbin
want "gcc-12-aarch64-linux-gnu libc6-dev-arm64-cross" aarch64-linux-gnu-gcc-12
want qemu-user qemu-aarch64
want clang-19 clang-20 clang-19 clang-18
want bpftool bpftool
want bpftrace bpftrace
want libbpf-tools funclatency
if [ -n "$extra" ] && may_install; then
	echo "Installing with apt-get, for tests:$extra"
	# shellcheck disable=SC2086
	install_or_update $extra 2>/dev/null || echo "skep: apt-get could not install them; tests that need them are skipped"
fi
exit 0
