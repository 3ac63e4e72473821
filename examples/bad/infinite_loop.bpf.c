/* SPDX-License-Identifier: BSD-2-Clause */
/* REJECT: infinite loop detected */
/* Nothing in the loop changes: once around, the verifier sees the same state again. */
#include "net.h"

SEC("xdp")
int prog(struct xdp_md *ctx)
{
	__u32 wanted = ctx->rx_queue_index;

	for (;;) {
		asm volatile("" : "+r"(wanted));
		if (wanted == 5)
			break;
	}
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
