/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the network examples share: a cursor over the packet that never leaves it.
 *
 * The verifier demands that every packet byte is compared with `end` before it is read. take() does the comparison
 * and the step at once, so no caller can forget it: it returns the header, or NULL when the packet is too short.
 */
#ifndef EXAMPLES_NET_H
#define EXAMPLES_NET_H

#include <linux/bpf.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct cursor {
	void *pos;
	void *end;
};

static __always_inline void *take(struct cursor *c, __u32 n)
{
	void *p = c->pos;

	if (p + n > c->end)
		return 0;
	c->pos = p + n;
	return p;
}

struct vlan_tag {
	__be16 tci;
	__be16 proto;
};

/* What follows an Ethernet type: 0x8100 is a VLAN tag, 0x88a8 the outer tag of a provider ("QinQ"). */
static __always_inline int is_vlan(__be16 proto)
{
	return proto == bpf_htons(0x8100) || proto == bpf_htons(0x88a8);
}

#endif
