/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Helpers on packets: contents, size, checksums, where they go.
 *
 * A packet is linear, so "pull" always succeeds; Linux's limits on sizes and flags are kept because programs observe them.
 * Offsets of skb helpers count from data as the program sees it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>

#include "helper/kfunc.h"
#include "helper/packet.h"
#include "map/map.h"
#include "spec/helper_abi.h"

#define MAX_OFFSET 0xffffu
#define XDP_FRAME 40 /* the start of the head room belongs to struct xdp_frame */
#define MAX_PKT 65535

u32 pkt_len(const struct run_pkt *p)
{
	u32 n = (u32)(p->end - p->data);

	for (u32 i = 0; i < p->nfrags; i++)
		n += p->frag[i].size;
	return n;
}

u8 *pkt_at(const struct run_pkt *p, u64 off, u64 len)
{
	u64 size = (u64)(p->end - p->data);

	if (off <= size && len <= size - off)
		return p->data + off;
	for (u32 i = 0; i < p->nfrags && off >= size; i++) {
		off -= size;
		size = p->frag[i].size;
		if (off <= size && len <= size - off)
			return p->frag[i].page + p->frag[i].off + off;
	}
	return NULL;
}

void pkt_copy(const struct run_pkt *p, u64 off, void *buf, u64 len, bool into)
{
	u8 *at = p->data, *b = buf;
	u64 size = (u64)(p->end - p->data);

	for (u32 i = 0; len; i++) {
		u64 n = off < size ? MIN(len, size - off) : 0;
		if (n && into)
			memmove(at + off, b, n);
		else if (n)
			memmove(b, at + off, n);
		b += n;
		len -= n;
		off = off + n - size;
		if (i == p->nfrags)
			break;
		at = p->frag[i].page + p->frag[i].off;
		size = p->frag[i].size;
	}
}

/* ---- LD_ABS, LD_IND ---- */
u64 packet_ld_abs(u64 ctx, u64 off, u64 size, u64 unused4, u64 unused5, struct run *run)
{
	struct run_pkt *p = run->env->pkt;
	s32 at = (s32)(u32)off;
	const u8 *from;
	u32 v = 0;

	(void)ctx, (void)unused4, (void)unused5;
	if (!p)
		return RET_INT_(-EFAULT);
	if (at >= 0) {
		from = pkt_at(p, (u32)at, size);
	} else {
		/* SKF_NET_OFF and SKF_LL_OFF: from the network or link-layer header */
		const u8 *base = at >= -0x100000 ? p->network : at >= -0x200000 ? p->mac : NULL;
		s32 rel = at >= -0x100000 ? at + 0x100000 : at + 0x200000;
		from = base && rel >= 0 && base + rel + size <= p->end ? base + rel : NULL;
	}
	if (!from)
		return RET_INT_(-EFAULT);
	for (u64 i = 0; i < size; i++)
		v = v << 8 | from[i];
	return v;
}

/* ---- contents ---- */
u64 helper_skb_load_bytes(void *skb, u64 offset, void *to, u64 len, struct run *run)
{
	const u8 *from = offset <= S32_MAX ? pkt_at(run->env->pkt, offset, len) : NULL;

	(void)skb;
	if (!from) {
		memset(to, 0, len);
		return RET_INT_(-EFAULT);
	}
	memcpy(to, from, len);
	return 0;
}

u64 helper_skb_load_bytes_relative(void *skb, u64 offset, void *to, u64 len, u64 start_header, struct run *run)
{
	struct run_pkt *p = run->env->pkt;
	const u8 *base = start_header == BPF_HDR_START_MAC ? p->mac : start_header == BPF_HDR_START_NET ? p->network : NULL;

	(void)skb;
	if (!base || offset > MAX_OFFSET || len > (u64)(p->end - base) || offset > (u64)(p->end - base) - len) {
		memset(to, 0, len);
		return RET_INT_(-EFAULT);
	}
	memcpy(to, base + offset, len);
	return 0;
}

