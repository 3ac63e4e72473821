// SPDX-License-Identifier: BSD-2-Clause
/* A ring buffer that user space writes and a program drains. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct order { __u32 kind, amount; };

struct {
	__uint(type, BPF_MAP_TYPE_USER_RINGBUF);
	__uint(max_entries, 1 << 16);
} orders SEC(".maps");

__u64 taken, total, damaged;

static long take(struct bpf_dynptr *d, void *cookie)
{
	struct order o;

	if (bpf_dynptr_read(&o, sizeof(o), d, 0, 0)) {
		damaged++;
		return 0;
	}
	taken++;
	total += o.amount;
	return o.kind == 0; /* the last order */
}

/* How many were waiting. */
SEC("syscall")
int drain(void *ctx)
{
	return bpf_user_ringbuf_drain(&orders, take, NULL, 0);
}

char _license[] SEC("license") = "GPL";
