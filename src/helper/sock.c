/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Helpers on sockets: of a test run's packet, the one socket it came through. Lookups search skep's sockets, and as long as skep
 * holds none they find none, as on a host where nobody listens.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "helper/ret.h"
#include "helper/run_env.h"
#include "map/map.h"
#include "spec/helper_abi.h"
#include "spec/spec.h"

/* States in which a socket is more than a request or a remnant (TCP_NEW_SYN_RECV, TCP_TIME_WAIT). */
static bool is_full(const struct bpf_sock *sk)
{
	return sk->state != 6 && sk->state != 12;
}

u64 helper_sk_fullsock(void *sk, struct run *run)
{
	(void)run;
	return RET_PTR(is_full(sk) ? sk : NULL);
}

u64 helper_tcp_sock(void *sk, struct run *run)
{
	(void)sk, (void)run;
	return 0; /* a test run's socket is no TCP connection */
}

u64 helper_get_listener_sock(void *sk, struct run *run)
{
	(void)sk, (void)run;
	return 0;
}

/* The tuple is IPv4's 12 bytes or IPv6's 36; anything else finds nothing, as a socket that is not there. */
static u64 lookup(u64 netns, u64 flags)
{
	(void)netns, (void)flags;
	return 0;
}

u64 helper_sk_lookup_tcp(void *ctx, const void *tuple, u64 tuple_size, u64 netns, u64 flags, struct run *run)
{
	(void)ctx, (void)tuple, (void)tuple_size, (void)run;
	return lookup(netns, flags);
}

u64 helper_sk_lookup_udp(void *ctx, const void *tuple, u64 tuple_size, u64 netns, u64 flags, struct run *run)
{
	(void)ctx, (void)tuple, (void)tuple_size, (void)run;
	return lookup(netns, flags);
}

u64 helper_skc_lookup_tcp(void *ctx, const void *tuple, u64 tuple_size, u64 netns, u64 flags, struct run *run)
{
	(void)ctx, (void)tuple, (void)tuple_size, (void)run;
	return lookup(netns, flags);
}

u64 helper_sk_release(void *sock, struct run *run)
{
	(void)sock, (void)run;
	return 0;
}

u64 helper_skc_to_tcp6_sock(void *sk, struct run *run) { (void)sk, (void)run; return 0; }
u64 helper_skc_to_tcp_sock(void *sk, struct run *run) { (void)sk, (void)run; return 0; }
u64 helper_skc_to_tcp_timewait_sock(void *sk, struct run *run) { (void)sk, (void)run; return 0; }
u64 helper_skc_to_tcp_request_sock(void *sk, struct run *run) { (void)sk, (void)run; return 0; }
u64 helper_skc_to_udp6_sock(void *sk, struct run *run) { (void)sk, (void)run; return 0; }
u64 helper_skc_to_unix_sock(void *sk, struct run *run) { (void)sk, (void)run; return 0; }
u64 helper_skc_to_mptcp_sock(void *sk, struct run *run) { (void)sk, (void)run; return 0; }

/* Cookies are given on first request, counting up. */
u64 helper_get_socket_cookie(void *ctx, struct run *run)
{
	static u64 next = 1;
	static u64 cookie;
	u64 c = __atomic_load_n(&cookie, __ATOMIC_RELAXED);

	(void)ctx, (void)run;
	if (!c) {
		c = __atomic_fetch_add(&next, 1, __ATOMIC_RELAXED);
		__atomic_store_n(&cookie, c, __ATOMIC_RELAXED);
	}
	return c;
}

u64 helper_get_socket_uid(void *skb, struct run *run)
{
	(void)skb, (void)run;
	return 0; /* the kernel's own sockets are root's */
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
/* 1: to the socket that the map holds there; 0: dropped, there is none. */
static u64 redirect_to_socket(struct map *map, const void *key, u64 flags, struct run *run)
{
	if (flags & ~(u64)BPF_F_INGRESS || !map_prog_lookup(map, key, run->cpu))
		return SK_DROP;
	run->redirect_kind = 3;
	run->redirect_map = map;
	run->redirect_flags = (u32)flags;
	return SK_PASS;
}

u64 helper_sk_redirect_map(void *skb, struct map *map, u64 key, u64 flags, struct run *run)
{
	u32 index = (u32)key;

	(void)skb;
	return redirect_to_socket(map, &index, flags, run);
}

u64 helper_sk_redirect_hash(void *skb, struct map *map, const void *key, u64 flags, struct run *run)
{
	(void)skb;
	return redirect_to_socket(map, key, flags, run);
}

u64 helper_msg_redirect_map(void *msg, struct map *map, u64 key, u64 flags, struct run *run)
{
	u32 index = (u32)key;

	(void)msg;
	return redirect_to_socket(map, &index, flags, run);
}

u64 helper_msg_redirect_hash(void *msg, struct map *map, const void *key, u64 flags, struct run *run)
{
	(void)msg;
	return redirect_to_socket(map, key, flags, run);
}

u64 helper_sk_select_reuseport(void *reuse, struct map *map, const void *key, u64 flags, struct run *run)
{
	(void)reuse, (void)flags;
	if (!map_prog_lookup(map, key, run->cpu))
		return RET_INT_(-ENOENT);
	run->redirect_kind = 3;
	run->redirect_map = map;
	return 0;
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

/* ---- routes ---- */
u64 helper_fib_lookup(void *ctx, void *params, u64 plen, u64 flags, struct run *run)
{
	const u8 family = *(const u8 *)params;

	(void)ctx, (void)run;
	if (plen < 64 || flags & ~0x3full)
		return RET_INT_(-EINVAL);
	if (family != AF_INET && family != AF_INET6)
		return RET_INT_(-EAFNOSUPPORT);
	return 4; /* BPF_FIB_LKUP_RET_NOT_FWDED: skep's table is empty */
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
