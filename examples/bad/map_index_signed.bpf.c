/* SPDX-License-Identifier: BSD-2-Clause */
/* REJECT: R2 unbounded memory access */
/* A signed index that is checked from above alone may still be negative. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct event {
	__u64 common;
	__s64 which;
};

__u64 table[64];

SEC("tracepoint/syscalls/sys_enter_close")
int prog(struct event *ctx)
{
	__s64 i = ctx->which;

	if (i >= 64)
		return 0;
	return table[i] != 0;
}

char _license[] SEC("license") = "Dual BSD/GPL";
