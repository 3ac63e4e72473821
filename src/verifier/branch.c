/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Comparisons: which way must a conditional jump go, and what does each way teach about the operands.
 *
 * Duty: branch_taken() decides as far as Linux 6.18 does, branch_assume() tightens both operands. Invariant: an answer of 0 or 1
 * holds for all concrete values; after branch_assume() every pair of values that satisfies the condition is still inside.
 */
#include "verifier/scalar.h"

/* "a cond b" said as "b cond' a". */
static enum jmp_cond cond_flip(enum jmp_cond c)
{
	static const u8 flip[] = {
		[JC_EQ] = JC_EQ,   [JC_NE] = JC_NE,   [JC_SET] = JC_SET, [JC_GT] = JC_LT,   [JC_GE] = JC_LE, [JC_LT] = JC_GT,
		[JC_LE] = JC_GE,   [JC_SGT] = JC_SLT, [JC_SGE] = JC_SLE, [JC_SLT] = JC_SGT, [JC_SLE] = JC_SGE,
	};

	return (enum jmp_cond)flip[c];
}

/* JC_SET's negation is handled by branch_assume_not(). */
static enum jmp_cond cond_negate(enum jmp_cond c)
{
	static const u8 negate[] = {
		[JC_EQ] = JC_NE,   [JC_NE] = JC_EQ,   [JC_SET] = JC_SET, [JC_GT] = JC_LE,   [JC_GE] = JC_LT, [JC_LT] = JC_GE,
		[JC_LE] = JC_GT,   [JC_SGT] = JC_SLE, [JC_SGE] = JC_SLT, [JC_SLT] = JC_SGE, [JC_SLE] = JC_SGT,
	};

	return (enum jmp_cond)negate[c];
}

static bool known(const struct reg *r, bool is32)
{
	return is32 ? subreg_is_const(r) : reg_is_const(r);
}

static u64 known_value(const struct reg *r, bool is32)
{
	return is32 ? (u32)r->var.value : r->var.value;
}

static struct tnum var_of(const struct reg *r, bool is32)
{
	return is32 ? tnum_subreg(r->var) : r->var;
}

/* ---- which way ---- */

/* 1: equal for sure, 0: different for sure. */
static int equal_taken(const struct reg *a, const struct reg *b, bool is32)
{
	struct tnum ta = var_of(a, is32), tb = var_of(b, is32);

	if (!ta.mask && !tb.mask)
		return ta.value == tb.value;
	if (!tnum_overlap(ta, tb) || apart32(a, b) || (!is32 && apart64(a, b)))
		return 0;
	return -1;
}

static int bits_taken(const struct reg *a, const struct reg *b, bool is32)
{
	struct tnum t;
	u64 bits;

	if (!known(b, is32)) {
		const struct reg *swap = a;

		a = b;
		b = swap;
	}
	if (!known(b, is32))
		return -1;
	t = var_of(a, is32);
	bits = known_value(b, is32);
	if (t.value & bits)
		return 1;
	return (t.value | t.mask) & bits ? -1 : 0;
}

static int scalar_taken(const struct reg *a, const struct reg *b, enum jmp_cond cond, bool is32)
{
	int equal;

	switch (cond) {
	case JC_EQ:
		return equal_taken(a, b, is32);
	case JC_NE:
		equal = equal_taken(a, b, is32);
		return equal < 0 ? -1 : !equal;
	case JC_SET:
		return bits_taken(a, b, is32);
	default:
		return is32 ? order_taken32(a, b, cond) : order_taken64(a, b, cond);
	}
}

static bool is_pkt(const struct reg *r)
{
	return r->type == T_PKT || r->type == T_PKT_META || r->type == T_PKT_END;
}

/* An earlier comparison with the end of the packet put this pointer at it or beyond it. */
static int pkt_taken(const struct reg *a, const struct reg *b, enum jmp_cond cond)
{
	const struct reg *p = a;

	if (b->type != T_PKT_END) {
		if (a->type != T_PKT_END)
			return -1;
		p = b;
		cond = cond_flip(cond);
	}
	if (p->range >= 0)
		return -1;
	if ((cond == JC_LE || cond == JC_GT) && p->range == BEYOND_PKT_END)
		return cond == JC_GT;
	if (cond == JC_LT || cond == JC_GE)
		return cond == JC_GE;
	return -1;
}

bool reg_is_trusted(const struct reg *r)
{
	const u32 trusted = TF_ALLOC | TF_TRUSTED | TF_NON_OWN;

	if (r->ref_id)
		return true;
	if (T_BASE(r->type) == T_SOCKET || T_BASE(r->type) == T_SOCK_COMMON || T_BASE(r->type) == T_TCP_SOCK ||
	    T_BASE(r->type) == T_MAP)
		return !(T_FLAGS(r->type) & ~trusted);
	return (r->type & trusted) && !(T_FLAGS(r->type) & ~trusted);
}

/* Base and unbounded offset together may wrap to zero. */
static bool offset_bounded(const struct reg *r)
{
	return r->smin > -MAX_VAR_OFF && r->smax < MAX_VAR_OFF;
}

