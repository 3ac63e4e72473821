/* SPDX-License-Identifier: BSD-2-Clause */
/* REJECT: invalid mem access 'mem_or_null' */
/* A global function is verified alone: its pointer may be NULL, whatever its callers pass. */
#include "net.h"

struct point {
	__s32 x, y;
};

__attribute__((noinline)) int length(const struct point *p)
{
	return p->x + p->y;
}

SEC("xdp")
int prog(struct xdp_md *ctx)
{
	struct point p = { (__s32)ctx->rx_queue_index, 2 };

	return length(&p) & 3;
}

char _license[] SEC("license") = "Dual BSD/GPL";
