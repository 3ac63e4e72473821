/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lengths of x86-64 instructions, and what of them matters when they are moved: displacements relative to the instruction
 * pointer, and control flow. The facts are in opcode.def.
 *
 * Invariant: every instruction of a 64-bit user program is decoded with its length; of unassigned opcodes some are taken for
 * instructions of the form that their map has. Never reads behind `n` bytes.
 */
#include <errno.h>

#include "patch/patch.h"

enum map_row { MAP_ONE, MAP_0F, MAP_0F38, MAP_0F3A, MAP_V0F, MAPS };

#define FILL16(c) { c, c, c, c, c, c, c, c, c, c, c, c, c, c, c, c }
#define ROW(map, first, letters) [MAP_##map][(first) >> 4] = letters,
#define FILL(map, c) [MAP_##map] = { [0 ... 15] = FILL16(c) },
#define KIND(map, first, last, kind)
#define KIND_REG(map, opcode, regs, kind)
static const char form_of[MAPS][16][16] = {
#include "patch/opcode.def"
};
#undef ROW
#undef FILL
#undef KIND

#define ROW(map, first, letters)
#define FILL(map, c)
#define KIND(map, first, last, kind) [MAP_##map][(first) ... (last)] = PATCH_##kind,
static const u8 kind_by_opcode[MAPS][256] = {
#include "patch/opcode.def"
};
#undef KIND
#undef KIND_REG

#define KIND(map, first, last, kind)
#define KIND_REG(map, opcode, regs, kind) { MAP_##map, opcode, regs, PATCH_##kind },
static const struct kind_row { u8 map, opcode, regs, kind; } kind_by_reg[] = {
#include "patch/opcode.def"
};
#undef ROW
#undef FILL
#undef KIND
#undef KIND_REG

struct cursor {
	const u8 *p;
	u64 n;      /* at most 15 */
	u32 at;
	bool whole; /* 15 bytes were there: running out means the instruction is too long */
};

static int out_of_bytes(const struct cursor *c) { return c->whole ? -EILSEQ : -ENODATA; }

static s64 little(const u8 *p, u32 n)
{
	s32 four;
	s16 two;

	switch (n) {
	case 1: return (s8)*p;
	case 2: memcpy(&two, p, 2); return two;
	default: memcpy(&four, p, 4); return four;
	}
}

/* Legacy prefixes in any order; a REX counts only directly before the opcode. Leaves the cursor at the opcode. */
static int prefixes(struct cursor *c, struct patch_insn *in)
{
	for (;; c->at++) {
		u8 b;

		if (c->at >= c->n)
			return out_of_bytes(c);
		b = c->p[c->at];
		switch (form_of[MAP_ONE][b >> 4][b & 15]) {
		case 'R':
			in->rex = b;
			continue;
		case 'p':
			break;
		default:
			return 0;
		}
		in->rex = 0;
		switch (b) {
		case 0x66: in->prefix |= PATCH_P_66; break;
		case 0x67: in->prefix |= PATCH_P_67; break;
		case 0xf0: in->prefix |= PATCH_P_LOCK; break;
		case 0xf2: in->prefix = (u8)((in->prefix & ~PATCH_P_F3) | PATCH_P_F2); break;
		case 0xf3: in->prefix = (u8)((in->prefix & ~PATCH_P_F2) | PATCH_P_F3); break;
		default: in->prefix |= PATCH_P_SEG; break;
		}
	}
}

