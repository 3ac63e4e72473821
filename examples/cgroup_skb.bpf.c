/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Accounting and policy for a control group: every packet its processes send or receive passes here. The return value
 * is 1 to let it through, 0 to drop it. The packet starts at the IP header: there is no Ethernet at this layer.
 */
#include "net.h"

enum { INGRESS, EGRESS };

struct usage {
	__u64 packets;
	__u64 bytes;
	__u64 dropped;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct usage);
} usage SEC(".maps");

const volatile __u64 egress_quota = 1 << 20; /* bytes; 0: no limit */

static __always_inline int account(struct __sk_buff *skb, __u32 direction, __u64 quota)
{
	struct usage *u = bpf_map_lookup_elem(&usage, &direction);

	if (!u)
		return 1;
	if (quota && u->bytes + skb->len > quota) {
		__sync_fetch_and_add(&u->dropped, 1);
		return 0;
	}
	__sync_fetch_and_add(&u->packets, 1);
	__sync_fetch_and_add(&u->bytes, skb->len);
	return 1;
}

SEC("cgroup_skb/ingress")
int ingress(struct __sk_buff *skb)
{
	return account(skb, INGRESS, 0);
}

SEC("cgroup_skb/egress")
int egress(struct __sk_buff *skb)
{
	struct iphdr *ip = (void *)(long)skb->data;

	/* Nobody in this group talks telnet: direct packet access works here, too. */
	if ((void *)(ip + 1) <= (void *)(long)skb->data_end && ip->version == 4 && ip->ihl == 5 &&
	    ip->protocol == IPPROTO_TCP) {
		struct tcphdr *tcp = (void *)(ip + 1);

		if ((void *)(tcp + 1) <= (void *)(long)skb->data_end && tcp->dest == bpf_htons(23))
			return 0;
	}
	return account(skb, EGRESS, egress_quota);
}

char _license[] SEC("license") = "Dual BSD/GPL";
