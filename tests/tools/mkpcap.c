/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mkpcap: writes the capture file that the demo and the tests run on. Usage: mkpcap OUT [N [SEED]]
 *
 * The first packets are one of each shape (see `shapes`), then come every shape cut at several lengths; from there on up
 * to N packets are drawn from the shapes with varying addresses, ports and sizes. Checksums and lengths are right but
 * for the shapes that are about wrong ones. Invariant: the same arguments give the same bytes on every machine.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/types.h"

#define MAX_PACKET 9216
#define SNAPLEN    65535
#define ETH_LEN    14

/* A packet is built from the front; `len` is what there is so far. */
struct packet {
	u8 byte[MAX_PACKET];
	u32 len;
};

/* What varies from one packet of a shape to the next. */
struct vary {
	u32 host;    /* last two bytes of the source address */
	u16 sport, dport;
	u16 payload; /* bytes */
	u16 id;
};

static u64 rng_state;

static u32 rng(void)
{
	rng_state ^= rng_state << 13;
	rng_state ^= rng_state >> 7;
	rng_state ^= rng_state << 17;
	return (u32)(rng_state >> 32);
}

static void put8(struct packet *p, u32 v)
{
	if (p->len < MAX_PACKET)
		p->byte[p->len++] = (u8)v;
}

static void put16(struct packet *p, u32 v)
{
	put8(p, v >> 8);
	put8(p, v);
}

static void put32(struct packet *p, u32 v)
{
	put16(p, v >> 16);
	put16(p, v);
}

static void put(struct packet *p, const void *src, u32 n)
{
	const u8 *s = src;

	for (u32 i = 0; i < n; i++)
		put8(p, s[i]);
}

static void set16(struct packet *p, u32 at, u32 v)
{
	p->byte[at] = (u8)(v >> 8);
	p->byte[at + 1] = (u8)v;
}

static void set8(struct packet *p, u32 at, u32 v)
{
	p->byte[at] = (u8)v;
}

/* One's complement sum of the bytes, on top of `sum`. */
static u32 sum16(const u8 *b, u32 n, u32 sum)
{
	for (u32 i = 0; i + 1 < n; i += 2)
		sum += (u32)b[i] << 8 | b[i + 1];
	if (n & 1)
		sum += (u32)b[n - 1] << 8;
	return sum;
}

static u16 fold(u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (u16)~sum;
}

static void ethernet(struct packet *p, const struct vary *v, u16 type)
{
	static const u8 dst[6] = { 0x02, 0, 0, 0, 0, 0x01 };

	put(p, dst, 6);
	put8(p, 0x02);
	put8(p, 0x5e);
	put32(p, v->host);
	put16(p, type);
}

/* Inserts a tag after the addresses of a finished frame. */
static void add_tag(struct packet *p, u16 tpid, u16 vid)
{
	memmove(p->byte + 16, p->byte + 12, p->len - 12);
	p->len += 4;
	set16(p, 12, tpid);
	set16(p, 14, vid);
}

static void payload(struct packet *p, u32 n)
{
	for (u32 i = 0; i < n; i++)
		put8(p, (u8)"skep packet payload "[i % 20]);
}

/* IPv4 header; the length and the checksum are filled in by ipv4_end(). Returns where it starts. */
static u32 ipv4(struct packet *p, const struct vary *v, u8 protocol, const void *options, u32 optlen)
{
	u32 at = p->len;

	put8(p, 0x40 | (20 + optlen) / 4);
	put8(p, 0);
	put16(p, 0);
	put16(p, v->id);
	put16(p, 0x4000); /* don't fragment */
	put8(p, 64);
	put8(p, protocol);
	put16(p, 0);
	put32(p, 0x0a010000 | (v->host & 0xffff));
	put32(p, 0x0a010203);
	put(p, options, optlen);
	return at;
}

