/* SPDX-License-Identifier: BSD-2-Clause */
/* REJECT: invalid access to packet */
/* The packet may be shorter than the header: without a comparison with data_end the verifier knows of 0 bytes. */
#include "net.h"

SEC("xdp")
int prog(struct xdp_md *ctx)
{
	struct ethhdr *eth = (void *)(long)ctx->data;

	return eth->h_proto == bpf_htons(ETH_P_IP) ? XDP_PASS : XDP_DROP;
}

char _license[] SEC("license") = "Dual BSD/GPL";
