/* SPDX-License-Identifier: BSD-2-Clause */
/* Indices that a mistaken prediction of their check does not let out of bounds. */
#ifndef SKEP_BASE_NOSPEC_H
#define SKEP_BASE_NOSPEC_H

#include "base/types.h"

/* i, or 0 when it is not below n: without a branch, so that the processor has no way to guess. */
static inline u32 index_nospec(u32 i, u32 n)
{
	u32 mask;

#if defined(__x86_64__)
	__asm__("cmp %2, %1\n\tsbb %0, %0" : "=r"(mask) : "r"(i), "g"(n) : "cc");
#elif defined(__aarch64__)
	__asm__("cmp %w1, %w2\n\tngc %w0, wzr\n\thint #20" : "=r"(mask) : "r"(i), "r"(n) : "cc");
#else
	mask = 0u - (i < n);
#endif
	return i & mask;
}

#endif
