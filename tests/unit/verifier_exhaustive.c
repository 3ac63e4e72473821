/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every pair of abstract numbers of a few bits, through every operation and comparison in both widths: no concrete result is lost.
 *
 * An abstract number is a range met with a tnum, all of them at that width, in several places of the word: at its low end, around
 * zero, across the 32-bit border and below the sign. SKEP_BITS: 3 by default, 4 takes a minute, more takes hours.
 */
#include <stdlib.h>

#include "unit/concrete.h"
#include "unit/test.h"
#include "verifier/env.h"

#define MAX_BITS 6
#define MAX_VALUES 65536

enum place { LOW, AROUND_ZERO, BORDER, SIGN, PLACES };

static u32 bits = 3;
static struct value { struct reg r; u64 has; } *value; /* has: bit x: the x-th concrete number is a member */
static u32 nvalues;

static u64 at(u64 x, enum place p)
{
	switch (p) {
	case LOW: return x;
	case AROUND_ZERO: return x - ((u64)1 << (bits - 1));
	case BORDER: return x << (32 - bits / 2) | (x & 1);
	default: return x << (64 - bits);
	}
}

static void widen(struct reg *r, u64 x)
{
	r->umin = MIN(r->umin, x);
	r->umax = MAX(r->umax, x);
	r->smin = MIN(r->smin, (s64)x);
	r->smax = MAX(r->smax, (s64)x);
	r->u32_min = MIN(r->u32_min, (u32)x);
	r->u32_max = MAX(r->u32_max, (u32)x);
	r->s32_min = MIN(r->s32_min, (s32)(u32)x);
	r->s32_max = MAX(r->s32_max, (s32)(u32)x);
}

/* The range lo..hi met with the tnum (value, mask); false: nothing is in both. */
static bool make(struct value *v, u32 lo, u32 hi, u32 known, u32 mask, enum place p)
{
	struct reg *r = &v->r;

	memset(v, 0, sizeof(*v));
	r->type = T_SCALAR;
	for (u32 x = lo; x <= hi; x++)
		v->has |= (x & ~mask) == known ? (u64)1 << x : 0;
	if (!v->has)
		return false;
	reg_pin(r, at(lo, p));
	for (u32 x = lo; x <= hi; x++)
		widen(r, at(x, p));
	r->var = tnum_const(at(known, p));
	for (u32 x = 0; x < 1u << bits; x++)
		if ((x & ~mask) == known)
			r->var = tnum_union(r->var, tnum_const(at(x, p)));
	reg_sync(r);
	return true;
}

static int make_all(enum place p)
{
	int bad = 0;

	nvalues = 0;
	for (u32 lo = 0; lo < 1u << bits; lo++)
		for (u32 hi = lo; hi < 1u << bits; hi++)
			for (u32 mask = 0; mask < 1u << bits; mask++)
				for (u32 known = 0; known < 1u << bits; known++) {
					struct value *v = &value[nvalues];
					u32 k;

					if ((known & mask) || nvalues == MAX_VALUES || !make(v, lo, hi, known, mask, p))
						continue;
					for (u32 x = 0; x < 1u << bits; x++)
						bad += (v->has >> x & 1) && !inside(&v->r, at(x, p));
					for (k = 0; k < nvalues && (value[k].has != v->has || memcmp(&value[k].r, &v->r, sizeof(v->r))); k++)
						;
					nvalues += k == nvalues;
				}
	return bad;
}

static int alu_pair(const struct value *a, const struct value *b, enum alu_op op, bool is32, enum place p)
{
	struct reg r = a->r;
	int bad;

	scalar_alu(&r, &b->r, op, is32);
	bad = !reg_sane(&r);
	for (u64 xs = a->has; xs; xs &= xs - 1)
		for (u64 ys = b->has; ys; ys &= ys - 1)
			bad += !inside(&r, run_alu(at((u64)__builtin_ctzll(xs), p), at((u64)__builtin_ctzll(ys), p), op, is32));
	return bad;
}

static void every_operation(enum place p)
{
	int bad[ALU_ARSH + 1][2] = { { 0 } };

	for (u32 i = 0; i < nvalues; i++)
		for (u32 j = 0; j < nvalues; j++)
			for (u32 op = 0; op <= ALU_ARSH; op++)
				for (u32 w = 0; w < 2; w++) {
					/* shifts by a number that is not known, or is too large, are not modelled: the caller forgets */
					bool shift = op == ALU_LSH || op == ALU_RSH || op == ALU_ARSH;

					if (shift && (!tnum_is_const(value[j].r.var) || value[j].r.umax >= (w ? 32 : 64)))
						continue;
					bad[op][w] += alu_pair(&value[i], &value[j], (enum alu_op)op, w, p);
				}
	for (u32 op = 0; op <= ALU_ARSH; op++)
		for (u32 w = 0; w < 2; w++) {
			if (bad[op][w])
				printf("#   alu_op %u, %u bits: %d results outside\n", op, w ? 32 : 64, bad[op][w]);
			CHECK_EQ(bad[op][w], 0);
		}
}

static void compare(const struct value *a, const struct value *b, enum jmp_cond cond, bool is32, enum place p, int *wrong, int *lost)
{
	int taken = branch_taken(&a->r, &b->r, cond, is32);
	struct reg yes[2] = { a->r, b->r }, no[2] = { a->r, b->r };

	branch_assume(&yes[0], &yes[1], cond, is32);
	branch_assume_not(&no[0], &no[1], cond, is32);
	for (u64 xs = a->has; xs; xs &= xs - 1)
		for (u64 ys = b->has; ys; ys &= ys - 1) {
			u64 x = at((u64)__builtin_ctzll(xs), p), y = at((u64)__builtin_ctzll(ys), p);
			bool is = holds(x, y, cond, is32);
			const struct reg *side = is ? yes : no;

			*wrong += taken >= 0 && taken != is;
			*lost += taken < 0 && (!inside(&side[0], x) || !inside(&side[1], y));
		}
}

static void every_comparison(enum place p)
{
	for (u32 c = 0; c <= JC_SLE; c++)
		for (u32 w = 0; w < 2; w++) {
			int wrong = 0, lost = 0;

			for (u32 i = 0; i < nvalues; i++)
				for (u32 j = 0; j < nvalues; j++)
					compare(&value[i], &value[j], (enum jmp_cond)c, w, p, &wrong, &lost);
			if (wrong || lost)
				printf("#   jmp_cond %u, %u bits: %d predicted wrongly, %d lost\n", c, w ? 32 : 64, wrong, lost);
			CHECK_EQ(wrong, 0);
			CHECK_EQ(lost, 0);
		}
}

static void all_at(enum place p)
{
	const char *b = getenv("SKEP_BITS");

	bits = b ? MIN((u32)atoi(b), MAX_BITS) : 3;
	value = calloc(MAX_VALUES, sizeof(*value));
	CHECK(value);
	CHECK_EQ(make_all(p), 0);
	CHECK(nvalues > 10);
	every_operation(p);
	every_comparison(p);
	printf("#   %u numbers\n", nvalues);
	free(value);
}

TEST(low_end) { all_at(LOW); }
TEST(around_zero) { all_at(AROUND_ZERO); }
TEST(across_32_bits) { all_at(BORDER); }
TEST(below_the_sign) { all_at(SIGN); }
