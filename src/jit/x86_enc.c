/* SPDX-License-Identifier: BSD-2-Clause */
/* Bytes of x86-64 instructions: see x86_enc.h. */
#include "jit/x86_enc.h"

#include <sys/random.h>

void x_byte(struct x86_enc *x, u8 b)
{
	emit_byte(x->e, b);
}

static void prefixes(struct x86_enc *x, u32 opc, u8 w, u8 reg, u8 index, u8 base)
{
	static const u8 mandatory[4] = { 0, 0x66, 0xf3, 0xf2 };
	u8 rex = (u8)(0x40 | (w == 64) << 3 | (reg >> 3 & 1) << 2 | (index >> 3 & 1) << 1 | (base >> 3 & 1));
	bool bytes = (opc & X_BYTE_R && reg >= 4) || (opc & X_BYTE_M && base >= 4 && index == 0xff);

	if (opc & X_LOCK)
		x_byte(x, 0xf0);
	if (opc >> 12 & 3)
		x_byte(x, mandatory[opc >> 12 & 3]);
	if (index == 0xff)
		rex &= (u8)~2u;
	if (rex != 0x40 || bytes)
		x_byte(x, rex);
	if (opc & 0x300)
		x_byte(x, 0x0f);
	if ((opc & 0x300) == X_0F38)
		x_byte(x, 0x38);
	else if ((opc & 0x300) == X_0F3A)
		x_byte(x, 0x3a);
	x_byte(x, (u8)opc);
}

static void modrm_rr(struct x86_enc *x, u8 reg, u8 rm)
{
	x_byte(x, (u8)(0xc0 | (reg & 7) << 3 | (rm & 7)));
}

static void modrm_mem(struct x86_enc *x, u8 reg, struct x86_mem m)
{
	u8 r = (u8)((reg & 7) << 3), mod;

	if (m.base == X_NONE) { /* index alone needs a long displacement */
		x_byte(x, r | 4);
		x_byte(x, (u8)(m.scale << 6 | (m.index & 7) << 3 | 5));
		emit_32(x->e, (u32)m.disp);
		return;
	}
	mod = !m.disp && (m.base & 7) != 5 ? 0 : x_fits8(m.disp) ? 0x40 : 0x80;
	if (m.index == X_NONE && (m.base & 7) != 4) {
		x_byte(x, (u8)(mod | r | (m.base & 7)));
	} else {
		x_byte(x, mod | r | 4);
		x_byte(x, (u8)(m.scale << 6 | (m.index == X_NONE ? 4 : m.index & 7) << 3 | (m.base & 7)));
	}
	if (mod == 0x40)
		x_byte(x, (u8)m.disp);
	else if (mod == 0x80)
		emit_32(x->e, (u32)m.disp);
}

void x_rr(struct x86_enc *x, u32 opc, u8 w, u8 reg, u8 rm)
{
	prefixes(x, opc, w, reg, 0xff, rm);
	modrm_rr(x, reg, rm);
}

void x_rm(struct x86_enc *x, u32 opc, u8 w, u8 reg, struct x86_mem m)
{
	prefixes(x, opc, w, reg, m.index == X_NONE ? 0 : m.index, m.base == X_NONE ? 0 : m.base);
	modrm_mem(x, reg, m);
}

void x_rslot(struct x86_enc *x, u32 opc, u8 w, u8 reg, u32 slot)
{
	prefixes(x, opc, w, reg, 0xff, 0);
	x_byte(x, (u8)((reg & 7) << 3 | 5));
	emit_fix(x->e, FIX_SLOT, 0, 0, slot);
}

/* ---- hidden immediates ---- */
static u32 key(struct x86_enc *x)
{
	if (!x->nkeys) {
		if (getrandom(x->keys, sizeof(x->keys), 0) != (ssize_t)sizeof(x->keys))
			x->failed = true;
		x->nkeys = (u32)ARRAY_SIZE(x->keys);
	}
	return x->keys[--x->nkeys];
}

