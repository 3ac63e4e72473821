/* SPDX-License-Identifier: BSD-2-Clause */
/* Words of arm64 instructions: see arm64_enc.h. */
#include "jit/arm64_enc.h"

#include <sys/random.h>

void a64_word(struct a64_enc *x, u32 word)
{
	emit_32(x->e, word);
}

void a64_rrr(struct a64_enc *x, u32 op, u8 w, u8 rd, u8 rn, u8 rm)
{
	a64_word(x, op | a64_sf(w) | (u32)rm << 16 | (u32)rn << 5 | rd);
}

void a64_mul(struct a64_enc *x, u32 op, u8 w, u8 rd, u8 rn, u8 rm, u8 ra)
{
	a64_word(x, op | a64_sf(w) | (u32)rm << 16 | (u32)ra << 10 | (u32)rn << 5 | rd);
}

void a64_mov(struct a64_enc *x, u8 w, u8 rd, u8 rm)
{
	a64_rrr(x, A_ORR, w, rd, A_ZR, rm);
}

/* ---- immediates ---- */
bool a64_addi(struct a64_enc *x, u32 op, u8 w, u8 rd, u8 rn, u64 imm)
{
	u32 shift = 0;

	if (imm > 0xfff && !(imm & 0xfff)) {
		imm >>= 12;
		shift = 1u << 22;
	}
	if (imm > 0xfff)
		return false;
	a64_word(x, op | a64_sf(w) | shift | (u32)imm << 10 | (u32)rn << 5 | rd);
	return true;
}

/* A run of ones, rotated, repeated: N, immr and imms, or false. */
static bool bitmask(u64 v, u8 w, u32 *ret)
{
	u32 size = w, ones, rot = 0;
	u64 mask;

	if (w == 32)
		v = (u32)v | v << 32;
	if (!v || !~v)
		return false;
	/* the smallest piece that is repeated */
	for (size = 64; size > 2; size /= 2) {
		u64 half = (1ull << size / 2) - 1;

		if ((v & half) != (v >> size / 2 & half))
			break;
	}
	mask = size == 64 ? ~0ull : (1ull << size) - 1;
	v &= mask;
	ones = (u32)__builtin_popcountll(v);
	/* rotate right until the ones are at the bottom */
	while (rot < size && v != (1ull << ones) - 1) {
		v = (v >> 1 | v << (size - 1)) & mask;
		rot++;
	}
	if (rot == size)
		return false;
	*ret = (size == 64 ? 1u << 22 : 0) | ((size - rot) % size) << 16 | ((~(size * 2 - 1) & 0x3f) | (ones - 1)) << 10;
	return true;
}

bool a64_logic(struct a64_enc *x, u32 op, u8 w, u8 rd, u8 rn, u64 imm)
{
	u32 field;

	if (!bitmask(imm, w, &field))
		return false;
	/* 0x0a... is the form with registers, 0x12... the one with an immediate */
	a64_word(x, (op - A_AND) | 0x12000000u | a64_sf(w) | field | (u32)rn << 5 | rd);
	return true;
}

void a64_ubfm(struct a64_enc *x, u8 w, u8 rd, u8 rn, u32 immr, u32 imms)
{
	a64_word(x, (w == 64 ? 0xd3400000u : 0x53000000u) | immr << 16 | imms << 10 | (u32)rn << 5 | rd);
}

void a64_sbfm(struct a64_enc *x, u8 w, u8 rd, u8 rn, u32 immr, u32 imms)
{
	a64_word(x, (w == 64 ? 0x93400000u : 0x13000000u) | immr << 16 | imms << 10 | (u32)rn << 5 | rd);
}

#define MOVN 0x92800000u
#define MOVZ 0xd2800000u
#define MOVK 0xf2800000u

void a64_fixed(struct a64_enc *x, u8 rd, u64 v)
{
	u32 zeros = 0, ones = 0;
	bool first = true, inverted;

	for (u32 h = 0; h < 4; h++) {
		zeros += (v >> h * 16 & 0xffff) == 0;
		ones += (v >> h * 16 & 0xffff) == 0xffff;
	}
	inverted = ones > zeros;
	for (u32 h = 0; h < 4; h++) {
		u32 part = (u32)(v >> h * 16 & 0xffff);

		if (part == (inverted ? 0xffff : 0) && !(first && h == 3))
			continue;
		if (first)
			a64_word(x, (inverted ? MOVN : MOVZ) | h << 21 | (inverted ? part ^ 0xffff : part) << 5 | rd);
		else
			a64_word(x, MOVK | h << 21 | part << 5 | rd);
		first = false;
	}
}

static u64 key(struct a64_enc *x)
{
	if (!x->nkeys) {
		if (getrandom(x->keys, sizeof(x->keys), 0) != (ssize_t)sizeof(x->keys))
			x->failed = true;
		x->nkeys = (u32)ARRAY_SIZE(x->keys);
	}
	return x->keys[--x->nkeys];
}

