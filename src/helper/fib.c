/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bpf_fib_lookup: where the kernel would forward a packet, from its own tables as anybody may read them (rtnetlink), in the network
 * namespace of the calling thread. Rules by mark, user or port are not looked at: the tables are asked in the order local, main,
 * default, or the one that the program names.
 *
 * Invariant: nothing is sent and no state of the kernel's changes; what is not in its neighbour table stays unknown.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"
#include "helper/ret.h"
#include "helper/run_env.h"
#include "spec/helper_abi.h"

enum { DIRECT = 1, OUTPUT = 2, SKIP_NEIGH = 4, TBID = 8, SRC = 16, KNOWN = 63 };
enum { SUCCESS, BLACKHOLE, UNREACHABLE, PROHIBIT, NOT_FWDED, FWD_DISABLED, UNSUPP_LWT, NO_NEIGH, FRAG_NEEDED, NO_SRC_ADDR };

#define NEIGH_VALID (NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE | NUD_PROBE | NUD_STALE | NUD_DELAY)
#define VLAN_HEADER 4u

struct addr { u8 b[16]; };

struct route {
	u32 table, oif, metric, mtu;
	u8 len, type, tos, gw_family;
	bool lwt, has_src, dead;
	struct addr dst, gw, src;
};

struct search {
	u8 family, tos;
	u32 table, table2, oif;   /* 0: any; table2: another of the same standing */
	struct addr dst;
	struct route best;
	bool found;
};

/* ---- asking ---- */

/* Each message of a dump goes to fn. */
static void dump(u16 type, const void *body, u32 size, void (*fn)(const struct nlmsghdr *h, void *cookie), void *cookie)
{
	struct { struct nlmsghdr h; u8 body[64]; } q = { .h = { .nlmsg_len = NLMSG_LENGTH(size), .nlmsg_type = type,
								.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP } };
	const u32 room = 32768;
	struct nlmsghdr *buf = malloc(room);
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	bool more = buf && fd >= 0;

	memcpy(q.body, body, size);
	more = more && send(fd, &q, q.h.nlmsg_len, 0) == (ssize_t)q.h.nlmsg_len;
	while (more) {
		ssize_t got = recv(fd, buf, room, 0);
		u32 left = got > 0 ? (u32)got : 0;

		more = left != 0;
		for (const struct nlmsghdr *h = buf; NLMSG_OK(h, left); h = NLMSG_NEXT(h, left)) {
			if (h->nlmsg_type == NLMSG_DONE || h->nlmsg_type == NLMSG_ERROR)
				more = false;
			else
				fn(h, cookie);
		}
	}
	if (fd >= 0)
		close(fd);
	free(buf);
}

static u32 attr_u32(const struct rtattr *a)
{
	u32 v = 0;

	memcpy(&v, RTA_DATA(a), MIN((size_t)RTA_PAYLOAD(a), sizeof(v)));
	return v;
}

static struct addr attr_addr(const void *from, size_t n)
{
	struct addr v = { { 0 } };

	memcpy(v.b, from, MIN(n, sizeof(v.b)));
	return v;
}

/* ---- routes ---- */
static void take_metrics(struct route *r, const struct rtattr *a)
{
	u32 left = (u32)RTA_PAYLOAD(a), lock = 0, mtu = 0;

	for (a = RTA_DATA(a); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
		lock = a->rta_type == RTAX_LOCK ? attr_u32(a) : lock;
		mtu = a->rta_type == RTAX_MTU ? attr_u32(a) : mtu;
	}
	r->mtu = lock >> RTAX_MTU & 1 ? mtu : 0;
}

static void take_hop(struct route *r, const struct rtattr *a)
{
	const struct rtvia *via = RTA_DATA(a);

	switch (a->rta_type) {
	case RTA_OIF: r->oif = attr_u32(a); break;
	case RTA_GATEWAY:
		r->gw = attr_addr(RTA_DATA(a), RTA_PAYLOAD(a));
		r->gw_family = RTA_PAYLOAD(a) == 4 ? AF_INET : AF_INET6;
		break;
	case RTA_VIA:
		r->gw = attr_addr(via->rtvia_addr, RTA_PAYLOAD(a) - sizeof(*via));
		r->gw_family = (u8)via->rtvia_family;
		break;
	case RTA_ENCAP_TYPE: r->lwt = true; break;
	default: break;
	}
}

/* The first of several. */
static void take_first_hop(struct route *r, const struct rtattr *a)
{
	const struct rtnexthop *h = RTA_DATA(a);
	const struct rtattr *in = (const void *)(h + 1);
	u32 left = h->rtnh_len - (u32)sizeof(*h);

	if (RTA_PAYLOAD(a) < sizeof(*h) || h->rtnh_len < sizeof(*h) || h->rtnh_len > RTA_PAYLOAD(a))
		return;
	r->oif = (u32)h->rtnh_ifindex;
	for (; RTA_OK(in, left); in = RTA_NEXT(in, left))
		take_hop(r, in);
}

