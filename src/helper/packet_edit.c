/* SPDX-License-Identifier: BSD-2-Clause */
/* Helpers that put headers into packets, translate them, describe tunnels, or send packets elsewhere. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <net/if.h>
#include <stdlib.h>

#include "helper/packet.h"
#include "helper/ret.h"
#include "spec/helper_abi.h"

#define MAX_ALLOC 16064u /* Linux's largest linear packet: four pages less its own record */
#define TC_SHOT 2
#define TC_REDIRECT 7
enum { IPV4_HDR = 20, IPV6_HDR = 40 };

int pkt_headroom(struct run_pkt *p, u32 len)
{
	s64 by;

	if ((u64)(p->data - p->buf) >= len)
		return 0;
	by = p->limit - p->end;
	if (by + (p->data - p->buf) < (s64)len)
		return -ENOMEM;
	memmove(p->data + by, p->data, (size_t)(p->end - p->data));
	p->meta = p->data += by;
	p->end += by;
	p->mac = p->mac ? p->mac + by : NULL;
	p->network = p->network ? p->network + by : NULL;
	return 0;
}

/* len zero bytes at off; the headers before them move forward. */
static int push_at(struct run_pkt *p, u32 off, u32 len)
{
	int err = pkt_headroom(p, len);

	if (err)
		return err;
	memmove(p->data - len, p->data, off);
	p->data -= len;
	p->meta = p->mac = p->data;
	p->network -= len;
	memset(p->data + off, 0, len);
	pkt_publish(p);
	return 0;
}

static int pop_at(struct run_pkt *p, u32 off, u32 len)
{
	if ((u64)off + len > (u64)(p->end - p->data))
		return -ENOMEM;
	memmove(p->data + len, p->data, off);
	p->data += len;
	p->meta = p->mac = p->data;
	p->network += len;
	pkt_publish(p);
	return 0;
}

u64 helper_skb_change_proto(void *skb, u64 proto, u64 flags, struct run *run)
{
	struct run_pkt *p = run->env->pkt;
	struct __sk_buff *s = p->skb;
	u32 off = (u32)(p->network - p->mac);
	int err = -ENOTSUPP;

	(void)skb;
	if (flags)
		return RET_INT_(-EINVAL);
	if (s->protocol == htons(ETH_P_IP) && (u16)proto == htons(ETH_P_IPV6))
		err = push_at(p, off, IPV6_HDR - IPV4_HDR);
	else if (s->protocol == htons(ETH_P_IPV6) && (u16)proto == htons(ETH_P_IP))
		err = pop_at(p, off, IPV6_HDR - IPV4_HDR);
	if (err)
		return RET_INT_(err);
	s->protocol = (u16)proto;
	s->hash = 0;
	return 0;
}

/* ---- bpf_skb_adjust_room ---- */
#define ADJ_FIXED_GSO     (1ull << 0)
#define ADJ_ENCAP_IPV4    (1ull << 1)
#define ADJ_ENCAP_IPV6    (1ull << 2)
#define ADJ_ENCAP_GRE     (1ull << 3)
#define ADJ_ENCAP_UDP     (1ull << 4)
#define ADJ_NO_CSUM_RESET (1ull << 5)
#define ADJ_ENCAP_ETH     (1ull << 6)
#define ADJ_DECAP_IPV4    (1ull << 7)
#define ADJ_DECAP_IPV6    (1ull << 8)
#define ADJ_ENCAP_L2      (0xffull << 56)
#define ADJ_ENCAP         (ADJ_ENCAP_IPV4 | ADJ_ENCAP_IPV6)
#define ADJ_DECAP         (ADJ_DECAP_IPV4 | ADJ_DECAP_IPV6)
#define ADJ_SHRINK        (ADJ_FIXED_GSO | ADJ_DECAP | ADJ_NO_CSUM_RESET)
#define ADJ_ALL           (ADJ_SHRINK | ADJ_ENCAP | ADJ_ENCAP_GRE | ADJ_ENCAP_UDP | ADJ_ENCAP_ETH | ADJ_ENCAP_L2)

