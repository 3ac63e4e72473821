/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A firewall and packet counter for XDP, the hook that sees a packet before the network stack does.
 *
 * It parses Ethernet, up to two VLAN tags, ARP, IPv4 (options, fragments), IPv6 (extension headers), TCP, UDP and ICMP;
 * counts packets by protocol and by source; and drops what is malformed, too short for its own headers, or sent to a
 * blocked port or from a blocked network.
 *
 * Four ways to keep data are shown side by side:
 *   - maps, which other programs and the user can change while this one runs;
 *   - .rodata (const volatile), set by the loader before the program is verified: dead branches cost nothing;
 *   - .bss, plain global variables, which the loader reads back as a struct;
 *   - per-CPU maps, which need no atomic operations because no other CPU touches the slot.
 */
#include "net.h"

enum proto {
	PROTO_OTHER, PROTO_ARP, PROTO_IPV4_OTHER, PROTO_IPV6_OTHER, PROTO_TCP, PROTO_UDP, PROTO_ICMP, PROTO_ICMPV6,
	PROTO_FRAGMENT, PROTO_MALFORMED, PROTOS,
};

enum reason { REASON_NONE, REASON_TRUNCATED, REASON_BAD_HEADER, REASON_PORT, REASON_SOURCE, REASON_FRAGMENT, REASONS };

/* Configuration. The loader may change these before the load; afterwards they are constants to the verifier. */
const volatile __u8 drop_fragments = 0;
const volatile __u8 count_sources = 1;
const volatile __u16 blocked_ports_default[4] = { 23, 2323, 445, 0 }; /* telnet, its scanners, SMB; 0 ends */

/* Statistics of verdicts: index is the XDP action and the reason of a drop. */
__u64 verdicts[XDP_REDIRECT + 1];
__u64 drop_reasons[REASONS];
__u64 bytes_seen;

struct counter {
	__u64 packets;
	__u64 bytes;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, PROTOS);
	__type(key, __u32);
	__type(value, struct counter);
} proto_counters SEC(".maps");

/* An address of either family; IPv4 is written as ::ffff:a.b.c.d. */
struct addr {
	__u32 word[4];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct addr);
	__type(value, __u64);
} sources SEC(".maps");

struct port_key {
	__u8 protocol; /* IPPROTO_TCP or IPPROTO_UDP */
	__u8 zero;
	__be16 port;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__type(key, struct port_key);
	__type(value, __u64); /* packets dropped by this rule */
} blocked_ports SEC(".maps");

/* Longest prefix match: the key starts with the number of leading bits that count. */
struct net_key {
	__u32 bits;
	struct addr addr;
};

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 256);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct net_key);
	__type(value, __u64);
} blocked_nets SEC(".maps");

/* What was learned about one packet. */
struct packet {
	struct addr source;
	__u32 proto;    /* enum proto */
	__u32 reason;   /* enum reason */
	__be16 port;    /* destination port, 0 if there is none */
	__u8 protocol;  /* IPPROTO_* */
	__u8 has_source;
};

static __always_inline int refuse(struct packet *p, enum reason why)
{
	p->reason = why;
	return -1;
}

static __always_inline int parse_l4(struct cursor *c, struct packet *p)
{
	switch (p->protocol) {
	case IPPROTO_TCP: {
		struct tcphdr *tcp = take(c, sizeof(*tcp));

		if (!tcp)
			return refuse(p, REASON_TRUNCATED);
		if (tcp->doff < 5)
			return refuse(p, REASON_BAD_HEADER);
		if (!take(c, tcp->doff * 4 - sizeof(*tcp)))
			return refuse(p, REASON_TRUNCATED);
		p->proto = PROTO_TCP;
		p->port = tcp->dest;
		return 0;
	}
	case IPPROTO_UDP: {
		struct udphdr *udp = take(c, sizeof(*udp));

		if (!udp)
			return refuse(p, REASON_TRUNCATED);
		if (bpf_ntohs(udp->len) < sizeof(*udp))
			return refuse(p, REASON_BAD_HEADER);
		p->proto = PROTO_UDP;
		p->port = udp->dest;
		return 0;
	}
	case IPPROTO_ICMP:
		if (!take(c, sizeof(struct icmphdr)))
			return refuse(p, REASON_TRUNCATED);
		p->proto = PROTO_ICMP;
		return 0;
	case IPPROTO_ICMPV6:
		if (!take(c, 8))
			return refuse(p, REASON_TRUNCATED);
		p->proto = PROTO_ICMPV6;
		return 0;
	}
	return 0;
}

static __always_inline int parse_ipv4(struct cursor *c, struct packet *p)
{
	struct iphdr *ip = take(c, sizeof(*ip));
	__u32 header, total;

	if (!ip)
		return refuse(p, REASON_TRUNCATED);
	header = ip->ihl * 4;
	total = bpf_ntohs(ip->tot_len);
	if (ip->version != 4 || header < sizeof(*ip) || total < header)
		return refuse(p, REASON_BAD_HEADER);
	if ((void *)ip + total > c->end)
		return refuse(p, REASON_TRUNCATED);
	if (!take(c, header - sizeof(*ip)))
		return refuse(p, REASON_TRUNCATED);
	p->proto = PROTO_IPV4_OTHER;
	p->source.word[2] = bpf_htonl(0xffff);
	p->source.word[3] = ip->saddr;
	p->has_source = 1;
	p->protocol = ip->protocol;
	/* 13 bits of offset: only the first fragment carries the ports. */
	if (ip->frag_off & bpf_htons(0x1fff)) {
		p->proto = PROTO_FRAGMENT;
		return drop_fragments ? refuse(p, REASON_FRAGMENT) : 0;
	}
	return parse_l4(c, p);
}

