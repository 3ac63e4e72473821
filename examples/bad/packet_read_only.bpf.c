/* SPDX-License-Identifier: BSD-2-Clause */
/* REJECT: cannot write into packet */
/* A socket filter reads packets through direct access nowhere, and a control group's filter may read but not write. */
#include "net.h"

SEC("cgroup_skb/egress")
int prog(struct __sk_buff *skb)
{
	struct iphdr *ip = (void *)(long)skb->data;

	if ((void *)(ip + 1) <= (void *)(long)skb->data_end)
		ip->ttl = 1;
	return 1;
}

char _license[] SEC("license") = "Dual BSD/GPL";
