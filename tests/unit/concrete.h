/* SPDX-License-Identifier: BSD-2-Clause */
/* Concrete numbers beside what the verifier says of them: membership, operations and comparisons as a processor does them. */
#ifndef SKEP_TESTS_CONCRETE_H
#define SKEP_TESTS_CONCRETE_H

#include "verifier/env.h"

static inline bool in_tnum(struct tnum t, u64 x) { return (x & ~t.mask) == t.value && !(t.value & t.mask); }

static inline bool inside(const struct reg *r, u64 x)
{
	return in_tnum(r->var, x) && x >= r->umin && x <= r->umax && (s64)x >= r->smin && (s64)x <= r->smax &&
	       (u32)x >= r->u32_min && (u32)x <= r->u32_max && (s32)x >= r->s32_min && (s32)x <= r->s32_max;
}

static inline u64 run_alu(u64 a, u64 b, enum alu_op op, bool is32)
{
	s64 sa = is32 ? (s32)a : (s64)a, sb = is32 ? (s32)b : (s64)b;
	u64 ua = is32 ? (u32)a : a, ub = is32 ? (u32)b : b, r = 0;
	u32 sh = (u32)b & (is32 ? 31 : 63);

	switch (op) {
	case ALU_ADD: r = a + b; break;
	case ALU_SUB: r = a - b; break;
	case ALU_MUL: r = a * b; break;
	case ALU_OR: r = a | b; break;
	case ALU_AND: r = a & b; break;
	case ALU_XOR: r = a ^ b; break;
	case ALU_LSH: r = ua << sh; break;
	case ALU_RSH: r = ua >> sh; break;
	case ALU_ARSH: r = (u64)(sa >> sh); break;
	case ALU_NEG: r = 0 - a; break;
	case ALU_DIV: r = ub ? ua / ub : 0; break;
	case ALU_MOD: r = ub ? ua % ub : ua; break;
	case ALU_SDIV: r = !sb ? 0 : sb == -1 ? 0 - (u64)sa : (u64)(sa / sb); break;
	case ALU_SMOD: r = !sb ? (u64)sa : sb == -1 ? 0 : (u64)(sa % sb); break;
	}
	return is32 ? (u32)r : r;
}

static inline bool holds(u64 a, u64 b, enum jmp_cond cond, bool is32)
{
	s64 sa = is32 ? (s32)a : (s64)a, sb = is32 ? (s32)b : (s64)b;

	a = is32 ? (u32)a : a;
	b = is32 ? (u32)b : b;
	switch (cond) {
	case JC_EQ: return a == b;
	case JC_GT: return a > b;
	case JC_GE: return a >= b;
	case JC_SET: return a & b;
	case JC_NE: return a != b;
	case JC_SGT: return sa > sb;
	case JC_SGE: return sa >= sb;
	case JC_LT: return a < b;
	case JC_LE: return a <= b;
	case JC_SLT: return sa < sb;
	case JC_SLE: return sa <= sb;
	}
	return false;
}

#endif
