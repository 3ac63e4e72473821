/* SPDX-License-Identifier: BSD-2-Clause */
/* REJECT: invalid write to stack */
/* The helper is told that the buffer has 32 bytes, but it has 16 and lies at the top of the stack. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("tracepoint/sched/sched_switch")
int prog(void *ctx)
{
	char comm[16];

	bpf_get_current_comm(comm, 32);
	return comm[0];
}

char _license[] SEC("license") = "Dual BSD/GPL";
