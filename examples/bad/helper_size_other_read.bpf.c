/* SPDX-License-Identifier: BSD-2-Clause */
/* REJECT: R2 min value is negative, either use unsigned or 'var &= const' */
/* The size is checked, and then read once more: what was read the second time was not checked. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct event {
	__u64 common;
	__u64 size;
	__u64 address;
};

SEC("tracepoint/syscalls/sys_enter_write")
int prog(struct event *ctx)
{
	volatile __u64 *size = &ctx->size;
	char buf[64];

	if (*size > sizeof(buf))
		return 0;
	bpf_probe_read_user(buf, *size, (void *)ctx->address);
	return buf[0];
}

char _license[] SEC("license") = "Dual BSD/GPL";
