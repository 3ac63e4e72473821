/* SPDX-License-Identifier: BSD-2-Clause */
/* REJECT: R0 invalid mem access 'map_value_or_null' */
/* The first result is tested, the second is used: the same key does not make them the same pointer. */
#include "net.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, __u64);
} counts SEC(".maps");

SEC("xdp")
int prog(struct xdp_md *ctx)
{
	__u32 key = 1;
	__u64 *n = bpf_map_lookup_elem(&counts, &key);

	if (!n)
		return XDP_DROP;
	n = bpf_map_lookup_elem(&counts, &key);
	++*n;
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
