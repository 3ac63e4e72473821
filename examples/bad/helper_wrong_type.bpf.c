/* SPDX-License-Identifier: BSD-2-Clause */
/* REJECT: program of this type cannot use helper bpf_skb_load_bytes */
/* A helper belongs to certain program types: XDP has no socket buffer yet. */
#include "net.h"

SEC("xdp")
int prog(struct xdp_md *ctx)
{
	__u8 byte = 0;

	bpf_skb_load_bytes(ctx, 0, &byte, 1);
	return byte;
}

char _license[] SEC("license") = "Dual BSD/GPL";