/* Do two numbers have a byte in common at any place? Then another key is drawn. */
static bool share_bytes(u32 a, u32 b)
{
	for (u32 i = 0; i < 32; i += 8)
		for (u32 k = 0; k < 32; k += 8)
			if ((u8)(a >> i) == (u8)(b >> k))
				return true;
	return false;
}

static u32 key_for(struct x86_enc *x, u32 v)
{
	u32 k;

	do
		k = key(x);
	while (!x->failed && (share_bytes(k, v) || share_bytes(k ^ v, v)));
	return k;
}

/* The encoder's own: never hidden. */
static void alu_ri(struct x86_enc *x, enum x86_alu op, u8 w, u8 rm, s32 imm)
{
	if (x_fits8(imm)) {
		prefixes(x, 0x83, w, 0, 0xff, rm);
		modrm_rr(x, (u8)op, rm);
		x_byte(x, (u8)imm);
		return;
	}
	if (rm == X_RAX) {
		prefixes(x, 0x05u | (u32)op << 3, w, 0, 0xff, 0);
	} else {
		prefixes(x, 0x81, w, 0, 0xff, rm);
		modrm_rr(x, (u8)op, rm);
	}
	emit_32(x->e, (u32)imm);
}

void x_fixed(struct x86_enc *x, enum x86_alu op, u8 w, u8 rm, s32 imm)
{
	alu_ri(x, op, w, rm, imm);
}

static void mov_r32(struct x86_enc *x, u8 reg, u32 imm)
{
	prefixes(x, 0xb8u | (reg & 7), 32, 0, 0xff, reg);
	emit_32(x->e, imm);
}

static void mov_s32(struct x86_enc *x, u8 reg, s32 imm)
{
	prefixes(x, 0xc7, 64, 0, 0xff, reg);
	modrm_rr(x, 0, reg);
	emit_32(x->e, (u32)imm);
}

/* Without another register: halves are put in with xor, one after the other. */
static void mov_hidden(struct x86_enc *x, u8 reg, u64 imm)
{
	u32 k = key_for(x, (u32)imm), high;

	if (imm == (u32)imm) {
		mov_r32(x, reg, (u32)imm ^ k);
		alu_ri(x, X_XOR, 32, reg, (s32)k);
	} else if (imm == (u64)(s64)(s32)imm) {
		mov_s32(x, reg, (s32)((u32)imm ^ k));
		alu_ri(x, X_XOR, 64, reg, (s32)k);
	} else {
		high = key_for(x, (u32)(imm >> 32));
		mov_r32(x, reg, (u32)(imm >> 32) ^ high);
		alu_ri(x, X_XOR, 32, reg, (s32)high);
		x_shift(x, X_SHL, 64, reg, 32);
		k &= S32_MAX; /* sign-extended: the upper half must stay */
		/* low half: its top bit by itself */
		alu_ri(x, X_XOR, 64, reg, (s32)(((u32)imm ^ k) & S32_MAX));
		alu_ri(x, X_XOR, 64, reg, (s32)k);
		if ((u32)imm >> 31) { /* bts reg, 31 */
			prefixes(x, 0xbau | X_0F, 64, 0, 0xff, reg);
			modrm_rr(x, 5, reg);
			x_byte(x, 31);
		}
	}
}

void x_address(struct x86_enc *x, u8 reg, u64 addr)
{
	if (addr == (u32)addr) {
		mov_r32(x, reg, (u32)addr);
		return;
	}
	if (addr == (u64)(s64)(s32)addr) {
		mov_s32(x, reg, (s32)addr);
		return;
	}
	prefixes(x, 0xb8u | (reg & 7), 64, 0, 0xff, reg);
	emit_64(x->e, addr);
}

void x_mov_ri(struct x86_enc *x, u8 reg, u64 imm)
{
	if (!imm)
		x_alu(x, X_XOR, 32, reg, reg);
	else if (x->blind && !x_fits8((s64)imm))
		mov_hidden(x, reg, imm);
	else
		x_address(x, reg, imm);
}

static bool hide(const struct x86_enc *x, s32 imm)
{
	return x->blind && !x_fits8(imm);
}

