// SPDX-License-Identifier: BSD-2-Clause
/*
 * Cookies: one program at many places, told by a number that its loader gave with each: kprobes and uprobes by the dozen, uprobes one by
 * one, USDT markers (whose cookie the loader keeps in a map of its own when the kernel has none).
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__type(key, __u64);
	__type(value, __u64);
} by_cookie SEC(".maps");

static __always_inline int hit(__u64 cookie)
{
	__u64 one = 1, *n = bpf_map_lookup_elem(&by_cookie, &cookie);

	if (n)
		__sync_fetch_and_add(n, 1);
	else
		bpf_map_update_elem(&by_cookie, &cookie, &one, BPF_ANY);
	return 0;
}

SEC("kprobe.multi/vfs_*")
int functions(struct pt_regs *ctx)
{
	return hit(bpf_get_attach_cookie(ctx));
}

SEC("kretprobe.multi/vfs_*")
int returns(struct pt_regs *ctx)
{
	return hit(bpf_get_attach_cookie(ctx) ^ bpf_get_func_ip(ctx));
}

SEC("uprobe")
int place(struct pt_regs *ctx)
{
	return hit(bpf_get_attach_cookie(ctx));
}

SEC("tracepoint/syscalls/sys_enter_openat")
int opened(void *ctx)
{
	return hit(bpf_get_attach_cookie(ctx));
}

SEC("perf_event")
int sampled(void *ctx)
{
	return hit(bpf_get_attach_cookie(ctx));
}

char _license[] SEC("license") = "GPL";