static bool begins_with(const struct addr *a, const struct addr *prefix, u32 len)
{
	return !memcmp(a->b, prefix->b, len / 8) && (len % 8 == 0 || !((a->b[len / 8] ^ prefix->b[len / 8]) >> (8 - len % 8)));
}

/* Is it for this packet, and better than what was found so far? */
static bool is_better(const struct search *s, const struct route *r)
{
	if (r->dead || (r->table != s->table && r->table != s->table2) || (r->tos && r->tos != s->tos) ||
	    !begins_with(&s->dst, &r->dst, r->len))
		return false;
	/* IPv4 asks for the device, of routes that have one; IPv6 prefers it among equals */
	if (s->oif && r->oif != s->oif && s->family == AF_INET && r->type != RTN_BLACKHOLE && r->type != RTN_UNREACHABLE &&
	    r->type != RTN_PROHIBIT && r->type != RTN_THROW)
		return false;
	if (!s->found || r->len != s->best.len)
		return !s->found || r->len > s->best.len;
	if (r->metric == s->best.metric && s->oif)
		return r->oif == s->oif && s->best.oif != s->oif;
	return r->metric < s->best.metric;
}

static void one_route(const struct nlmsghdr *h, void *cookie)
{
	const struct rtmsg *m = NLMSG_DATA(h);
	const struct rtattr *a = RTM_RTA(m);
	struct route r = { .len = m->rtm_dst_len, .type = m->rtm_type, .tos = m->rtm_tos, .table = m->rtm_table,
			   .dead = m->rtm_flags & RTNH_F_DEAD };
	struct search *s = cookie;
	u32 left = (u32)RTM_PAYLOAD(h);

	if (h->nlmsg_type != RTM_NEWROUTE || m->rtm_family != s->family || (m->rtm_flags & RTM_F_CLONED))
		return;
	for (; RTA_OK(a, left); a = RTA_NEXT(a, left))
		switch (a->rta_type) {
		case RTA_DST: r.dst = attr_addr(RTA_DATA(a), RTA_PAYLOAD(a)); break;
		case RTA_TABLE: r.table = attr_u32(a); break;
		case RTA_PRIORITY: r.metric = attr_u32(a); break;
		case RTA_PREFSRC:
			r.src = attr_addr(RTA_DATA(a), RTA_PAYLOAD(a));
			r.has_src = true;
			break;
		case RTA_METRICS: take_metrics(&r, a); break;
		case RTA_MULTIPATH: take_first_hop(&r, a); break;
		default: take_hop(&r, a); break;
		}
	if (is_better(s, &r)) {
		s->best = r;
		s->found = true;
	}
}

static bool search_table(struct search *s, u32 table, u32 table2)
{
	const struct rtmsg m = { .rtm_family = s->family };

	s->table = table;
	s->table2 = table2;
	s->found = false;
	dump(RTM_GETROUTE, &m, sizeof(m), one_route, s);
	return s->found && s->best.type != RTN_THROW;
}

/* The table asked for, which older headers do not name: it lies where the VLAN is told. */
#define TABLE_AT offsetof(struct bpf_fib_lookup, h_vlan_proto)

static u32 table_asked(const struct bpf_fib_lookup *p)
{
	u32 id;

	memcpy(&id, (const u8 *)p + TABLE_AT, sizeof(id));
	return id;
}

static bool find_route(struct search *s, const struct bpf_fib_lookup *p, u64 flags)
{
	static const u32 order[] = { RT_TABLE_LOCAL, RT_TABLE_MAIN, RT_TABLE_DEFAULT };

	if (flags & DIRECT) {
		if (flags & TBID)
			return search_table(s, table_asked(p), table_asked(p));
		/* without rules of its own a system keeps local addresses of IPv4 in the main table */
		return search_table(s, RT_TABLE_MAIN, s->family == AF_INET ? RT_TABLE_LOCAL : RT_TABLE_MAIN);
	}
	for (size_t i = 0; i < ARRAY_SIZE(order); i++)
		if (search_table(s, order[i], order[i]))
			return true;
	return false;
}

/* ---- devices and neighbours ---- */
struct device { char name[IF_NAMESIZE]; u32 mtu; u8 mac[6]; bool up; };