/* The immediate in a register that nothing else uses. */
static u8 hidden(struct x86_enc *x, u8 other, s32 imm)
{
	u8 tmp = other == X_TMP ? X_TMP2 : X_TMP;

	mov_hidden(x, tmp, (u64)(s64)imm);
	return tmp;
}

void x_ri(struct x86_enc *x, enum x86_alu op, u8 w, u8 rm, s32 imm)
{
	if (hide(x, imm))
		x_alu(x, op, w, rm, hidden(x, rm, imm));
	else
		alu_ri(x, op, w, rm, imm);
}

void x_cmp_mi(struct x86_enc *x, u8 size, struct x86_mem m, s32 imm)
{
	u8 w = size == 8 ? 64 : 32;

	if (size > 1 && hide(x, imm)) {
		x_rm(x, X_ALU_MR(X_CMP), w, hidden(x, X_NONE, imm), m);
		return;
	}
	if (size == 1)
		x_rm(x, 0x80, 32, X_CMP, m);
	else
		x_rm(x, x_fits8(imm) ? 0x83 : 0x81, w, X_CMP, m);
	if (size == 1 || x_fits8(imm))
		x_byte(x, (u8)imm);
	else
		emit_32(x->e, (u32)imm);
}

void x_test_ri(struct x86_enc *x, u8 w, u8 rm, s32 imm)
{
	if (hide(x, imm)) {
		x_rr(x, X_TEST, w, hidden(x, rm, imm), rm);
		return;
	}
	if (imm >= 0 && imm < 128 && rm < 4) { /* only the low byte matters */
		prefixes(x, 0xf6, 32, 0, 0xff, rm);
		modrm_rr(x, 0, rm);
		x_byte(x, (u8)imm);
		return;
	}
	prefixes(x, 0xf7, imm >= 0 ? 32 : w, 0, 0xff, rm);
	modrm_rr(x, 0, rm);
	emit_32(x->e, (u32)imm);
}

void x_mov_mr(struct x86_enc *x, u8 size, struct x86_mem m, u8 reg)
{
	static const u32 opc[9] = { [1] = 0x88 | X_BYTE_R, [2] = 0x89 | X_P66, [4] = 0x89, [8] = 0x89 };

	x_rm(x, opc[size], size == 8 ? 64 : 32, reg, m);
}

void x_mov_mi(struct x86_enc *x, u8 size, struct x86_mem m, s32 imm)
{
	if (hide(x, imm)) {
		x_mov_mr(x, size, m, hidden(x, X_NONE, imm));
		return;
	}
	x_rm(x, size == 1 ? 0xc6 : size == 2 ? 0xc7 | X_P66 : 0xc7, size == 8 ? 64 : 32, 0, m);
	x_byte(x, (u8)imm);
	if (size >= 2)
		x_byte(x, (u8)(imm >> 8));
	if (size >= 4) {
		x_byte(x, (u8)(imm >> 16));
		x_byte(x, (u8)(imm >> 24));
	}
}

void x_imul(struct x86_enc *x, u8 w, u8 reg, u8 rm, s32 imm)
{
	if (hide(x, imm)) {
		u8 tmp = hidden(x, reg == X_TMP ? reg : rm, imm);

		if (reg != rm)
			x_mov(x, w, reg, rm);
		x_rr(x, X_IMUL, w, reg, tmp);
		return;
	}
	x_rr(x, x_fits8(imm) ? 0x6b : 0x69, w, reg, rm);
	if (x_fits8(imm))
		x_byte(x, (u8)imm);
	else
		emit_32(x->e, (u32)imm);
}

/* ---- others ---- */
void x_shift(struct x86_enc *x, enum x86_shift op, u8 w, u8 rm, u8 count)
{
	prefixes(x, count == 1 ? 0xd1 : 0xc1, w, 0, 0xff, rm);
	modrm_rr(x, (u8)op, rm);
	if (count != 1)
		x_byte(x, count);
}

void x_shift_cl(struct x86_enc *x, enum x86_shift op, u8 w, u8 rm)
{
	prefixes(x, 0xd3, w, 0, 0xff, rm);
	modrm_rr(x, (u8)op, rm);
}