static void ipv4_check(struct packet *p, u32 at)
{
	u32 hl = (p->byte[at] & 15u) * 4;

	set16(p, at + 10, 0);
	set16(p, at + 10, fold(sum16(p->byte + at, hl, 0)));
}

static void ipv4_end(struct packet *p, u32 at)
{
	set16(p, at + 2, p->len - at);
	ipv4_check(p, at);
}

static u32 ipv6(struct packet *p, const struct vary *v, u8 next)
{
	u32 at = p->len;

	put32(p, 0x60000000 | (v->host & 0xfffff));
	put16(p, 0);
	put8(p, next);
	put8(p, 64);
	put32(p, 0x20010db8);
	put32(p, 0);
	put32(p, 0);
	put32(p, v->host);
	put32(p, 0x20010db8);
	put32(p, 1);
	put32(p, 0);
	put32(p, 0x53);
	return at;
}

static void ipv6_end(struct packet *p, u32 at)
{
	set16(p, at + 4, p->len - at - 40);
}

/* Transport checksum over the pseudo header of the IP header at `ip`; the field is at l4 + field. */
static void l4_check(struct packet *p, u32 ip, u32 l4, u8 protocol, u32 field)
{
	u32 n = p->len - l4, sum = protocol + n;
	u16 check;

	sum = p->byte[ip] >> 4 == 4 ? sum16(p->byte + ip + 12, 8, sum) : sum16(p->byte + ip + 8, 32, sum);
	set16(p, l4 + field, 0);
	check = fold(sum16(p->byte + l4, n, sum));
	set16(p, l4 + field, protocol == 17 && !check ? 0xffff : check);
}

#define TCP_FIN 1
#define TCP_SYN 2
#define TCP_PSH 8
#define TCP_ACK 16

static u32 tcp(struct packet *p, const struct vary *v, u8 flags, const void *options, u32 optlen, u32 data)
{
	u32 at = p->len;

	put16(p, v->sport);
	put16(p, v->dport);
	put32(p, 0x1000u + v->id);
	put32(p, flags & TCP_ACK ? 0x2000 : 0);
	put8(p, (20 + optlen) / 4 << 4);
	put8(p, flags);
	put16(p, 64240);
	put32(p, 0); /* checksum, urgent pointer */
	put(p, options, optlen);
	payload(p, data);
	return at;
}

static u32 udp(struct packet *p, const struct vary *v, u32 data)
{
	u32 at = p->len;

	put16(p, v->sport);
	put16(p, v->dport);
	put16(p, 8 + data);
	put16(p, 0);
	payload(p, data);
	return at;
}

static const u8 syn_options[20] = { 2, 4, 0x05, 0xb4, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 7 };

/* --- one function a shape --- */

static void arp(struct packet *p, const struct vary *v, u16 operation)
{
	ethernet(p, v, 0x0806);
	put16(p, 1);      /* Ethernet */
	put16(p, 0x0800); /* IPv4 */
	put8(p, 6);
	put8(p, 4);
	put16(p, operation);
	put16(p, 0x025e);
	put32(p, v->host);
	put32(p, 0x0a010000 | (v->host & 0xffff));
	put32(p, 0);
	put16(p, 0);
	put32(p, 0x0a010203);
	while (p->len < 60)
		put8(p, 0); /* Ethernet's minimum */
}

static void arp_request(struct packet *p, const struct vary *v) { arp(p, v, 1); }
static void arp_reply(struct packet *p, const struct vary *v) { arp(p, v, 2); }

static void tcp4(struct packet *p, const struct vary *v, u8 flags, const void *ip_opt, u32 ip_optlen,
		 const void *opt, u32 optlen, u32 data)
{
	u32 ip, l4;

	ethernet(p, v, 0x0800);
	ip = ipv4(p, v, 6, ip_opt, ip_optlen);
	l4 = tcp(p, v, flags, opt, optlen, data);
	ipv4_end(p, ip);
	l4_check(p, ip, l4, 6, 16);
}

