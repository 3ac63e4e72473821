/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int bad(struct xdp_md *ctx)
{
	return *(int *)(long)ctx->data; /* without a look at data_end */
}

char _license[] SEC("license") = "GPL";
