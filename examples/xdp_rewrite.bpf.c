/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rewriting packets: `encap` puts a VLAN tag into a frame, `decap` takes it out, `redirect_port` changes a UDP
 * destination port and repairs both checksums.
 *
 * bpf_xdp_adjust_head() moves the start of the packet, so every packet pointer taken before is void and must be
 * computed again: the verifier sees to it.
 */
#include "net.h"

const volatile __u16 vlan_id = 42;
const volatile __u16 port_from = 53;
const volatile __u16 port_to = 5353;

struct tagged {
	__u8 dst[6];
	__u8 src[6];
	__be16 tpid;
	__be16 tci;
	__be16 proto;
} __attribute__((packed));

SEC("xdp")
int encap(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data, copy;
	struct tagged *out;

	if (data + sizeof(*eth) > end)
		return XDP_DROP;
	__builtin_memcpy(&copy, eth, sizeof(copy));
	if (bpf_xdp_adjust_head(ctx, -(int)sizeof(struct vlan_tag)))
		return XDP_ABORTED;
	data = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	out = data;
	if (data + sizeof(*out) > end)
		return XDP_ABORTED;
	__builtin_memcpy(out->dst, copy.h_dest, 6);
	__builtin_memcpy(out->src, copy.h_source, 6);
	out->tpid = bpf_htons(0x8100);
	out->tci = bpf_htons(vlan_id);
	out->proto = copy.h_proto;
	return XDP_TX;
}

SEC("xdp")
int decap(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct tagged *in = data, copy;
	struct ethhdr *eth;

	if (data + sizeof(*in) > end || !is_vlan(in->tpid))
		return XDP_PASS;
	__builtin_memcpy(&copy, in, sizeof(copy));
	if (bpf_xdp_adjust_head(ctx, sizeof(struct vlan_tag)))
		return XDP_ABORTED;
	data = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	eth = data;
	if (data + sizeof(*eth) > end)
		return XDP_ABORTED;
	__builtin_memcpy(eth->h_dest, copy.dst, 6);
	__builtin_memcpy(eth->h_source, copy.src, 6);
	eth->h_proto = copy.proto;
	return XDP_TX;
}

/* The Internet checksum is a one's complement sum of 16-bit words: carries are added back in. */
static __always_inline __u16 fold(__u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (__u16)~sum;
}

SEC("xdp")
int redirect_port(struct xdp_md *ctx)
{
	struct cursor c = { (void *)(long)ctx->data, (void *)(long)ctx->data_end };
	struct ethhdr *eth = take(&c, sizeof(*eth));
	struct iphdr *ip = take(&c, sizeof(*ip));
	struct udphdr *udp = take(&c, sizeof(*udp));
	__u32 before, after;
	__s64 sum;

	if (!eth || !ip || !udp || eth->h_proto != bpf_htons(ETH_P_IP) || ip->ihl != 5 ||
	    ip->protocol != IPPROTO_UDP || ip->frag_off & bpf_htons(0x1fff) || udp->dest != bpf_htons(port_from))
		return XDP_PASS;
	/* UDP: only one field changed, so the difference is enough. A checksum of 0 means there is none. */
	before = udp->dest;
	after = bpf_htons(port_to);
	udp->dest = (__be16)after;
	if (udp->check) {
		sum = bpf_csum_diff(&before, sizeof(before), &after, sizeof(after), (__u16)~udp->check);
		udp->check = fold((__u32)sum);
		if (!udp->check)
			udp->check = 0xffff;
	}
	/* IPv4: one hop less, and the header's checksum computed afresh. */
	if (ip->ttl > 1)
		ip->ttl--;
	ip->check = 0;
	sum = bpf_csum_diff(0, 0, (__be32 *)ip, sizeof(*ip), 0);
	ip->check = fold((__u32)sum);
	return XDP_TX;
}

/* Cuts the packet to its first 64 bytes: the tail moves, too. */
SEC("xdp")
int snap(struct xdp_md *ctx)
{
	int len = (int)(ctx->data_end - ctx->data);

	if (len > 64 && bpf_xdp_adjust_tail(ctx, 64 - len))
		return XDP_ABORTED;
	return XDP_TX;
}

char _license[] SEC("license") = "Dual BSD/GPL";