static void tcp_syn(struct packet *p, const struct vary *v)
{
	tcp4(p, v, TCP_SYN, "", 0, syn_options, sizeof(syn_options), 0);
}

static void tcp_data(struct packet *p, const struct vary *v)
{
	tcp4(p, v, TCP_ACK | TCP_PSH, "", 0, "", 0, v->payload);
}

static void tcp_fin(struct packet *p, const struct vary *v)
{
	tcp4(p, v, TCP_ACK | TCP_FIN, "", 0, "", 0, 0);
}

static void tcp_ip_options(struct packet *p, const struct vary *v)
{
	static const u8 router_alert[8] = { 0x94, 4, 0, 0, 1, 1, 1, 0 };

	tcp4(p, v, TCP_ACK, router_alert, sizeof(router_alert), "", 0, 32);
}

static void tcp_full_options(struct packet *p, const struct vary *v)
{
	static const u8 nops[40] = { 1, 1, 1, 1, 1, 1, 1, 1 };

	tcp4(p, v, TCP_ACK, nops, 40, nops, 40, 8);
}

static void tcp_telnet(struct packet *p, const struct vary *v)
{
	struct vary w = *v;

	w.dport = 23;
	tcp4(p, &w, TCP_SYN, "", 0, syn_options, sizeof(syn_options), 0);
}

static void udp4(struct packet *p, const struct vary *v, u32 data, bool checksum)
{
	u32 ip, l4;

	ethernet(p, v, 0x0800);
	ip = ipv4(p, v, 17, "", 0);
	l4 = udp(p, v, data);
	ipv4_end(p, ip);
	if (checksum)
		l4_check(p, ip, l4, 17, 6);
}

static void udp_data(struct packet *p, const struct vary *v) { udp4(p, v, v->payload, true); }
static void udp_no_checksum(struct packet *p, const struct vary *v) { udp4(p, v, 20, false); }
static void udp_empty(struct packet *p, const struct vary *v) { udp4(p, v, 0, true); }

static void udp_dns(struct packet *p, const struct vary *v)
{
	struct vary w = *v;

	w.dport = 53;
	udp4(p, &w, 33, true);
}

static void icmp_echo(struct packet *p, const struct vary *v)
{
	u32 ip, l4;

	ethernet(p, v, 0x0800);
	ip = ipv4(p, v, 1, "", 0);
	l4 = p->len;
	put16(p, 0x0800); /* echo request */
	put16(p, 0);
	put16(p, v->id);
	put16(p, 1);
	payload(p, 56);
	set16(p, l4 + 2, fold(sum16(p->byte + l4, p->len - l4, 0)));
	ipv4_end(p, ip);
}

static void igmp(struct packet *p, const struct vary *v)
{
	static const u8 report[8] = { 0x16, 0, 0x09, 0xf8, 224, 0, 0, 7 };
	u32 ip;

	ethernet(p, v, 0x0800);
	ip = ipv4(p, v, 2, "", 0);
	put(p, report, sizeof(report));
	ipv4_end(p, ip);
}

/* The first fragment carries the ports, the second does not. */
static void fragment(struct packet *p, const struct vary *v, u32 offset8, bool more)
{
	u32 ip;

	ethernet(p, v, 0x0800);
	ip = ipv4(p, v, 17, "", 0);
	if (offset8 == 0)
		udp(p, v, 64);
	else
		payload(p, 72);
	set16(p, ip + 6, (more ? 0x2000u : 0) | offset8);
	ipv4_end(p, ip);
}

static void fragment_first(struct packet *p, const struct vary *v) { fragment(p, v, 0, true); }
static void fragment_middle(struct packet *p, const struct vary *v) { fragment(p, v, 9, true); }
static void fragment_last(struct packet *p, const struct vary *v) { fragment(p, v, 18, false); }

