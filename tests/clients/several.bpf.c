/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct count { __u32 packets, bytes; __u64 last; };

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, struct count);
} counts SEC(".maps");

SEC("xdp")
int first(struct xdp_md *ctx)
{
	__u32 key = 1;
	struct count *c = bpf_map_lookup_elem(&counts, &key);

	if (c)
		__sync_fetch_and_add(&c->last, 1);
	return XDP_PASS;
}

SEC("tc")
int second(struct __sk_buff *skb)
{
	return skb->len > 100 ? 2 : 0;
}

char _license[] SEC("license") = "GPL";
