#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Verification time, skep and the running kernel side by side, on big real programs: the heaviest of Linux 6.1's selftests,
# compiled here from Debian's linux-source-6.1. Usage: verify.sh BUILD [RUNS]; needs root for the kernel's side.
# Processor time and memory of BPF_PROG_LOAD, medians of RUNS (default 5), the two interleaved: see verify.c.
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

set --
for p in $progs; do
	[ ! -e "$dir/$p.bpf.o" ] || set -- "$@" "$dir/$p.bpf.o"
done
"$B/bench/verify" -r "$runs" "$@" >"$dir/times"
printf '%-26s %-24s %-8s %8s %8s %8s %6s %8s %8s\n' object program verdict walked "skep us" "kern. us" ratio "skep KiB" "kern.KiB"
sort -k6,6nr "$dir/times" | awk '
	{
		printf "%-26s %-24s %-8s %8d %8d %8d %6.2f %8d %8d\n", $1, $2, $3, $4, $5 / 1000, $6 / 1000, $5 / $6, $7, $8
		a += $5; b += $6; n++
		if ($5 > $6) slower++
		if ($7 > $8 && $7 >= 512) bigger++
		if ($3 == "refused" && $4 > 1000000 && $5 > 300e6) late++
	}
	END {
		printf "%-26s %-24s %-8s %8s %8d %8d %6.2f\n", "sum of " n, "", "", "", a / 1000, b / 1000, b ? a / b : 0
		printf "%d slower than the kernel, %d with more memory (of those above 512 KiB), %d refused at the limit after 0.3 s\n",
			slower, bigger, late
	}'