/* VEX (c4, c5), EVEX (62) and XOP (8f): opcode map from the payload. */
static int wide_space(struct cursor *c, struct patch_insn *in, u8 escape, char *ret_form)
{
	static const u8 payload[] = { [PATCH_VEX] = 2, [PATCH_EVEX] = 3, [PATCH_XOP] = 2 };
	u32 n = escape == 0xc5 ? 1 : payload[in->space];
	const u8 *p = c->p + c->at;
	u8 map;

	if (in->rex || in->prefix & (PATCH_P_66 | PATCH_P_F2 | PATCH_P_F3 | PATCH_P_LOCK))
		return -EILSEQ;
	if (c->at + n >= c->n)
		return out_of_bytes(c);
	map = escape == 0xc5 ? 1 : p[0] & (in->space == PATCH_EVEX ? 0x0f : 0x1f);
	if (in->space == PATCH_EVEX && !(p[1] & 4))
		return -EILSEQ;
	in->map = map;
	in->opcode = p[n];
	c->at += n + 1;
	if (in->space == PATCH_XOP) {
		*ret_form = map == 8 ? 'M' : map == 9 ? 'm' : map == 10 ? 'Z' : '-';
		return 0;
	}
	switch (map) {
	case 1: *ret_form = form_of[MAP_V0F][in->opcode >> 4][in->opcode & 15]; break;
	case 2: *ret_form = 'm'; break;
	case 3: *ret_form = 'M'; break;
	case 5: case 6: *ret_form = in->space == PATCH_EVEX ? 'm' : '-'; break;
	default: *ret_form = '-'; break;
	}
	return 0;
}

static int take_opcode(struct cursor *c, struct patch_insn *in, u8 map, u8 *ret_map)
{
	if (c->at >= c->n)
		return out_of_bytes(c);
	in->opcode = c->p[c->at++];
	in->map = map;
	*ret_map = map;
	return 0;
}

/* The opcode, through the escapes to its map; what follows it comes out as a letter of opcode.def. */
static int opcode(struct cursor *c, struct patch_insn *in, char *ret_form, u8 *ret_map)
{
	int err = take_opcode(c, in, MAP_ONE, ret_map);
	u8 b = in->opcode;

	if (err)
		return err;
	if (b == 0x8f && c->at < c->n && (c->p[c->at] & 0x1f) >= 8) {
		in->space = PATCH_XOP;
		return wide_space(c, in, b, ret_form);
	}
	if (b == 0x62 || b == 0xc4 || b == 0xc5) {
		in->space = b == 0x62 ? PATCH_EVEX : PATCH_VEX;
		return wide_space(c, in, b, ret_form);
	}
	if (b == 0x0f) {
		err = take_opcode(c, in, MAP_0F, ret_map);
		if (!err && in->opcode == 0x0f) { /* 3DNow: the opcode is behind the operands, like an imm8 */
			in->map = 15;
			*ret_form = 'M';
			return 0;
		}
		if (!err && in->opcode == 0x38)
			err = take_opcode(c, in, MAP_0F38, ret_map);
		else if (!err && in->opcode == 0x3a)
			err = take_opcode(c, in, MAP_0F3A, ret_map);
		if (err)
			return err;
	}
	*ret_form = b == 0x8f ? 'm' : form_of[*ret_map][in->opcode >> 4][in->opcode & 15];
	return 0;
}

/* The modrm byte with what it drags along: SIB and displacement. */
static int operand(struct cursor *c, struct patch_insn *in, bool reg_only)
{
	u32 disp = 0;
	u8 mod, rm;

	if (c->at >= c->n)
		return out_of_bytes(c);
	in->modrm_at = (u8)c->at;
	in->modrm = c->p[c->at++];
	mod = in->modrm >> 6;
	rm = in->modrm & 7;
	if (reg_only || mod == 3)
		return 0;
	if (rm == 4) {
		if (c->at >= c->n)
			return out_of_bytes(c);
		in->sib = c->p[c->at++];
	}
	if (mod == 1)
		disp = 1;
	else if (mod == 2 || (rm == 4 && (in->sib & 7) == 5))
		disp = 4;
	else if (rm == 5) {
		disp = 4;
		in->rip_at = (u8)c->at;
	}
	if (c->at + disp > c->n)
		return out_of_bytes(c);
	if (in->rip_at)
		in->disp = little(c->p + c->at, 4);
	c->at += disp;
	return 0;
}

