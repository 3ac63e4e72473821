/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A kprobe runs at the entry of any function of the kernel, a uprobe at one of a process; both see the CPU's registers,
 * so arguments are found by the calling convention: PT_REGS_PARM1() is rdi on x86-64. The latency of each call is
 * the time between entry and return, kept in a histogram of powers of two.
 */
#include <linux/bpf.h>
#include <linux/ptrace.h>

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u64);
	__type(value, __u64);
} started SEC(".maps");

__u64 latency[32]; /* latency[n]: calls that took 2^n to 2^(n+1) ns */
__u64 sizes;

SEC("kprobe/vfs_read")
int BPF_KPROBE(read_entry, void *file, void *buf, __u64 count)
{
	__u64 id = bpf_get_current_pid_tgid(), now = bpf_ktime_get_ns();

	__sync_fetch_and_add(&sizes, count);
	bpf_map_update_elem(&started, &id, &now, BPF_ANY);
	return 0;
}

/* Position of the highest bit, without a loop. */
static __always_inline __u32 log2_of(__u64 v)
{
	__u32 r = 0;

	if (v >> 16) {
		v >>= 16;
		r += 16;
	}
	if (v >> 8) {
		v >>= 8;
		r += 8;
	}
	if (v >> 4) {
		v >>= 4;
		r += 4;
	}
	if (v >> 2) {
		v >>= 2;
		r += 2;
	}
	return r + (__u32)(v >> 1 & 1);
}

SEC("kretprobe/vfs_read")
int BPF_KRETPROBE(read_return, long ret)
{
	__u64 id = bpf_get_current_pid_tgid(), *start = bpf_map_lookup_elem(&started, &id);
	__u32 slot;

	if (!start || ret < 0)
		return 0;
	slot = log2_of(bpf_ktime_get_ns() - *start);
	if (slot < 32)
		__sync_fetch_and_add(&latency[slot], 1);
	bpf_map_delete_elem(&started, &id);
	return 0;
}

/* The same for a function of a process: the loader fills in which, at attach time. */
SEC("uprobe")
int BPF_KPROBE(user_entry, const char *text)
{
	char first[16];

	if (bpf_probe_read_user_str(first, sizeof(first), text) > 0)
		bpf_printk("called with %s", first);
	return 0;
}

char _license[] SEC("license") = "Dual BSD/GPL";