void a64_const(struct a64_enc *x, u8 rd, u64 v)
{
	u64 k;

	if (!x->blind) {
		a64_fixed(x, rd, v);
		return;
	}
	k = key(x);
	a64_fixed(x, rd, v ^ k);
	a64_fixed(x, A_KEY, k);
	a64_rrr(x, A_EOR, 64, rd, rd, A_KEY);
}

/* ---- memory ---- */
void a64_mem(struct a64_enc *x, enum a64_load kind, u8 size, u8 rt, u8 rn, s64 off)
{
	u32 log = (u32)__builtin_ctz(size), op = log << 30 | (u32)kind << 22 | (u32)rn << 5 | rt;

	if (off >= 0 && !(off & (size - 1)) && off >> log <= 0xfff) {
		a64_word(x, 0x39000000u | op | (u32)(off >> log) << 10);
	} else if (off >= -256 && off <= 255) {
		a64_word(x, 0x38000000u | op | ((u32)off & 0x1ff) << 12);
	} else {
		a64_fixed(x, A_T2, (u64)off);
		a64_word(x, 0x38206800u | op | A_T2 << 16);
	}
}

void a64_push(struct a64_enc *x, u8 r1, u8 r2)
{
	a64_word(x, 0xa9bf0000u | (u32)r2 << 10 | A_SP << 5 | r1); /* stp, [sp, -16]! */
}

void a64_pop(struct a64_enc *x, u8 r1, u8 r2)
{
	a64_word(x, 0xa8c10000u | (u32)r2 << 10 | A_SP << 5 | r1); /* ldp, [sp], 16 */
}

/* ---- branches: the fix's `addr` is the instruction without its distance, `cc` a register ---- */
#define FAR_COND (1 << 20) /* bytes that a conditional branch reaches */

void a64_bcond(struct a64_enc *x, enum a64_cc cc, u32 label)
{
	emit_fix(x->e, FIX_JCC, 0, label, A_BCOND | cc);
}

void a64_cbz(struct a64_enc *x, u32 op, u8 w, u8 rt, u32 label)
{
	emit_fix(x->e, FIX_JCC, 0, label, op | a64_sf(w) | rt);
}

u8 a64_fix_size(const struct jit_fix *f, s64 disp)
{
	switch ((enum fix_kind)f->kind) {
	case FIX_JCC:
		return disp >= -FAR_COND + 64 && disp < FAR_COND - 64 ? 4 : 8;
	case FIX_JMP:
	case FIX_CALL:
	case FIX_ABS: case FIX_ABS_JMP:
		return 4;
	case FIX_REL:
	case FIX_SLOT:
		return 8;
	case FIX_ALIGN:
	case FIX_LOOP:
		break;
	}
	return 0;
}

static void put_32(u8 *p, u32 v)
{
	memcpy(p, &v, 4);
}

static bool put_jump(u8 *p, u32 op, s64 disp)
{
	if (disp < -(1 << 27) || disp >= 1 << 27)
		return false;
	put_32(p, op | ((u32)(disp >> 2) & 0x3ffffff));
	return true;
}

static bool put_cond(u8 *p, const struct jit_fix *f, s64 disp)
{
	u32 op = (u32)f->addr;

	if (f->size == 4) {
		put_32(p, op | ((u32)(disp >> 2) & 0x7ffff) << 5);
		return true;
	}
	/* the opposite over a jump */
	op ^= (op & 0xff000000u) == A_BCOND ? 1u : 1u << 24;
	put_32(p, op | 2u << 5);
	return put_jump(p + 4, 0x14000000u, disp - 4);
}

/* adrp reg, page; then the rest of the address with `second`. */
static bool put_page(u8 *p, u8 reg, u64 at, u64 to, u32 second, u32 scale)
{
	s64 pages = ((s64)to >> 12) - ((s64)at >> 12); /* a portable image's table lies below address 0 */

	if (pages < -(1 << 20) || pages >= 1 << 20)
		return false;
	put_32(p, 0x90000000u | ((u32)pages & 3) << 29 | ((u32)(pages >> 2) & 0x7ffff) << 5 | reg);
	put_32(p + 4, second | (u32)((to & 0xfff) >> scale) << 10 | (u32)reg << 5 | reg);
	return true;
}

bool a64_fix_put(u8 *p, const struct jit_fix *f, u64 at, u64 to)
{
	s64 disp = (s64)(to - at);

	switch ((enum fix_kind)f->kind) {
	case FIX_JMP: case FIX_ABS_JMP:
		return put_jump(p, 0x14000000u, disp);
	case FIX_CALL:
	case FIX_ABS:
		return put_jump(p, 0x94000000u, disp);
	case FIX_JCC:
		return put_cond(p, f, disp);
	case FIX_REL:
		return put_page(p, f->cc, at, to, 0x91000000u, 0);
	case FIX_SLOT:
		return put_page(p, f->cc, at, to, 0xf9400000u, 3);
	case FIX_ALIGN:
	case FIX_LOOP:
		break;
	}
	return false;
}

void a64_pad(u8 *p, u32 n)
{
	for (; n >= 4; n -= 4, p += 4)
		put_32(p, A_NOP);
}
