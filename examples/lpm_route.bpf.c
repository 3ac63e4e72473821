/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Routing by longest prefix: an LPM trie finds the most specific network that holds an address. The first run fills the
 * table; afterwards every IPv4 packet gets the next hop of its destination.
 */
#include "net.h"

struct key {
	__u32 bits;
	__be32 addr;
};

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 1024);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct key);
	__type(value, __u32);
} routes SEC(".maps");

#define IP(a, b, c, d) bpf_htonl((__u32)(a) << 24 | (b) << 16 | (c) << 8 | (d))

static const struct {
	struct key key;
	__u32 hop;
} table[] = {
	{ { 0, IP(0, 0, 0, 0) }, 1 },
	{ { 8, IP(10, 0, 0, 0) }, 2 },
	{ { 16, IP(10, 1, 0, 0) }, 3 },
	{ { 24, IP(10, 1, 2, 0) }, 4 },
	{ { 32, IP(10, 1, 2, 3) }, 5 },
	{ { 12, IP(172, 16, 0, 0) }, 6 },
};

#define ROUTES (sizeof(table) / sizeof(table[0]))

__u32 ready;
__u64 by_hop[8];

SEC("tc")
int route(struct __sk_buff *skb)
{
	struct key key = { .bits = 32 };
	__u32 *hop;

	if (!ready) {
		for (__u32 i = 0; i < ROUTES; i++) {
			struct key k = table[i].key;
			__u32 h = table[i].hop;

			bpf_map_update_elem(&routes, &k, &h, BPF_ANY);
		}
		ready = 1;
	}
	if (skb->protocol != bpf_htons(ETH_P_IP) ||
	    bpf_skb_load_bytes(skb, ETH_HLEN + __builtin_offsetof(struct iphdr, daddr), &key.addr, sizeof(key.addr)))
		return 0;
	hop = bpf_map_lookup_elem(&routes, &key);
	if (!hop)
		return 2;
	by_hop[*hop & 7]++;
	skb->mark = *hop;
	return 0;
}

char _license[] SEC("license") = "Dual BSD/GPL";