static void match_protocol(struct __sk_buff *s, bool ipv4, bool ipv6)
{
	if (s->protocol == htons(ETH_P_IP) && ipv6)
		s->protocol = htons(ETH_P_IPV6);
	else if (s->protocol == htons(ETH_P_IPV6) && ipv4)
		s->protocol = htons(ETH_P_IP);
}

static int encap_ok(const struct run_pkt *p, u32 len, u64 flags)
{
	u32 inner_mac = (u32)(flags >> 56);

	if ((flags & ADJ_ENCAP) == ADJ_ENCAP || (flags & (ADJ_ENCAP_GRE | ADJ_ENCAP_UDP)) == (ADJ_ENCAP_GRE | ADJ_ENCAP_UDP) ||
	    ((flags & ADJ_ENCAP_ETH) && inner_mac < ETH_HLEN))
		return -EINVAL;
	if (p->encapsulated)
		return -EALREADY;
	return inner_mac > len ? -EINVAL : 0;
}

static int room_grow(struct run_pkt *p, u32 off, u32 len, u64 flags)
{
	int err = p->skb->gso_size ? -ENOTSUPP : 0; /* a test packet's segments are of no protocol */

	if (!err && (flags & ADJ_ENCAP))
		err = encap_ok(p, len, flags);
	if (!err)
		err = push_at(p, off, len);
	if (err || !(flags & ADJ_ENCAP))
		return err;
	p->encapsulated = true;
	match_protocol(p->skb, flags & ADJ_ENCAP_IPV4, flags & ADJ_ENCAP_IPV6);
	return 0;
}

static int room_shrink(struct run_pkt *p, u32 off, u32 len, u64 flags)
{
	int err = flags & ~ADJ_SHRINK ? -EINVAL : p->skb->gso_size ? -ENOTSUPP : pop_at(p, off, len);

	if (!err)
		match_protocol(p->skb, flags & ADJ_DECAP_IPV4, flags & ADJ_DECAP_IPV6);
	return err;
}

u64 helper_skb_adjust_room(void *skb, u64 len_diff, u64 mode, u64 flags, struct run *run)
{
	struct run_pkt *p = run->env->pkt;
	u32 base = p->skb->protocol == htons(ETH_P_IP) ? IPV4_HDR : IPV6_HDR, min = base;
	u32 off = (u32)(p->network - p->mac), cur = (u32)(p->end - p->network);
	bool shrink = (s32)len_diff < 0;
	u32 len = shrink ? 0 - (u32)len_diff : (u32)len_diff;

	(void)skb;
	if (flags & ~ADJ_ALL)
		return RET_INT_(-EINVAL);
	if (len > 0xfff)
		return RET_INT_(-EFAULT);
	if ((p->skb->protocol != htons(ETH_P_IP) && p->skb->protocol != htons(ETH_P_IPV6)) || (u32)mode > 1)
		return RET_INT_(-ENOTSUPP);
	if ((u32)mode == 0) /* BPF_ADJ_ROOM_NET: behind the network header */
		off += base;
	if (flags & ADJ_DECAP) {
		if (!shrink || (flags & ADJ_DECAP) == ADJ_DECAP)
			return RET_INT_(-EINVAL);
		min = flags & ADJ_DECAP_IPV4 ? IPV4_HDR : IPV6_HDR;
	}
	if (shrink ? len >= cur || cur - len < min : pkt_len(p) + len > MAX_ALLOC && !p->skb->gso_size)
		return RET_INT_(-ENOTSUPP);
	return RET_INT_(shrink ? room_shrink(p, off, len, flags) : room_grow(p, off, len, flags));
}

/* ---- an outer IP header, given whole ---- */
#define LWT_MAX_HEADROOM 256u

