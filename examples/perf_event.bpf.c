/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A sampling profiler: runs at every tick of a perf event and counts the stack it interrupted. The stack itself is stored
 * once in a stack-trace map, under an id; the counter's key holds that id.
 */
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <linux/bpf_perf_event.h>

#include <bpf/bpf_helpers.h>

#define DEPTH 64

struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(max_entries, 1024);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, DEPTH * sizeof(__u64));
} stacks SEC(".maps");

struct key {
	__u32 pid;
	__s32 kernel_stack;
	__s32 user_stack;
	char comm[16];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct key);
	__type(value, __u64);
} samples SEC(".maps");

__u64 total, weight, last_ip;

SEC("perf_event")
int sample(struct bpf_perf_event_data *ctx)
{
	struct key key = {};
	__u64 one = 1, *n;

	__sync_fetch_and_add(&total, 1);
	__sync_fetch_and_add(&weight, ctx->sample_period);
	last_ip = ctx->regs.rip;
	key.pid = (__u32)(bpf_get_current_pid_tgid() >> 32);
	key.kernel_stack = (__s32)bpf_get_stackid(ctx, &stacks, 0);
	key.user_stack = (__s32)bpf_get_stackid(ctx, &stacks, BPF_F_USER_STACK);
	bpf_get_current_comm(key.comm, sizeof(key.comm));
	n = bpf_map_lookup_elem(&samples, &key);
	if (n)
		__sync_fetch_and_add(n, 1);
	else
		bpf_map_update_elem(&samples, &key, &one, BPF_NOEXIST);
	return 0;
}

char _license[] SEC("license") = "Dual BSD/GPL";
