# SPDX-License-Identifier: BSD-2-Clause
# What the client tests share. Sets: skep, B, work. Prints "ok", "not ok", "skip" lines.
B=$(cd "${1:-build}" && pwd)
skep=$B/skep
work=$(mktemp -d)
chmod 755 "$work"
trap 'rm -rf "$work"' EXIT
unset XDG_RUNTIME_DIR
bad=0
ok() { echo "ok $1"; }
fail() { echo "not ok $1"; bad=1; }
skip() { echo "skip $1"; }
finish() { exit $bad; }

# need COMMAND...: without them there is nothing to test
need()
{
	for c; do
		command -v "$c" >/dev/null || { skip "$c is not installed"; exit 0; }
	done
}

# as root|user COMMAND...: as whoever runs the tests, or as an ordinary user without any privileges
as()
{
	who=$1
	shift
	if [ "$who" = user ] && [ "$(id -u)" = 0 ]; then
		setpriv --reuid 61001 --regid 61001 --clear-groups --inh-caps=-all --bounding-set=-all "$@"
	else
		"$@"
	fi
}

kernel_bpf() { [ "$(id -u)" = 0 ] && bpftool prog >/dev/null 2>&1 && mountpoint -q /sys/fs/bpf; }

# bpf_objects NAME...: tests/clients/NAME.bpf.c compiled to $work/obj
bpf_objects()
{
	need "${CLANG:-clang}"
	mkdir -p "$work/obj"
	for o; do
		"${CLANG:-clang}" -target bpf -mcpu=v3 -O2 -g -I"/usr/include/$(uname -m)-linux-gnu" -D__TARGET_ARCH_x86 \
			-c "$here/$o.bpf.c" -o "$work/obj/$o.bpf.o" || { fail "$o.bpf.c does not compile"; exit 1; }
	done
	chmod -R a+rX "$work"
	[ "$(id -u)" = 0 ] && mkdir -p "$work/user" && chown 61001 "$work" "$work/user"
	return 0
}