static void tcp6(struct packet *p, const struct vary *v)
{
	u32 ip, l4;

	ethernet(p, v, 0x86dd);
	ip = ipv6(p, v, 6);
	l4 = tcp(p, v, TCP_SYN, syn_options, sizeof(syn_options), 0);
	ipv6_end(p, ip);
	l4_check(p, ip, l4, 6, 16);
}

static void udp6(struct packet *p, const struct vary *v)
{
	u32 ip, l4;

	ethernet(p, v, 0x86dd);
	ip = ipv6(p, v, 17);
	l4 = udp(p, v, v->payload);
	ipv6_end(p, ip);
	l4_check(p, ip, l4, 17, 6);
}

static void icmp6_neighbor(struct packet *p, const struct vary *v)
{
	u32 ip, l4;

	ethernet(p, v, 0x86dd);
	ip = ipv6(p, v, 58);
	set8(p, ip + 7, 255);
	l4 = p->len;
	put16(p, 0x8700); /* neighbour solicitation */
	put16(p, 0);
	put32(p, 0);
	put(p, p->byte + ip + 24, 16);
	put16(p, 0x0101); /* option: my link address */
	put16(p, 0x025e);
	put32(p, v->host);
	ipv6_end(p, ip);
	l4_check(p, ip, l4, 58, 2);
}

/* Hop-by-hop, routing and destination options before UDP. */
static void udp6_extensions(struct packet *p, const struct vary *v)
{
	static const u8 hop_by_hop[8] = { 43, 0, 5, 2, 0, 0, 1, 0 };     /* router alert */
	static const u8 routing[8] = { 60, 0, 0, 0, 0, 0, 0, 0 };        /* none left */
	static const u8 destination[16] = { 17, 1, 1, 12, 0, 0, 0, 0 };  /* padding */
	u32 ip, l4;

	ethernet(p, v, 0x86dd);
	ip = ipv6(p, v, 0);
	put(p, hop_by_hop, sizeof(hop_by_hop));
	put(p, routing, sizeof(routing));
	put(p, destination, sizeof(destination));
	l4 = udp(p, v, 24);
	ipv6_end(p, ip);
	l4_check(p, ip, l4, 17, 6);
}

static void fragment6(struct packet *p, const struct vary *v, u32 offset8, bool more)
{
	u32 ip;

	ethernet(p, v, 0x86dd);
	ip = ipv6(p, v, 44);
	put8(p, 17);
	put8(p, 0);
	put16(p, offset8 << 3 | more);
	put32(p, v->id);
	if (offset8 == 0)
		udp(p, v, 64);
	else
		payload(p, 72);
	ipv6_end(p, ip);
}

static void fragment6_first(struct packet *p, const struct vary *v) { fragment6(p, v, 0, true); }
static void fragment6_last(struct packet *p, const struct vary *v) { fragment6(p, v, 9, false); }

static void vlan_tcp(struct packet *p, const struct vary *v)
{
	tcp_data(p, v);
	add_tag(p, 0x8100, 42);
}

static void vlan_arp(struct packet *p, const struct vary *v)
{
	arp_request(p, v);
	add_tag(p, 0x8100, 1);
}

static void qinq_udp(struct packet *p, const struct vary *v)
{
	udp_data(p, v);
	add_tag(p, 0x8100, 0x2000 | 100);
	add_tag(p, 0x88a8, 200);
}

static void qinq_udp6(struct packet *p, const struct vary *v)
{
	udp6(p, v);
	add_tag(p, 0x8100, 7);
	add_tag(p, 0x88a8, 8);
}

static void three_tags(struct packet *p, const struct vary *v)
{
	udp_data(p, v);
	add_tag(p, 0x8100, 1);
	add_tag(p, 0x8100, 2);
	add_tag(p, 0x88a8, 3);
}

static void lldp(struct packet *p, const struct vary *v)
{
	ethernet(p, v, 0x88cc);
	put16(p, 0x0207);
	put8(p, 4);
	put(p, p->byte + 6, 6);
	while (p->len < 60)
		put8(p, 0);
}

