/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Looking sockets up by address: the kernel is asked through sock_diag(7), as ss(8) does, which needs no privilege. Its rules are
 * those of an arriving packet (connections before listeners), so what a program finds is what Linux's own helper finds.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/xdp_diag.h>
#include <netinet/in.h>
#include <linux/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "helper/sk_priv.h"

#define DIAG_XDP_INFO 0 /* XDP_DIAG_INFO */

struct inet_request { struct nlmsghdr h; struct inet_diag_req_v2 r; };
struct answer { u64 words[1024]; };

/* One request, one answer: bytes received or -errno. */
static ssize_t ask(const void *request, size_t size, struct answer *a)
{
	static const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = sendto(fd, request, size, 0, (const struct sockaddr *)&kernel, sizeof(kernel));
	if (n >= 0)
		n = recv(fd, a, sizeof(*a), 0);
	n = n < 0 ? -errno : n;
	close(fd);
	return n;
}

static void take_attrs(struct sk *sk, const struct nlmsghdr *h)
{
	const struct rtattr *at = (const void *)((const u8 *)NLMSG_DATA(h) + NLMSG_ALIGN(sizeof(struct inet_diag_msg)));
	long left = (long)h->nlmsg_len - (long)NLMSG_LENGTH(sizeof(struct inet_diag_msg));
	struct tcp_info info;

	for (; left >= (long)sizeof(*at) && at->rta_len >= sizeof(*at) && at->rta_len <= left;) {
		u32 n = (u32)at->rta_len - (u32)RTA_LENGTH(0);
		const void *data = (const u8 *)at + RTA_LENGTH(0);
		if (at->rta_type == INET_DIAG_MARK && n >= 4)
			memcpy(&sk->s.mark, data, 4);
		if (at->rta_type == INET_DIAG_INFO && sk->s.protocol == IPPROTO_TCP) {
			memset(&info, 0, sizeof(info));
			memcpy(&info, data, MIN((size_t)n, sizeof(info)));
			sk_fill_tcp(sk, &info);
		}
		left -= (long)RTA_ALIGN(at->rta_len);
		at = (const void *)((const u8 *)at + RTA_ALIGN(at->rta_len));
	}
}

static struct sk *from_answer(const struct answer *a, ssize_t n, u8 protocol)
{
	const struct nlmsghdr *h = (const void *)a;
	const struct inet_diag_msg *d = NLMSG_DATA(h);
	struct sk *sk;

	if (n < (ssize_t)NLMSG_LENGTH(sizeof(*d)) || h->nlmsg_type != SOCK_DIAG_BY_FAMILY || h->nlmsg_len > (size_t)n)
		return NULL;
	sk = sk_new();
	if (!sk)
		return NULL;
	sk->cookie = d->id.idiag_cookie[0] | (u64)d->id.idiag_cookie[1] << 32;
	sk->uid = d->idiag_uid;
	sk->s = (struct bpf_sock){ .family = d->idiag_family, .protocol = protocol, .state = d->idiag_state,
				   .type = protocol == IPPROTO_TCP ? SOCK_STREAM : SOCK_DGRAM, .bound_dev_if = d->id.idiag_if,
				   .src_port = ntohs(d->id.idiag_sport), .dst_port = d->id.idiag_dport, .rx_queue_mapping = -1 };
	if (d->idiag_family == AF_INET) {
		sk->s.src_ip4 = d->id.idiag_src[0];
		sk->s.dst_ip4 = d->id.idiag_dst[0];
	} else {
		memcpy(sk->s.src_ip6, d->id.idiag_src, 16);
		memcpy(sk->s.dst_ip6, d->id.idiag_dst, 16);
	}
	take_attrs(sk, h);
	return sk;
}

static struct sk *find(u8 protocol, struct inet_diag_sockid *id, u8 family)
{
	struct inet_request q = { .h = { .nlmsg_len = sizeof(q), .nlmsg_type = SOCK_DIAG_BY_FAMILY, .nlmsg_flags = NLM_F_REQUEST } };
	struct answer a;
	ssize_t n;

