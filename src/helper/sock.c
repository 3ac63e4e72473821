/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Helpers on sockets (helper/sk.h): the one a packet or event belongs to, those that lookups find, those in maps.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "helper/object.h"
#include "helper/ret.h"
#include "helper/run_env.h"
#include "helper/sk.h"
#include "map/map.h"
#include "spec/helper_abi.h"
#include "spec/spec.h"

/* States in which a socket is more than a request or a remnant (TCP_NEW_SYN_RECV, TCP_TIME_WAIT). */
static bool is_full(const struct bpf_sock *sk)
{
	return sk->state != 6 && sk->state != 12;
}

/* The socket behind a helper's argument: a context has one that it is, or is about. */
static struct sk *socket_of(void *ptr, const struct run *run)
{
	const struct run_pkt *p = run->env->pkt;

	if (ptr != run->ctx)
		return sk_of(RET_PTR(ptr), RET_PTR(run->ctx));
	return p && p->skb && p->skb->sk ? (struct sk *)(void *)p->skb->sk : run->env->sk;
}

u64 helper_sk_fullsock(void *sk, struct run *run)
{
	(void)run;
	return RET_PTR(is_full(sk) ? sk : NULL);
}

u64 helper_tcp_sock(void *sk, struct run *run)
{
	struct sk *s = socket_of(sk, run);

	return RET_PTR(s && is_full(&s->s) && sk_tcp(s) ? &s->tcp : NULL);
}

u64 helper_get_listener_sock(void *sk, struct run *run)
{
	const u32 listen = 10; /* TCP_LISTEN */
	struct sk *s = socket_of(sk, run);

	return RET_PTR(s && s->s.state == listen ? s : NULL);
}

/* The tuple is IPv4's 12 bytes or IPv6's 36. */
static u64 lookup(u8 protocol, const void *tuple, u64 size, u64 netns, u64 flags)
{
	struct sk *sk;

	/* the caller's namespace (any negative number), or one by number, none of which is known here */
	if (flags || (size != 12 && size != 36) || (s32)netns >= 0)
		return 0;
	sk = sk_find(protocol, tuple, (u32)size);
	return RET_PTR(sk);
}

/* Only whole sockets: what a request or a remnant belongs to is looked for in its place. */
static u64 lookup_full(u8 protocol, const void *tuple, u64 size, u64 netns, u64 flags)
{
	struct sk *sk = (struct sk *)(uintptr_t)lookup(protocol, tuple, size, netns, flags), *listener = NULL;

	if (!sk || is_full(&sk->s))
		return RET_PTR(sk);
	if (sk->s.state == 12)
		listener = sk_listener(sk);
	object_put(sk);
	return RET_PTR(listener);
}

u64 helper_sk_lookup_tcp(void *ctx, const void *tuple, u64 tuple_size, u64 netns, u64 flags, struct run *run)
{
	(void)ctx, (void)run;
	return lookup_full(IPPROTO_TCP, tuple, tuple_size, netns, flags);
}

u64 helper_sk_lookup_udp(void *ctx, const void *tuple, u64 tuple_size, u64 netns, u64 flags, struct run *run)
{
	(void)ctx, (void)run;
	return lookup_full(IPPROTO_UDP, tuple, tuple_size, netns, flags);
}

u64 helper_skc_lookup_tcp(void *ctx, const void *tuple, u64 tuple_size, u64 netns, u64 flags, struct run *run)
{
	(void)ctx, (void)run;
	return lookup(IPPROTO_TCP, tuple, tuple_size, netns, flags);
}

u64 helper_sk_release(void *sock, struct run *run)
{
	const struct run_pkt *p = run->env->pkt;

	/* a run's own socket is nobody's to release */
	if (sock != run->ctx && sock != (void *)run->env->sk && !(p && p->skb && sock == (void *)p->skb->sk))
		object_put(sk_of(RET_PTR(sock), RET_PTR(run->ctx)));
	return 0;
}

/* The kernel's own view of a socket, if it is one of that kind. */
static u64 kernel_view(void *ptr, u16 family, u8 protocol, u32 state, struct run *run)
{
	struct sk *s = ptr ? socket_of(ptr, run) : NULL;

	if (!s || s->s.protocol != protocol || (family && s->s.family != family) ||
	    (state ? s->s.state != state : !is_full(&s->s)))
		return 0;
	return sk_handle(s);
}

