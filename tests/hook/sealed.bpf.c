/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/* Calls of tests/hook/sealed: how many, and of how many the argument could be read. */
#include <linux/bpf.h>
#include <linux/ptrace.h>

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 3);
	__type(key, __u32);
	__type(value, __u64);
} count SEC(".maps");

static __always_inline void add(__u32 i)
{
	__u64 *n = bpf_map_lookup_elem(&count, &i);

	if (n)
		__sync_fetch_and_add(n, 1);
}

SEC("uprobe/" EXE ":probed")
int BPF_KPROBE(on_call, const char *text)
{
	char c = 0;
	long err = bpf_probe_read_user(&c, 1, text);

	add(0);
	add(!err && c == 't' ? 1 : 2);
	return 0;
}

char _license[] SEC("license") = "GPL";