u64 helper_skb_store_bytes(void *skb, u64 offset, const void *from, u64 len, u64 flags, struct run *run)
{
	u8 *to;

	(void)skb;
	if (flags & ~(u64)(BPF_F_RECOMPUTE_CSUM | BPF_F_INVALIDATE_HASH))
		return RET_INT_(-EINVAL);
	to = offset <= S32_MAX ? pkt_at(run->env->pkt, offset, len) : NULL;
	if (!to)
		return RET_INT_(-EFAULT);
	memmove(to, from, len);
	return 0;
}

u64 helper_skb_pull_data(void *skb, u64 len, struct run *run)
{
	struct run_pkt *p = run->env->pkt;

	(void)skb;
	return len > pkt_len(p) ? RET_INT_(-ENOMEM) : 0;
}

static u64 xdp_bytes(u64 offset, void *buf, u64 len, bool into, struct run *run)
{
	const struct run_pkt *p = run->env->pkt;

	if ((u32)offset > MAX_OFFSET || len > MAX_OFFSET)
		return RET_INT_(-EFAULT);
	if ((u32)offset + len > pkt_len(p))
		return RET_INT_(-EINVAL);
	pkt_copy(p, (u32)offset, buf, len, into);
	return 0;
}

u64 helper_xdp_load_bytes(void *xdp_md, u64 offset, void *buf, u64 len, struct run *run)
{
	(void)xdp_md;
	return xdp_bytes(offset, buf, len, false, run);
}

u64 helper_xdp_store_bytes(void *xdp_md, u64 offset, const void *buf, u64 len, struct run *run)
{
	union { const void *c; void *p; } from = { buf };

	(void)xdp_md;
	return xdp_bytes(offset, from.p, len, true, run);
}

u64 helper_xdp_get_buff_len(void *xdp_md, struct run *run)
{
	(void)xdp_md;
	return pkt_len(run->env->pkt);
}

/* ---- size ---- */
u64 helper_xdp_adjust_head(void *xdp_md, u64 delta, struct run *run)
{
	struct run_pkt *p = run->env->pkt;
	s64 by = (s32)delta;
	s64 meta = p->data - p->meta;
	u8 *data = p->data + by;

	(void)xdp_md;
	if (data < p->buf + XDP_FRAME + meta || data > p->end - ETH_HLEN)
		return RET_INT_(-EINVAL);
	if (meta)
		memmove(p->meta + by, p->meta, (size_t)meta);
	p->meta += by;
	p->data = data;
	pkt_publish(p);
	return 0;
}

u64 helper_xdp_adjust_meta(void *xdp_md, u64 delta, struct run *run)
{
	struct run_pkt *p = run->env->pkt;
	u8 *meta = p->meta + (s32)delta;
	s64 len = p->data - meta;

	(void)xdp_md;
	if (meta < p->buf + XDP_FRAME || meta > p->data)
		return RET_INT_(-EINVAL);
	if (len % 4 || len > 255)
		return RET_INT_(-EACCES);
	p->meta = meta;
	pkt_publish(p);
	return 0;
}

/* The last fragment grows within its page. */
static u64 frags_grow(struct run_pkt *p, u32 by)
{
	struct run_frag *f = &p->frag[p->nfrags - 1];

	if (by > PKT_FRAG_ROOM - f->size - f->off)
		return RET_INT_(-EINVAL);
	memset(f->page + f->off + f->size, 0, by);
	f->size += by;
	return 0;
}

static u64 frags_shrink(struct run_pkt *p, u32 by)
{
	if (by > (u64)pkt_len(p) - ETH_HLEN)
		return RET_INT_(-EINVAL);
	while (by && p->nfrags) {
		struct run_frag *f = &p->frag[p->nfrags - 1];
		u32 n = MIN(by, f->size);
		f->size -= n;
		by -= n;
		if (f->size)
			return 0;
		p->nfrags--;
	}
	p->end -= by;
	pkt_publish(p);
	return 0;
}

