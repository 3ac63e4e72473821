/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Traffic control: the program sees a packet as a socket buffer (skb), with metadata it may read and write.
 *
 * `classify` marks packets for routing rules, gives them a priority for queueing, and leaves a note in the five words
 * of `cb` for the next program. `set_dscp` rewrites a byte of the header with bpf_skb_store_bytes() and repairs the
 * checksum with bpf_l3_csum_replace(). `direct` does the same job by direct packet access.
 */
#include "net.h"

#define TC_ACT_OK 0
#define TC_ACT_SHOT 2

#define IP_OFF sizeof(struct ethhdr)

const volatile __u8 dscp = 46; /* expedited forwarding */

__u64 seen[3];

SEC("tc")
int classify(struct __sk_buff *skb)
{
	__u8 protocol;
	__be16 port;

	skb->mark = 0;
	skb->priority = 0;
	skb->cb[0] = skb->len;
	skb->cb[1] = 0;
	if (skb->protocol != bpf_htons(ETH_P_IP)) {
		seen[0]++;
		return TC_ACT_OK;
	}
	if (bpf_skb_load_bytes(skb, IP_OFF + __builtin_offsetof(struct iphdr, protocol), &protocol, 1))
		return TC_ACT_SHOT;
	skb->cb[1] = protocol;
	if (protocol != IPPROTO_TCP && protocol != IPPROTO_UDP) {
		seen[1]++;
		return TC_ACT_OK;
	}
	if (bpf_skb_load_bytes(skb, IP_OFF + sizeof(struct iphdr) + 2, &port, 2))
		return TC_ACT_SHOT;
	seen[2]++;
	skb->cb[2] = bpf_ntohs(port);
	skb->mark = protocol << 16 | bpf_ntohs(port);
	skb->priority = bpf_ntohs(port) < 1024 ? 6 : 1;
	skb->tc_index = (__u16)skb->hash;
	return TC_ACT_OK;
}

SEC("tc")
int set_dscp(struct __sk_buff *skb)
{
	__u32 tos_off = IP_OFF + __builtin_offsetof(struct iphdr, tos);
	__u32 sum_off = IP_OFF + __builtin_offsetof(struct iphdr, check);
	__u8 old, new;

	if (skb->protocol != bpf_htons(ETH_P_IP) || bpf_skb_load_bytes(skb, tos_off, &old, 1))
		return TC_ACT_OK;
	new = (__u8)(dscp << 2) | (old & 3);
	if (new == old)
		return TC_ACT_OK;
	if (bpf_l3_csum_replace(skb, sum_off, bpf_htons(old), bpf_htons(new), 2))
		return TC_ACT_SHOT;
	if (bpf_skb_store_bytes(skb, tos_off, &new, 1, 0))
		return TC_ACT_SHOT;
	return TC_ACT_OK;
}

SEC("tc")
int direct(struct __sk_buff *skb)
{
	struct ethhdr *eth;
	struct iphdr *ip;
	void *data, *end;

	/* The headers may lie in fragments: pull them into the linear part before looking at data. */
	if (bpf_skb_pull_data(skb, sizeof(*eth) + sizeof(*ip)))
		return TC_ACT_OK;
	data = (void *)(long)skb->data;
	end = (void *)(long)skb->data_end;
	eth = data;
	ip = data + sizeof(*eth);
	if ((void *)(ip + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP))
		return TC_ACT_OK;
	if (ip->ttl <= 1)
		return TC_ACT_SHOT;
	skb->mark = ip->ttl;
	return TC_ACT_OK;
}

char _license[] SEC("license") = "Dual BSD/GPL";
