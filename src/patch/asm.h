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
void a_load(struct patch_asm *a, u8 reg, u8 base, s32 disp);
void a_store(struct patch_asm *a, u8 base, s32 disp, u8 reg);
void a_lea(struct patch_asm *a, u8 reg, u8 base, s32 disp);
void a_load32(struct patch_asm *a, u8 reg, u8 base, s32 disp);
void a_store32(struct patch_asm *a, u8 base, s32 disp, u8 reg);
void a_store_imm(struct patch_asm *a, u8 base, s32 disp, s32 imm);
void a_store32_imm(struct patch_asm *a, u8 base, s32 disp, s32 imm);
void a_or_mem32(struct patch_asm *a, u8 reg, u8 base, s32 disp);
void a_cmp_mem(struct patch_asm *a, u8 base, s32 disp, u8 reg);
void a_inc_mem(struct patch_asm *a, u8 base, s32 disp);
void a_push_mem(struct patch_asm *a, u8 base, s32 disp);
/* Memory at gs:[disp]. */
void a_gs_load(struct patch_asm *a, u8 reg, s32 disp);
void a_gs_store32_imm(struct patch_asm *a, s32 disp, s32 imm);

void a_mov(struct patch_asm *a, u8 dst, u8 src);
void a_mov_imm(struct patch_asm *a, u8 reg, u64 imm);
void a_test(struct patch_asm *a, u8 reg);
void a_push(struct patch_asm *a, u8 reg);
void a_pop(struct patch_asm *a, u8 reg);
/* An address, rip-relative where it is in reach. */
void a_address(struct patch_asm *a, u8 reg, u64 addr);

/* Control flow to addresses... */
void a_jmp(struct patch_asm *a, u64 to);
void a_jcc(struct patch_asm *a, u8 cc, u64 to);
void a_call(struct patch_asm *a, u64 to); /* may use rax */
/* ...and forward, to be bound later: a_bind() sets the target of a jump to here. */
u32 a_jmp_ahead(struct patch_asm *a);
u32 a_jcc_ahead(struct patch_asm *a, u8 cc);
void a_bind(struct patch_asm *a, u32 jump);

/* Parts that trampolines share (stub.c). */
enum {
	FRAME = 176, RED_ZONE = 128,
	CALLEE_SAVED = 1u << RBX | 1u << RBP | 1u << R12 | 1u << R13 | 1u << R14 | 1u << R15, /* C functions keep these */
};
void a_thread(struct patch_asm *a, u8 block, u8 scratch, u32 slow[2]);
/* Sets the zero flag if the thread is neither in a handler nor switched off. */
void a_unless_idle(struct patch_asm *a, u8 block, u8 scratch);
void a_save(struct patch_asm *a, u8 frame, u32 but);
void a_restore(struct patch_asm *a, u32 but);
void a_handler(struct patch_asm *a, u64 fn, u64 probe);

/* Copies one instruction from `from` to the end of `a` (move.c). */
struct patch_insn;
void a_move(struct patch_asm *a, const u8 *bytes, const struct patch_insn *in, u64 from);

/* The stub of a system call site (call.c): the path of a call, and what is rarely run. */
struct patch_plan;
struct patch_runtime;
struct patch_stub;
struct call_jumps {
	u32 slow[2], leave_slow[2], passed, leave_passed, refused, clone, clone3, lost;
	u64 go, leave, leave_go, known;
	u32 after[5]; /* offsets behind syscall instructions; 0 ends */
};
void a_call_hot(struct patch_asm *a, const struct patch_plan *p, const struct patch_stub *stub, struct call_jumps *j);
void a_call_cold(struct patch_asm *a, const struct patch_plan *p, const struct patch_runtime *rt, const struct patch_stub *stub,
		 struct call_jumps *j, u64 body);

#endif