u64 helper_xdp_adjust_tail(void *xdp_md, u64 delta, struct run *run)
{
	struct run_pkt *p = run->env->pkt;
	s32 by = (s32)delta;
	u8 *end = p->end + by;

	(void)xdp_md;
	if (p->nfrags)
		return by < 0 ? frags_shrink(p, 0 - (u32)by) : frags_grow(p, (u32)by);
	if (end > p->limit || end < p->data + ETH_HLEN)
		return RET_INT_(-EINVAL);
	if (end > p->end)
		memset(p->end, 0, (size_t)(end - p->end));
	p->end = end;
	pkt_publish(p);
	return 0;
}

/* Bring the first len bytes of the frame together, moving it towards the head if the tail room is not enough. */
BODY(bpf_xdp_pull_data)
{
	struct run_pkt *p = run->env->pkt;
	s64 need = (s64)(u32)r2 - (p->end - p->data), shift = need - (p->limit - p->end);
	u32 i;

	(void)r1, (void)r3, (void)r4, (void)r5;
	if (need <= 0)
		return 0;
	if ((u32)r2 > pkt_len(p) || shift > p->meta - p->buf - XDP_FRAME)
		return RET_INT_(-EINVAL);
	if (shift > 0) {
		memmove(p->meta - shift, p->meta, (size_t)(p->end - p->meta));
		p->meta -= shift;
		p->data -= shift;
		p->end -= shift;
	}
	for (i = 0; need; i++) {
		struct run_frag *f = &p->frag[i];
		u32 n = (u32)MIN(need, (s64)f->size);
		memcpy(p->end, f->page + f->off, n);
		p->end += n;
		f->off += n;
		f->size -= n;
		need -= n;
		if (f->size)
			break;
	}
	memmove(p->frag, p->frag + i, (p->nfrags - i) * sizeof(p->frag[0]));
	p->nfrags -= i;
	pkt_publish(p);
	return 0;
}

u64 helper_skb_change_tail(void *skb, u64 len, u64 flags, struct run *run)
{
	struct run_pkt *p = run->env->pkt;
	u32 min = p->network && p->network > p->data ? (u32)(p->network - p->data) : 0;

	(void)skb;
	if (flags || (u32)len > MAX_PKT || (u32)len < min)
		return RET_INT_(-EINVAL);
	if (p->data + (u32)len > p->limit)
		return RET_INT_(-ENOMEM);
	if (p->data + (u32)len > p->end)
		memset(p->end, 0, (size_t)(p->data + (u32)len - p->end));
	p->end = p->data + (u32)len;
	pkt_publish(p);
	return 0;
}

u64 helper_skb_change_head(void *skb, u64 len, u64 flags, struct run *run)
{
	struct run_pkt *p = run->env->pkt;

	(void)skb;
	if (flags || pkt_len(p) + (u32)len > MAX_PKT || (u32)len > MAX_PKT)
		return RET_INT_(-EINVAL);
	if (pkt_headroom(p, (u32)len))
		return RET_INT_(-ENOMEM);
	p->data -= (u32)len;
	p->meta = p->mac = p->data;
	memset(p->data, 0, (u32)len);
	pkt_publish(p);
	return 0;
}

/* ---- checksums ---- */
static u32 csum_add(u32 a, u32 b)
{
	u64 s = (u64)a + b;

	return (u32)(s + (s >> 32));
}

/* By words of 32 bits: of the two zeros of ones' complement the same one comes out as in Linux. */
static u32 csum_bytes(const u8 *p, u64 n)
{
	u64 s = 0;

	for (; n >= 4; n -= 4, p += 4)
		s += (u32)p[0] | (u32)p[1] << 8 | (u32)p[2] << 16 | (u32)p[3] << 24;
	if (n & 2)
		s += (u32)p[0] | (u32)p[1] << 8;
	if (n & 1)
		s += p[n & 2];
	s = (s & 0xffffffff) + (s >> 32);
	return (u32)(s + (s >> 32));
}