struct ipv6_ext {
	__u8 next;
	__u8 length; /* in 8 bytes, the first 8 not counted */
	__be16 frag_off;
	__u32 id;
};

static __always_inline int parse_ipv6(struct cursor *c, struct packet *p)
{
	struct ipv6hdr *ip6 = take(c, sizeof(*ip6));
	__u8 next;

	if (!ip6)
		return refuse(p, REASON_TRUNCATED);
	if (ip6->version != 6)
		return refuse(p, REASON_BAD_HEADER);
	if ((void *)(ip6 + 1) + bpf_ntohs(ip6->payload_len) > c->end)
		return refuse(p, REASON_TRUNCATED);
	p->proto = PROTO_IPV6_OTHER;
	__builtin_memcpy(&p->source, &ip6->saddr, sizeof(p->source));
	p->has_source = 1;
	next = ip6->nexthdr;
	/* A bounded loop: the verifier walks it to the end, so its limit is part of the program's cost. */
	for (int i = 0; i < 6; i++) {
		struct ipv6_ext *ext;

		if (next != IPPROTO_HOPOPTS && next != IPPROTO_ROUTING && next != IPPROTO_DSTOPTS &&
		    next != IPPROTO_FRAGMENT)
			break;
		ext = take(c, sizeof(*ext));
		if (!ext)
			return refuse(p, REASON_TRUNCATED);
		if (next == IPPROTO_FRAGMENT) {
			if (ext->frag_off & bpf_htons(0xfff8)) {
				p->proto = PROTO_FRAGMENT;
				return drop_fragments ? refuse(p, REASON_FRAGMENT) : 0;
			}
		} else if (!take(c, ext->length * 8)) {
			return refuse(p, REASON_TRUNCATED);
		}
		next = ext->next;
	}
	p->protocol = next;
	return parse_l4(c, p);
}

static __always_inline int parse(struct cursor *c, struct packet *p)
{
	struct ethhdr *eth = take(c, sizeof(*eth));
	__be16 type;

	if (!eth)
		return refuse(p, REASON_TRUNCATED);
	type = eth->h_proto;
#pragma unroll
	for (int i = 0; i < 2; i++) {
		struct vlan_tag *tag;

		if (!is_vlan(type))
			break;
		tag = take(c, sizeof(*tag));
		if (!tag)
			return refuse(p, REASON_TRUNCATED);
		type = tag->proto;
	}
	switch (bpf_ntohs(type)) {
	case ETH_P_ARP:
		if (!take(c, 28)) /* the length of ARP for Ethernet and IPv4 */
			return refuse(p, REASON_TRUNCATED);
		p->proto = PROTO_ARP;
		return 0;
	case ETH_P_IP:
		return parse_ipv4(c, p);
	case ETH_P_IPV6:
		return parse_ipv6(c, p);
	}
	p->proto = PROTO_OTHER;
	return 0;
}

static __always_inline int port_is_blocked(const struct packet *p)
{
	struct port_key key = { .protocol = p->protocol, .port = p->port };
	__u64 *hits;

	if (!p->port)
		return 0;
	for (int i = 0; i < 4 && blocked_ports_default[i]; i++)
		if (bpf_ntohs(p->port) == blocked_ports_default[i])
			return 1;
	hits = bpf_map_lookup_elem(&blocked_ports, &key);
	if (!hits)
		return 0;
	__sync_fetch_and_add(hits, 1);
	return 1;
}

static __always_inline int source_is_blocked(const struct packet *p)
{
	struct net_key key = { .bits = 128, .addr = p->source };
	__u64 *hits = bpf_map_lookup_elem(&blocked_nets, &key);

	if (!hits)
		return 0;
	__sync_fetch_and_add(hits, 1);
	return 1;
}

static __always_inline void count_source(const struct packet *p)
{
	__u64 one = 1, *n = bpf_map_lookup_elem(&sources, &p->source);

	if (n)
		__sync_fetch_and_add(n, 1);
	else
		bpf_map_update_elem(&sources, &p->source, &one, BPF_NOEXIST);
}

static __always_inline void count_proto(__u32 proto, __u64 bytes)
{
	struct counter *n = bpf_map_lookup_elem(&proto_counters, &proto);

	if (n) {
		n->packets++;
		n->bytes += bytes;
	}
}

SEC("xdp")
int firewall(struct xdp_md *ctx)
{
	struct cursor c = { (void *)(long)ctx->data, (void *)(long)ctx->data_end };
	__u64 bytes = c.end - c.pos;
	struct packet p = {};
	int action = XDP_PASS;

	if (parse(&c, &p))
		p.proto = p.reason == REASON_FRAGMENT ? PROTO_FRAGMENT : PROTO_MALFORMED;
	else if (port_is_blocked(&p))
		p.reason = REASON_PORT;
	if (p.has_source) {
		if (count_sources)
			count_source(&p);
		if (p.reason == REASON_NONE && source_is_blocked(&p))
			p.reason = REASON_SOURCE;
	}
	count_proto(p.proto, bytes);
	__sync_fetch_and_add(&bytes_seen, bytes);
	if (p.reason != REASON_NONE && p.reason < REASONS) {
		action = XDP_DROP;
		__sync_fetch_and_add(&drop_reasons[p.reason], 1);
	}
	__sync_fetch_and_add(&verdicts[action], 1);
	return action;
}

char _license[] SEC("license") = "Dual BSD/GPL";
