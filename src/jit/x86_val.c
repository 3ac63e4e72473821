/* SPDX-License-Identifier: BSD-2-Clause */
/* Pending values: see x86.h. */
#include "jit/x86.h"

#define E (&x->enc)

static u16 native_bit(u8 n)
{
	return (u16)((1u << n) & 0xffff);
}

u16 val_natives(const struct val *v)
{
	switch ((enum val_kind)v->kind) {
	case V_SELF:
	case V_CONST:
	case V_SLOT:
		return 0;
	case V_LEA:
	case V_LOAD:
		return (u16)(native_bit(v->mem.base) | native_bit(v->mem.index));
	case V_EXT:
	case V_SHL:
	case V_SHR:
	case V_ROL:
	case V_SWAP:
		return native_bit(v->base);
	}
	return 0;
}

/* ---- emission of one value into a register ---- */
static void put_sum(struct x86 *x, u8 n, const struct val *v)
{
	struct x86_mem m = v->mem;
	bool plain = m.index == X_NONE, add = !m.scale && !m.disp;

	if (plain && !m.disp) {
		if (m.base != n || v->w == 32)
			x_mov(E, v->w, n, m.base);
		if (x->flag_reg == n)
			flags_unknown(x);
	} else if (plain && m.base != X_NONE && (m.base == n || x_fits8(m.disp))) {
		/* the move is free where registers are renamed, and an addition goes to more units than lea */
		if (m.base != n)
			x_mov(E, v->w, n, m.base);
		x_ri(E, X_ADD, v->w, n, m.disp);
		flags_of(x, n, v->w);
	} else if (!plain && add && (m.base == n || m.index == n)) {
		x_alu(E, X_ADD, v->w, n, m.base == n ? m.index : m.base);
		flags_of(x, n, v->w);
	} else {
		x_rm(E, X_LEA, v->w, n, m);
		if (x->flag_reg == n)
			flags_unknown(x);
	}
}

static void put_ext(struct x86 *x, u8 n, const struct val *v)
{
	if (v->sx)
		x_rr(E, v->k == 8 ? X_MOVSX8 : v->k == 16 ? X_MOVSX16 : X_MOVSXD, v->w, n, v->base);
	else if (v->k == 32)
		x_mov(E, 32, n, v->base);
	else
		x_rr(E, v->k == 8 ? X_MOVZX8 : X_MOVZX16, 32, n, v->base);
	if (x->flag_reg == n)
		flags_unknown(x);
}

static void put_shift(struct x86 *x, u8 n, const struct val *v)
{
	if (v->kind == V_ROL && x->bmi2 && n != v->base) {
		x_rorx(E, v->w, n, v->base, (u8)(v->w - v->k));
		return;
	}
	if (n != v->base)
		x_mov(E, v->w, n, v->base);
	x_shift(E, v->kind == V_ROL ? X_ROL : v->kind == V_SHL ? X_SHL : X_SHR, v->w, n, v->k);
	flags_unknown(x);
}

/* The two low bytes change places; the others are zero and stay. */
static void swap_16(struct x86 *x, u8 n)
{
	x_rr(E, 0xc1u | X_P66, 32, X_ROL, n);
	x_byte(E, 8);
}

static void put_swap(struct x86 *x, u8 n, u8 base, u8 w)
{
	if (w == 16) {
		x_rr(E, X_MOVZX16, 32, n, base);
		swap_16(x, n);
	} else {
		if (n != base)
			x_mov(E, w, n, base);
		x_bswap(E, w, n);
	}
	flags_unknown(x);
}

static void load_part(struct x86 *x, u8 n, struct x86_mem m, u8 size, bool swap)
{
	u8 w = size == 8 ? 64 : 32;

	if (swap && size > 2 && x->movbe) {
		x_rm(E, X_MOVBE_LOAD, w, n, m);
		return;
	}
	x_rm(E, size == 1 ? X_MOVZX8 : size == 2 ? X_MOVZX16 : X_MOV_LOAD, w, n, m);
	if (swap && size == 2) {
		swap_16(x, n);
	} else if (swap && size > 2) {
		x_bswap(E, w, n);
	}
}

