/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bytes of the few x86-64 instructions that trampolines are made of. All operations are 64 bits wide unless their name says 32.
 *
 * Invariant: after an error (no room, too far) nothing more is written; the first error stays in `err`.
 */
#ifndef SKEP_PATCH_ASM_H
#define SKEP_PATCH_ASM_H

#include "base/types.h"

struct patch_asm {
	u8 *buf;
	u32 n, cap;
	u64 addr;   /* where buf[0] will be */
	int err;
};

enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15 };
enum { CC_B = 2, CC_AE, CC_E, CC_NE, CC_BE, CC_A };

void a_bytes(struct patch_asm *a, const void *bytes, u32 n);
#define OP(a, ...) a_bytes(a, (const u8[]){ __VA_ARGS__ }, sizeof((const u8[]){ __VA_ARGS__ }))
static inline u64 a_here(const struct patch_asm *a) { return a->addr + a->n; }

/* reg with [base + disp] */
void a_lea(struct patch_asm *a, u8 reg, u8 base, s32 disp);
void a_store32_imm(struct patch_asm *a, u8 base, s32 disp, s32 imm);
void a_push(struct patch_asm *a, u8 reg);
void a_pop(struct patch_asm *a, u8 reg);

/* Control flow to addresses... */
void a_jmp(struct patch_asm *a, u64 to);
void a_jcc(struct patch_asm *a, u8 cc, u64 to);
/* ...and forward, to be bound later: a_bind() sets the target of a jump to here. */
u32 a_jmp_ahead(struct patch_asm *a);
u32 a_jcc_ahead(struct patch_asm *a, u8 cc);
void a_bind(struct patch_asm *a, u32 jump);

#endif
