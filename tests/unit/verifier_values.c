/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Values are sound: whatever a concrete run can compute is inside what the verifier says of it. Tnums are tried exhaustively at
 * small widths, placed at the low end, across the 32-bit border and at the sign bit; registers by sets of concrete values, mostly
 * at edges, whose abstraction goes through every operation, comparison and change of width.
 */
#include "unit/concrete.h"
#include "unit/test.h"
#include "verifier/env.h"

static u64 rng = 0x2545f4914f6cdd1dull;
static u64 rnd(void)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return rng * 2685821657736338717ull;
}
static u32 below(u32 n) { return (u32)(rnd() >> 33) % n; }

/* ---- tnums ---- */

#define WIDTH 4
#define EACH_MEMBER(t, x, at)                                                  \
	for (u64 x##_ = 0, x; x = x##_ << (at), x##_ < 1 << WIDTH; x##_++)    \
		if (in_tnum(t, x))

/* Members of every result of a with b that are missing from it. */
static int tnum_pair(struct tnum a, struct tnum b, u32 at)
{
	struct tnum sum = tnum_add(a, b), diff = tnum_sub(a, b), and = tnum_and(a, b), or = tnum_or(a, b), xor = tnum_xor(a, b);
	struct tnum mul = tnum_mul(a, b), both = tnum_union(a, b), meet = tnum_intersect(a, b), neg = tnum_neg(a);
	bool common = false, subset = true;
	int bad = 0;

	EACH_MEMBER(a, x, at) {
		bad += !in_tnum(neg, 0 - x) + !in_tnum(both, x);
		EACH_MEMBER(b, y, at) {
			bad += !in_tnum(sum, x + y) + !in_tnum(diff, x - y) + !in_tnum(and, x & y) + !in_tnum(or, x | y) +
			       !in_tnum(xor, x ^ y) + !in_tnum(mul, x * y) + !in_tnum(both, y);
			if (x == y) {
				common = true;
				bad += !in_tnum(meet, x);
			}
		}
	}
	EACH_MEMBER(b, y, at)
		subset &= in_tnum(a, y);
	return bad + (tnum_overlap(a, b) != common) + (tnum_in(a, b) != subset);
}

/* All pairs of tnums of WIDTH bits moved up by `at`. */
static void tnum_pairs(u32 at)
{
	u64 top = 1 << WIDTH;
	int bad = 0;

	for (u64 n = 0; n < top * top * top * top; n++) {
		struct tnum a = { n % top, n / top % top }, b = { n / top / top % top, n / top / top / top };

		if (!(a.value & a.mask) && !(b.value & b.mask))
			bad += tnum_pair(tnum_lshift(a, (u8)at), tnum_lshift(b, (u8)at), at);
	}
	CHECK_EQ(bad, 0);
}

TEST(tnum_pairs_low) { tnum_pairs(0); }
TEST(tnum_pairs_middle) { tnum_pairs(30); }
TEST(tnum_pairs_sign) { tnum_pairs(60); }

TEST(tnum_single)
{
	int bad = 0;

	for (u32 n = 0; n < 200000; n++) {
		u64 mask = rnd() & rnd() & rnd(), value = rnd() & ~mask, x;
		struct tnum t = { value, mask };
		u8 by = (u8)below(64), by32 = (u8)below(32), bytes = (u8)(1 + below(8));
		u64 keep = bytes == 8 ? U64_MAX : ((u64)1 << bytes * 8) - 1;

		x = value | (rnd() & mask);
		bad += !in_tnum(tnum_lshift(t, by), x << by) + !in_tnum(tnum_rshift(t, by), x >> by);
		bad += !in_tnum(tnum_arshift(t, by, 64), (u64)((s64)x >> by));
		bad += !in_tnum(tnum_arshift(tnum_subreg(t), by32, 32), (u32)((s32)x >> by32));
		bad += !in_tnum(tnum_cast(t, bytes), x & keep);
		bad += !in_tnum(tnum_bswap(t, 16), __builtin_bswap16((u16)x)) + !in_tnum(tnum_bswap(t, 64), __builtin_bswap64(x)) +
		       !in_tnum(tnum_bswap(t, 32), __builtin_bswap32((u32)x));
		bad += !in_tnum(tnum_with_subreg(t, tnum_const(7)), (x & ~(u64)U32_MAX) | 7);
		bad += !in_tnum(tnum_clear_subreg(t), x & ~(u64)U32_MAX);
	}
	CHECK_EQ(bad, 0);
}

TEST(tnum_range_is_tightest)
{
	int bad = 0;

	for (u64 lo = 0; lo < 64; lo++)
		for (u64 hi = lo; hi < 64; hi++) {
			struct tnum t = tnum_range(lo, hi);
			u64 all = 0;

			for (u64 x = lo; x <= hi; x++) {
				bad += !in_tnum(t, x);
				all |= x ^ lo;
			}
			/* every bit below the highest that differs is unknown, and no other */
			bad += t.mask != (all ? U64_MAX >> __builtin_clzll(all) : 0);
		}
	CHECK_EQ(bad, 0);
	CHECK(tnum_is_unknown(tnum_range(0, U64_MAX)));
}

TEST(tnum_next_member)
{
	int bad = 0;

	for (u64 m = 0; m < 64; m++)
		for (u64 v = 0; v < 64; v++)
			for (u64 x = 0; x < 70 && !(v & m); x++) {
				struct tnum t = { v, m };
				u64 want = x + 1;

				while (want < 64 && !in_tnum(t, want))
					want++;
				bad += tnum_next(t, x) != (want < 64 ? want : v | m);
				/* and the same at the top of the word */
				t = (struct tnum){ v << 58 | 3, m << 58 };
				if (x < 64 && want < 64)
					bad += tnum_next(t, x << 58 | 3) != (want << 58 | 3);
			}
	CHECK_EQ(bad, 0);
}

/* ---- registers ---- */

#define SET 6
struct sample {
	struct reg r;
	u64 x[SET]; /* members */
};

static bool all_inside(const struct sample *s)
{
	for (u32 i = 0; i < SET; i++)
		if (!inside(&s->r, s->x[i]))
			return false;
	return reg_sane(&s->r);
}

static u64 edge_value(void)
{
	static const u64 edge[] = { 0, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000,
				    0x7fffffffffffffff, 0x8000000000000000, U64_MAX, 0xffffffff00000000, 0xffffffff80000000,
				    0x1ffffffff, 0x180000000 };
	u64 x = edge[below(ARRAY_SIZE(edge))];

	switch (below(5)) {
	case 0: return x;
	case 1: return x + below(5) - 2;
	case 2: return x ^ ((u64)1 << below(64));
	case 3: return below(64);
	default: return below(2) ? rnd() : rnd() >> below(64);
	}
}

/* Members around one or two places, and the tightest abstraction of them, some views of it forgotten at random. */
static void make_sample(struct sample *s)
{
	u64 base = edge_value(), spread = rnd() >> below(64);
	struct reg *r = &s->r;

	memset(s, 0, sizeof(*s));
	r->type = T_SCALAR;
	for (u32 i = 0; i < SET; i++)
		s->x[i] = below(6) == 0 ? s->x[0] : base + (spread ? rnd() % spread : 0);
	if (!below(4))
		s->x[1] = edge_value();
	if (!below(8))
		for (u32 i = 1; i < SET; i++)
			s->x[i] = s->x[0];
	reg_pin(r, s->x[0]);
	for (u32 i = 1; i < SET; i++) {
		u64 x = s->x[i];

		r->var = tnum_union(r->var, tnum_const(x));
		r->umin = MIN(r->umin, x);
		r->umax = MAX(r->umax, x);
		r->smin = MIN(r->smin, (s64)x);
		r->smax = MAX(r->smax, (s64)x);
		r->u32_min = MIN(r->u32_min, (u32)x);
		r->u32_max = MAX(r->u32_max, (u32)x);
		r->s32_min = MIN(r->s32_min, (s32)x);
		r->s32_max = MAX(r->s32_max, (s32)x);
	}
	if (!below(3) && r->var.mask) {
		r->umin = 0;
		r->umax = U64_MAX;
	}
	if (!below(3) && (u32)r->var.mask) {
		r->s32_min = S32_MIN;
		r->s32_max = S32_MAX;
	}
	if (!below(3) && r->var.mask) {
		r->smin = S64_MIN;
		r->smax = S64_MAX;
	}
	if (!below(3) && (u32)r->var.mask) {
		r->u32_min = 0;
		r->u32_max = U32_MAX;
	}
	if (!below(3)) {
		reg_sync(r);
		r->var = r->umin == r->umax ? r->var : (u32)r->var.mask ? TNUM_UNKNOWN : r->var;
		reg_sync(r);
	}
}

TEST(sync_keeps_members)
{
	int bad = 0;

	for (u32 n = 0; n < 400000; n++) {
		struct sample s;
		struct reg old;

		make_sample(&s);
		old = s.r;
		reg_sync(&s.r);
		bad += !all_inside(&s);
		/* and never widens */
		bad += s.r.umin < old.umin || s.r.umax > old.umax || s.r.smin < old.smin || s.r.smax > old.smax ||
		       s.r.u32_min < old.u32_min || s.r.u32_max > old.u32_max;
	}
	CHECK_EQ(bad, 0);
}

TEST(alu_contains_results)
{
	int bad[ALU_ARSH + 1][2] = { { 0 } };

	for (u32 n = 0; n < 1500000; n++) {
		enum alu_op op = (enum alu_op)below(ALU_ARSH + 1);
		bool is32 = below(2);
		struct sample d, s;
		struct reg r;

		make_sample(&d);
		make_sample(&s);
		if (op == ALU_LSH || op == ALU_RSH || op == ALU_ARSH) {
			u64 by = below(8) ? below(64) : s.x[0];

			for (u32 i = 0; i < SET; i++)
				s.x[i] = by;
			reg_pin(&s.r, by);
		}
		r = d.r;
		scalar_alu(&r, &s.r, op, is32);
		for (u32 i = 0; i < SET; i++)
			for (u32 j = 0; j < SET; j++)
				bad[op][is32] += !inside(&r, run_alu(d.x[i], s.x[j], op, is32));
		bad[op][is32] += !reg_sane(&r);
		/* an operand with itself */
		r = d.r;
		scalar_alu(&r, &r, op, is32);
		for (u32 i = 0; i < SET; i++)
			bad[op][is32] += !inside(&r, run_alu(d.x[i], d.x[i], op, is32));
	}
	for (u32 op = 0; op <= ALU_ARSH; op++)
		for (u32 w = 0; w < 2; w++)
			if (bad[op][w]) {
				printf("#   alu_op %u, %u bits: %d results outside\n", op, w ? 32 : 64, bad[op][w]);
				CHECK(false);
			}
}

static u64 swapped(u64 x, enum swap_kind kind, u32 bits)
{
	if (kind == SWAP_TO_LE)
		return bits == 64 ? x : x & (((u64)1 << bits) - 1);
	return bits == 16 ? __builtin_bswap16((u16)x) : bits == 32 ? __builtin_bswap32((u32)x) : __builtin_bswap64(x);
}

TEST(width_changes_contain_results)
{
	int bad[6] = { 0 };

	for (u32 n = 0; n < 400000; n++) {
		u32 bytes = 1u << below(3), low = 1u << below(2), bits = 16u << below(3);
		enum swap_kind kind = (enum swap_kind)below(3);
		struct sample s;
		struct reg r;

		make_sample(&s);
		r = s.r;
		reg_zext32(&r);
		for (u32 i = 0; i < SET; i++)
			bad[0] += !inside(&r, (u32)s.x[i]);
		r = s.r;
		reg_truncate(&r, bytes);
		for (u32 i = 0; i < SET; i++)
			bad[1] += !inside(&r, s.x[i] & (((u64)1 << bytes * 8) - 1));
		r = s.r;
		reg_sext64(&r, bytes);
		for (u32 i = 0; i < SET; i++)
			bad[2] += !inside(&r, (u64)((s64)(s.x[i] << (64 - 8 * bytes)) >> (64 - 8 * bytes)));
		r = s.r;
		reg_sext32(&r, low);
		for (u32 i = 0; i < SET; i++)
			bad[3] += !inside(&r, (u32)((s32)((u32)s.x[i] << (32 - 8 * low)) >> (32 - 8 * low)));
		r = s.r;
		scalar_swap(&r, kind, bits);
		for (u32 i = 0; i < SET; i++)
			bad[4] += !inside(&r, swapped(s.x[i], kind, bits));
		r = s.r;
		scalar_neg(&r, n & 1);
		for (u32 i = 0; i < SET; i++)
			bad[5] += !inside(&r, n & 1 ? (u32)(0 - s.x[i]) : 0 - s.x[i]);
	}
	for (u32 i = 0; i < ARRAY_SIZE(bad); i++)
		CHECK_EQ(bad[i], 0);
}

TEST(comparisons_keep_pairs)
{
	int wrong[JC_SLE + 1][2] = { { 0 } }, lost[JC_SLE + 1][2] = { { 0 } };

	for (u32 n = 0; n < 1500000; n++) {
		enum jmp_cond cond = (enum jmp_cond)below(JC_SLE + 1);
		bool is32 = below(2);
		struct sample a, b;
		struct reg yes[2], no[2];
		int taken;

		make_sample(&a);
		make_sample(&b);
		if (below(2)) {
			u64 x = below(2) ? a.x[below(SET)] + below(3) - 1 : (u64)1 << below(64);

			for (u32 i = 0; i < SET; i++)
				b.x[i] = x;
			reg_pin(&b.r, x);
		}
		if (below(2)) {
			struct sample swap = a;

			a = b;
			b = swap;
		}
		taken = branch_taken(&a.r, &b.r, cond, is32);
		yes[0] = no[0] = a.r;
		yes[1] = no[1] = b.r;
		branch_assume(&yes[0], &yes[1], cond, is32);
		branch_assume_not(&no[0], &no[1], cond, is32);
		for (u32 i = 0; i < SET; i++)
			for (u32 j = 0; j < SET; j++) {
				bool is = holds(a.x[i], b.x[j], cond, is32);
				const struct reg *side = is ? yes : no;

				wrong[cond][is32] += taken >= 0 && taken != is;
				/* a predicted jump is not refined */
				if (taken < 0)
					lost[cond][is32] += !inside(&side[0], a.x[i]) || !inside(&side[1], b.x[j]);
			}
	}
	for (u32 c = 0; c <= JC_SLE; c++)
		for (u32 w = 0; w < 2; w++) {
			if (wrong[c][w] || lost[c][w])
				printf("#   jmp_cond %u, %u bits: %d wrong, %d lost\n", c, w ? 32 : 64, wrong[c][w], lost[c][w]);
			CHECK(!wrong[c][w]);
			CHECK(!lost[c][w]);
		}
}

TEST(pointers_against_null)
{
	struct reg p = { .type = T_MAP_VALUE }, zero = { .type = T_SCALAR };

	reg_pin(&zero, 0);
	CHECK_EQ(branch_taken(&p, &zero, JC_EQ, false), 0);
	CHECK_EQ(branch_taken(&p, &zero, JC_NE, false), 1);
	CHECK_EQ(branch_taken(&zero, &p, JC_NE, false), 1);
	/* the low half of a pointer may be zero */
	CHECK_EQ(branch_taken(&p, &zero, JC_EQ, true), -1);
	CHECK_EQ(branch_taken(&p, &zero, JC_GT, false), -1);
	p.type |= TF_NULL;
	CHECK_EQ(branch_taken(&p, &zero, JC_EQ, false), -1);
	p.type = T_MEM | TF_UNTRUSTED;
	CHECK_EQ(branch_taken(&p, &zero, JC_EQ, false), -1);
	p.type = T_BTF;
	CHECK_EQ(branch_taken(&p, &zero, JC_EQ, false), -1);
	p.type = T_BTF | TF_TRUSTED;
	CHECK_EQ(branch_taken(&p, &zero, JC_EQ, false), 0);
	/* base plus an unbounded offset may wrap to zero */
	p.type = T_MAP_VALUE;
	reg_unbounded(&p);
	CHECK_EQ(branch_taken(&p, &zero, JC_EQ, false), -1);
}

TEST(packet_end)
{
	struct reg p = { .type = T_PKT, .range = BEYOND_PKT_END }, end = { .type = T_PKT_END };

	CHECK_EQ(branch_taken(&p, &end, JC_GT, false), 1);
	CHECK_EQ(branch_taken(&p, &end, JC_LE, false), 0);
	CHECK_EQ(branch_taken(&end, &p, JC_LT, false), 1);
	CHECK_EQ(branch_taken(&p, &end, JC_GE, false), 1);
	p.range = AT_PKT_END;
	CHECK_EQ(branch_taken(&p, &end, JC_GT, false), -1);
	CHECK_EQ(branch_taken(&p, &end, JC_GE, false), 1);
	CHECK_EQ(branch_taken(&p, &end, JC_LT, false), 0);
	p.range = 14;
	CHECK_EQ(branch_taken(&p, &end, JC_GE, false), -1);
}