static int outer_ok(const u8 *h, u32 len)
{
	bool v4 = len && h[0] >> 4 == 4, v6 = len && h[0] >> 4 == 6;
	u32 size = v4 ? (h[0] & 15u) * 4 : IPV6_HDR;
	bool udp;

	if (len < IPV4_HDR || len > LWT_MAX_HEADROOM || (!v4 && !v6) || len < size)
		return -EINVAL;
	udp = (v4 ? h[9] : h[6]) == 17;
	return udp && len < size + 8 ? -EINVAL : 0;
}

u64 helper_lwt_push_encap(void *skb, u64 type, const void *hdr, u64 len, struct run *run)
{
	struct run_pkt *p = run->env->pkt;
	const u8 *h = hdr;
	u32 sum = 0;
	int err = (u32)type != 2 /* BPF_LWT_ENCAP_IP */ ? -EINVAL : outer_ok(h, (u32)len);

	(void)skb;
	if (!err)
		err = pkt_headroom(p, (u32)len);
	if (err)
		return RET_INT_(err);
	p->data -= (u32)len;
	p->meta = p->network = p->data;
	memcpy(p->data, hdr, (u32)len);
	p->encapsulated = true;
	p->skb->hash = 0;
	p->skb->protocol = h[0] >> 4 == 4 ? htons(ETH_P_IP) : htons(ETH_P_IPV6);
	if (h[0] >> 4 == 4 && !h[10] && !h[11]) {
		for (u32 i = 0; i < (h[0] & 15u) * 4; i += 2)
			sum += (u32)(h[i] << 8 | h[i + 1]);
		sum = (sum & 0xffff) + (sum >> 16);
		sum = ~(sum + (sum >> 16));
		p->data[10] = (u8)(sum >> 8);
		p->data[11] = (u8)sum;
	}
	pkt_publish(p);
	return 0;
}

/* ---- elsewhere ---- */
u64 helper_clone_redirect(void *skb, u64 ifindex, u64 flags, struct run *run)
{
	char name[IF_NAMESIZE];

	(void)skb;
	if (flags & ~(u64)BPF_F_INGRESS)
		return RET_INT_(-EINVAL);
	if (run->env->pkt->skb->gso_size)
		return RET_INT_(-EBADMSG);
	if (!if_indextoname((u32)ifindex, name))
		return RET_INT_(-EINVAL);
	run->env->clones++;
	return 0;
}

static u64 redirect_to(u64 ifindex, struct run *run)
{
	run->redirect_kind = 1;
	run->redirect_ifindex = (u32)ifindex;
	run->redirect_flags = 0;
	return TC_REDIRECT;
}

u64 helper_redirect_neigh(u64 ifindex, const void *params, u64 plen, u64 flags, struct run *run)
{
	(void)params;
	return (plen && (s32)plen < 20 /* struct bpf_redir_neigh */) || flags ? TC_SHOT : redirect_to(ifindex, run);
}

u64 helper_redirect_peer(u64 ifindex, u64 flags, struct run *run)
{
	return flags ? TC_SHOT : redirect_to(ifindex, run);
}

/* ---- the tunnel a packet will go through: kept with the packet, so that it can be asked again ---- */
#define TUN_SET_FLAGS (BPF_F_TUNINFO_IPV6 | BPF_F_ZERO_CSUM_TX | BPF_F_DONT_FRAGMENT | BPF_F_SEQ_NUMBER | 16u /* NO_TUNNEL_KEY */)
#define KEY_AT(f) (u64)offsetof(struct bpf_tunnel_key, f)

/* The structure has grown: these sizes are still taken. */
static bool key_size_ok(u64 size)
{
	return size == sizeof(struct bpf_tunnel_key) || size == KEY_AT(local_ipv6) || size == KEY_AT(tunnel_label) ||
	       size == KEY_AT(tunnel_ext) || size == KEY_AT(remote_ipv4) + 4;
}

