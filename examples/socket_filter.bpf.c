/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A socket filter decides how many bytes of a packet its socket gets to see; 0 drops it. It is the oldest BPF program
 * type: tcpdump's filters are this. The packet is read only through helpers (bpf_skb_load_bytes) or with the load
 * instructions of classic BPF, which end the program with 0 when the packet is too short.
 */
#include "net.h"

/* The classic loads have no C syntax; clang offers them as builtins. They give host byte order. */
unsigned long long load_byte(void *skb, unsigned long long off) asm("llvm.bpf.load.byte");
unsigned long long load_half(void *skb, unsigned long long off) asm("llvm.bpf.load.half");
unsigned long long load_word(void *skb, unsigned long long off) asm("llvm.bpf.load.word");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 256);
	__type(key, __u32);
	__type(value, __u64);
} by_protocol SEC(".maps");

/* Passes TCP and UDP to the ports below 1024, and counts everything by IP protocol. */
SEC("socket")
int low_ports(struct __sk_buff *skb)
{
	__u32 protocol, ihl;
	__u64 *n;

	if (load_half(skb, 12) != ETH_P_IP)
		return 0;
	protocol = (__u32)load_byte(skb, ETH_HLEN + 9);
	n = bpf_map_lookup_elem(&by_protocol, &protocol);
	if (n)
		__sync_fetch_and_add(n, 1);
	if (protocol != IPPROTO_TCP && protocol != IPPROTO_UDP)
		return 0;
	ihl = (__u32)(load_byte(skb, ETH_HLEN) & 15) * 4;
	return load_half(skb, ETH_HLEN + ihl + 2) < 1024 ? -1 : 0;
}

/* The same question asked with the helper, which reports a short packet instead of ending the program. */
SEC("socket")
int headers_only(struct __sk_buff *skb)
{
	struct iphdr ip;

	if (skb->protocol != bpf_htons(ETH_P_IP))
		return 0;
	if (bpf_skb_load_bytes(skb, ETH_HLEN, &ip, sizeof(ip)))
		return 0;
	return ETH_HLEN + ip.ihl * 4 + 20; /* cut the packet after its headers */
}

/* Metadata only: no packet byte is read. */
SEC("socket")
int by_context(struct __sk_buff *skb)
{
	skb->cb[0] = skb->pkt_type;
	if (skb->vlan_present)
		return 0;
	return skb->len > 1000 ? 128 : (int)skb->len;
}

char _license[] SEC("license") = "Dual BSD/GPL";
