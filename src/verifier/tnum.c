/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tristate numbers: arithmetic on partly known bits.
 *
 * Duty: every result contains all results of the operation on members of the operands (tests/unit/verifier_values.c tries all
 * small ones). Invariant: no known bit under an unknown one: value & mask == 0.
 */
#include "verifier/tnum.h"

/* Drop from `value` what `mask` says is unknown. */
static inline struct tnum tnum_of(u64 value, u64 mask)
{
	return (struct tnum){ value & ~mask, mask };
}

struct tnum tnum_range(u64 min, u64 max)
{
	u64 differ = min ^ max;

	if (!differ)
		return tnum_const(min);
	/* All bits from the highest that differs downwards take part in counting from min to max. */
	return tnum_of(min, U64_MAX >> __builtin_clzll(differ));
}

struct tnum tnum_lshift(struct tnum a, u8 shift)
{
	return (struct tnum){ a.value << shift, a.mask << shift };
}

struct tnum tnum_rshift(struct tnum a, u8 shift)
{
	return (struct tnum){ a.value >> shift, a.mask >> shift };
}

struct tnum tnum_arshift(struct tnum a, u8 shift, u8 bits)
{
	/* An unknown sign bit spreads as unknown, a known one as itself. */
	if (bits == 32)
		return (struct tnum){ (u32)(s32_of(a.value) >> shift), (u32)(s32_of(a.mask) >> shift) };
	return (struct tnum){ (u64)((s64)a.value >> shift), (u64)((s64)a.mask >> shift) };
}

/*
 * A sum is smallest with every unknown bit 0 and largest with every unknown bit 1; where those two sums differ a carry may or
 * may not arrive, so the bit is unknown.
 */
struct tnum tnum_add(struct tnum a, struct tnum b)
{
	u64 least = a.value + b.value;
	u64 most = least + (a.mask + b.mask);

	return tnum_of(least, (least ^ most) | a.mask | b.mask);
}

struct tnum tnum_sub(struct tnum a, struct tnum b)
{
	u64 diff = a.value - b.value;
	u64 most = diff + a.mask, least = diff - b.mask;

	return tnum_of(diff, (least ^ most) | a.mask | b.mask);
}

struct tnum tnum_neg(struct tnum a)
{
	return tnum_sub(tnum_const(0), a);
}

struct tnum tnum_and(struct tnum a, struct tnum b)
{
	u64 ones = a.value & b.value, maybe = (a.value | a.mask) & (b.value | b.mask);

	return (struct tnum){ ones, maybe & ~ones };
}

struct tnum tnum_or(struct tnum a, struct tnum b)
{
	u64 ones = a.value | b.value;

	return (struct tnum){ ones, (a.mask | b.mask) & ~ones };
}

struct tnum tnum_xor(struct tnum a, struct tnum b)
{
	return tnum_of(a.value ^ b.value, a.mask | b.mask);
}

/* Long multiplication; where a bit of the multiplier is unknown, the sum with and the sum without the partial product. */
struct tnum tnum_mul(struct tnum a, struct tnum b)
{
	struct tnum sum = { 0, 0 };

	if (!a.mask && !b.mask)
		return tnum_const(a.value * b.value);
	for (; a.value | a.mask; a = tnum_rshift(a, 1), b = tnum_lshift(b, 1)) {
		if (a.value & 1)
			sum = tnum_add(sum, b);
		else if (a.mask & 1)
			sum = tnum_union(sum, tnum_add(sum, b));
	}
	return sum;
}

bool tnum_overlap(struct tnum a, struct tnum b)
{
	return !((a.value ^ b.value) & ~a.mask & ~b.mask);
}

struct tnum tnum_intersect(struct tnum a, struct tnum b)
{
	return tnum_of(a.value | b.value, a.mask & b.mask);
}

struct tnum tnum_union(struct tnum a, struct tnum b)
{
	return tnum_of(a.value & b.value, (a.value ^ b.value) | a.mask | b.mask);
}

struct tnum tnum_cast(struct tnum a, u8 bytes)
{
	u64 keep = bytes >= 8 ? U64_MAX : ((u64)1 << (bytes * 8)) - 1;

	return (struct tnum){ a.value & keep, a.mask & keep };
}

bool tnum_is_aligned(struct tnum a, u64 size)
{
	return !size || !((a.value | a.mask) & (size - 1));
}

bool tnum_in(struct tnum a, struct tnum b)
{
	return !(b.mask & ~a.mask) && a.value == (b.value & ~a.mask);
}

struct tnum tnum_clear_subreg(struct tnum a)
{
	return (struct tnum){ a.value & ~(u64)U32_MAX, a.mask & ~(u64)U32_MAX };
}

struct tnum tnum_with_subreg(struct tnum a, struct tnum subreg)
{
	return tnum_or(tnum_clear_subreg(a), tnum_subreg(subreg));
}

struct tnum tnum_const_subreg(struct tnum a, u32 value)
{
	return tnum_with_subreg(a, tnum_const(value));
}

static u64 swap_low(u64 v, u32 bits)
{
	return bits == 16 ? __builtin_bswap16((u16)v) : bits == 32 ? __builtin_bswap32((u32)v) : __builtin_bswap64(v);
}

struct tnum tnum_bswap(struct tnum a, u32 bits)
{
	return (struct tnum){ swap_low(a.value, bits), swap_low(a.mask, bits) };
}

u64 tnum_next(struct tnum a, u64 x)
{
	u64 most = a.value | a.mask, from = x + 1, wrong, below;

	if (x >= most)
		return most;
	if (x < a.value)
		return a.value;
	wrong = (from ^ a.value) & ~a.mask;
	if (!wrong)
		return from;
	/* Bits up to the highest wrong one. Its known value is 1: raise it. It is 0: count one up in the unknown bits above. */
	below = U64_MAX >> __builtin_clzll(wrong);
	if (a.value & (below ^ (below >> 1)))
		return (from & a.mask & ~below) | a.value;
	return (((from | ~a.mask | below) + 1) & a.mask) | a.value;
}
