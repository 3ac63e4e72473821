/* SPDX-License-Identifier: BSD-2-Clause */
/* REJECT: At callback return the register R0 has */
/* The callback of bpf_loop() returns 0 to go on or 1 to stop. */
#include "net.h"

static long step(__u32 i, void *data)
{
	return i + 2;
}

SEC("xdp")
int prog(struct xdp_md *ctx)
{
	return (int)bpf_loop(10, step, 0, 0) & 3;
}

char _license[] SEC("license") = "Dual BSD/GPL";