/* Pointers that Linux knows to differ from the constant 0. */
static bool decided_not_null(const struct reg *r)
{
	if ((r->type & TF_NULL) || !offset_bounded(r))
		return false;
	switch (T_BASE(r->type)) {
	case T_SOCKET:
	case T_TCP_SOCK:
	case T_XDP_SOCK:
	case T_BUF:
	case T_MAP_VALUE:
	case T_MAP_KEY:
	case T_SOCK_COMMON:
	case T_MAP:
		return true;
	case T_MEM:
		return !(r->type & TF_UNTRUSTED);
	case T_BTF:
		return reg_is_trusted(r);
	default:
		return false;
	}
}

bool reg_not_null(const struct reg *r)
{
	if (decided_not_null(r))
		return true;
	/* These are never 0 either; Linux knows that only when it compares two pointers. */
	switch (r->type) {
	case T_STACK:
	case T_CTX:
	case T_PKT:
	case T_PKT_META:
	case T_PKT_END:
	case T_FLOW_KEYS:
	case T_FUNC:
		return offset_bounded(r);
	default:
		return false;
	}
}

/* A pointer against a known scalar: only equality with zero is decided. */
static int ptr_taken(const struct reg *a, const struct reg *b, enum jmp_cond cond, bool is32)
{
	const struct reg *ptr = reg_is_const(b) ? a : b, *num = ptr == a ? b : a;

	/* The low half of a valid pointer may well be zero. */
	if (is32 || !reg_is_const(num) || num->var.value || !decided_not_null(ptr))
		return -1;
	return cond == JC_EQ ? 0 : cond == JC_NE ? 1 : -1;
}

int branch_taken(const struct reg *a, const struct reg *b, enum jmp_cond cond, bool is32)
{
	if (is_pkt(a) && is_pkt(b) && !is32)
		return pkt_taken(a, b, cond);
	if (a->type != T_SCALAR || b->type != T_SCALAR)
		return ptr_taken(a, b, cond, is32);
	return scalar_taken(a, b, cond, is32);
}

/* ---- what it teaches ---- */

static void assume_equal(struct reg *a, struct reg *b, bool is32)
{
	struct tnum t = tnum_intersect(var_of(a, is32), var_of(b, is32));

	if (is32) {
		assume_equal32(a, b);
		a->var = tnum_with_subreg(a->var, t);
		b->var = tnum_with_subreg(b->var, t);
	} else {
		assume_equal64(a, b);
		a->var = b->var = t;
	}
}

/* Put the known operand second; false when neither is. */
static bool order_known(struct reg **a, struct reg **b, bool is32)
{
	if (!known(*b, is32)) {
		struct reg *swap = *a;

		*a = *b;
		*b = swap;
	}
	return known(*b, is32);
}

static void assume_different(struct reg *a, struct reg *b, bool is32)
{
	if (!order_known(&a, &b, is32))
		return;
	if (is32)
		assume_not32(a, (u32)b->var.value);
	else
		assume_not64(a, b->var.value);
}

/* a & b is (not) zero. */
static void assume_bits(struct reg *a, struct reg *b, bool any, bool is32)
{
	u64 bits;

	if (!order_known(&a, &b, is32))
		return;
	bits = known_value(b, is32);
	if (any) {
		/* Which of several bits is set stays open. */
		if (bits && !(bits & (bits - 1)))
			a->var = tnum_or(a->var, tnum_const(bits));
		return;
	}
	/* The bounds are forgotten, not intersected: on an impossible path they would contradict the bits. */
	reg_unbounded(a);
	a->var = tnum_and(a->var, tnum_const(~bits));
}

static void assume_order(struct reg *a, struct reg *b, enum jmp_cond cond, bool is32)
{
	bool is_signed, strict;

	if (cond == JC_GT || cond == JC_GE || cond == JC_SGT || cond == JC_SGE) {
		struct reg *swap = a;

		a = b;
		b = swap;
		cond = cond_flip(cond);
	}
	is_signed = cond == JC_SLT || cond == JC_SLE;
	strict = cond == JC_LT || cond == JC_SLT;
	(is32 ? assume_below32 : assume_below64)(a, b, is_signed, strict);
}

static void assume(struct reg *a, struct reg *b, enum jmp_cond cond, bool holds, bool is32)
{
	if (a->type != T_SCALAR || b->type != T_SCALAR)
		return;
	if (cond == JC_SET) {
		assume_bits(a, b, holds, is32);
	} else {
		if (!holds)
			cond = cond_negate(cond);
		if (cond == JC_EQ)
			assume_equal(a, b, is32);
		else if (cond == JC_NE)
			assume_different(a, b, is32);
		else
			assume_order(a, b, cond, is32);
	}
	reg_sync(a);
	reg_sync(b);
}

void branch_assume(struct reg *a, struct reg *b, enum jmp_cond cond, bool is32)
{
	assume(a, b, cond, true, is32);
}

void branch_assume_not(struct reg *a, struct reg *b, enum jmp_cond cond, bool is32)
{
	assume(a, b, cond, false, is32);
}
