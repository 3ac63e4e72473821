/* SPDX-License-Identifier: BSD-2-Clause */
/* REJECT: invalid access to map value */
/* `<=` lets the index be 64 in an array of 64: the last byte read lies 8 past the end of the map value. */
#include "net.h"

struct table {
	__u64 slot[64];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct table);
} tables SEC(".maps");

SEC("xdp")
int prog(struct xdp_md *ctx)
{
	__u32 zero = 0, i = ctx->ingress_ifindex;
	struct table *t = bpf_map_lookup_elem(&tables, &zero);

	if (t && i <= 64)
		return t->slot[i] ? XDP_PASS : XDP_DROP;
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