void x_unary(struct x86_enc *x, enum x86_unary op, u8 w, u8 rm)
{
	prefixes(x, 0xf7, w, 0, 0xff, rm);
	modrm_rr(x, (u8)op, rm);
}

void x_bswap(struct x86_enc *x, u8 w, u8 reg)
{
	prefixes(x, X_0F | 0xc8u | (reg & 7), w, 0, 0xff, reg);
}

void x_push(struct x86_enc *x, u8 reg)
{
	prefixes(x, 0x50u | (reg & 7), 32, 0, 0xff, reg);
}

void x_pop(struct x86_enc *x, u8 reg)
{
	prefixes(x, 0x58u | (reg & 7), 32, 0, 0xff, reg);
}

static void vex(struct x86_enc *x, u8 map, u8 pp, u8 w, u8 op, u8 reg, u8 v, u8 index, u8 base)
{
	x_byte(x, 0xc4);
	x_byte(x, (u8)((~reg >> 3 & 1) << 7 | (~index >> 3 & 1) << 6 | (~base >> 3 & 1) << 5 | map));
	x_byte(x, (u8)((w == 64) << 7 | (~v & 15) << 3 | pp));
	x_byte(x, op);
}

void x_vex_rr(struct x86_enc *x, u8 map, u8 pp, u8 w, u8 op, u8 reg, u8 v, u8 rm)
{
	vex(x, map, pp, w, op, reg, v, 0, rm);
	modrm_rr(x, reg, rm);
}

void x_rorx(struct x86_enc *x, u8 w, u8 reg, u8 rm, u8 count)
{
	x_vex_rr(x, 3, 3, w, 0xf0, reg, 0, rm);
	x_byte(x, count);
}

/* ---- branches ---- */
u8 x86_fix_size(const struct jit_fix *f, s64 disp)
{
	switch ((enum fix_kind)f->kind) {
	case FIX_JMP:
		return x_fits8(disp - 2) ? 2 : 5;
	case FIX_JCC:
		return x_fits8(disp - 2) ? 2 : 6;
	case FIX_CALL:
	case FIX_ABS: case FIX_ABS_JMP:
		return 5;
	case FIX_REL: case FIX_SLOT:
		return 4;
	case FIX_ALIGN:
	case FIX_LOOP:
		break;
	}
	return 0;
}

bool x86_fix_put(u8 *p, const struct jit_fix *f, u64 at, u64 to)
{
	s64 disp = (s64)(to - (at + f->size));
	s32 rel = (s32)disp;
	u32 n = 0;

	if (!x_fits32(disp))
		return false;
	if (f->size == 2) {
		p[0] = f->kind == FIX_JMP ? 0xeb : (u8)(0x70 | f->cc);
		p[1] = (u8)disp;
		return true;
	}
	if (f->kind == FIX_JCC) {
		p[n++] = 0x0f;
		p[n++] = (u8)(0x80 | f->cc);
	} else if (f->kind != FIX_REL && f->kind != FIX_SLOT) {
		p[n++] = f->kind == FIX_JMP || f->kind == FIX_ABS_JMP ? 0xe9 : 0xe8;
	}
	memcpy(p + n, &rel, 4);
	return true;
}

/* The recommended long forms of nop. */
void x86_pad(u8 *p, u32 n)
{
	static const u8 nop[9][9] = {
		{ 0x90 },
		{ 0x66, 0x90 },
		{ 0x0f, 0x1f, 0x00 },
		{ 0x0f, 0x1f, 0x40, 0x00 },
		{ 0x0f, 0x1f, 0x44, 0x00, 0x00 },
		{ 0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00 },
		{ 0x0f, 0x1f, 0x80, 0x00, 0x00, 0x00, 0x00 },
		{ 0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00 },
		{ 0x66, 0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00 },
	};

	while (n) {
		u32 k = MIN(n, 9u);

		memcpy(p, nop[k - 1], k);
		p += k;
		n -= k;
	}
}
