/* SPDX-License-Identifier: BSD-2-Clause */
/* REJECT: pointer arithmetic with *= operator */
/* A pointer may be moved, within bounds; multiplied it points nowhere. */
#include "net.h"

SEC("xdp")
int prog(struct xdp_md *ctx)
{
	unsigned long p = (unsigned long)ctx;

	asm volatile("%0 *= 3" : "+r"(p));
	return *(volatile __u32 *)p ? XDP_PASS : XDP_DROP;
}

char _license[] SEC("license") = "Dual BSD/GPL";