static void jumbo(struct packet *p, const struct vary *v)
{
	struct vary w = *v;

	w.payload = 8900;
	tcp_data(p, &w);
}

static void bad_ip_version(struct packet *p, const struct vary *v)
{
	udp_data(p, v);
	set8(p, ETH_LEN, 0x55);
}

static void bad_ip_header_length(struct packet *p, const struct vary *v)
{
	udp_data(p, v);
	set8(p, ETH_LEN, 0x43); /* 12 bytes */
}

static void bad_ip_total_length(struct packet *p, const struct vary *v)
{
	udp_data(p, v);
	set16(p, ETH_LEN + 2, p->len - ETH_LEN + 100); /* longer than the packet */
	ipv4_check(p, ETH_LEN);
}

static void bad_tcp_offset(struct packet *p, const struct vary *v)
{
	tcp_data(p, v);
	set8(p, ETH_LEN + 20 + 12, 0x20); /* 8 bytes */
}

static void bad_udp_length(struct packet *p, const struct vary *v)
{
	udp_data(p, v);
	set16(p, ETH_LEN + 20 + 4, 3);
}

static void runt(struct packet *p, const struct vary *v)
{
	ethernet(p, v, 0x0800);
	p->len = 4 + v->id % 10; /* 4 to 13 bytes: not even an Ethernet header */
}

/* name, body, how often among 100 random packets */
static const struct shape {
	const char *name;
	void (*build)(struct packet *p, const struct vary *v);
	u32 weight;
} shapes[] = {
	{ "arp_request", arp_request, 3 },
	{ "arp_reply", arp_reply, 2 },
	{ "tcp_syn", tcp_syn, 8 },
	{ "tcp_data", tcp_data, 24 },
	{ "tcp_fin", tcp_fin, 4 },
	{ "tcp_ip_options", tcp_ip_options, 1 },
	{ "tcp_full_options", tcp_full_options, 1 },
	{ "tcp_telnet", tcp_telnet, 3 },
	{ "udp_data", udp_data, 12 },
	{ "udp_dns", udp_dns, 6 },
	{ "udp_no_checksum", udp_no_checksum, 1 },
	{ "udp_empty", udp_empty, 1 },
	{ "icmp_echo", icmp_echo, 4 },
	{ "igmp", igmp, 1 },
	{ "fragment_first", fragment_first, 1 },
	{ "fragment_middle", fragment_middle, 1 },
	{ "fragment_last", fragment_last, 1 },
	{ "tcp6", tcp6, 6 },
	{ "udp6", udp6, 5 },
	{ "icmp6_neighbor", icmp6_neighbor, 2 },
	{ "udp6_extensions", udp6_extensions, 1 },
	{ "fragment6_first", fragment6_first, 1 },
	{ "fragment6_last", fragment6_last, 1 },
	{ "vlan_tcp", vlan_tcp, 2 },
	{ "vlan_arp", vlan_arp, 1 },
	{ "qinq_udp", qinq_udp, 1 },
	{ "qinq_udp6", qinq_udp6, 1 },
	{ "three_tags", three_tags, 1 },
	{ "lldp", lldp, 1 },
	{ "jumbo", jumbo, 1 },
	{ "bad_ip_version", bad_ip_version, 1 },
	{ "bad_ip_header_length", bad_ip_header_length, 1 },
	{ "bad_ip_total_length", bad_ip_total_length, 1 },
	{ "bad_tcp_offset", bad_tcp_offset, 1 },
	{ "bad_udp_length", bad_udp_length, 1 },
	{ "runt", runt, 1 },
};

/* Where packets are cut: inside and at the end of each header. */
static const u32 cuts[] = { 14, 15, 20, 33, 34, 38, 42, 53, 54, 60, 70 };

/* --- the file --- */

static void le32(u8 *at, u32 v)
{
	for (int i = 0; i < 4; i++)
		at[i] = (u8)(v >> (8 * i));
}

