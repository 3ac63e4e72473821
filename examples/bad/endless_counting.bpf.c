/* SPDX-License-Identifier: BSD-2-Clause */
/* REJECT: jumps is too complex */
/* The loop ends some day, but its bound is data up to 2^32: the verifier walks it until its own limits are reached. */
#include "net.h"

SEC("xdp")
int prog(struct xdp_md *ctx)
{
	__u64 n = (__u64)ctx->rx_queue_index + 1, sum = 0;

	for (__u64 i = 0; i < n; i++) {
		asm volatile("" : "+r"(sum));
		sum += i;
	}
	return (int)(sum & 3);
}

char _license[] SEC("license") = "Dual BSD/GPL";