static bool device_of(u32 ifindex, struct device *ret)
{
	struct ifreq r;
	int fd;

	memset(ret, 0, sizeof(*ret));
	memset(&r, 0, sizeof(r));
	if (!if_indextoname(ifindex, ret->name))
		return false;
	memcpy(r.ifr_name, ret->name, sizeof(ret->name));
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	if (!ioctl(fd, SIOCGIFMTU, &r))
		ret->mtu = (u32)r.ifr_mtu;
	if (!ioctl(fd, SIOCGIFHWADDR, &r))
		memcpy(ret->mac, r.ifr_hwaddr.sa_data, 6);
	if (!ioctl(fd, SIOCGIFFLAGS, &r))
		ret->up = r.ifr_flags & IFF_UP;
	close(fd);
	return true;
}

static bool forwards(const char *device, u8 family)
{
	char text[8];

	text_of(text, sizeof(text), "/proc/sys/net/ipv%u/conf/%s/forwarding", family == AF_INET ? 4 : 6, device);
	return text[0] > '0' && text[0] <= '9';
}

struct neighbour { u32 ifindex; u8 family, size; struct addr at; u8 mac[6]; bool found; };

static void one_neighbour(const struct nlmsghdr *h, void *cookie)
{
	const struct ndmsg *m = NLMSG_DATA(h);
	const struct rtattr *a = (const struct rtattr *)(const void *)((const u8 *)m + NLMSG_ALIGN(sizeof(*m)));
	u32 left = (u32)NLMSG_PAYLOAD(h, sizeof(*m));
	struct neighbour *n = cookie;
	const struct rtattr *mac = NULL;
	bool here = false;

	if (h->nlmsg_type != RTM_NEWNEIGH || m->ndm_family != n->family || (u32)m->ndm_ifindex != n->ifindex ||
	    !(m->ndm_state & NEIGH_VALID))
		return;
	for (; RTA_OK(a, left); a = RTA_NEXT(a, left)) {
		if (a->rta_type == NDA_DST && RTA_PAYLOAD(a) == n->size)
			here = !memcmp(RTA_DATA(a), n->at.b, n->size);
		if (a->rta_type == NDA_LLADDR && RTA_PAYLOAD(a) >= 6)
			mac = a;
	}
	if (!here)
		return;
	n->found = true;
	if (mac)
		memcpy(n->mac, RTA_DATA(mac), 6);
}

/* The address of the device that packets to there would have; 0 where there is none (IPv4). */
static u32 ipv4_source(const char *device, u32 to)
{
	struct ifaddrs *all = NULL;
	u32 any = 0, best = 0;

	if (getifaddrs(&all))
		return 0;
	for (const struct ifaddrs *i = all; i && !best; i = i->ifa_next) {
		const struct sockaddr_in *a = (const void *)i->ifa_addr, *mask = (const void *)i->ifa_netmask;

		if (!a || a->sin_family != AF_INET || strcmp(i->ifa_name, device))
			continue;
		any = any ? any : a->sin_addr.s_addr;
		if (!to || (mask && !((a->sin_addr.s_addr ^ to) & mask->sin_addr.s_addr)))
			best = a->sin_addr.s_addr;
	}
	freeifaddrs(all);
	return best ? best : any;
}

static bool ipv6_source(const u32 to[4], u32 ret[4])
{
	struct sockaddr_in6 a = { .sin6_family = AF_INET6, .sin6_port = htons(9) };
	socklen_t n = sizeof(a);
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool ok;

	memcpy(&a.sin6_addr, to, 16);
	ok = fd >= 0 && !connect(fd, (struct sockaddr *)&a, sizeof(a)) && !getsockname(fd, (struct sockaddr *)&a, &n);
	if (ok)
		memcpy(ret, &a.sin6_addr, 16);
	if (fd >= 0)
		close(fd);
	return ok;
}

/* ---- the lookup ---- */

/* Addresses that are never forwarded: multicast, of the link, of the host. */
static bool stays_here(const u32 addr[4])
{
	const u8 *b = (const u8 *)addr;
	static const u8 loopback[16] = { [15] = 1 };

	return b[0] == 0xff || (b[0] == 0xfe && (b[1] & 0xc0) == 0x80) || !memcmp(b, loopback, 16);
}

static int verdict_of(u8 type)
{
	switch (type) {
	case RTN_UNICAST: return SUCCESS;
	case RTN_BLACKHOLE: return BLACKHOLE;
	case RTN_UNREACHABLE: return UNREACHABLE;
	case RTN_PROHIBIT: return PROHIBIT;
	default: return NOT_FWDED;
	}
}

