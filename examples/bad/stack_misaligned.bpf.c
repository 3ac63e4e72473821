/* SPDX-License-Identifier: BSD-2-Clause */
/* REJECT: misaligned stack access */
/* The stack is accessed at multiples of the access's size: it is where registers are saved. */
#include "net.h"

SEC("xdp")
int prog(struct xdp_md *ctx)
{
	volatile __u64 buf[4] = {};

	asm volatile("*(u64 *)(%0 + 3) = %1" : : "r"(buf), "r"(1L) : "memory");
	return buf[1] & 3;
}

char _license[] SEC("license") = "Dual BSD/GPL";
