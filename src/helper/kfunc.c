/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bodies of kernel functions (K rows of spec/kfunc.def) that need nothing but memory. Arguments arrive in registers, as the
 * verifier has checked them against the BTF prototype.
 */
#include <errno.h>
#include <strings.h>

#include "helper/dynptr.h"
#include "helper/helper.h"
#include "helper/kfunc.h"
#include "helper/packet.h"
#include "spec/spec.h"

/* ---- sections: a run is not preempted by another of its own thread, and nothing it can reach is freed under it ---- */
#define NOTHING(name)                                                                                   \
	BODY(name)                                                                                      \
	{                                                                                               \
		(void)r1, UNUSED2;                                                                      \
		return 0;                                                                               \
	}
NOTHING(bpf_rcu_read_lock)
NOTHING(bpf_rcu_read_unlock)
NOTHING(bpf_preempt_disable)
NOTHING(bpf_preempt_enable)
NOTHING(bpf_local_irq_restore)

BODY(bpf_local_irq_save)
{
	UNUSED2;
	*(u64 *)(uintptr_t)r1 = 0;
	return 0;
}

BODY(bpf_throw)
{
	UNUSED2;
	run_throw(run, r1);
}

/* ---- sessions of probes ---- */
BODY(bpf_session_is_return) { (void)r1, UNUSED2; return run->env->session_returns; }
BODY(bpf_session_cookie)
{
	(void)r1, UNUSED2;
	return RET_PTR(run->env->session_cookie ? run->env->session_cookie : run->scratch);
}

/* ---- types ---- */
BODY(bpf_cast_to_kern_ctx) { UNUSED2; return r1; }
BODY(bpf_rdonly_cast) { UNUSED2; return r1; }

/* ---- counting ---- */
struct iter_num { s32 cur, end; };

BODY(bpf_iter_num_new)
{
	struct iter_num *it = (struct iter_num *)(uintptr_t)r1;
	s64 start = (s32)r2, end = (s32)r3;

	(void)r4, (void)r5, (void)run;
	*it = (struct iter_num){ 0, 0 };
	if (start > end)
		return RET_INT_(-EINVAL);
	if (end - start > 1 << 23)
		return RET_INT_(-E2BIG);
	it->cur = s32_of((u64)start - 1); /* next() counts before it gives; start may be the smallest int */
	it->end = (s32)end;
	return 0;
}

BODY(bpf_iter_num_next)
{
	struct iter_num *it = (struct iter_num *)(uintptr_t)r1;

	UNUSED2;
	if (s32_of((u64)(s64)it->cur + 1) >= it->end) {
		it->cur = it->end = 0;
		return 0;
	}
	it->cur = s32_of((u64)(s64)it->cur + 1);
	return RET_PTR(&it->cur);
}

BODY(bpf_iter_num_destroy)
{
	UNUSED2;
	memset((void *)(uintptr_t)r1, 0, sizeof(struct iter_num));
	return 0;
}

/* ---- bits: the words are copied, up to 8 of them in place of Linux's allocation ---- */
struct iter_bits { u64 words; s32 nbits, bit; }; /* 16 bytes are the program's; longer memory is read again at each step */

BODY(bpf_iter_bits_new)
{
	struct iter_bits *it = (struct iter_bits *)(uintptr_t)r1;
	u32 n = (u32)r3;
	u64 probe;

	(void)r4, (void)r5, (void)run;
	*it = (struct iter_bits){ .bit = -1 };
	if (!r2 || !n)
		return RET_INT_(-EINVAL);
	if (n > 511)
		return RET_INT_(-E2BIG);
	if (n == 1) {
		if (probe_read(&it->words, r2, sizeof(it->words)))
			return RET_INT_(-EFAULT);
		it->nbits = 64;
		return 0;
	}
	for (u32 i = 0; i < n; i++)
		if (probe_read(&probe, r2 + 8ull * i, sizeof(probe)))
			return RET_INT_(-EFAULT);
	it->words = r2;
	it->nbits = (s32)(n * 64);
	return 0;
}

BODY(bpf_iter_bits_next)
{
	struct iter_bits *it = (struct iter_bits *)(uintptr_t)r1;

	UNUSED2;
	for (s32 b = it->bit + 1; b < it->nbits; b++) {
		u64 w = it->words;
		if (it->nbits > 64 && probe_read(&w, it->words + (u64)(b / 64) * 8, sizeof(w)))
			break;
		if (w >> (b & 63) & 1) {
			it->bit = b;
			return RET_PTR(&it->bit);
		}
	}
	it->nbits = 0;
	return 0;
}

BODY(bpf_iter_bits_destroy)
{
	UNUSED2;
	((struct iter_bits *)(uintptr_t)r1)->nbits = 0;
	return 0;
}

/* ---- dynptrs ---- */
static u64 dyn_from_packet(u64 flags, u64 out, bool rdonly, struct run *run)
{
	struct dynptr *d = (struct dynptr *)(uintptr_t)out;
	const struct run_pkt *p = run->env->pkt;

	memset(d, 0, sizeof(*d));
	if (flags || !p)
		return RET_INT_(-EINVAL);
	dyn_set(d, NULL, DYNT_PACKET, pkt_len(p), rdonly);
	return 0;
}