static int source(struct bpf_fib_lookup *p, const struct route *r, const struct device *out, u8 family)
{
	if (family == AF_INET) {
		u32 gw = 0;

		if (r->gw_family == AF_INET)
			memcpy(&gw, r->gw.b, 4);
		if (r->has_src)
			memcpy(&p->ipv4_src, r->src.b, 4);
		else
			p->ipv4_src = ipv4_source(out->name, gw);
		return 0;
	}
	if (r->has_src)
		memcpy(p->ipv6_src, r->src.b, 16);
	else if (!ipv6_source(p->ipv6_dst, p->ipv6_src))
		return NO_SRC_ADDR;
	return 0;
}

static void next_hop(struct bpf_fib_lookup *p, const struct route *r)
{
	if (r->gw_family == AF_INET) {
		memcpy(&p->ipv4_dst, r->gw.b, 4);
	} else if (r->gw_family == AF_INET6) {
		p->family = AF_INET6;
		memcpy(p->ipv6_dst, r->gw.b, 16);
	}
}

static bool neighbour(struct bpf_fib_lookup *p, const struct device *out)
{
	const struct ndmsg m = { .ndm_family = p->family };
	struct neighbour n = { .ifindex = p->ifindex, .family = p->family, .size = p->family == AF_INET ? 4 : 16 };

	memcpy(n.at.b, p->family == AF_INET ? (const void *)&p->ipv4_dst : (const void *)p->ipv6_dst, n.size);
	dump(RTM_GETNEIGH, &m, sizeof(m), one_neighbour, &n);
	if (!n.found)
		return false;
	memcpy(p->dmac, n.mac, 6);
	memcpy(p->smac, out->mac, 6);
	return true;
}

static int lookup(struct bpf_fib_lookup *p, u64 flags, bool check_mtu)
{
	struct search s = { .family = p->family, .tos = p->family == AF_INET ? p->tos & 0xfc : 0, .oif = flags & OUTPUT ? p->ifindex : 0 };
	struct device in, out;
	u32 mtu = 0;
	int ret;

	if (s.family == AF_INET6 && (stays_here(p->ipv6_dst) || stays_here(p->ipv6_src)))
		return NOT_FWDED;
	if (!device_of(p->ifindex, &in))
		return -ENODEV;
	if (!forwards(in.name, s.family))
		return FWD_DISABLED;
	memcpy(s.dst.b, s.family == AF_INET ? (const void *)&p->ipv4_dst : (const void *)p->ipv6_dst,
	       s.family == AF_INET ? 4 : 16);
	ret = find_route(&s, p, flags) ? verdict_of(s.best.type) : NOT_FWDED;
	if ((flags & DIRECT) && (flags & TBID))
		memset((u8 *)p + TABLE_AT, 0, sizeof(u32));
	if (ret)
		return ret;
	if (!device_of(s.best.oif, &out))
		return NOT_FWDED;
	if (check_mtu) {
		mtu = s.best.mtu ? s.best.mtu : MIN(out.mtu, 0xffffu);
		if (p->tot_len > mtu) {
			p->mtu_result = (u16)mtu;
			return FRAG_NEEDED;
		}
	}
	if (s.best.lwt)
		return UNSUPP_LWT;
	p->rt_metric = s.best.metric;
	p->ifindex = s.best.oif;
	if (s.family == AF_INET6)
		next_hop(p, &s.best);
	ret = flags & SRC ? source(p, &s.best, &out, s.family) : 0;
	if (ret)
		return ret;
	if (s.family == AF_INET)
		next_hop(p, &s.best);
	if (!(flags & SKIP_NEIGH) && !neighbour(p, &out))
		return NO_NEIGH;
	p->h_vlan_proto = p->h_vlan_TCI = 0;
	if (mtu)
		p->mtu_result = (u16)mtu;
	return SUCCESS;
}

u64 helper_fib_lookup(void *ctx, void *params, u64 plen, u64 flags, struct run *run)
{
	const struct run_pkt *pkt = run->env->pkt;
	bool skb = pkt && pkt->skb;
	struct bpf_fib_lookup p;
	struct device out;
	int ret;

	(void)ctx;
	if (plen < sizeof(p) || flags & ~(u64)KNOWN)
		return RET_INT_(-EINVAL);
	memcpy(&p, params, sizeof(p));
	if (p.family != AF_INET && p.family != AF_INET6)
		return RET_INT_(-EAFNOSUPPORT);
	ret = lookup(&p, flags, !skb || p.tot_len);
	if (ret == SUCCESS && skb && !p.tot_len && device_of(p.ifindex, &out)) {
		if (!out.up || (u64)(pkt->end - pkt->data) > (u64)out.mtu + 14 + VLAN_HEADER)
			ret = FRAG_NEEDED;
		p.mtu_result = (u16)out.mtu;
	}
	memcpy(params, &p, sizeof(p));
	return RET_INT_(ret);
}