static u16 csum_fold(u32 s)
{
	s = (s & 0xffff) + (s >> 16);
	s = (s & 0xffff) + (s >> 16);
	return (u16)~s;
}

/* Sums of ones' complement have two zeros: which one comes out is as in Linux 6.13, where it depends on what is given. */
u64 helper_csum_diff(const void *from, u64 from_size, const void *to, u64 to_size, u64 seed, struct run *run)
{
	u32 sum;

	(void)run;
	if (!from_size)
		sum = csum_add((u32)seed, csum_bytes(to, to_size));
	else if (!to_size)
		sum = ~csum_add(~(u32)seed, csum_bytes(from, from_size));
	else
		sum = csum_add(csum_add((u32)seed, csum_bytes(to, to_size)), ~csum_bytes(from, from_size));
	/* folded to 16 bits once, so that every engine and processor gives the same number */
	return (u16)~csum_fold(sum);
}

/* Replace `from` by `to` in the 16-bit checksum at p. size 0: `to` is a difference already. */
static void csum_replace(u8 *p, u32 from, u32 to, u32 size)
{
	u16 old, sum;
	u32 s;

	memcpy(&old, p, 2);
	s = (u32)(u16)~old;
	if (size == 2)
		s = csum_add(csum_add(s, (u32)(u16)~from), (u16)to);
	else if (size == 4)
		s = csum_add(csum_add(s, ~from), to);
	else
		s = csum_add(s, to);
	sum = csum_fold(s);
	memcpy(p, &sum, 2);
}

u64 helper_l3_csum_replace(void *skb, u64 offset, u64 from, u64 to, u64 flags, struct run *run)
{
	u32 size = (u32)flags & BPF_F_HDR_FIELD_MASK;
	u8 *p;

	(void)skb;
	if (flags & ~(u64)BPF_F_HDR_FIELD_MASK)
		return RET_INT_(-EINVAL);
	p = (u32)offset > MAX_OFFSET || offset & 1 ? NULL : pkt_at(run->env->pkt, (u32)offset, 2);
	if (!p)
		return RET_INT_(-EFAULT);
	if ((size != 0 && size != 2 && size != 4) || (size == 0 && from))
		return RET_INT_(-EINVAL);
	csum_replace(p, (u32)from, (u32)to, size);
	return 0;
}

u64 helper_l4_csum_replace(void *skb, u64 offset, u64 from, u64 to, u64 flags, struct run *run)
{
	u32 size = (u32)flags & BPF_F_HDR_FIELD_MASK;
	bool mangled_0 = flags & BPF_F_MARK_MANGLED_0;
	u16 now;
	u8 *p;

	(void)skb;
	if (flags & ~(u64)(BPF_F_MARK_MANGLED_0 | BPF_F_MARK_ENFORCE | BPF_F_PSEUDO_HDR | BPF_F_HDR_FIELD_MASK | (1u << 7)))
		return RET_INT_(-EINVAL);
	p = (u32)offset > MAX_OFFSET || offset & 1 ? NULL : pkt_at(run->env->pkt, (u32)offset, 2);
	if (!p)
		return RET_INT_(-EFAULT);
	memcpy(&now, p, 2);
	if (mangled_0 && !(flags & BPF_F_MARK_ENFORCE) && !now)
		return 0; /* UDP without a checksum stays without */
	if ((size != 0 && size != 2 && size != 4) || (size == 0 && from))
		return RET_INT_(-EINVAL);
	csum_replace(p, (u32)from, (u32)to, size);
	memcpy(&now, p, 2);
	if (mangled_0 && !now) {
		now = 0xffff;
		memcpy(p, &now, 2);
	}
	return 0;
}

u64 helper_csum_update(void *skb, u64 csum, struct run *run)
{
	(void)skb, (void)csum, (void)run;
	return RET_INT_(-ENOTSUPP); /* no device has summed this packet */
}