/* Types that may not change packets get a read-only view. */
BODY(bpf_dynptr_from_skb)
{
	const progset writers = PT_BIT(BPF_PROG_TYPE_SCHED_CLS) | PT_BIT(BPF_PROG_TYPE_SCHED_ACT) |
				PT_BIT(BPF_PROG_TYPE_LWT_XMIT) | PT_BIT(BPF_PROG_TYPE_SK_SKB);

	(void)r1, (void)r4, (void)r5;
	return dyn_from_packet(r2, r3, !(writers & PT_BIT(run->prog_type)), run);
}

BODY(bpf_dynptr_from_skb_meta)
{
	const struct run_pkt *p = run->env->pkt;

	(void)r1, (void)r4, (void)r5;
	memset(PTR(r3), 0, sizeof(struct dynptr));
	if (r2 || !p)
		return RET_INT_(-EINVAL);
	dyn_set(PTR(r3), NULL, DYNT_META, (u32)(p->data - p->meta), false);
	return 0;
}

BODY(bpf_dynptr_from_xdp)
{
	(void)r1, (void)r4, (void)r5;
	return dyn_from_packet(r2, r3, false, run);
}

/* Where the range is in one piece, or a copy of it in the program's buffer. */
static u64 slice(u64 r1, u64 r2, u64 r3, u64 r4, struct run *run)
{
	const struct dynptr *d = PTR(r1);
	int err;
	u8 *p = dyn_at(d, (u32)r2, (u32)r4, run, &err);

	if (p || err != -EFAULT || !r3 || dyn_copy(d, (u32)r2, PTR(r3), (u32)r4, false, run))
		return RET_PTR(p);
	return r3;
}

BODY(bpf_dynptr_slice) { (void)r5; return slice(r1, r2, r3, r4, run); }

BODY(bpf_dynptr_slice_rdwr)
{
	(void)r5;
	return dyn_rdonly((const struct dynptr *)(uintptr_t)r1) ? 0 : slice(r1, r2, r3, r4, run);
}

BODY(bpf_dynptr_adjust)
{
	struct dynptr *d = (struct dynptr *)(uintptr_t)r1;
	u32 start = (u32)r2, end = (u32)r3, size = dyn_size(d);

	(void)r4, (void)r5, (void)run;
	if (dyn_null(d) || start > end)
		return RET_INT_(-EINVAL);
	if (start > size || end > size)
		return RET_INT_(-ERANGE);
	d->offset += start;
	d->size = (d->size & ~DYN_MAX_SIZE) | (end - start);
	return 0;
}

BODY(bpf_dynptr_clone)
{
	struct dynptr *to = (struct dynptr *)(uintptr_t)r2;
	const struct dynptr *from = (const struct dynptr *)(uintptr_t)r1;

	UNUSED3;
	*to = *from;
	return dyn_null(from) ? RET_INT_(-EINVAL) : 0;
}

BODY(bpf_dynptr_is_null) { UNUSED2; return dyn_null((const struct dynptr *)(uintptr_t)r1); }

BODY(bpf_dynptr_size)
{
	const struct dynptr *d = PTR(r1);

	UNUSED2;
	return dyn_null(d) ? RET_INT_(-EINVAL) : dyn_size(d);
}


BODY(bpf_dynptr_is_rdonly)
{
	const struct dynptr *d = (const struct dynptr *)(uintptr_t)r1;

	UNUSED2;
	return !dyn_null(d) && dyn_rdonly(d);
}

/* By pieces: a packet's fragments need not be in one. */
BODY(bpf_dynptr_memset)
{
	const struct dynptr *d = PTR(r1);
	u32 off = (u32)r2, size = (u32)r3;
	u8 piece[256];
	int err;

	(void)r5;
	if (dyn_null(d) || dyn_rdonly(d))
		return RET_INT_(-EINVAL);
	if (off > dyn_size(d) || size > dyn_size(d) - off)
		return RET_INT_(-E2BIG);
	memset(piece, (u8)r4, sizeof(piece));
	for (u32 at = 0; at < size; at += sizeof(piece)) {
		err = dyn_copy(d, off + at, piece, MIN(size - at, (u32)sizeof(piece)), true, run);
		if (err)
			return RET_INT_(err);
	}
	return 0;
}

BODY(bpf_dynptr_copy)
{
	const struct dynptr *dst = PTR(r1), *src = PTR(r3);
	u32 to = (u32)r2, from = (u32)r4, size = (u32)r5;
	u8 piece[256], *a, *b;
	int err;

	if (dyn_null(dst) || dyn_null(src) || dyn_rdonly(dst))
		return RET_INT_(-EINVAL);
	a = dyn_at(dst, to, size, run, &err);
	if (!a && err != -EFAULT)
		return RET_INT_(err);
	b = dyn_at(src, from, size, run, &err);
	if (!b && err != -EFAULT)
		return RET_INT_(err);
	if (a && b) {
		memmove(a, b, size);
		return 0;
	}
	err = 0;
	for (u32 at = 0; at < size && !err; at += sizeof(piece)) {
		u32 n = MIN(size - at, (u32)sizeof(piece));
		err = dyn_copy(src, from + at, piece, n, false, run);
		if (!err)
			err = dyn_copy(dst, to + at, piece, n, true, run);
	}
	return RET_INT_(err);
}

