/* SPDX-License-Identifier: BSD-2-Clause */
/* REJECT: BPF program is too large */
/* A short program, and a million instructions to verify it: no two rounds of the outer loop look alike. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("xdp")
int prog(struct xdp_md *ctx)
{
	__u64 sum = ctx->rx_queue_index;

	for (int i = 0; i < 200000; i++) {
		sum += i;
		asm volatile("" : "+r"(i), "+r"(sum));
	}
	return sum == 7 ? XDP_DROP : XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