static u32 immediate_size(const struct patch_insn *in, char form)
{
	bool wide = in->rex & 8;
	u32 z = in->prefix & PATCH_P_66 && !wide && in->space == PATCH_LEGACY ? 2 : 4;
	bool test = !(in->modrm & 0x30); /* reg is 0 or 1 */

	switch (form) {
	case 'b': case 'M': case 'J': return 1;
	case 'w': return 2;
	case 'e': return 3;
	case 'z': case 'Z': case 'X': return z;
	case 'v': return wide ? 8 : z;
	case 'o': return in->prefix & PATCH_P_67 ? 4 : 8;
	case 'L': return 4;
	case 'E': return in->prefix & (PATCH_P_66 | PATCH_P_F2) ? 2 : 0;
	case 'g': return test ? 1 : 0;
	case 'G': return test ? z : 0;
	}
	return 0;
}

static u8 kind_of(const struct patch_insn *in, u8 map)
{
	u8 reg = in->modrm >> 3 & 7;

	if (map == MAP_0F && in->opcode == 0x1e)
		return in->prefix & PATCH_P_F3 && in->modrm == 0xfa ? PATCH_ENDBR : PATCH_OTHER;
	if (map == MAP_ONE && in->opcode == 0xc7 && in->modrm == 0xf8)
		return PATCH_XBEGIN;
	if (map == MAP_ONE && in->opcode == 0x90 && (in->prefix & PATCH_P_F3 || in->rex & 1))
		return PATCH_OTHER; /* pause; xchg with r8 */
	for (u32 i = 0; i < ARRAY_SIZE(kind_by_reg); i++)
		if (kind_by_reg[i].opcode == in->opcode && kind_by_reg[i].map == map && kind_by_reg[i].regs >> reg & 1)
			return kind_by_reg[i].kind;
	return kind_by_opcode[map][in->opcode];
}

/* Operands that only one of memory and register can be. */
static bool bad_operand(const struct patch_insn *in, u8 map)
{
	u8 reg = in->modrm >> 3 & 7;
	bool is_reg = in->modrm >= 0xc0;

	if (map != MAP_ONE)
		return false;
	switch (in->opcode) {
	case 0x8d: return is_reg;
	case 0x8f: return reg != 0;
	case 0xc6: case 0xc7: return reg != 0 && in->modrm != 0xf8;
	case 0xfe: return reg > 1;
	case 0xff: return reg == 7 || (is_reg && (reg == 3 || reg == 5));
	}
	return false;
}

int patch_decode(const u8 *p, u64 n, struct patch_insn *ret)
{
	struct cursor c = { .p = p, .n = MIN(n, 15), .whole = n >= 15 };
	struct patch_insn in = { 0 };
	u8 map = MAPS;
	char form;
	int err;

	err = prefixes(&c, &in);
	if (err)
		return err;
	err = opcode(&c, &in, &form, &map);
	if (err)
		return err;
	switch (form) {
	case '-':
		return -EILSEQ;
	case 'm': case 'M': case 'Z': case 'E': case 'g': case 'G': case 'X': case 'c':
		err = operand(&c, &in, form == 'c');
		if (err)
			return err;
		if (in.space == PATCH_LEGACY && bad_operand(&in, map))
			return -EILSEQ;
	}
	in.imm_size = (u8)immediate_size(&in, form);
	if (c.at + in.imm_size > c.n)
		return out_of_bytes(&c);
	if (in.space == PATCH_LEGACY && in.map != 15)
		in.kind = kind_of(&in, map);
	if (form == 'J' || form == 'L' || in.kind == PATCH_XBEGIN) {
		in.rel_at = (u8)c.at;
		in.disp = little(p + c.at, in.imm_size);
	}
	in.len = (u8)(c.at + in.imm_size);
	*ret = in;
	return 0;
}
