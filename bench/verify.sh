#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Verification time, skep and the running kernel side by side, on big real programs: the heaviest of Linux 6.1's selftests,
# compiled here from Debian's linux-source-6.1. Usage: verify.sh BUILD [RUNS]; needs root for the kernel's side.
# Times are the verifiers' own ("verification time"), medians of RUNS (default 5), the two interleaved.
set -e
B=$(cd "$1" && pwd)
runs=${2:-5}
dir=$B/bench-verify
src=$B/linux/linux-source-6.1/tools/testing/selftests/bpf
mkdir -p "$dir/inc" "$B/linux"
if [ ! -d "$src" ]; then
	[ -e /usr/src/linux-source-6.1.tar.xz ] || apt-get install -y linux-source-6.1 >/dev/null
	tar -C "$B/linux" -xf /usr/src/linux-source-6.1.tar.xz
fi
if [ ! -e "$dir/inc/vmlinux.h" ]; then
	command -v bpftool >/dev/null || apt-get install -y bpftool >/dev/null
	bpftool btf dump file /sys/kernel/btf/vmlinux format c >"$dir/inc/vmlinux.h"
fi
progs="pyperf600 pyperf600_nounroll pyperf100 pyperf180 pyperf50 strobemeta strobemeta_nounroll1 strobemeta_nounroll2 strobemeta_bpf_loop
	test_verif_scale1 test_verif_scale2 test_verif_scale3 loop1 loop2 loop3 loop4 loop5 test_xdp_noinline test_l4lb
	test_l4lb_noinline test_cls_redirect test_cls_redirect_subprogs core_kern test_seg6_loop xdp_synproxy_kern test_tcp_hdr_options"
for p in $progs; do
	[ -e "$dir/$p.bpf.o" ] || (cd "$src/progs" && clang -target bpf -mcpu=v3 -O2 -g -w -D__TARGET_ARCH_x86 -I"$dir/inc" -I.. \
		-I../../../../include/uapi -I/usr/include/"$(cc -dumpmachine)" -c $p.c -o "$dir/$p.bpf.o") || rm -f "$dir/$p.bpf.o"
done

rm -f "$dir/times"
i=0
while [ $i -lt "$runs" ]; do
	for p in $progs; do
		[ -e "$dir/$p.bpf.o" ] || continue
		"$B/skep" check --on both "$dir/$p.bpf.o" 2>/dev/null |
			awk -v o=$p '$2 == "skep" || $2 == "kernel" { print o, $1, $2, $3, $5, $8 }' >>"$dir/times"
	done
	i=$((i + 1))
done
printf '%-26s %-26s %9s %12s %12s %7s\n' object program walked "skep us" "kernel us" ratio
sort -k1,1 -k2,2 -k3,3 -k6,6n "$dir/times" | awk '
	function flush() {
		if (key == "") return
		med[key] = t[int((n + 1) / 2)]
	}
	{ k = $1 " " $2 " " $3; if (k != key) { flush(); key = k; n = 0; walked[k] = $5; verdict[k] = $4 } t[++n] = $6 }
	END {
		flush()
		for (k in med) {
			split(k, f, " ")
			if (f[3] != "skep") continue
			o = f[1] " " f[2] " kernel"
			if (!(o in med) || !med[o]) continue
			printf "%-26s %-26s %9d %12d %12d %7.2f\n", f[1], f[2], walked[k], med[k], med[o], med[k] / med[o]
			a += med[k]; b += med[o]; if (med[k] > med[o]) slower++
			c++
		}
		printf "%-26s %-26s %9s %12d %12d %7.2f   (%d programs, %d slower than the kernel)\n", "sum", "", "", a, b, b ? a / b : 0, c, slower
	}' | sort -k5,5nr
