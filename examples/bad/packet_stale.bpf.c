/* SPDX-License-Identifier: BSD-2-Clause */
/* REJECT: invalid mem access 'scalar' */
/* bpf_xdp_adjust_head() may move the packet: pointers taken before it are void and must be loaded from ctx again. */
#include "net.h"

SEC("xdp")
int prog(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;

	if (data + sizeof(*eth) > end)
		return XDP_DROP;
	if (bpf_xdp_adjust_head(ctx, 4))
		return XDP_DROP;
	return eth->h_proto == bpf_htons(ETH_P_IP) ? XDP_PASS : XDP_DROP;
}

char _license[] SEC("license") = "Dual BSD/GPL";
