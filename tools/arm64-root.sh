#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# What `make check-arm64` needs and the host does not have: cross compiler and emulator (installed when root on Debian), and the
# arm64 libraries of test programs, unpacked into a directory of their own; apt's lists and the host's architectures stay as they
# are. Usage: tools/arm64-root.sh DIRECTORY
#
# The compiler is gcc-12-aarch64-linux-gnu, not gcc-aarch64-linux-gnu, which Debian does not install beside gcc-multilib.
set -e
dir=$1
[ -n "$dir" ] || { echo "usage: tools/arm64-root.sh DIRECTORY" >&2; exit 2; }

need="gcc-12-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user"
libs="libbpf-dev libelf-dev libelf1 zlib1g-dev zlib1g"

if ! command -v aarch64-linux-gnu-gcc-12 >/dev/null || ! command -v qemu-aarch64 >/dev/null; then
	if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
		echo "skep: as root run: apt-get install $need" >&2
		exit 1
	fi
	echo "Installing with apt-get: $need"
	# shellcheck disable=SC2086 # a list of packages
	install() { DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $need >/dev/null 2>&1; }
	install || { apt-get update -q >/dev/null && install; }
fi

[ -e "$dir/done" ] && exit 0
rm -rf "$dir"
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
mkdir -p "$dir/apt/lists/partial" "$dir/apt/archives/partial" "$dir/deb"
apt="apt-get -q -o APT::Architectures::=amd64 -o APT::Architectures::=arm64 -o APT::Sandbox::User=
	-o Dir::State::lists=$dir/apt/lists -o Dir::Cache=$dir/apt"
$apt update >/dev/null
for lib in $libs; do
	(cd "$dir/deb" && $apt download "$lib:arm64" >/dev/null)
done
for deb in "$dir"/deb/*.deb; do
	dpkg -x "$deb" "$dir"
done
rm -rf "$dir/apt" "$dir/deb"
touch "$dir/done"
