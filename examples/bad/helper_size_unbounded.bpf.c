/* SPDX-License-Identifier: BSD-2-Clause */
/* REJECT: R2 min value is negative, either use unsigned or 'var &= const' */
/* The size comes from the event and may be anything, the buffer has 64 bytes: the size needs bounds on both sides. */
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
	char buf[64];

	bpf_probe_read_user(buf, (__u32)ctx->size, (void *)ctx->address);
	return buf[0];
}

char _license[] SEC("license") = "Dual BSD/GPL";