	id->idiag_cookie[0] = id->idiag_cookie[1] = INET_DIAG_NOCOOKIE;
	q.r.sdiag_family = family;
	q.r.sdiag_protocol = protocol;
	q.r.idiag_ext = 1 << (INET_DIAG_INFO - 1);
	q.r.idiag_states = ~0u;
	q.r.id = *id;
	n = ask(&q, sizeof(q), &a);
	return n < 0 ? NULL : from_answer(&a, n, protocol);
}

/*
 * In a tuple the packet speaks: the source is the other end. sock_diag speaks for the socket, whose own side is the source; but
 * of UDP it speaks as the packet does.
 */
struct sk *sk_find(u8 protocol, const struct bpf_sock_tuple *t, u32 size)
{
	struct inet_diag_sockid id = { .idiag_if = 0 }, swapped = { .idiag_if = 0 };
	bool v4 = size == sizeof(t->ipv4);

	if (v4) {
		id.idiag_src[0] = t->ipv4.saddr;
		id.idiag_dst[0] = t->ipv4.daddr;
		id.idiag_sport = t->ipv4.sport;
		id.idiag_dport = t->ipv4.dport;
	} else if (size == sizeof(t->ipv6)) {
		memcpy(id.idiag_src, t->ipv6.saddr, 16);
		memcpy(id.idiag_dst, t->ipv6.daddr, 16);
		id.idiag_sport = t->ipv6.sport;
		id.idiag_dport = t->ipv6.dport;
	} else {
		return NULL;
	}
	if (protocol == IPPROTO_UDP)
		return find(protocol, &id, v4 ? AF_INET : AF_INET6);
	memcpy(swapped.idiag_src, id.idiag_dst, 16);
	memcpy(swapped.idiag_dst, id.idiag_src, 16);
	swapped.idiag_sport = id.idiag_dport;
	swapped.idiag_dport = id.idiag_sport;
	return find(protocol, &swapped, v4 ? AF_INET : AF_INET6);
}

struct sk *sk_listener(const struct sk *sk)
{
	struct inet_diag_sockid id = { .idiag_sport = htons((u16)sk->s.src_port) };

	if (sk->s.family == AF_INET)
		id.idiag_src[0] = sk->s.src_ip4;
	else
		memcpy(id.idiag_src, sk->s.src_ip6, 16);
	return find(IPPROTO_TCP, &id, (u8)sk->s.family);
}

void sk_xsk_queue(struct sk *sk, u64 ino)
{
	struct { struct nlmsghdr h; struct xdp_diag_req r; } q = {
		.h = { .nlmsg_len = sizeof(q), .nlmsg_type = SOCK_DIAG_BY_FAMILY, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.r = { .sdiag_family = AF_XDP, .xdiag_show = XDP_SHOW_INFO } };
	struct answer a;
	ssize_t n = ask(&q, sizeof(q), &a);

	for (const struct nlmsghdr *h = (const void *)&a; n > 0 && NLMSG_OK(h, (u32)n);) {
		const struct xdp_diag_msg *m = NLMSG_DATA(h);
		const struct rtattr *at = (const void *)(m + 1);
		if (h->nlmsg_type == SOCK_DIAG_BY_FAMILY && m->xdiag_ino == (u32)ino &&
		    h->nlmsg_len >= NLMSG_LENGTH(sizeof(*m) + RTA_LENGTH(8)) && at->rta_type == DIAG_XDP_INFO)
			memcpy(&sk->xsk.queue_id, (const u8 *)RTA_DATA(at) + 4, 4);
		n -= NLMSG_ALIGN(h->nlmsg_len);
		h = (const void *)((const u8 *)h + NLMSG_ALIGN(h->nlmsg_len));
	}
}
