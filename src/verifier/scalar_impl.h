/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bounds of one width: scalar.c includes this text for 64 and for 32 bits, so the two cannot drift apart.
 *
 * Duty: per width, signed and unsigned bounds under arithmetic and under what a comparison proves. Invariant: each function
 * over-approximates in both orders; nothing here reads or writes bounds of the other width.
 *
 * Parameters: W (width), U and S (types), UMAXV SMINV SMAXV (extremes), UMIN UMAX SMIN SMAX (fields of struct reg).
 */
#define CAT_(a, b) a##b
#define CAT(a, b) CAT_(a, b)
#define FN(name) CAT(name, W)

static inline void FN(unbound)(struct reg *r)
{
	r->SMIN = SMINV;
	r->SMAX = SMAXV;
	r->UMIN = 0;
	r->UMAX = UMAXV;
}

static inline bool FN(is_unbound)(const struct reg *r)
{
	return r->SMIN == SMINV && r->SMAX == SMAXV && r->UMIN == 0 && r->UMAX == UMAXV;
}

static inline void FN(pin)(struct reg *r, U v)
{
	r->SMIN = r->SMAX = (S)v;
	r->UMIN = r->UMAX = v;
}

static inline void FN(clip_u)(struct reg *r, U min, U max)
{
	r->UMIN = MAX(r->UMIN, min);
	r->UMAX = MIN(r->UMAX, max);
}

static inline void FN(clip_s)(struct reg *r, S min, S max)
{
	r->SMIN = MAX(r->SMIN, min);
	r->SMAX = MIN(r->SMAX, max);
}

static inline struct tnum FN(tnum_low)(struct tnum t)
{
	return (struct tnum){ (U)t.value, (U)t.mask };
}

/* What the known bits say of the bounds: unknown bits all 0 or all 1, the sign bit the other way round. */
static inline void FN(clip_by_var)(struct reg *r)
{
	U value = (U)r->var.value, mask = (U)r->var.mask;

	FN(clip_s)(r, (S)(value | (mask & (U)SMINV)), (S)(value | (mask & (U)SMAXV)));
	FN(clip_u)(r, value, value | mask);
}

/* Signed and unsigned bounds of the same bits teach each other. */
static inline void FN(clip_signs)(struct reg *r)
{
	if ((S)r->UMIN <= (S)r->UMAX)
		FN(clip_s)(r, (S)r->UMIN, (S)r->UMAX);
	if ((U)r->SMIN <= (U)r->SMAX) {
		FN(clip_u)(r, (U)r->SMIN, (U)r->SMAX);
	} else if (r->UMAX < (U)r->SMIN) {
		/* Negative ones are out of the unsigned range: only [0, smax] is left. */
		r->SMIN = (S)r->UMIN;
		r->UMAX = MIN(r->UMAX, (U)r->SMAX);
	} else if ((U)r->SMAX < r->UMIN) {
		/* Only the negative part is left. */
		r->SMAX = (S)r->UMAX;
		r->UMIN = MAX(r->UMIN, (U)r->SMIN);
	}
}

static void FN(add)(struct reg *d, const struct reg *s)
{
	bool low, high;

	if (__builtin_add_overflow(d->SMIN, s->SMIN, &d->SMIN) | __builtin_add_overflow(d->SMAX, s->SMAX, &d->SMAX)) {
		d->SMIN = SMINV;
		d->SMAX = SMAXV;
	}
	/* Wrapping around is fine as long as the whole range does. */
	low = __builtin_add_overflow(d->UMIN, s->UMIN, &d->UMIN);
	high = __builtin_add_overflow(d->UMAX, s->UMAX, &d->UMAX);
	if (low != high) {
		d->UMIN = 0;
		d->UMAX = UMAXV;
	}
}

static void FN(sub)(struct reg *d, const struct reg *s)
{
	bool low, high;

	if (__builtin_sub_overflow(d->SMIN, s->SMAX, &d->SMIN) | __builtin_sub_overflow(d->SMAX, s->SMIN, &d->SMAX)) {
		d->SMIN = SMINV;
		d->SMAX = SMAXV;
	}
	low = __builtin_sub_overflow(d->UMIN, s->UMAX, &d->UMIN);
	high = __builtin_sub_overflow(d->UMAX, s->UMIN, &d->UMAX);
	if (low != high) {
		d->UMIN = 0;
		d->UMAX = UMAXV;
	}
}

static void FN(mul)(struct reg *d, const struct reg *s)
{
	S a, b, c, e;

	if (__builtin_mul_overflow(d->UMAX, s->UMAX, &d->UMAX) | __builtin_mul_overflow(d->UMIN, s->UMIN, &d->UMIN)) {
		d->UMIN = 0;
		d->UMAX = UMAXV;
	}
	/* The extremes are at the corners. */
	if (__builtin_mul_overflow(d->SMIN, s->SMIN, &a) | __builtin_mul_overflow(d->SMIN, s->SMAX, &b) |
	    __builtin_mul_overflow(d->SMAX, s->SMIN, &c) | __builtin_mul_overflow(d->SMAX, s->SMAX, &e)) {
		d->SMIN = SMINV;
		d->SMAX = SMAXV;
		return;
	}
	d->SMIN = MIN(MIN(a, b), MIN(c, e));
	d->SMAX = MAX(MAX(a, b), MAX(c, e));
}