u64 helper_skb_set_tunnel_key(void *skb, const void *key, u64 size, u64 flags, struct run *run)
{
	struct run_pkt *p = run->env->pkt;
	struct bpf_tunnel_key k;

	(void)skb;
	if (flags & ~(u64)TUN_SET_FLAGS || !key_size_ok(size))
		return RET_INT_(-EINVAL);
	memset(&k, 0, sizeof(k));
	memcpy(&k, key, size);
	if ((!(flags & BPF_F_TUNINFO_IPV6) && k.tunnel_label) || k.tunnel_ext)
		return RET_INT_(-EINVAL);
	if (!p->tunnel)
		return RET_INT_(-ENOMEM);
	*p->tunnel = (struct run_tunnel){ .key = k, .set = true, .ipv6 = flags & BPF_F_TUNINFO_IPV6 };
	return 0;
}

static int tunnel_key(const struct run_tunnel *t, struct bpf_tunnel_key *k, u64 size, u64 flags)
{
	if (!t || !t->set || flags & ~(u64)(BPF_F_TUNINFO_IPV6 | 16u /* BPF_F_TUNINFO_FLAGS */))
		return -EINVAL;
	if (t->ipv6 != !!(flags & BPF_F_TUNINFO_IPV6))
		return -EPROTO;
	if (!key_size_ok(size) || (size == KEY_AT(remote_ipv4) + 4 && t->ipv6))
		return -EINVAL;
	*k = t->key;
	k->tunnel_ext = 0;
	if (t->ipv6) {
		/* who asks is at the other end */
		memcpy(k->remote_ipv6, t->key.local_ipv6, 16);
		memcpy(k->local_ipv6, t->key.remote_ipv6, 16);
	} else {
		memset(k->remote_ipv6, 0, 16);
		memset(k->local_ipv6, 0, 16);
		k->remote_ipv4 = t->key.local_ipv4;
		k->local_ipv4 = t->key.remote_ipv4;
		k->tunnel_label = 0;
	}
	return 0;
}

u64 helper_skb_get_tunnel_key(void *skb, void *key, u64 size, u64 flags, struct run *run)
{
	struct bpf_tunnel_key k;
	int err = tunnel_key(run->env->pkt->tunnel, &k, size, flags);

	(void)skb;
	if (err)
		memset(key, 0, size);
	else
		memcpy(key, &k, size);
	return RET_INT_(err);
}

u64 helper_skb_set_tunnel_opt(void *skb, const void *opt, u64 size, struct run *run)
{
	struct run_tunnel *t = run->env->pkt->tunnel;

	(void)skb;
	if (!t || !t->set || size & 3)
		return RET_INT_(-EINVAL);
	if (size > sizeof(t->opt))
		return RET_INT_(-ENOMEM);
	memcpy(t->opt, opt, size);
	t->opt_len = (u32)size;
	return 0;
}

u64 helper_skb_get_tunnel_opt(void *skb, void *opt, u64 size, struct run *run)
{
	const struct run_tunnel *t = run->env->pkt->tunnel;
	int err = !t || !t->opt_len ? -ENOENT : size < t->opt_len ? -ENOMEM : 0;

	(void)skb;
	memset(opt, 0, size);
	if (err)
		return RET_INT_(err);
	memcpy(opt, t->opt, t->opt_len);
	return t->opt_len;
}

/* ---- the cgroup of a packet's socket: a test run's socket is in the root ---- */
#define ROOT_CGROUP 1

u64 helper_skb_cgroup_id(void *skb, struct run *run) { (void)skb, (void)run; return ROOT_CGROUP; }
u64 helper_sk_cgroup_id(void *sk, struct run *run) { (void)sk, (void)run; return ROOT_CGROUP; }

u64 helper_skb_ancestor_cgroup_id(void *skb, u64 ancestor_level, struct run *run)
{
	(void)skb, (void)run;
	return (u32)ancestor_level ? 0 : ROOT_CGROUP;
}

u64 helper_sk_ancestor_cgroup_id(void *sk, u64 ancestor_level, struct run *run)
{
	(void)sk, (void)run;
	return (u32)ancestor_level ? 0 : ROOT_CGROUP;
}
