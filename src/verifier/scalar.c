/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Values: what is known of a scalar (or of a pointer's variable offset), and arithmetic on it.
 *
 * A value is known five times: bits (tnum), signed and unsigned bounds, each of 64 and of the low 32 bits. reg_sync() lets the
 * five teach each other. Precision is Linux 6.18's, operation by operator: it decides which programs load.
 * Invariant: every concrete value is inside all five.
 */
#include "verifier/scalar.h"

/* ---- setting ---- */

void reg_pin(struct reg *r, u64 value)
{
	r->var = tnum_const(value);
	pin64(r, value);
	pin32(r, (u32)value);
}

static void clear_identity(struct reg *r)
{
	r->off = 0;
	r->raw1 = r->raw2 = r->raw3 = 0;
	r->id = 0;
	r->ref_id = 0;
}

void reg_set_known(struct reg *r, u64 value)
{
	clear_identity(r);
	reg_pin(r, value);
}

void reg_unbounded(struct reg *r)
{
	unbound64(r);
	unbound32(r);
}

void reg_set_unknown_scalar(struct reg *r)
{
	clear_identity(r);
	r->type = T_SCALAR;
	r->frameno = 0;
	r->precise = false;
	r->var = TNUM_UNKNOWN;
	reg_unbounded(r);
}

void reg_mark_unknown(struct vf_env *e, struct reg *r)
{
	reg_set_unknown_scalar(r);
	r->precise = !e->bpf_capable;
}

void reg_mark_known_zero(struct vf_env *e, struct reg *r)
{
	reg_set_known(r, 0);
	r->type = T_SCALAR;
	r->precise = !e->bpf_capable;
}

/* ---- the five views teach each other ---- */

/* When only one member of the bit pattern lies within the unsigned bounds, it is the value. */
static inline void pin_if_single(struct reg *r)
{
	u64 value = r->var.value, mask = r->var.mask, most = value | mask, next;

	if ((r->umin & ~mask) == value) {
		/* umin is a member: the next one counts up in the unknown bits. */
		next = r->umin < most ? (((r->umin | ~mask) + 1) & mask) | value : most;
		if (next > r->umax)
			reg_pin(r, r->umin);
		return;
	}
	next = tnum_next(r->var, r->umin);
	if (next == most)
		reg_pin(r, most);
	else if (next <= r->umax && tnum_next(r->var, next) > r->umax)
		reg_pin(r, next);
}

static void reg_bounds_from_var(struct reg *r)
{
	clip_by_var32(r);
	clip_by_var64(r);
	pin_if_single(r);
}

/*
 * A 64-bit range [lo, hi] as bounds of its low half, when it is a range there too. `ordered`: lo is the lower one as an unsigned
 * number, or the path is impossible and anything goes.
 */
static void low_from_range(struct reg *r, u64 lo, u64 hi, bool ordered)
{
	u32 a = (u32)lo, b = (u32)hi;

	if (lo >> 32 == hi >> 32) {
		if (ordered || a <= b)
			clip_u32(r, a, b);
		if ((s32)a <= (s32)b)
			clip_s32(r, (s32)a, (s32)b);
	} else if ((u32)(lo >> 32) + 1 == (u32)(hi >> 32) && (s32)a < 0 && (s32)b >= 0) {
		/* The upper half steps by one where the lower half passes from -1 to 0: a signed range. */
		clip_s32(r, (s32)a, (s32)b);
	}
}

/* The low half's range [lo, hi] put under the upper halves of the 64-bit bounds. */
static void range_from_low(struct reg *r, u32 lo, u32 hi)
{
	const u64 up = ~(u64)U32_MAX;

	clip_u64(r, (r->umin & up) | lo, (r->umax & up) | hi);
	clip_s64(r, (s64)(((u64)r->smin & up) | lo), (s64)(((u64)r->smax & up) | hi));
}

static void clip_mixed(struct reg *r)
{
	range_from_low(r, r->u32_min, r->u32_max);
	if ((u32)r->s32_min <= (u32)r->s32_max)
		range_from_low(r, (u32)r->s32_min, (u32)r->s32_max);
	/*
	 * A sign-extended 32-bit value whose low half is not negative: the upper half is all zeroes, for with ones the value
	 * would be below S32_MIN.
	 */
	if (r->s32_min >= 0 && r->smin >= S32_MIN && r->smax <= S32_MAX) {
		r->smin = r->s32_min;
		r->smax = r->s32_max;
		r->umin = (u64)r->s32_min;
		r->umax = (u64)r->s32_max;
		r->var = tnum_intersect(r->var, tnum_range(r->umin, r->umax));
	}
}

static void deduce(struct reg *r)
{
	low_from_range(r, r->umin, r->umax, true);
	low_from_range(r, (u64)r->smin, (u64)r->smax, false);
	clip_signs32(r);
	clip_signs64(r);
	clip_mixed(r);
}

static void var_from_bounds(struct reg *r)
{
	struct tnum all = tnum_intersect(r->var, tnum_range(r->umin, r->umax));
	struct tnum low = tnum_intersect(tnum_subreg(all), tnum_range(r->u32_min, r->u32_max));

	r->var = tnum_or(tnum_clear_subreg(all), low);
}

static bool is_pinned(const struct reg *r)
{
	u64 v = r->var.value;

	return !r->var.mask && r->umin == v && r->umax == v && (u64)r->smin == v && (u64)r->smax == v &&
	       r->u32_min == (u32)v && r->u32_max == (u32)v && (u32)r->s32_min == (u32)v && (u32)r->s32_max == (u32)v;
}

/* Below 2^31 the four views of the bounds are one: nothing more to learn. */
static inline bool is_one_range(const struct reg *r)
{
	return r->umax <= S32_MAX && r->smin == (s64)r->umin && r->smax == (s64)r->umax && r->u32_min == r->umin &&
	       r->u32_max == r->umax && r->s32_min == r->smin && r->s32_max == r->smax;
}

static inline bool same_bounds(const struct reg *a, const struct reg *b)
{
	return a->umin == b->umin && a->umax == b->umax && a->smin == b->smin && a->smax == b->smax && a->u32_min == b->u32_min &&
	       a->u32_max == b->u32_max && a->s32_min == b->s32_min && a->s32_max == b->s32_max &&
	       a->var.value == b->var.value && a->var.mask == b->var.mask;
}

/* Three rounds, fewer when another would add nothing. */
static void deduce_all(struct reg *r)
{
	struct reg before;

	for (int i = 0; i < 3; i++) {
		before.var = r->var; /* not the rest: copies of what was just written are slow */
		before.umin = r->umin, before.umax = r->umax, before.smin = r->smin, before.smax = r->smax;
		before.u32_min = r->u32_min, before.u32_max = r->u32_max, before.s32_min = r->s32_min, before.s32_max = r->s32_max;
		deduce(r);
		if (is_one_range(r) || same_bounds(&before, r))
			break;
	}
}

/* A range that all five tell of alike, in less than 31 bits: what loads of bytes and masks make. */
static bool is_agreed(const struct reg *r)
{
	u64 lo = r->var.value, hi = lo | r->var.mask;

	return hi <= S32_MAX && r->umin == lo && r->umax == hi && (u64)r->smin == lo && (u64)r->smax == hi && r->u32_min == lo &&
	       r->u32_max == hi && (u64)r->s32_min == lo && (u64)r->s32_max == hi;
}

HOT void reg_sync(struct reg *r)
{
	/* Constants and unknowns have nothing to learn, and are most of what programs compute. */
	if (is_pinned(r) || (tnum_is_unknown(r->var) && is_unbound64(r) && is_unbound32(r)) || is_agreed(r))
		return;
	reg_bounds_from_var(r);
	deduce_all(r);
	var_from_bounds(r);
	reg_bounds_from_var(r);
}

bool reg_sane(const struct reg *r)
{
	u64 v = r->var.value;

	if (r->umin > r->umax || r->smin > r->smax || r->u32_min > r->u32_max || r->s32_min > r->s32_max)
		return false;
	if (!r->var.mask && (r->umin != v || r->umax != v || (u64)r->smin != v || (u64)r->smax != v))
		return false;
	return (u32)r->var.mask || (r->u32_min == (u32)v && r->u32_max == (u32)v && (u32)r->s32_min == (u32)v &&
				    (u32)r->s32_max == (u32)v);
}

/* ---- changes of width ---- */

/* 64-bit bounds of a value whose upper half has become zero; var too. */
static void assign_low(struct reg *r)
{
	r->var = tnum_subreg(r->var);
	r->umin = r->u32_min;
	r->umax = r->u32_max;
	if (r->s32_min >= 0 && r->s32_max >= 0) {
		r->smin = r->s32_min;
		r->smax = r->s32_max;
	} else {
		r->smin = 0;
		r->smax = U32_MAX;
	}
}

void reg_zext32(struct reg *r)
{
	assign_low(r);
	reg_sync(r);
}

void reg_truncate(struct reg *r, u32 bytes)
{
	u64 keep;

	if (bytes >= 8)
		return;
	keep = ((u64)1 << (bytes * 8)) - 1;
	r->var = tnum_cast(r->var, (u8)bytes);
	if ((r->umin & ~keep) == (r->umax & ~keep)) {
		r->umin &= keep;
		r->umax &= keep;
	} else {
		r->umin = 0;
		r->umax = keep;
	}
	r->smin = (s64)r->umin;
	r->smax = (s64)r->umax;
	if (bytes < 4)
		unbound32(r);
	reg_sync(r);
}

static s64 sext(u64 v, u32 bytes)
{
	u32 up = 64 - 8 * bytes;

	return (s64)(v << up) >> up;
}

/*
 * Bounds [*min, *max] (signed, of the wider value) after sign extension from the low bytes. False when the range does not keep
 * its order: it spans several copies of the narrow type, or both signs of it.
 */
static bool sext_range(s64 *min, s64 *max, u32 bytes)
{
	s64 a = sext((u64)*min, bytes), b = sext((u64)*max, bytes);

	if ((*min ^ *max) >> (8 * bytes) || (a >= 0) != (b >= 0))
		return false;
	*min = MIN(a, b);
	*max = MAX(a, b);
	return true;
}

void reg_sext64(struct reg *r, u32 bytes)
{
	s64 min = r->smin, max = r->smax;

	if (bytes >= 8)
		return;
	if (tnum_is_const(r->var)) {
		reg_pin(r, (u64)sext(r->var.value, bytes));
		return;
	}
	if (sext_range(&min, &max, bytes)) {
		r->smin = min;
		r->smax = max;
		r->umin = (u64)min;
		r->umax = (u64)max;
		r->s32_min = (s32)min;
		r->s32_max = (s32)max;
		r->u32_min = (u32)min;
		r->u32_max = (u32)max;
		r->var = tnum_range((u64)min, (u64)max);
		return;
	}
	reg_unbounded(r);
	r->smin = sext((u64)1 << (8 * bytes - 1), bytes);
	r->smax = -(r->smin + 1);
	r->s32_min = (s32)r->smin;
	r->s32_max = (s32)r->smax;
	r->var = TNUM_UNKNOWN;
}

void reg_sext32(struct reg *r, u32 bytes)
{
	s64 min = r->s32_min, max = r->s32_max;

	if (tnum_is_const(r->var)) {
		u32 v = (u32)sext(r->var.value, bytes);

		r->var = tnum_const(v);
		pin32(r, v);
	} else if (sext_range(&min, &max, bytes)) {
		r->s32_min = (s32)min;
		r->s32_max = (s32)max;
		r->u32_min = (u32)min;
		r->u32_max = (u32)max;
		r->var = tnum_subreg(tnum_range((u64)min, (u64)max));
	} else {
		unbound32(r);
		r->s32_min = (s32)sext((u64)1 << (8 * bytes - 1), bytes);
		r->s32_max = -(r->s32_min + 1);
		r->var = tnum_subreg(TNUM_UNKNOWN);
	}
	reg_zext32(r);
}

/* ---- arithmetic ---- */

static void unknown_keep_precise(struct reg *r)
{
	bool precise = r->precise;

	reg_set_unknown_scalar(r);
	r->precise = precise;
}

/* A shift count that is one number below the width; the 64-bit bound decides even for 32-bit shifts, as in Linux. */
static bool shift_count_known(const struct reg *s, bool is32)
{
	if (s->umax >= (is32 ? 32 : 64))
		return false;
	if (is32)
		return tnum_subreg_is_const(s->var) && s->s32_min == s->s32_max && s->u32_min == s->u32_max;
	return tnum_is_const(s->var) && s->smin == s->smax && s->umin == s->umax;
}

static void shl(struct reg *d, u32 by, bool is32)
{
	if (is32) {
		shift_left32(d, by);
		d->s32_min = S32_MIN;
		d->s32_max = S32_MAX;
		d->var = tnum_subreg(tnum_lshift(tnum_subreg(d->var), (u8)by));
		unbound64(d);
		clip_by_var32(d);
		return;
	}
	/* The low half moved up whole keeps its sign: compilers write sign extension as <<= 32, s>>= 32. */
	if (by == 32) {
		d->smin = (s64)((u64)(s64)d->s32_min << 32);
		d->smax = (s64)((u64)(s64)d->s32_max << 32);
	} else {
		d->smin = S64_MIN;
		d->smax = S64_MAX;
	}
	shift_left64(d, by);
	d->s32_min = S32_MIN;
	d->s32_max = S32_MAX;
	if (by < 32)
		shift_left32(d, by);
	else
		unbound32(d);
	d->var = tnum_lshift(d->var, (u8)by);
	reg_bounds_from_var(d);
}

/* Logical shift: order is kept as unsigned; signs follow from the result. */
static void shr(struct reg *d, u32 by, bool is32)
{
	if (is32) {
		d->var = tnum_rshift(tnum_subreg(d->var), (u8)by);
		d->u32_min >>= by;
		d->u32_max >>= by;
		d->s32_min = S32_MIN;
		d->s32_max = S32_MAX;
		unbound64(d);
		clip_by_var32(d);
		return;
	}
	d->var = tnum_rshift(d->var, (u8)by);
	d->umin >>= by;
	d->umax >>= by;
	d->smin = S64_MIN;
	d->smax = S64_MAX;
	unbound32(d);
	reg_bounds_from_var(d);
}

static void sar(struct reg *d, u32 by, bool is32)
{
	if (is32) {
		s32 min = d->s32_min >> by, max = d->s32_max >> by;

		d->var = tnum_arshift(tnum_subreg(d->var), (u8)by, 32);
		reg_unbounded(d);
		d->s32_min = min;
		d->s32_max = max;
		clip_by_var32(d);
	} else {
		s64 min = d->smin >> by, max = d->smax >> by;

		d->var = tnum_arshift(d->var, (u8)by, 64);
		reg_unbounded(d);
		d->smin = min;
		d->smax = max;
		reg_bounds_from_var(d);
	}
}

void scalar_add_unsynced(struct reg *dst, const struct reg *src)
{
	add32(dst, src);
	add64(dst, src);
	dst->var = tnum_add(dst->var, src->var);
}

static void bitwise(struct reg *d, const struct reg *s, enum alu_op op)
{
	d->var = op == ALU_AND ? tnum_and(d->var, s->var) :
		 op == ALU_OR  ? tnum_or(d->var, s->var) : tnum_xor(d->var, s->var);
	bitwise32(d, s, op);
	bitwise64(d, s, op);
	if (d->var.mask)
		reg_bounds_from_var(d);
}

HOT void scalar_alu(struct reg *dst, const struct reg *src, enum alu_op op, bool is32)
{
	struct reg copy;

	if (dst == src) {
		copy = *src;
		src = &copy;
	}
	switch (op) {
	case ALU_ADD:
		scalar_add_unsynced(dst, src);
		break;
	case ALU_SUB:
		sub32(dst, src);
		sub64(dst, src);
		dst->var = tnum_sub(dst->var, src->var);
		break;
	case ALU_MUL:
		dst->var = tnum_mul(dst->var, src->var);
		mul32(dst, src);
		mul64(dst, src);
		break;
	case ALU_AND:
	case ALU_OR:
	case ALU_XOR:
		bitwise(dst, src, op);
		break;
	case ALU_LSH:
	case ALU_RSH:
	case ALU_ARSH:
		if (!shift_count_known(src, is32)) {
			unknown_keep_precise(dst);
			return;
		}
		(op == ALU_LSH ? shl : op == ALU_RSH ? shr : sar)(dst, (u32)src->umin, is32);
		break;
	case ALU_NEG:
		scalar_neg(dst, is32);
		return;
	case ALU_DIV:
	case ALU_SDIV:
	case ALU_MOD:
	case ALU_SMOD:
		/* Not tracked by 6.18, and a 32-bit one is not even known to be 32 bits wide. */
		unknown_keep_precise(dst);
		return;
	}
	if (is32)
		assign_low(dst);
	reg_sync(dst);
}

void scalar_neg(struct reg *dst, bool is32)
{
	struct reg old = *dst;

	reg_set_known(dst, 0);
	sub32(dst, &old);
	sub64(dst, &old);
	dst->var = tnum_neg(old.var);
	if (is32)
		assign_low(dst);
	reg_sync(dst);
}

void scalar_swap(struct reg *dst, enum swap_kind kind, u32 bits)
{
	/* Little-endian machines: to_le is a truncation. */
	if (kind != SWAP_TO_LE) {
		dst->var = tnum_bswap(dst->var, bits);
		reg_unbounded(dst);
	}
	if (bits < 64)
		reg_truncate(dst, bits / 8);
	reg_sync(dst);
}
