/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Arithmetic and memory as eBPF defines them where C does not: division, byte order, unaligned access.
 *
 * Invariant: defined for every operand; no undefined behaviour, no library.
 */
#ifndef SKEP_VM_SEM_H
#define SKEP_VM_SEM_H

#include "base/types.h"
#include "vm/abi.h"

/* Division by zero gives 0, modulo zero leaves the dividend. Most negative by -1: itself, and remainder 0. */
static inline u64 op_div64(u64 a, u64 b) { return b ? a / b : 0; }
static inline u64 op_mod64(u64 a, u64 b) { return b ? a % b : a; }
static inline u32 op_div32(u32 a, u32 b) { return b ? a / b : 0; }
static inline u32 op_mod32(u32 a, u32 b) { return b ? a % b : a; }

static inline u64 op_sdiv64(u64 a, u64 b)
{
	if (b + 1 <= 1)
		return b ? 0 - a : 0;
	return (u64)((s64)a / (s64)b);
}

static inline u64 op_smod64(u64 a, u64 b)
{
	if (b + 1 <= 1)
		return b ? 0 : a;
	return (u64)((s64)a % (s64)b);
}

static inline u32 op_sdiv32(u32 a, u32 b)
{
	if (b + 1 <= 1)
		return b ? 0 - a : 0;
	return (u32)((s32)a / (s32)b);
}

static inline u32 op_smod32(u32 a, u32 b)
{
	if (b + 1 <= 1)
		return b ? 0 : a;
	return (u32)((s32)a % (s32)b);
}

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define op_le16(x) ((u16)(x))
#define op_le32(x) ((u32)(x))
#define op_le64(x) ((u64)(x))
#define op_be16(x) __builtin_bswap16(x)
#define op_be32(x) __builtin_bswap32(x)
#define op_be64(x) __builtin_bswap64(x)
#else
#define op_be16(x) ((u16)(x))
#define op_be32(x) ((u32)(x))
#define op_be64(x) ((u64)(x))
#define op_le16(x) __builtin_bswap16(x)
#define op_le32(x) __builtin_bswap32(x)
#define op_le64(x) __builtin_bswap64(x)
#endif

/* Arena pointer to user address: the arena's upper half, except for NULL. */
static inline u64 op_cast_user(u32 low, u64 base)
{
	return low ? (base & ~(u64)U32_MAX) | low : 0;
}

/* Where an access of `what` bytes (with INS_ARENA_WRITE: to write) at this pointer goes. */
static inline u64 op_arena(u64 p, u64 off, u32 what, const struct ins_arena *a)
{
	u32 at = (u32)p + (u32)off - (u32)a->user_va;

	return (u64)at + (what & 255) <= a->size ? a->data + at : a->sink + (what & INS_ARENA_WRITE ? 16 : 0);
}

static inline u32 op_cmpxchg32(u32 *p, u32 old, u32 val)
{
	__atomic_compare_exchange_n(p, &old, val, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
	return old;
}

static inline u64 op_cmpxchg64(u64 *p, u64 old, u64 val)
{
	__atomic_compare_exchange_n(p, &old, val, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
	return old;
}

/* No load is speculated past it. */
static inline void op_nospec(void)
{
#if defined(__x86_64__)
	__asm__ volatile("lfence" ::: "memory");
#else
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
#endif
}

/* Plain accesses need no alignment. Aligned ones of up to 8 bytes do not tear on the machines we know. */
#define LOAD(type, addr)                                                                                \
	({                                                                                              \
		type v_;                                                                                \
		__builtin_memcpy(&v_, (const void *)(uintptr_t)(addr), sizeof(v_));                     \
		v_;                                                                                     \
	})
#define STORE(type, addr, value)                                                                        \
	do {                                                                                            \
		type v_ = (type)(value);                                                                \
		__builtin_memcpy((void *)(uintptr_t)(addr), &v_, sizeof(v_));                           \
	} while (0)
/* A load from an address that may be bad: 0 then. */
#define PROBE(type, addr)                                                                               \
	({                                                                                              \
		type v_;                                                                                \
		if (probe_read(&v_, addr, sizeof(v_)))                                                  \
			v_ = 0;                                                                         \
		v_;                                                                                     \
	})
/* An address for an atomic access; the verifier has proven the alignment. */
#define AT(type, addr) ((type *)(uintptr_t)(addr))

#endif