u64 helper_skc_to_tcp6_sock(void *sk, struct run *run) { return kernel_view(sk, AF_INET6, IPPROTO_TCP, 0, run); }
u64 helper_skc_to_tcp_sock(void *sk, struct run *run) { return kernel_view(sk, 0, IPPROTO_TCP, 0, run); }
u64 helper_skc_to_tcp_timewait_sock(void *sk, struct run *run) { return kernel_view(sk, 0, IPPROTO_TCP, 6, run); }
u64 helper_skc_to_tcp_request_sock(void *sk, struct run *run) { return kernel_view(sk, 0, IPPROTO_TCP, 12, run); }
u64 helper_skc_to_udp6_sock(void *sk, struct run *run) { return kernel_view(sk, AF_INET6, IPPROTO_UDP, 0, run); }
u64 helper_skc_to_unix_sock(void *sk, struct run *run) { return kernel_view(sk, AF_UNIX, 0, 0, run); }
u64 helper_skc_to_mptcp_sock(void *sk, struct run *run) { (void)sk, (void)run; return 0; }

u64 helper_get_socket_cookie(void *ctx, struct run *run)
{
	struct sk *s = socket_of(ctx, run);

	return s ? sk_cookie(s) : 0;
}

/* Of an unknown socket: nobody's. */
u64 helper_get_socket_uid(void *skb, struct run *run)
{
	struct sk *s = socket_of(skb, run);

	return s ? s->uid : 65534;
}

/* The first network namespace's cookie. */
u64 helper_get_netns_cookie(void *ctx, struct run *run)
{
	(void)ctx, (void)run;
	return 1;
}

/* ---- what a cgroup program may do to the call it judges ---- */
u64 helper_get_retval(struct run *run)
{
	return run->retval;
}

u64 helper_set_retval(u64 retval, struct run *run)
{
	run->retval = (u64)(s64)(s32)retval;
	return 0;
}

/* ---- packet properties without a device or tunnel behind them ---- */
u64 helper_get_cgroup_classid(struct run *run) { (void)run; return 0; }
u64 helper_get_route_realm(void *skb, struct run *run) { (void)skb, (void)run; return 0; }
u64 helper_skb_cgroup_classid(void *skb, struct run *run) { (void)skb, (void)run; return 0; }

u64 helper_skb_get_xfrm_state(void *skb, u64 index, void *xfrm_state, u64 size, u64 flags, struct run *run)
{
	(void)skb, (void)index, (void)flags, (void)run;
	memset(xfrm_state, 0, size);
	return RET_INT_(-EINVAL);
}

/* PACKET_HOST to PACKET_OTHERHOST may become each other. */
u64 helper_skb_change_type(void *skb, u64 type, struct run *run)
{
	struct __sk_buff *s = run->env->pkt->skb;

	(void)skb;
	if (s->pkt_type > 3 || (u32)type > 3)
		return RET_INT_(-EINVAL);
	s->pkt_type = (u32)type;
	return 0;
}

u64 helper_csum_level(void *skb, u64 level, struct run *run)
{
	(void)skb, (void)run;
	if (level > 3)
		return RET_INT_(-EINVAL);
	return level == 0 ? RET_INT_(-EACCES) : 0; /* query: nothing was checked by a device */
}

u64 helper_skb_set_tstamp(void *skb, u64 tstamp, u64 tstamp_type, struct run *run)
{
	struct __sk_buff *s = run->env->pkt->skb;

	(void)skb;
	if (s->protocol != htons(0x0800) && s->protocol != htons(0x86dd))
		return RET_INT_(-EOPNOTSUPP);
	/* realtime, monotonic, atomic time: the last two are times to send at, and there must be one */
	if ((u32)tstamp_type > 2 || ((u32)tstamp_type && !tstamp))
		return RET_INT_(-EINVAL);
	s->tstamp = tstamp;
	s->tstamp_type = (u8)tstamp_type;
	return 0;
}

/* Mark congestion: the two bits of the IP header. 1 when they say so after it, 0 when they cannot. */
u64 helper_skb_ecn_set_ce(void *skb, struct run *run)
{
	struct run_pkt *p = run->env->pkt;
	u8 *ip = p->network;
	u32 ecn, sum;
	u16 check;

	(void)skb;
	if (!ip || p->end - ip < 20)
		return 0;
	if (p->skb->protocol == htons(0x86dd)) {
		ecn = ip[1] >> 4 & 3;
		if (ecn)
			ip[1] |= 3 << 4;
		return ecn != 0;
	}
	ecn = ip[1] & 3;
	if (p->skb->protocol != htons(0x0800) || !ecn)
		return 0;
	if (ecn == 3)
		return 1;
	memcpy(&check, ip + 10, 2);
	/* one's complement: the header grows by 3 - ecn in a byte of odd place, the checksum shrinks by as much */
	sum = (u32)ntohs(check) + 0xffffu - (3 - ecn);
	sum = (sum & 0xffff) + (sum >> 16);
	check = htons((u16)sum);
	memcpy(ip + 10, &check, 2);
	ip[1] |= 3;
	return 1;
}

