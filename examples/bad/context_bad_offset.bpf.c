/* SPDX-License-Identifier: BSD-2-Clause */
/* REJECT: invalid bpf_context access */
/* The context of XDP is 24 bytes long and read in words of 4; this reads past its end. */
#include "net.h"

SEC("xdp")
int prog(struct xdp_md *ctx)
{
	return (int)((volatile __u32 *)ctx)[8];
}

char _license[] SEC("license") = "Dual BSD/GPL";
