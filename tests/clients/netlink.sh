#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Attaching by netlink: answered by skep, with a reason; all other netlink is the kernel's; and pins that change their names. As root
# and as an ordinary user. Usage: netlink.sh BUILD
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.subr"
need bpftool ip tc "${CLANG:-clang}"
chmod 755 "$work"
cat >"$work/xdp.bpf.c" <<'END'
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
char LICENSE[] SEC("license") = "GPL";
SEC("xdp") int pass(struct xdp_md *ctx) { return XDP_PASS; }
SEC("tc") int classify(struct __sk_buff *ctx) { return 0; }
END
"${CLANG:-clang}" -target bpf -O2 -g -I"/usr/include/$(uname -m)-linux-gnu" -c "$work/xdp.bpf.c" -o "$work/xdp.bpf.o" || { fail "xdp.bpf.c"; finish; }
chmod a+r "$work/xdp.bpf.o"
cat >"$work/attach.sh" <<END
bpftool prog loadall "$work/xdp.bpf.o" /sys/fs/bpf/x || exit 9
bpftool net attach xdp pinned /sys/fs/bpf/x/pass dev lo; echo "bpftool \$?"
ip link set dev lo xdp pinned /sys/fs/bpf/x/pass; echo "ip \$?"
tc qdisc add dev lo clsact; echo "qdisc \$?"
tc filter add dev lo ingress bpf da pinned /sys/fs/bpf/x/classify; echo "filter \$?"
bpftool net show >/dev/null; echo "show \$?"
END
before=$(tc qdisc show dev lo; ip link show dev lo)
for who in root user; do
	as $who timeout 30 "$skep" exec -- sh "$work/attach.sh" >"$work/out" 2>&1
	[ "$(grep -c 'no packet passes by skep' "$work/out")" = 4 ] && ! grep -q '^bpftool 0' "$work/out" && grep -q '^ip 2' "$work/out" &&
		grep -q '^qdisc 2' "$work/out" && grep -q '^filter 2' "$work/out" && grep -q '^show 0' "$work/out" &&
		ok "attaching is refused with a reason, $who" || { fail "attaching is refused with a reason, $who"; cat "$work/out"; }
	as $who timeout 30 "$skep" exec -- sh -c 'bpftool map >/dev/null; ip -o link show dev lo; ip route; ip -o addr show dev lo' >"$work/out" 2>&1
	{ ip -o link show dev lo; ip route; ip -o addr show dev lo; } >"$work/want" 2>&1
	cmp -s "$work/out" "$work/want" && ok "other netlink is the kernel's, $who" || { fail "other netlink is the kernel's, $who"; diff "$work/want" "$work/out"; }
	as $who timeout 30 "$skep" exec -- sh -c 'mkdir /sys/fs/bpf/d; bpftool map create /sys/fs/bpf/d/m type hash key 4 value 4 entries 4 name moved
		mv /sys/fs/bpf/d/m /sys/fs/bpf/d/n; mv /sys/fs/bpf/d /sys/fs/bpf/e; bpftool map show pinned /sys/fs/bpf/e/n; ln -s x /sys/fs/bpf/l
		rm -r /sys/fs/bpf/e; bpftool map' >"$work/out" 2>&1
	[ "$(grep -c 'name moved' "$work/out")" = 1 ] && grep -q "symbolic link.*Permission denied" "$work/out" && ok "pins are renamed, $who" ||
		{ fail "pins are renamed, $who"; cat "$work/out"; }
done
[ "$(tc qdisc show dev lo; ip link show dev lo)" = "$before" ] && ok "the device is as it was" || fail "the device is as it was"
finish
