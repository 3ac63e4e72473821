// SPDX-License-Identifier: BSD-2-Clause
/* A sink for frames that a test run really sends around (XDP live frames): they are counted and dropped. `skep run --live`. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

__u64 frames, bytes;

SEC("xdp")
int sink(struct xdp_md *ctx)
{
	__sync_fetch_and_add(&frames, 1);
	__sync_fetch_and_add(&bytes, ctx->data_end - ctx->data);
	return XDP_DROP;
}

char _license[] SEC("license") = "Dual BSD/GPL";