/* Sizes that no load has are loaded in two or three parts, the later ones in X_TMP. */
static void put_load(struct x86 *x, u8 n, const struct val *v)
{
	static const u8 largest[9] = { 0, 1, 2, 2, 4, 4, 4, 4, 8 };
	struct x86_mem m = v->mem;
	u8 left = v->size, done = 0;

	if (v->sx) {
		x_rm(E, v->size == 1 ? X_MOVSX8 : v->size == 2 ? X_MOVSX16 : X_MOVSXD, v->w, n, m);
		flags_unknown(x);
		return;
	}
	if (largest[left] != left && (m.base == n || m.index == n)) { /* the first part must not destroy the address */
		x_mov(E, 64, X_TMP2, n);
		m.base = m.base == n ? X_TMP2 : m.base;
		m.index = m.index == n ? X_TMP2 : m.index;
	}
	while (left) {
		u8 part = largest[left];
		u8 reg = done ? X_TMP : n;
		struct x86_mem p = m;
		u8 up = v->swap ? (u8)(v->size - done - part) : done;

		p.disp += done;
		load_part(x, reg, p, part, v->swap);
		if (up)
			x_shift(E, X_SHL, 64, reg, (u8)(up * 8));
		if (done)
			x_alu(E, X_OR, 64, n, X_TMP);
		done = (u8)(done + part);
		left = (u8)(left - part);
	}
	if (v->k)
		x_shift(E, X_SHL, 64, n, v->k);
	flags_unknown(x);
}

static void put(struct x86 *x, u8 n, const struct val *v)
{
	switch ((enum val_kind)v->kind) {
	case V_SELF:
		break;
	case V_CONST:
		x_mov_ri(E, n, v->imm);
		flags_unknown(x);
		break;
	case V_SLOT:
		x_rslot(E, X_MOV_LOAD, 64, n, (u32)v->imm);
		if (x->flag_reg == n)
			flags_unknown(x);
		break;
	case V_LEA:
		put_sum(x, n, v);
		break;
	case V_EXT:
		put_ext(x, n, v);
		break;
	case V_SHL:
	case V_SHR:
	case V_ROL:
		put_shift(x, n, v);
		break;
	case V_SWAP:
		put_swap(x, n, v->base, v->w);
		break;
	case V_LOAD:
		put_load(x, n, v);
		break;
	}
}

/* ---- order ---- */
static void clear_readers(struct x86 *x, u8 native, u8 except, u16 todo)
{
	for (u8 r = 0; todo >> r; r++)
		if ((todo >> r & 1) && r != except && val_is_pending(x, r) && (val_natives(&x->v[r]) >> native & 1))
			val_settle(x, r);
}

void val_clear(struct x86 *x, u8 native, u8 except)
{
	if (x->stored.reg == native)
		stored_unknown(x);
	clear_readers(x, native, except, x->pend & x->need);
}

void val_settle(struct x86 *x, u8 r)
{
	struct val v;

	if (!val_is_pending(x, r))
		return;
	val_clear(x, x86_of[r], r);
	v = x->v[r];
	val_in_reg(x, r);
	put(x, x86_of[r], &v);
}

void val_settle_all(struct x86 *x, u16 regs)
{
	/* in the order in which the program has them */
	regs &= x->pend;
	while (regs) {
		u8 first = (u8)__builtin_ctz(regs);

		for (u8 r = first; regs >> r; r++)
			if (regs >> r & 1 && x->v[r].since < x->v[first].since)
				first = r;
		val_settle(x, first);
		regs &= x->pend;
	}
}

void val_settle_loads(struct x86 *x)
{
	for (u8 r = 0; x->pend >> r; r++)
		if ((x->pend & x->need) >> r & 1 && x->v[r].kind == V_LOAD)
			val_settle(x, r);
}

void val_in_reg(struct x86 *x, u8 r)
{
	x->v[r].kind = V_SELF;
	x->pend &= (u16)~BIT(r);
}

