/* SPDX-License-Identifier: BSD-2-Clause */
/* REJECT: write into map forbidden */
/* `const volatile` data is frozen when the program is loaded: the cast fools the compiler, not the verifier. */
#include "net.h"

const volatile __u64 limit = 100;

SEC("xdp")
int prog(struct xdp_md *ctx)
{
	*(volatile __u64 *)&limit = ctx->ingress_ifindex;
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