/* ---- listeners: a test run's socket is none ---- */
u64 helper_tcp_check_syncookie(void *sk, const void *iph, u64 iph_len, const void *th, u64 th_len, struct run *run)
{
	(void)sk, (void)iph, (void)iph_len, (void)th, (void)th_len, (void)run;
	return RET_INT_(-EINVAL);
}

u64 helper_tcp_gen_syncookie(void *sk, const void *iph, u64 iph_len, const void *th, u64 th_len, struct run *run)
{
	(void)sk, (void)iph, (void)iph_len, (void)th, (void)th_len, (void)run;
	return RET_INT_(-EINVAL);
}

/* Only a socket lookup's choice can be undone: there is no socket to choose, and a test run is at no device's ingress. */
u64 helper_sk_assign(void *skb, void *sk, u64 flags, struct run *run)
{
	const u64 lookup_flags = 3; /* BPF_SK_LOOKUP_F_REPLACE, _NO_REUSEPORT */

	(void)skb;
	if (run->prog_type == BPF_PROG_TYPE_SK_LOOKUP)
		return flags & ~lookup_flags ? RET_INT_(-EINVAL) : sk ? RET_INT_(-ESOCKTNOSUPPORT) : 0;
	return RET_INT_(!sk || flags ? -EINVAL : -EOPNOTSUPP);
}

/* The flags that exist are kept, the others are the result. */
u64 helper_sock_ops_cb_flags_set(void *bpf_sock, u64 argval, struct run *run)
{
	struct bpf_sock_ops *s = bpf_sock;

	(void)run;
	if (!s->is_fullsock)
		return RET_INT_(-EINVAL);
	s->bpf_sock_ops_cb_flags = (u32)argval & BPF_SOCK_OPS_ALL_CB_FLAGS;
	return (u32)argval & ~(u32)BPF_SOCK_OPS_ALL_CB_FLAGS;
}

/* ---- sockets in maps ---- */
/* SK_PASS: to the socket that the map holds there; SK_DROP: there is none, or it takes no data. */
static u64 redirect_to_socket(struct map *map, const void *key, u64 flags, bool message, struct run *run)
{
	u64 cookie = flags & ~(u64)BPF_F_INGRESS ? 0 : map_prog_socket(map, key);
	struct sk_facts f;
	bool to_close = false, tcp;
	int fd = cookie ? sk_fd(cookie, &to_close) : -ENOENT, err;

	if (fd < 0)
		return SK_DROP;
	err = sk_ask(fd, &f);
	if (to_close)
		close(fd);
	tcp = f.protocol == IPPROTO_TCP;
	if (err || (tcp ? f.state == BPF_TCP_LISTEN : f.state != BPF_TCP_ESTABLISHED) ||
	    (message && !tcp && !(flags & BPF_F_INGRESS)))
		return SK_DROP;
	run->redirect_kind = 3;
	run->redirect_map = map;
	run->redirect_key = cookie;
	run->redirect_flags = (u32)flags;
	return SK_PASS;
}

u64 helper_sk_redirect_map(void *skb, struct map *map, u64 key, u64 flags, struct run *run)
{
	u32 index = (u32)key;

	(void)skb;
	return redirect_to_socket(map, &index, flags, false, run);
}

u64 helper_sk_redirect_hash(void *skb, struct map *map, const void *key, u64 flags, struct run *run)
{
	(void)skb;
	return redirect_to_socket(map, key, flags, false, run);
}

u64 helper_msg_redirect_map(void *msg, struct map *map, u64 key, u64 flags, struct run *run)
{
	u32 index = (u32)key;

	(void)msg;
	return redirect_to_socket(map, &index, flags, true, run);
}

u64 helper_msg_redirect_hash(void *msg, struct map *map, const void *key, u64 flags, struct run *run)
{
	(void)msg;
	return redirect_to_socket(map, key, flags, true, run);
}

