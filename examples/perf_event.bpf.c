/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A sampling profiler: runs at every tick of a perf event and counts where it interrupted whom. The context holds the
 * registers of that moment and the period of the sampling, so that every sample can be weighed.
 */
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <linux/bpf_perf_event.h>

#include <bpf/bpf_helpers.h>

struct key {
	__u64 page; /* of the instruction */
	__u32 pid;
	__u32 in_kernel;
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
	key.page = ctx->regs.rip & ~0xfffULL;
	key.in_kernel = (__s64)ctx->regs.rip < 0;
	bpf_get_current_comm(key.comm, sizeof(key.comm));
	n = bpf_map_lookup_elem(&samples, &key);
	if (n)
		__sync_fetch_and_add(n, 1);
	else
		bpf_map_update_elem(&samples, &key, &one, BPF_NOEXIST);
	return 0;
}

char _license[] SEC("license") = "Dual BSD/GPL";
