/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bytes of x86-64 instructions.
 *
 * Invariant: every immediate that a program chose goes through x_ri(), x_mi(), x_mov_ri() or x_imul(), and is hidden there when
 * constants are to be blinded; x_fixed() is for the compiler's own.
 */
#ifndef SKEP_JIT_X86_ENC_H
#define SKEP_JIT_X86_ENC_H

#include "jit/emit.h"
#include "jit/x86_reg.h"

struct x86_enc {
	struct jit_emit *e;
	bool blind;
	bool failed;     /* no random numbers */
	u32 nkeys;
	u32 keys[64];
};

/* [base + (index << scale) + disp]; base or index may be X_NONE, not both. */
struct x86_mem {
	u8 base, index, scale;
	s32 disp;
};

/* Opcodes: byte, map of opcodes, mandatory prefix, and whether an operand is a byte register. */
#define X_0F      0x100u
#define X_0F38    0x200u
#define X_0F3A    0x300u
#define X_P66     0x1000u
#define X_PF3     0x2000u
#define X_PF2     0x3000u
#define X_BYTE_R  0x10000u /* the reg operand is 8 bits wide */
#define X_BYTE_M  0x20000u /* the other */
#define X_LOCK    0x40000u

#define X_MOV_LOAD  0x8bu
#define X_MOV_STORE 0x89u
#define X_LEA       0x8du
#define X_TEST      0x85u
#define X_XCHG      0x87u
#define X_MOVZX8    (0xb6u | X_0F | X_BYTE_M)
#define X_MOVZX16   (0xb7u | X_0F)
#define X_MOVSX8    (0xbeu | X_0F | X_BYTE_M)
#define X_MOVSX16   (0xbfu | X_0F)
#define X_MOVSXD    0x63u
#define X_IMUL      (0xafu | X_0F)
#define X_MOVBE_LOAD  (0xf0u | X_0F38)
#define X_MOVBE_STORE (0xf1u | X_0F38)

/* The eight operations that share a pattern; `reg, rm` form is 0x03 | op << 3, `rm, reg` 0x01 | op << 3. */
enum x86_alu { X_ADD, X_OR, X_ADC, X_SBB, X_AND, X_SUB, X_XOR, X_CMP };
#define X_ALU_RM(op) (0x03u | (u32)(op) << 3)
#define X_ALU_MR(op) (0x01u | (u32)(op) << 3)
enum x86_shift { X_ROL = 0, X_ROR = 1, X_SHL = 4, X_SHR = 5, X_SAR = 7 };
enum x86_unary { X_NOT = 2, X_NEG = 3, X_MUL = 4, X_IMUL1 = 5, X_DIV = 6, X_IDIV = 7 };
enum x86_cc { X_O, X_NO, X_B, X_AE, X_E, X_NE, X_BE, X_A, X_S, X_NS, X_P, X_NP, X_L, X_GE, X_LE, X_G };

/* `w`: 64 or 32 bits */
void x_rr(struct x86_enc *x, u32 opc, u8 w, u8 reg, u8 rm);
void x_rm(struct x86_enc *x, u32 opc, u8 w, u8 reg, struct x86_mem m);
void x_ri(struct x86_enc *x, enum x86_alu op, u8 w, u8 rm, s32 imm);
void x_fixed(struct x86_enc *x, enum x86_alu op, u8 w, u8 rm, s32 imm);
/* Compare memory of `size` bytes (1, 4, 8) with an immediate. */
void x_cmp_mi(struct x86_enc *x, u8 size, struct x86_mem m, s32 imm);
void x_test_ri(struct x86_enc *x, u8 w, u8 rm, s32 imm);
void x_mov_mi(struct x86_enc *x, u8 size, struct x86_mem m, s32 imm);
void x_mov_mr(struct x86_enc *x, u8 size, struct x86_mem m, u8 reg);
void x_mov_ri(struct x86_enc *x, u8 reg, u64 imm);
void x_address(struct x86_enc *x, u8 reg, u64 addr); /* of the compiler's own: never hidden */
/* Operation on register and slot of a portable image's table. */
void x_rslot(struct x86_enc *x, u32 opc, u8 w, u8 reg, u32 slot);
void x_imul(struct x86_enc *x, u8 w, u8 reg, u8 rm, s32 imm);
static inline void x_mov(struct x86_enc *x, u8 w, u8 dst, u8 src) { x_rr(x, X_MOV_LOAD, w, dst, src); }
static inline void x_alu(struct x86_enc *x, enum x86_alu op, u8 w, u8 dst, u8 src) { x_rr(x, X_ALU_RM(op), w, dst, src); }
void x_shift(struct x86_enc *x, enum x86_shift op, u8 w, u8 rm, u8 count);
void x_shift_cl(struct x86_enc *x, enum x86_shift op, u8 w, u8 rm);
void x_unary(struct x86_enc *x, enum x86_unary op, u8 w, u8 rm);
void x_bswap(struct x86_enc *x, u8 w, u8 reg);
void x_push(struct x86_enc *x, u8 reg);
void x_pop(struct x86_enc *x, u8 reg);
void x_byte(struct x86_enc *x, u8 b);
/* VEX: reg, vvvv, rm. `pp`: 0 none, 1 66, 2 F3, 3 F2 */
void x_vex_rr(struct x86_enc *x, u8 map, u8 pp, u8 w, u8 op, u8 reg, u8 v, u8 rm);
void x_rorx(struct x86_enc *x, u8 w, u8 reg, u8 rm, u8 count);
/* [base + disp] */
static inline struct x86_mem x_at(u8 base, s32 disp)
{
	return (struct x86_mem){ .base = base, .index = X_NONE, .disp = disp };
}
static inline bool x_fits8(s64 v) { return v >= -128 && v <= 127; }
static inline bool x_fits32(s64 v) { return v >= S32_MIN && v <= S32_MAX; }

u8 x86_fix_size(const struct jit_fix *f, s64 disp);
bool x86_fix_put(u8 *p, const struct jit_fix *f, u64 at, u64 to);
void x86_pad(u8 *p, u32 n);

#endif
