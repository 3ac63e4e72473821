/* SPDX-License-Identifier: BSD-2-Clause */
/* REJECT: unbounded memory access, make sure to bounds check any such access */
/* The index is data and has no upper bound: `if (i < 64)` or `i &= 63` would give it one. */
#include "net.h"

__u64 table[64];

SEC("xdp")
int prog(struct xdp_md *ctx)
{
	__u64 i = ctx->ingress_ifindex;

	return table[i] ? XDP_PASS : XDP_DROP;
}

char _license[] SEC("license") = "Dual BSD/GPL";