/* ---- where to ---- */
enum { REDIRECT_IFINDEX = 1, REDIRECT_MAP = 2 };

u64 helper_redirect(u64 ifindex, u64 flags, struct run *run)
{
	bool xdp = run->prog_type == BPF_PROG_TYPE_XDP;

	if (xdp ? flags != 0 : flags & ~(u64)BPF_F_INGRESS)
		return xdp ? XDP_ABORTED : 2 /* TC_ACT_SHOT */;
	run->redirect_kind = REDIRECT_IFINDEX;
	run->redirect_ifindex = (u32)ifindex;
	run->redirect_flags = (u32)flags;
	return xdp ? XDP_REDIRECT : 7 /* TC_ACT_REDIRECT */;
}

u64 helper_redirect_map(struct map *map, u64 key, u64 flags, struct run *run)
{
	const u64 action_mask = XDP_ABORTED | XDP_DROP | XDP_PASS | XDP_TX;
	u32 index = (u32)key;

	if (flags & ~(action_mask | BPF_F_BROADCAST | BPF_F_EXCLUDE_INGRESS))
		return XDP_ABORTED;
	if (!(flags & BPF_F_BROADCAST) && !map_prog_lookup(map, &index, run->cpu))
		return flags & action_mask;
	run->redirect_kind = REDIRECT_MAP;
	run->redirect_map = map;
	run->redirect_key = key;
	run->redirect_flags = (u32)flags;
	return XDP_REDIRECT;
}

/* ---- what else a packet has ---- */
u64 helper_get_hash_recalc(void *skb, struct run *run)
{
	(void)skb;
	return run->env->pkt->skb->hash;
}

u64 helper_set_hash_invalid(void *skb, struct run *run)
{
	(void)skb;
	run->env->pkt->skb->hash = 0;
	return 0;
}

u64 helper_set_hash(void *skb, u64 hash, struct run *run)
{
	(void)skb;
	run->env->pkt->skb->hash = (u32)hash;
	return 0;
}

static void move_mac(struct run_pkt *p, s32 by)
{
	memmove(p->data - by, p->data, 12);
	p->data -= by;
	p->mac = p->meta = p->data;
	pkt_publish(p);
}

u64 helper_skb_vlan_push(void *skb, u64 vlan_proto, u64 vlan_tci, struct run *run)
{
	struct run_pkt *p = run->env->pkt;
	struct __sk_buff *s = p->skb;
	u16 proto = (u16)vlan_proto;

	(void)skb;
	if (proto != htons(ETH_P_8021Q) && proto != htons(ETH_P_8021AD))
		proto = htons(ETH_P_8021Q);
	if (s->vlan_present) {
		u16 tag[2] = { (u16)s->vlan_proto, htons((u16)s->vlan_tci) };
		if (pkt_headroom(p, 4))
			return RET_INT_(-ENOMEM);
		move_mac(p, 4);
		memcpy(p->data + 12, tag, sizeof(tag));
		s->protocol = tag[0];
	}
	s->vlan_present = 1;
	s->vlan_proto = proto;
	s->vlan_tci = (u16)vlan_tci;
	return 0;
}

u64 helper_skb_vlan_pop(void *skb, struct run *run)
{
	struct run_pkt *p = run->env->pkt;
	struct __sk_buff *s = p->skb;
	u16 tag[2];

	(void)skb;
	if (s->vlan_present) {
		s->vlan_present = s->vlan_tci = s->vlan_proto = 0;
		return 0;
	}
	if (pkt_len(p) < 18)
		return 0;
	memcpy(tag, p->data + 12, sizeof(tag));
	if (tag[0] != htons(ETH_P_8021Q) && tag[0] != htons(ETH_P_8021AD))
		return 0;
	move_mac(p, -4);
	memcpy(tag, p->data + 12, 2);
	s->protocol = tag[0];
	return 0;
}