static bool write_header(FILE *f)
{
	u8 h[24] = { 0x4d, 0x3c, 0xb2, 0xa1, 2, 0, 4, 0 }; /* nanoseconds, little endian, version 2.4 */

	le32(h + 16, SNAPLEN);
	le32(h + 20, 1); /* Ethernet */
	return fwrite(h, sizeof(h), 1, f) == 1;
}

static u64 now_ns = 1700000000ull * 1000000000ull;

/* `len` bytes are written of a packet that had p->len on the wire. */
static bool write_packet(FILE *f, const struct packet *p, u32 len)
{
	u8 h[16];

	le32(h, (u32)(now_ns / 1000000000));
	le32(h + 4, (u32)(now_ns % 1000000000));
	le32(h + 8, len);
	le32(h + 12, p->len);
	now_ns += 1000 + p->len * 8;
	return fwrite(h, sizeof(h), 1, f) == 1 && (!len || fwrite(p->byte, len, 1, f) == 1);
}

static void vary(struct vary *v)
{
	static const u16 ports[] = { 80, 443, 443, 22, 25, 8080, 5353, 123, 445, 2323 };

	v->host = rng() % 64 + 1;
	v->sport = (u16)(1024 + rng() % 60000);
	v->dport = rng() % 4 ? ports[rng() % ARRAY_SIZE(ports)] : (u16)rng();
	v->payload = (u16)(rng() % 8 ? rng() % 200 : rng() % 1400);
	v->id = (u16)rng();
}

static const struct shape *draw(void)
{
	u32 total = 0, at;

	for (size_t i = 0; i < ARRAY_SIZE(shapes); i++)
		total += shapes[i].weight;
	at = rng() % total;
	for (size_t i = 0;; i++) {
		if (at < shapes[i].weight)
			return &shapes[i];
		at -= shapes[i].weight;
	}
}

static bool write_all(FILE *f, u32 want)
{
	static struct packet p;
	struct vary v = { .host = 1, .sport = 40000, .dport = 80, .payload = 100, .id = 1 };
	u32 n = 0;

	if (!write_header(f))
		return false;
	for (size_t s = 0; s < ARRAY_SIZE(shapes) && n < want; s++, n++) {
		p.len = 0;
		shapes[s].build(&p, &v);
		if (!write_packet(f, &p, p.len))
			return false;
	}
	for (size_t s = 0; s < ARRAY_SIZE(shapes) && n < want; s++) {
		p.len = 0;
		shapes[s].build(&p, &v);
		for (size_t c = 0; c < ARRAY_SIZE(cuts) && n < want; c++) {
			if (cuts[c] >= p.len)
				continue;
			n++;
			if (!write_packet(f, &p, cuts[c]))
				return false;
		}
	}
	for (; n < want; n++) {
		const struct shape *s = draw();

		vary(&v);
		p.len = 0;
		s->build(&p, &v);
		if (!write_packet(f, &p, rng() % 50 ? p.len : rng() % (p.len + 1)))
			return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	u32 want = argc > 2 ? (u32)strtoul(argv[2], NULL, 0) : 2000;
	bool ok;
	FILE *f;

	rng_state = argc > 3 ? strtoull(argv[3], NULL, 0) : 1;
	rng_state = rng_state * 0x9e3779b97f4a7c15ull | 1;
	if (argc < 2 || argc > 4) {
		fprintf(stderr, "usage: mkpcap OUT [N [SEED]]\n");
		return 2;
	}
	f = fopen(argv[1], "wb");
	if (!f) {
		fprintf(stderr, "mkpcap: %s: %s\n", argv[1], strerror(errno));
		return 4;
	}
	ok = write_all(f, want);
	if (fclose(f) || !ok) {
		fprintf(stderr, "mkpcap: %s: %s\n", argv[1], strerror(errno));
		remove(argv[1]);
		return 5;
	}
	return 0;
}