void val_set(struct x86 *x, u8 r, struct val v)
{
	x->v[r] = v;
	x->v[r].since = x->at;
	x->pend |= BIT(r);
}

bool val_native_used(const struct x86 *x, u8 native)
{
	for (u8 r = 0; r < FLOW_REGS; r++) {
		if (!(x->live >> r & 1))
			continue;
		if (val_is_pending(x, r) ? val_natives(&x->v[r]) >> native & 1 : x86_of[r] == native)
			return true;
	}
	return false;
}

static u16 operand_natives(const struct x86 *x, u8 r)
{
	if (val_is_pending(x, r))
		return val_natives(&x->v[r]);
	return native_bit(x86_of[r]);
}

void val_prepare(struct x86 *x, u8 d, u8 s)
{
	u16 read = (u16)(operand_natives(x, d) | operand_natives(x, s));

	/*
	 * Someone's register, waiting for its value, is read by the new value: then nobody may wait for ours. Values that end
	 * with this operation wait for nothing.
	 */
	for (u8 r = 0; r < FLOW_REGS; r++)
		if (r != d && (x->pend & x->live) >> r & 1 && (read >> x86_of[r] & 1)) {
			clear_readers(x, x86_of[d], d, x->pend & x->live);
			return;
		}
}

/* ---- operands ---- */
static bool is_copy(const struct val *v, u8 w)
{
	return v->kind == V_LEA && v->mem.index == X_NONE && v->mem.base != X_NONE && !v->mem.disp && (v->w == 64 || w == 32);
}

u8 val_reg(struct x86 *x, u8 r, u8 w)
{
	if (val_is_pending(x, r)) {
		if (is_copy(&x->v[r], w))
			return x->v[r].mem.base;
		val_settle(x, r);
	}
	return x86_of[r];
}

bool val_load_aside(struct x86 *x, u8 r)
{
	const struct val *v = &x->v[r];
	bool whole = v->size == 1 || v->size == 2 || v->size == 4 || v->size == 8, read = false;

	if (!val_is_pending(x, r) || v->kind != V_LOAD || !whole || x->live & BIT(r))
		return false;
	for (u8 o = 0; o < FLOW_REGS; o++)
		read |= o != r && (x->pend & x->live) >> o & 1 && val_natives(&x->v[o]) >> x86_of[r] & 1;
	if (read) {
		put_load(x, X_TMP, v);
		x->pend &= (u16)~BIT(r);
	}
	return read;
}

u8 val_own(struct x86 *x, u8 r)
{
	val_settle(x, r);
	return x86_of[r];
}

bool val_imm(const struct x86 *x, u8 r, u8 w, s32 *ret)
{
	u64 k = x->v[r].imm;

	if (!val_is_pending(x, r) || x->v[r].kind != V_CONST)
		return false;
	if (w == 32)
		k = (u64)(s64)(s32)(u32)k;
	if (!x_fits32((s64)k))
		return false;
	*ret = (s32)(s64)k;
	return true;
}

struct x86_mem val_mem(struct x86 *x, u8 r, s32 off)
{
	if (val_is_pending(x, r)) {
		const struct val *v = &x->v[r];

		if (v->kind == V_LEA && v->w == 64 && x_fits32((s64)v->mem.disp + off)) {
			struct x86_mem m = v->mem;

			m.disp += off;
			return m;
		}
		val_settle(x, r);
	}
	return x_at(x86_of[r], off);
}

bool val_sum(const struct x86 *x, u8 r, u8 w, struct x86_mem *ret)
{
	const struct val *v = &x->v[r];

	if (!val_is_pending(x, r)) {
		*ret = x_at(x86_of[r], 0);
		return true;
	}
	if (v->kind == V_LEA && (v->w == 64 || w == 32)) {
		*ret = v->mem;
		return true;
	}
	if (v->kind == V_SHL && v->k <= 3 && (v->w == 64 || w == 32)) {
		*ret = (struct x86_mem){ .base = X_NONE, .index = v->base, .scale = v->k };
		return true;
	}
	return false;
}