/* The socket must be one of the group that the packet is for: with the same protocol, family and port as far as they are known. */
u64 helper_sk_select_reuseport(void *reuse, struct map *map, const void *key, u64 flags, struct run *run)
{
	const struct sk *mine = run->env->sk;
	u64 cookie = map_prog_socket(map, key);
	bool to_close = false;
	struct sk_facts f;
	int fd, err;

	(void)reuse, (void)flags;
	fd = cookie ? sk_fd(cookie, &to_close) : -ENOENT;
	if (fd < 0)
		return RET_INT_(-ENOENT);
	err = sk_ask(fd, &f);
	if (to_close)
		close(fd);
	if (err || !f.reuseport)
		return RET_INT_(map->desc.type == BPF_MAP_TYPE_REUSEPORT_SOCKARRAY ? -ENOENT : -EINVAL);
	if (mine && mine->s.protocol != f.protocol)
		return RET_INT_(-EPROTOTYPE);
	if (mine && mine->s.family != f.family)
		return RET_INT_(-EAFNOSUPPORT);
	run->redirect_kind = 3;
	run->redirect_map = map;
	run->redirect_key = cookie;
	return 0;
}

/* The connection of a socket event joins a map. */
static u64 join_map(void *ctx, struct map *map, const void *key, u64 flags, struct run *run)
{
	const struct bpf_sock_ops *ops = ctx;
	struct sk *sk = socket_of(ctx, run);
	struct sk_facts f;
	bool to_close = false;
	int fd, err;

	if (ops->op != BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB && ops->op != BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB &&
	    ops->op != BPF_SOCK_OPS_TCP_LISTEN_CB)
		return RET_INT_(-EOPNOTSUPP);
	fd = sk && sk->cookie ? sk_fd(sk->cookie, &to_close) : -ENOENT;
	if (fd < 0)
		return RET_INT_(-EOPNOTSUPP);
	err = sk_ask(fd, &f);
	if (to_close)
		close(fd);
	if (!err)
		err = sk_for_sockmap(&f);
	return RET_INT_(err ? err : map_prog_update(map, key, &f.cookie, flags, run->cpu));
}

u64 helper_sock_map_update(void *skops, struct map *map, const void *key, u64 flags, struct run *run)
{
	return join_map(skops, map, key, flags, run);
}

u64 helper_sock_hash_update(void *skops, struct map *map, const void *key, u64 flags, struct run *run)
{
	return join_map(skops, map, key, flags, run);
}

/* How much of a stream the verdict holds for, and how much to wait for before the next: kept for whoever runs the program. */
u64 helper_msg_apply_bytes(void *msg, u64 bytes, struct run *run)
{
	(void)msg;
	run->env->msg_apply = (u32)bytes;
	return 0;
}

u64 helper_msg_cork_bytes(void *msg, u64 bytes, struct run *run)
{
	(void)msg;
	run->env->msg_cork = (u32)bytes;
	return 0;
}

/* Of a real device; 0 stands for the packet's own, which in a test run is loopback. */
static bool device_mtu(u32 ifindex, u32 *ret_mtu)
{
	struct ifreq r;
	int fd, err;

	if (ifindex <= 1)
		return true;
	memset(&r, 0, sizeof(r));
	if (!if_indextoname(ifindex, r.ifr_name))
		return false;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	err = ioctl(fd, SIOCGIFMTU, &r);
	close(fd);
	if (!err)
		*ret_mtu = (u32)r.ifr_mtu;
	return !err;
}

u64 helper_check_mtu(void *ctx, u64 ifindex, void *mtu_len, u64 len_diff, u64 flags, struct run *run)
{
	const struct run_pkt *p = run->env->pkt;
	u32 mtu = 65536, given;
	s64 len;

	(void)ctx;
	memcpy(&given, mtu_len, sizeof(given));
	if (flags & ~1ull || (flags && p->skb == NULL) || (flags && (len_diff || given)))
		return RET_INT_(-EINVAL);
	if (!device_mtu((u32)ifindex, &mtu))
		return RET_INT_(-ENODEV);
	len = given ? (s64)given + 14 : p->end - p->data;
	len += (s32)len_diff;
	memcpy(mtu_len, &mtu, sizeof(mtu));
	return len <= (s64)mtu + 14 ? 0 : 1 /* BPF_MTU_CHK_RET_FRAG_NEEDED */;
}

/* ---- where an event comes from ---- */
u64 helper_get_func_ip(void *ctx, struct run *run)
{
	(void)ctx;
	return run->env->func_ip;
}
