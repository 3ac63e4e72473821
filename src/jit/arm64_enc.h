/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Words of arm64 instructions.
 *
 * Invariant: every immediate that a program chose goes through a64_const() or one of the forms that ask a64_hides() first, so it is
 * in no image when constants are to be hidden; a64_fixed() is for the compiler's own.
 */
#ifndef SKEP_JIT_ARM64_ENC_H
#define SKEP_JIT_ARM64_ENC_H

#include "jit/arm64_reg.h"
#include "jit/emit.h"

struct a64_enc {
	struct jit_emit *e;
	bool blind;
	bool failed;  /* no random numbers */
	u32 nkeys;
	u64 keys[32];
};

/* Operations on registers: opcode for 32 bits; A_SF is added for 64. */
#define A_SF    0x80000000u
#define A_ADD   0x0b000000u
#define A_SUB   0x4b000000u
#define A_SUBS  0x6b000000u
#define A_AND   0x0a000000u
#define A_ORR   0x2a000000u
#define A_ORN   0x2a200000u
#define A_EOR   0x4a000000u
#define A_ANDS  0x6a000000u
#define A_UDIV  0x1ac00800u
#define A_SDIV  0x1ac00c00u
#define A_LSL   0x1ac02000u
#define A_LSR   0x1ac02400u
#define A_ASR   0x1ac02800u
#define A_MADD  0x1b000000u
#define A_MSUB  0x1b008000u
#define A_REV16 0x5ac00400u
#define A_REV32 0x5ac00800u
#define A_REV64 0xdac00c00u
#define A_ADDI  0x11000000u
#define A_SUBI  0x51000000u
#define A_ADDSI 0x31000000u
#define A_SUBSI 0x71000000u
#define A_NOP   0xd503201fu
#define A_BTI_C 0xd503245fu
#define A_DSB   0xd5033f9fu
#define A_ISB   0xd5033fdfu
#define A_RET   0xd65f03c0u
#define A_BR    0xd61f0000u
#define A_BLR   0xd63f0000u
#define A_BCOND 0x54000000u
#define A_CBZ   0x34000000u
#define A_CBNZ  0x35000000u

enum a64_cc { A_EQ, A_NE, A_HS, A_LO, A_MI, A_PL, A_VS, A_VC, A_HI, A_LS, A_GE, A_LT, A_GT, A_LE };
enum a64_load { A_STORE, A_LOAD, A_LOAD_SX };

static inline bool a64_hides(const struct a64_enc *x) { return x->blind; }
static inline u32 a64_sf(u8 w) { return w == 64 ? A_SF : 0; }

void a64_word(struct a64_enc *x, u32 word);
/* rd = rn op rm of `w` bits */
void a64_rrr(struct a64_enc *x, u32 op, u8 w, u8 rd, u8 rn, u8 rm);
/* rd = ra +- rn * rm */
void a64_mul(struct a64_enc *x, u32 op, u8 w, u8 rd, u8 rn, u8 rm, u8 ra);
void a64_mov(struct a64_enc *x, u8 w, u8 rd, u8 rm);
/* rd = rn op imm for A_ADDI...: false when the immediate has no such form. Not hidden. */
bool a64_addi(struct a64_enc *x, u32 op, u8 w, u8 rd, u8 rn, u64 imm);
/* The same for A_AND, A_ORR, A_EOR, A_ANDS. */
bool a64_logic(struct a64_enc *x, u32 op, u8 w, u8 rd, u8 rn, u64 imm);
/* Bit fields: immr, imms as the processor has them. */
void a64_ubfm(struct a64_enc *x, u8 w, u8 rd, u8 rn, u32 immr, u32 imms);
void a64_sbfm(struct a64_enc *x, u8 w, u8 rd, u8 rn, u32 immr, u32 imms);
/* A constant of the compiler's own; and one that a program chose. */
void a64_fixed(struct a64_enc *x, u8 rd, u64 v);
void a64_const(struct a64_enc *x, u8 rd, u64 v);
/* A load or store of `size` bytes at rn + off; may use A_T2. */
void a64_mem(struct a64_enc *x, enum a64_load kind, u8 size, u8 rt, u8 rn, s64 off);
void a64_push(struct a64_enc *x, u8 r1, u8 r2);
void a64_pop(struct a64_enc *x, u8 r1, u8 r2);
/* If cc, to a label; if rt is (not) zero, to a label. */
void a64_bcond(struct a64_enc *x, enum a64_cc cc, u32 label);
void a64_cbz(struct a64_enc *x, u32 op, u8 w, u8 rt, u32 label);

u8 a64_fix_size(const struct jit_fix *f, s64 disp);
bool a64_fix_put(u8 *p, const struct jit_fix *f, u64 at, u64 to);
void a64_pad(u8 *p, u32 n);

#endif
