/* SPDX-License-Identifier: BSD-2-Clause */
/* Encodings for asm.h. */
#include "patch/asm.h"

#include <errno.h>

void a_bytes(struct patch_asm *a, const void *bytes, u32 n)
{
	if (!a->err && a->n + n > a->cap)
		a->err = -ENOSPC;
	if (a->err)
		return;
	memcpy(a->buf + a->n, bytes, n);
	a->n += n;
}

static void put32(struct patch_asm *a, s32 v) { a_bytes(a, &v, 4); }

/* modrm, SIB, displacement for [base + disp] */
static void operand(struct patch_asm *a, u8 reg, u8 base, s32 disp)
{
	bool sib = (base & 7) == RSP, small = disp >= -128 && disp < 128, none = !disp && (base & 7) != RBP;

	OP(a, (u8)((none ? 0 : small ? 0x40 : 0x80) | (reg & 7) << 3 | (base & 7)));
	if (sib)
		OP(a, 0x24);
	if (none)
		return;
	if (small)
		OP(a, (u8)disp);
	else
		put32(a, disp);
}

static void mem(struct patch_asm *a, u8 wide, u8 opcode, u8 reg, u8 base, s32 disp)
{
	u8 rex = (u8)(0x40 | wide << 3 | (reg >> 3) << 2 | base >> 3);

	if (rex != 0x40)
		OP(a, rex);
	OP(a, opcode);
	operand(a, reg, base, disp);
}

void a_lea(struct patch_asm *a, u8 reg, u8 base, s32 disp) { mem(a, 1, 0x8d, reg, base, disp); }

void a_store32_imm(struct patch_asm *a, u8 base, s32 disp, s32 imm)
{
	mem(a, 0, 0xc7, 0, base, disp);
	put32(a, imm);
}

void a_push(struct patch_asm *a, u8 reg)
{
	if (reg >> 3)
		OP(a, 0x41);
	OP(a, (u8)(0x50 | (reg & 7)));
}

void a_pop(struct patch_asm *a, u8 reg)
{
	if (reg >> 3)
		OP(a, 0x41);
	OP(a, (u8)(0x58 | (reg & 7)));
}

static bool in_reach(u64 from, u64 to)
{
	return (s64)(to - from) == (s64)s32_of(to - from);
}

/* A displacement at the end of an instruction. */
static void rel32(struct patch_asm *a, u64 to)
{
	u64 from = a_here(a) + 4;

	if (!a->err && !in_reach(from, to))
		a->err = -ERANGE;
	put32(a, s32_of(to - from));
}

void a_jmp(struct patch_asm *a, u64 to)
{
	OP(a, 0xe9);
	rel32(a, to);
}

void a_jcc(struct patch_asm *a, u8 cc, u64 to)
{
	OP(a, 0x0f, (u8)(0x80 | cc));
	rel32(a, to);
}

u32 a_jmp_ahead(struct patch_asm *a)
{
	OP(a, 0xe9, 0, 0, 0, 0);
	return a->n;
}

u32 a_jcc_ahead(struct patch_asm *a, u8 cc)
{
	OP(a, 0x0f, (u8)(0x80 | cc), 0, 0, 0, 0);
	return a->n;
}

void a_bind(struct patch_asm *a, u32 jump)
{
	s32 rel = (s32)(a->n - jump);

	if (!a->err)
		memcpy(a->buf + jump - 4, &rel, 4);
}
