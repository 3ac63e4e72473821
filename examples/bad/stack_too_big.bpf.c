/* SPDX-License-Identifier: BSD-2-Clause */
/* REJECT: combined stack size of 2 calls is */
/* Two functions of 320 bytes each: no frame is over 512, but the frames of a chain of calls share the 512. */
#include "net.h"

static __attribute__((noinline)) int inner(int x)
{
	volatile char buf[320];

	for (int i = 0; i < 320; i++)
		buf[i] = (char)x;
	return buf[x & 63];
}

SEC("xdp")
int prog(struct xdp_md *ctx)
{
	volatile char buf[320];

	for (int i = 0; i < 320; i++)
		buf[i] = (char)i;
	return inner(buf[ctx->rx_queue_index & 63]);
}

char _license[] SEC("license") = "Dual BSD/GPL";
