/* SPDX-License-Identifier: BSD-2-Clause */
/* Functions of a server: entries and returns. SERVER: its path. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

enum { PORTALS, PORTALS_DONE, ALLOCS, ALLOCATED, CALLS, COUNTS };
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, COUNTS);
	__type(key, __u32);
	__type(value, __u64);
} count SEC(".maps");

static int add(__u32 i)
{
	__u64 *n = bpf_map_lookup_elem(&count, &i);

	if (n)
		__sync_fetch_and_add(n, 1);
	return 0;
}

SEC("uprobe/" SERVER ":PortalRun") int portals(void *ctx) { return add(PORTALS); }
SEC("uretprobe/" SERVER ":PortalRun") int portals_done(void *ctx) { return add(PORTALS_DONE); }
SEC("uprobe/" SERVER ":palloc") int allocs(void *ctx) { return add(ALLOCS); }
SEC("uretprobe/" SERVER ":palloc") int allocated(void *ctx) { return add(ALLOCATED); }
SEC("tracepoint/syscalls/sys_enter_recvfrom") int calls(void *ctx) { return add(CALLS); }

char gpl[] SEC("license") = "GPL";