/* ---- strings: read with care, at most 1 MiB; -EFAULT on a bad address, -E2BIG without an end, -ENOENT when not found ---- */
#define STR_MAX (1u << 20)

/* One character; false on a bad address. */
static bool ch(u64 s, u64 i, char *ret)
{
	return !probe_read(ret, s + i, 1);
}

static u64 compare(u64 a, u64 b, bool fold)
{
	for (u32 i = 0; i < STR_MAX; i++) {
		char x, y;
		if (!ch(a, i, &x) || !ch(b, i, &y))
			return RET_INT_(-EFAULT);
		if (fold) {
			x = (char)(x >= 'A' && x <= 'Z' ? x + 32 : x);
			y = (char)(y >= 'A' && y <= 'Z' ? y + 32 : y);
		}
		if (x != y)
			return RET_INT_((u8)x < (u8)y ? -1 : 1);
		if (!x)
			return 0;
	}
	return RET_INT_(-E2BIG);
}

BODY(bpf_strcmp) { UNUSED3; return compare(r1, r2, false); }
BODY(bpf_strcasecmp) { UNUSED3; return compare(r1, r2, true); }

static u64 find_char(u64 s, u64 count, char c, bool or_end)
{
	for (u64 i = 0; i < MIN(count, STR_MAX); i++) {
		char x;
		if (!ch(s, i, &x))
			return RET_INT_(-EFAULT);
		if (x == c || (!x && or_end))
			return i;
		if (!x)
			return RET_INT_(-ENOENT);
	}
	return RET_INT_(count < STR_MAX ? -ENOENT : -E2BIG);
}

BODY(bpf_strchr) { UNUSED3; return find_char(r1, STR_MAX, (char)r2, false); }
BODY(bpf_strnchr) { (void)r4, (void)r5, (void)run; return find_char(r1, r2, (char)r3, false); }
BODY(bpf_strchrnul) { UNUSED3; return find_char(r1, STR_MAX, (char)r2, true); }

BODY(bpf_strrchr)
{
	s64 last = -ENOENT;

	UNUSED3;
	for (u32 i = 0; i < STR_MAX; i++) {
		char x;
		if (!ch(r1, i, &x))
			return RET_INT_(-EFAULT);
		if (x == (char)r2)
			last = i;
		if (!x)
			return RET_INT_(last);
	}
	return RET_INT_(-E2BIG);
}

static u64 length(u64 s, u64 max)
{
	for (u64 i = 0; i < MIN(max, STR_MAX); i++) {
		char x;
		if (!ch(s, i, &x))
			return RET_INT_(-EFAULT);
		if (!x)
			return i;
	}
	return max < STR_MAX ? max : RET_INT_(-E2BIG);
}

BODY(bpf_strlen) { UNUSED2; return length(r1, STR_MAX); }
BODY(bpf_strnlen) { UNUSED3; return length(r1, r2); }

/* How long s consists of characters that are (not) in the set. */
static u64 span(u64 s, u64 set, bool in)
{
	for (u32 i = 0; i < STR_MAX; i++) {
		char x;
		u64 hit;
		if (!ch(s, i, &x))
			return RET_INT_(-EFAULT);
		if (!x)
			return i;
		hit = find_char(set, STR_MAX, x, false);
		if ((s64)hit < 0 && (s64)hit != -ENOENT)
			return hit;
		if (((s64)hit >= 0) != in)
			return i;
	}
	return RET_INT_(-E2BIG);
}

BODY(bpf_strspn) { UNUSED3; return span(r1, r2, true); }
BODY(bpf_strcspn) { UNUSED3; return span(r1, r2, false); }

static u64 find_string(u64 s, u64 what, u64 len)
{
	for (u64 i = 0; i < MIN(len, STR_MAX); i++)
		for (u64 k = 0;; k++) {
			char x, y;
			if (k >= STR_MAX)
				return RET_INT_(-E2BIG);
			if (!ch(what, k, &y))
				return RET_INT_(-EFAULT);
			if (!y)
				return i;
			if (i + k >= len)
				return RET_INT_(-ENOENT);
			if (!ch(s, i + k, &x))
				return RET_INT_(-EFAULT);
			if (!x)
				return RET_INT_(-ENOENT);
			if (x != y)
				break;
		}
	return RET_INT_(len < STR_MAX ? -ENOENT : -E2BIG);
}

BODY(bpf_strstr) { UNUSED3; return find_string(r1, r2, STR_MAX); }
BODY(bpf_strnstr) { (void)r4, (void)r5, (void)run; return find_string(r1, r2, r3); }
