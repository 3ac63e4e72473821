/* SPDX-License-Identifier: BSD-2-Clause */
/* REJECT: the call stack of 9 frames is too deep */
/* A function that calls itself would need a stack without a bound; at most 8 frames are allowed. */
#include "net.h"

static __attribute__((noinline)) __u64 factorial(__u32 n)
{
	volatile __u32 keep = n;

	if (n < 2)
		return 1;
	return factorial(n - 1) * keep + (keep & 1);
}

SEC("xdp")
int prog(struct xdp_md *ctx)
{
	return factorial(ctx->rx_queue_index) > 10 ? XDP_PASS : XDP_DROP;
}

char _license[] SEC("license") = "Dual BSD/GPL";
