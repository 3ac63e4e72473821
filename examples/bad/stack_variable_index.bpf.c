/* SPDX-License-Identifier: BSD-2-Clause */
/* REJECT: invalid unbounded variable-offset */
/* A variable index into an array on the stack needs bounds, as everywhere. */
#include "net.h"

SEC("xdp")
int prog(struct xdp_md *ctx)
{
	volatile __u8 seen[32] = {};
	__u64 i = ctx->rx_queue_index;

	return seen[i] ? XDP_PASS : XDP_DROP;
}

char _license[] SEC("license") = "Dual BSD/GPL";
