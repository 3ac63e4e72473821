// SPDX-License-Identifier: BSD-2-Clause
/* A writable raw tracepoint: bpf_test_finish lets a program change what a test run returns as its error. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

__u64 seen;
int wanted;

SEC("raw_tp.w/bpf_test_finish")
int finish(struct bpf_raw_tracepoint_args *ctx)
{
	int *err = (int *)ctx->args[0];

	__sync_fetch_and_add(&seen, 1);
	if (wanted)
		*err = wanted;
	return 0;
}

char _license[] SEC("license") = "GPL";
