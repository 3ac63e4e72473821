/* SPDX-License-Identifier: BSD-2-Clause */
/* Helpers on dynptrs: see dynptr.h. */
#include "helper/dynptr.h"

#include <errno.h>

#include "helper/packet.h"
#include "helper/ret.h"
#include "map/map.h"
#include "spec/helper_abi.h"

void dyn_set(struct dynptr *d, void *data, enum dyn_type type, u32 size, bool rdonly)
{
	*d = (struct dynptr){ (u64)(uintptr_t)data, size | (u32)type << 28 | (rdonly ? DYN_RDONLY : 0), 0 };
}

/* 0 when [off, off + len) is inside. */
static int dyn_check(const struct dynptr *d, u64 off, u64 len)
{
	if (dyn_null(d))
		return -EINVAL;
	return off > dyn_size(d) || len > dyn_size(d) - off ? -E2BIG : 0;
}

u8 *dyn_at(const struct dynptr *d, u64 off, u64 len, struct run *run, int *ret_err)
{
	const struct run_pkt *p = run->env->pkt;
	u64 at = d->offset + off;
	u8 *here;

	*ret_err = dyn_check(d, off, len);
	if (*ret_err)
		return NULL;
	if (dyn_type(d) != DYNT_PACKET && dyn_type(d) != DYNT_META)
		return (u8 *)(uintptr_t)d->data + at;
	/* the packet may have shrunk since the dynptr was made */
	if (!p)
		here = NULL;
	else if (dyn_type(d) == DYNT_META)
		here = at + len <= (u64)(p->data - p->meta) ? p->meta + at : NULL;
	else
		here = pkt_at(p, at, len);
	if (!here)
		*ret_err = -EFAULT;
	return here;
}

int dyn_copy(const struct dynptr *d, u64 off, void *buf, u64 len, bool into, struct run *run)
{
	const struct run_pkt *p = run->env->pkt;
	int err;
	u8 *at = dyn_at(d, off, len, run, &err);

	if (at && into)
		memmove(at, buf, len);
	else if (at)
		memmove(buf, at, len);
	if (at || err != -EFAULT || dyn_type(d) != DYNT_PACKET || !p)
		return err;
	if (d->offset + off + len > pkt_len(p))
		return p->skb ? -EFAULT : -EINVAL;
	pkt_copy(p, d->offset + off, buf, len, into);
	return 0;
}

u64 helper_dynptr_from_mem(void *data, u64 size, u64 flags, void *ptr, struct run *run)
{
	(void)run;
	if (size > DYN_MAX_SIZE || flags) {
		memset(ptr, 0, sizeof(struct dynptr));
		return RET_INT_(size > DYN_MAX_SIZE ? -E2BIG : -EINVAL);
	}
	dyn_set(ptr, data, DYNT_LOCAL, (u32)size, false);
	return 0;
}

u64 helper_dynptr_read(void *dst, u64 len, void *src, u64 offset, u64 flags, struct run *run)
{
	int err = flags ? -EINVAL : dyn_copy(src, (u32)offset, dst, (u32)len, false, run);

	if (err == -EFAULT) /* the packet is shorter than it was: as bpf_skb_load_bytes() leaves it */
		memset(dst, 0, (u32)len);
	return RET_INT_(err);
}

u64 helper_dynptr_write(void *dst, u64 offset, const void *src, u64 len, u64 flags, struct run *run)
{
	union { const void *c; void *p; } from = { src };
	const struct dynptr *d = dst;
	bool skb = dyn_type(d) == DYNT_PACKET && run->env->pkt && run->env->pkt->skb;

	if (dyn_null(d) || dyn_rdonly(d))
		return RET_INT_(-EINVAL);
	if (flags & ~(skb ? (u64)(BPF_F_RECOMPUTE_CSUM | BPF_F_INVALIDATE_HASH) : 0))
		return RET_INT_(-EINVAL);
	return RET_INT_(dyn_copy(d, (u32)offset, from.p, (u32)len, true, run));
}

u64 helper_dynptr_data(void *ptr, u64 offset, u64 len, struct run *run)
{
	const struct dynptr *d = ptr;
	int err;

	if (dyn_null(d) || dyn_rdonly(d) || dyn_type(d) == DYNT_PACKET || dyn_type(d) == DYNT_META)
		return 0;
	return (u64)(uintptr_t)dyn_at(d, (u32)offset, (u32)len, run, &err);
}

/* ---- ring buffers ---- */
u64 helper_ringbuf_reserve_dynptr(struct map *ringbuf, u64 size, u64 flags, void *ptr, struct run *run)
{
	void *sample;

	(void)run;
	memset(ptr, 0, sizeof(struct dynptr));
	if (flags)
		return RET_INT_(-EINVAL);
	if ((u32)size > DYN_MAX_SIZE)
		return RET_INT_(-E2BIG);
	sample = map_ring_reserve(ringbuf, (u32)size, flags);
	if (!sample)
		return RET_INT_(-EINVAL);
	dyn_set(ptr, sample, DYNT_RINGBUF, (u32)size, false);
	return 0;
}

static u64 ring_end(struct dynptr *d, u64 flags, void (*end)(void *sample, u64 flags))
{
	if (d->data)
		end((void *)(uintptr_t)d->data, flags);
	memset(d, 0, sizeof(*d));
	return 0;
}

u64 helper_ringbuf_submit_dynptr(void *ptr, u64 flags, struct run *run)
{
	(void)run;
	return ring_end(ptr, flags, map_ring_submit);
}

u64 helper_ringbuf_discard_dynptr(void *ptr, u64 flags, struct run *run)
{
	(void)run;
	return ring_end(ptr, flags, map_ring_discard);
}