/* Signed bounds from unsigned ones after a bitwise operation. */
static inline void FN(signed_from_unsigned)(struct reg *d)
{
	bool one_half = (S)d->UMIN <= (S)d->UMAX;

	d->SMIN = one_half ? (S)d->UMIN : SMINV;
	d->SMAX = one_half ? (S)d->UMAX : SMAXV;
}

/* and, or, xor: d->var is the result's already. */
static void FN(bitwise)(struct reg *d, const struct reg *s, enum alu_op op)
{
	struct tnum t = FN(tnum_low)(d->var);

	if (!t.mask && !FN(tnum_low)(s->var).mask) {
		FN(pin)(d, (U)t.value);
		return;
	}
	d->UMIN = op == ALU_OR ? MAX(d->UMIN, s->UMIN) : (U)t.value;
	d->UMAX = op == ALU_AND ? MIN(d->UMAX, s->UMAX) : (U)(t.value | t.mask);
	FN(signed_from_unsigned)(d);
}

/* Unsigned bounds of a left shift by a constant below W; signed ones are the caller's. */
static inline void FN(shift_left)(struct reg *d, u32 by)
{
	if (d->UMAX > (U)1 << (W - 1 - by)) {
		d->UMIN = 0;
		d->UMAX = UMAXV;
	} else {
		d->UMIN = (U)(d->UMIN << by);
		d->UMAX = (U)(d->UMAX << by);
	}
}

static inline bool FN(apart)(const struct reg *a, const struct reg *b)
{
	return a->UMIN > b->UMAX || a->UMAX < b->UMIN || a->SMIN > b->SMAX || a->SMAX < b->SMIN;
}

/* a < b and its kin: 1 always, 0 never, -1 open. */
static int FN(order_taken)(const struct reg *a, const struct reg *b, enum jmp_cond cond)
{
	switch (cond) {
	case JC_GT:  return a->UMIN > b->UMAX ? 1 : a->UMAX <= b->UMIN ? 0 : -1;
	case JC_GE:  return a->UMIN >= b->UMAX ? 1 : a->UMAX < b->UMIN ? 0 : -1;
	case JC_LT:  return a->UMAX < b->UMIN ? 1 : a->UMIN >= b->UMAX ? 0 : -1;
	case JC_LE:  return a->UMAX <= b->UMIN ? 1 : a->UMIN > b->UMAX ? 0 : -1;
	case JC_SGT: return a->SMIN > b->SMAX ? 1 : a->SMAX <= b->SMIN ? 0 : -1;
	case JC_SGE: return a->SMIN >= b->SMAX ? 1 : a->SMAX < b->SMIN ? 0 : -1;
	case JC_SLT: return a->SMAX < b->SMIN ? 1 : a->SMIN >= b->SMAX ? 0 : -1;
	case JC_SLE: return a->SMAX <= b->SMIN ? 1 : a->SMIN > b->SMAX ? 0 : -1;
	default:     return -1;
	}
}

static void FN(assume_equal)(struct reg *a, struct reg *b)
{
	FN(clip_u)(a, b->UMIN, b->UMAX);
	FN(clip_s)(a, b->SMIN, b->SMAX);
	b->UMIN = a->UMIN;
	b->UMAX = a->UMAX;
	b->SMIN = a->SMIN;
	b->SMAX = a->SMAX;
}

/* A value that is not `v` gives up a bound that is `v`. */
static void FN(assume_not)(struct reg *r, U v)
{
	if (r->UMIN == v)
		r->UMIN++;
	if (r->UMAX == v)
		r->UMAX--;
	if (r->SMIN == (S)v)
		r->SMIN = (S)((U)r->SMIN + 1);
	if (r->SMAX == (S)v)
		r->SMAX = (S)((U)r->SMAX - 1);
}

/* a < b (strict) or a <= b. */
static void FN(assume_below)(struct reg *a, struct reg *b, bool is_signed, bool strict)
{
	U d = strict;

	if (is_signed) {
		a->SMAX = MIN(a->SMAX, (S)((U)b->SMAX - d));
		b->SMIN = MAX((S)((U)a->SMIN + d), b->SMIN);
	} else {
		a->UMAX = MIN(a->UMAX, (U)(b->UMAX - d));
		b->UMIN = MAX((U)(a->UMIN + d), b->UMIN);
	}
}

#undef CAT_
#undef CAT
#undef FN
#undef W
#undef U
#undef S
#undef UMAXV
#undef SMINV
#undef SMAXV
#undef UMIN
#undef UMAX
#undef SMIN
#undef SMAX
