/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tristate numbers: what is known of each bit of a 64-bit value.
 *
 * A bit is 0, 1 or unknown. `mask` has a 1 for every unknown bit; `value` holds the known ones. Invariant: value & mask == 0.
 * A concrete x is in the tnum when (x & ~mask) == value. Every operation returns a tnum that contains each result the
 * operation can have on members of its operands.
 */
#ifndef SKEP_VERIFIER_TNUM_H
#define SKEP_VERIFIER_TNUM_H

#include "base/types.h"

struct tnum { u64 value, mask; };

#define TNUM_UNKNOWN ((struct tnum){ 0, U64_MAX })
static inline struct tnum tnum_const(u64 v) { return (struct tnum){ v, 0 }; }
static inline bool tnum_is_const(struct tnum a) { return !a.mask; }
static inline bool tnum_equals_const(struct tnum a, u64 v) { return !a.mask && a.value == v; }
static inline bool tnum_is_unknown(struct tnum a) { return a.mask == U64_MAX; }
static inline struct tnum tnum_subreg(struct tnum a) { return (struct tnum){ (u32)a.value, (u32)a.mask }; }
static inline bool tnum_subreg_is_const(struct tnum a) { return !(u32)a.mask; }

struct tnum tnum_range(u64 min, u64 max);
struct tnum tnum_lshift(struct tnum a, u8 shift);
struct tnum tnum_rshift(struct tnum a, u8 shift);
struct tnum tnum_arshift(struct tnum a, u8 shift, u8 bits);
struct tnum tnum_add(struct tnum a, struct tnum b);
struct tnum tnum_sub(struct tnum a, struct tnum b);
struct tnum tnum_neg(struct tnum a);
struct tnum tnum_and(struct tnum a, struct tnum b);
struct tnum tnum_or(struct tnum a, struct tnum b);
struct tnum tnum_xor(struct tnum a, struct tnum b);
struct tnum tnum_mul(struct tnum a, struct tnum b);
bool tnum_overlap(struct tnum a, struct tnum b);
struct tnum tnum_intersect(struct tnum a, struct tnum b); /* defined only if they overlap */
struct tnum tnum_union(struct tnum a, struct tnum b);
struct tnum tnum_cast(struct tnum a, u8 bytes);
bool tnum_is_aligned(struct tnum a, u64 size);
bool tnum_in(struct tnum a, struct tnum b); /* every member of b is in a */
struct tnum tnum_clear_subreg(struct tnum a);
struct tnum tnum_with_subreg(struct tnum a, struct tnum subreg);
struct tnum tnum_const_subreg(struct tnum a, u32 value);
struct tnum tnum_bswap(struct tnum a, u32 bits); /* of the low `bits` (16, 32, 64); what is above is dropped */
/* The smallest member above x; the largest member when there is none, the smallest when x is below all. */
u64 tnum_next(struct tnum a, u64 x);

#endif
