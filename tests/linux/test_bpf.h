/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the tables of Linux's lib/test_bpf.c are written with, in terms of the UAPI: constructors of instructions, and the few
 * kernel functions that its generators of long programs call.
 */
#ifndef SKEP_TESTS_LINUX_TEST_BPF_H
#define SKEP_TESTS_LINUX_TEST_BPF_H

#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/types.h"

#ifndef BPF_PSEUDO_KFUNC_CALL
#define BPF_PSEUDO_KFUNC_CALL 2
#endif
#define BPF_TAIL_CALL 0xf0 /* the kernel's own operation */
#define BPF_ZEXT_IMM 1     /* of a 32-bit move: it is there for its upper half */
#define BPF_REG_FP BPF_REG_10
#define MAX_TAIL_CALL_CNT 33
#define BPF_SIZE_OF(size) ((size) & 0x18)

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#undef __BIG_ENDIAN /* in the kernel only one of the two is defined */
#endif

#define INSN(c, d, s, o, k)                                                                             \
	((struct bpf_insn){ .code = (__u8)(c), .dst_reg = (d), .src_reg = (s), .off = (__s16)(o), .imm = (__s32)(k) })
#define BPF_RAW_INSN(c, d, s, o, k)     INSN(c, d, s, o, k)
#define BPF_ALU64_REG(op, d, s)         INSN(BPF_ALU64 | BPF_OP(op) | BPF_X, d, s, 0, 0)
#define BPF_ALU32_REG(op, d, s)         INSN(BPF_ALU | BPF_OP(op) | BPF_X, d, s, 0, 0)
#define BPF_ALU64_IMM(op, d, k)         INSN(BPF_ALU64 | BPF_OP(op) | BPF_K, d, 0, 0, k)
#define BPF_ALU32_IMM(op, d, k)         INSN(BPF_ALU | BPF_OP(op) | BPF_K, d, 0, 0, k)
#define BPF_ENDIAN(type, d, len)        INSN(BPF_ALU | BPF_END | BPF_SRC(type), d, 0, 0, len)
#define BPF_MOV64_REG(d, s)             INSN(BPF_ALU64 | BPF_MOV | BPF_X, d, s, 0, 0)
#define BPF_MOV32_REG(d, s)             INSN(BPF_ALU | BPF_MOV | BPF_X, d, s, 0, 0)
#define BPF_MOV64_IMM(d, k)             INSN(BPF_ALU64 | BPF_MOV | BPF_K, d, 0, 0, k)
#define BPF_MOV32_IMM(d, k)             INSN(BPF_ALU | BPF_MOV | BPF_K, d, 0, 0, k)
#define BPF_ZEXT_REG(d)                 INSN(BPF_ALU | BPF_MOV | BPF_X, d, d, 0, BPF_ZEXT_IMM)
#define BPF_LD_IMM64(d, k)                                                                              \
	INSN(BPF_LD | BPF_DW | BPF_IMM, d, 0, 0, (__u32)(k)), INSN(0, 0, 0, 0, (__u32)((__u64)(k) >> 32))
#define BPF_LDX_MEM(size, d, s, o)      INSN(BPF_LDX | BPF_SIZE_OF(size) | BPF_MEM, d, s, o, 0)
#define BPF_STX_MEM(size, d, s, o)      INSN(BPF_STX | BPF_SIZE_OF(size) | BPF_MEM, d, s, o, 0)
#define BPF_ST_MEM(size, d, o, k)       INSN(BPF_ST | BPF_SIZE_OF(size) | BPF_MEM, d, 0, o, k)
#define BPF_ATOMIC_OP(size, op, d, s, o) INSN(BPF_STX | BPF_SIZE_OF(size) | BPF_ATOMIC, d, s, o, op)
#define BPF_STX_XADD(size, d, s, o)     BPF_ATOMIC_OP(size, BPF_ADD, d, s, o)
#define BPF_JMP_REG(op, d, s, o)        INSN(BPF_JMP | BPF_OP(op) | BPF_X, d, s, o, 0)
#define BPF_JMP_IMM(op, d, k, o)        INSN(BPF_JMP | BPF_OP(op) | BPF_K, d, 0, o, k)
#define BPF_JMP32_REG(op, d, s, o)      INSN(BPF_JMP32 | BPF_OP(op) | BPF_X, d, s, o, 0)
#define BPF_JMP32_IMM(op, d, k, o)      INSN(BPF_JMP32 | BPF_OP(op) | BPF_K, d, 0, o, k)
#define BPF_JMP_A(o)                    INSN(BPF_JMP | BPF_JA, 0, 0, o, 0)
#define BPF_CALL_REL(k)                 INSN(BPF_JMP | BPF_CALL, 0, BPF_PSEUDO_CALL, 0, k)
#define BPF_EXIT_INSN()                 INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)
#define __BPF_STMT(c, k)                 ((struct sock_filter)BPF_STMT(c, k))
#define __BPF_JUMP(c, k, t, f)           ((struct sock_filter)BPF_JUMP(c, k, t, f))
#define BPF_CALL_1(name, type, arg)     static u64 name(type arg)

/* ---- the kernel's functions ---- */
#define BIT(n) (1u << (n))
#define BUG_ON(x) do { if (x) abort(); } while (0)
#define BITS_PER_LONG 64
#define GFP_KERNEL 0
#define __always_unused __attribute__((unused))
#define min(a, b) MIN(a, b)
#define max(a, b) MAX(a, b)
#define U16_MAX 0xffff
#define S16_MAX 0x7fff
#define S16_MIN (-0x8000)
#define raw_smp_processor_id() 0
#define cpu_to_be16(x) __builtin_bswap16(x)
#define cpu_to_be32(x) __builtin_bswap32(x)
#define cpu_to_be64(x) __builtin_bswap64(x)
#define cpu_to_le16(x) ((u16)(x))
#define cpu_to_le32(x) ((u32)(x))
#define cpu_to_le64(x) ((u64)(x))
#define fallthrough __attribute__((fallthrough))

struct rnd_state { u64 s; };
static inline void prandom_seed_state(struct rnd_state *r, u64 seed) { r->s = seed; }
static inline u32 prandom_u32_state(struct rnd_state *r)
{
	r->s = r->s * 6364136223846793005ull + 1442695040888963407ull;
	return (u32)(r->s >> 32);
}
static inline void *kmalloc_array(size_t n, size_t size, int flags)
{
	(void)flags;
	return calloc(n, size);
}
static inline void kfree(void *p) { free(p); }
static inline u64 div64_u64(u64 a, u64 b) { return a / b; }
static inline u64 div64_u64_rem(u64 a, u64 b, u64 *rem)
{
	*rem = a % b;
	return a / b;
}

#endif
