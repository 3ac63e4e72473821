/* SPDX-License-Identifier: BSD-2-Clause */
/* Arithmetic: sums become addresses, shifts become rotations and extensions, the rest is two-operand code. See x86.h. */
#include "jit/x86.h"

#define E (&x->enc)

static void set_sum(struct x86 *x, u8 d, u8 w, struct x86_mem m)
{
	val_set(x, d, (struct val){ .kind = V_LEA, .w = w, .mem = m });
}

void x86_set_const(struct x86 *x, u8 d, u64 imm)
{
	val_prepare(x, d, d);
	val_set(x, d, (struct val){ .kind = V_CONST, .w = 64, .imm = imm });
}

void x86_set_slot(struct x86 *x, u8 d, u32 slot)
{
	val_prepare(x, d, d);
	val_set(x, d, (struct val){ .kind = V_SLOT, .w = 64, .imm = slot });
}

static void set_ext(struct x86 *x, u8 d, u8 base, u8 k, u8 w, bool sx)
{
	val_set(x, d, (struct val){ .kind = V_EXT, .base = base, .k = k, .w = w, .sx = sx });
}

/* A displacement is an immediate that is not hidden. */
static bool disp_ok(const struct x86 *x, s64 disp)
{
	return x->enc.blind ? x_fits8(disp) : x_fits32(disp);
}

/* A sum that is no work in an address: of two registers, or what adds to its own register, is better computed once. */
static bool is_cheap(const struct val *v, u8 own)
{
	return v->mem.index == X_NONE && v->mem.base != own;
}

/* dst = the low half of src; nothing to do when it is all there is. */
void x86_move(struct x86 *x, u8 d, u8 s, u8 w)
{
	const struct val *v = &x->v[s];
	bool cut = w == 32 && x->bits[s] > 32;

	if (d == s && !cut)
		return;
	val_prepare(x, d, s);
	if (val_is_pending(x, s)) {
		bool last = !(x->live & BIT(s));

		if (v->kind == V_CONST) {
			x86_set_const(x, d, cut ? (u32)v->imm : v->imm);
			return;
		}
		if (v->kind == V_LEA && (last || d == s || is_cheap(v, x86_of[s]))) {
			set_sum(x, d, cut ? 32 : v->w, v->mem);
			return;
		}
		if (!cut && (v->kind == V_EXT || last)) {
			val_set(x, d, *v);
			return;
		}
		val_settle(x, s);
	}
	set_sum(x, d, cut ? 32 : 64, x_at(x86_of[s], 0));
}

void x86_mov_op(struct x86 *x, const struct ins *i)
{
	const struct op_info *o = ins_info(i);
	u8 base;

	if (o->has_imm) {
		x86_set_const(x, i->dst, o->width == 32 ? (u32)i->imm : imm_u64(i->imm));
	} else if (o->sx) {
		val_prepare(x, i->dst, i->src);
		base = val_reg(x, i->src, 32);
		set_ext(x, i->dst, base, o->sx, o->width, true);
	} else {
		x86_move(x, i->dst, i->src, o->cls == IC_CAST ? 32 : o->width);
	}
}

void x86_end_op(struct x86 *x, const struct ins *i)
{
	struct val *v = &x->v[i->dst];
	u8 d = i->dst, w = (u8)i->imm;

	if (ins_info(i)->sub == SWAP_TO_LE) {
		if (w == 16) {
			val_prepare(x, d, d);
			set_ext(x, d, val_reg(x, d, 32), 16, 64, false);
		} else {
			x86_move(x, d, d, w);
		}
		return;
	}
	val_prepare(x, d, d);
	if (val_is_pending(x, d) && v->kind == V_LOAD && !v->k && !v->sx && v->size * 8 == w) {
		v->swap = !v->swap && v->size > 1;
		return;
	}
	val_set(x, d, (struct val){ .kind = V_SWAP, .base = val_reg(x, d, w == 64 ? 64 : 32), .w = w });
}

/* ---- sums ---- */
static bool add_const(struct x86 *x, u8 d, u8 w, s64 k)
{
	struct x86_mem m;

	if (!k && (w == 64 || x->bits[d] <= 32))
		return true;
	val_prepare(x, d, d);
	if (!val_sum(x, d, w, &m)) {
		val_settle(x, d);
		m = x_at(x86_of[d], 0);
	}
	if (!disp_ok(x, m.disp + k))
		return false;
	m.disp += (s32)k;
	set_sum(x, d, w, m);
	return true;
}

/* base + index << scale holds two registers, one of which may be scaled. */
static bool join_sums(struct x86_mem a, struct x86_mem b, struct x86_mem *ret)
{
	u8 reg[4], scale[4], n = 0, first;

	for (u32 k = 0; k < 2; k++) {
		const struct x86_mem *m = k ? &b : &a;

		if (m->base != X_NONE) {
			reg[n] = m->base;
			scale[n++] = 0;
		}
		if (m->index != X_NONE) {
			reg[n] = m->index;
			scale[n++] = m->scale;
		}
	}
	if (n > 2 || !x_fits32((s64)a.disp + b.disp) || (n == 2 && scale[0] && scale[1]))
		return false;
	if (n == 1) {
		*ret = scale[0] ? (struct x86_mem){ X_NONE, reg[0], scale[0], 0 } : x_at(reg[0], 0);
	} else {
		first = scale[0] ? 1 : 0;
		*ret = (struct x86_mem){ reg[first], reg[1 - first], scale[1 - first], 0 };
	}
	ret->disp = a.disp + b.disp;
	return true;
}

static bool add_values(struct x86 *x, u8 d, u8 s, u8 w)
{
	struct x86_mem a, b, m;

	val_prepare(x, d, s);
	if (!val_sum(x, s, w, &b)) {
		if (x->v[s].kind == V_LOAD)
			return false; /* may be the operand itself */
		val_settle(x, s);
		b = x_at(x86_of[s], 0);
	}
	if (!val_sum(x, d, w, &a)) {
		if (d == s)
			return false;
		val_clear(x, x86_of[d], d);
		val_settle(x, d);
		a = x_at(x86_of[d], 0);
		if (!val_sum(x, s, w, &b))
			return false;
	}
	if (!join_sums(a, b, &m) || !disp_ok(x, m.disp))
		return false;
	set_sum(x, d, w, m);
	return true;
}

/* ---- bits from two values ---- */
static bool same_place(const struct x86_mem *a, const struct x86_mem *b)
{
	return a->base == b->base && a->index == b->index && a->scale == b->scale;
}

/* Two loads of neighbours, one shifted by the other's size, are one load. */
static bool join_loads(const struct val *a, const struct val *b, struct val *ret)
{
	const struct val *lo = a->mem.disp < b->mem.disp ? a : b, *hi = lo == a ? b : a;
	u8 size = (u8)(a->size + b->size);

	if (a->sx || b->sx || size > 8 || !same_place(&a->mem, &b->mem) || lo->mem.disp + lo->size != hi->mem.disp)
		return false;
	*ret = *lo;
	ret->size = size;
	ret->w = 64;
	if (hi->k == lo->k + lo->size * 8 && !(lo->swap && lo->size > 1) && !(hi->swap && hi->size > 1)) {
		ret->swap = false;
		return true;
	}
	if (lo->k == hi->k + hi->size * 8 && (lo->swap || lo->size == 1) && (hi->swap || hi->size == 1)) {
		ret->swap = true;
		ret->k = hi->k;
		return true;
	}
	return false;
}

/* or, xor and add of bits that do not meet: rotations and wider loads. */
static bool join_bits(struct x86 *x, u8 d, u8 s, u8 w)
{
	const struct val *a = &x->v[d], *b = &x->v[s];
	struct val v;

	if (d == s || !val_is_pending(x, d) || !val_is_pending(x, s))
		return false;
	if (a->kind == V_LOAD && b->kind == V_LOAD) {
		if (x->live & BIT(s) || !join_loads(a, b, &v) || v.size * 8 + v.k > w)
			return false;
	} else if (((a->kind == V_SHL && b->kind == V_SHR) || (a->kind == V_SHR && b->kind == V_SHL)) && a->base == b->base &&
		   a->w == w && b->w == w && a->k + b->k == w) {
		v = (struct val){ .kind = V_ROL, .w = w, .base = a->base, .k = a->kind == V_SHL ? a->k : b->k };
	} else {
		return false;
	}
	val_prepare(x, d, s);
	/* preparing may have settled the other; then its bits are in its register */
	if (!val_is_pending(x, s))
		return false;
	val_set(x, d, v);
	return true;
}

/* ---- two operands ---- */
static void two_operands(struct x86 *x, enum x86_alu op, u8 d, u8 s, u8 w)
{
	u8 nd = x86_of[d], ns;
	s32 k;

	val_clear(x, nd, d);
	if (d == s) {
		x_alu(E, op, w, val_own(x, d), nd);
	} else if (val_imm(x, s, w, &k)) {
		x_ri(E, op, w, val_own(x, d), k);
	} else {
		const struct val *v = &x->v[s];

		if (val_is_pending(x, s) && v->kind == V_LOAD && !v->k && !v->swap && !v->sx && v->size * 8 == w &&
		    !(x->live & BIT(s))) {
			struct x86_mem m = v->mem;

			x_rm(E, X_ALU_RM(op), w, val_own(x, d), m);
		} else if (val_own(x, d) == nd && val_load_aside(x, s)) {
			x_alu(E, op, w, nd, X_TMP);
		} else {
			ns = val_reg(x, s, w);
			x_alu(E, op, w, val_own(x, d), ns);
		}
	}
	val_in_reg(x, d);
	flags_of(x, nd, w);
}

static void one_constant(struct x86 *x, enum x86_alu op, u8 d, u8 w, s32 k)
{
	val_clear(x, x86_of[d], d);
	x_ri(E, op, w, val_own(x, d), k);
	val_in_reg(x, d);
	flags_of(x, x86_of[d], w);
}

void x86_and_const(struct x86 *x, u8 d, u8 w, s32 k)
{
	u64 mask = w == 32 ? (u32)k : imm_u64(k);
	u64 has = x->bits[d] >= 64 ? U64_MAX : ((u64)1 << x->bits[d]) - 1;

	if (!(has & ~mask))
		return;
	if (!mask) {
		x86_set_const(x, d, 0);
	} else if (mask == 0xff || mask == 0xffff) {
		val_prepare(x, d, d);
		set_ext(x, d, val_reg(x, d, 32), mask == 0xff ? 8 : 16, 64, false);
	} else if (mask == U32_MAX) {
		x86_move(x, d, d, 32);
	} else {
		one_constant(x, X_AND, d, k >= 0 ? 32 : w, k);
	}
}

/* ---- shifts ---- */
static void shift_left(struct x86 *x, u8 d, u8 w, u8 n)
{
	struct val *v = &x->v[d];

	if (!n) {
		x86_move(x, d, d, w);
		return;
	}
	val_prepare(x, d, d);
	if (val_is_pending(x, d) && v->kind == V_LOAD && !v->sx && v->size * 8 + v->k + n <= w) {
		v->k = (u8)(v->k + n);
		return;
	}
	if (val_is_pending(x, d) && v->kind == V_SHL && v->w == w && v->k + n < w) {
		v->k = (u8)(v->k + n);
		return;
	}
	val_set(x, d, (struct val){ .kind = V_SHL, .w = w, .base = val_reg(x, d, w), .k = n });
}

/* Left, then right by as much, keeps low bits; true when that is what this is. */
static bool extend(struct x86 *x, u8 d, u8 w, u8 n, bool sx)
{
	const struct val *v = &x->v[d];
	u8 k = (u8)(w - n), base = v->base;

	if (!val_is_pending(x, d) || v->kind != V_SHL || v->w != w || v->k != n || (k != 8 && k != 16 && k != 32))
		return false;
	if (k == 32 && !sx)
		set_sum(x, d, 32, x_at(base, 0));
	else
		set_ext(x, d, base, k, sx ? w : 64, sx);
	return true;
}

void x86_shift_right(struct x86 *x, u8 d, u8 w, u8 n)
{
	if (!n) {
		x86_move(x, d, d, w);
		return;
	}
	val_prepare(x, d, d);
	if (extend(x, d, w, n, false))
		return;
	val_set(x, d, (struct val){ .kind = V_SHR, .w = w, .base = val_reg(x, d, w), .k = n });
}

static void shift_arith(struct x86 *x, u8 d, u8 w, u8 n)
{
	if (!n) {
		x86_move(x, d, d, w);
		return;
	}
	val_prepare(x, d, d);
	if (extend(x, d, w, n, true))
		return;
	val_clear(x, x86_of[d], d);
	x_shift(E, X_SAR, w, val_own(x, d), n);
	val_in_reg(x, d);
	flags_unknown(x);
}

/* With the count in a register; x86 masks it as BPF does. */
static void shift_by(struct x86 *x, enum x86_shift op, u8 d, u8 s, u8 w)
{
	u8 nd = x86_of[d], ns, from;

	val_clear(x, nd, d);
	if (x->bmi2) {
		u8 pp = op == X_SHL ? 1 : op == X_SHR ? 3 : 2;

		ns = val_reg(x, s, 32);
		from = val_reg(x, d, w);
		x_vex_rr(E, 2, pp, w, 0xf7, nd, ns, from);
		val_in_reg(x, d);
		if (x->flag_reg == nd)
			flags_unknown(x);
		return;
	}
	ns = val_reg(x, s, 32);
	val_own(x, d);
	if (d == s)
		ns = nd;
	if (ns == X_RCX && nd != X_RCX) {
		x_shift_cl(E, op, w, nd);
	} else {
		u8 reg = nd == X_RCX ? X_TMP2 : nd;

		x_mov(E, 64, nd == X_RCX ? X_TMP2 : X_TMP, X_RCX);
		if (ns != X_RCX)
			x_mov(E, 32, X_RCX, ns);
		x_shift_cl(E, op, w, reg);
		x_mov(E, 64, X_RCX, nd == X_RCX ? X_TMP2 : X_TMP);
	}
	val_in_reg(x, d);
	flags_unknown(x);
}

/* ---- products ---- */
static void mul_const(struct x86 *x, u8 d, u8 w, s32 k)
{
	u64 c = w == 32 ? (u32)k : imm_u64(k);
	u8 nd = x86_of[d], base;

	if (!c) {
		x86_set_const(x, d, 0);
	} else if (!(c & (c - 1))) {
		shift_left(x, d, w, (u8)__builtin_ctzll(c));
	} else if (c == 3 || c == 5 || c == 9) {
		val_prepare(x, d, d);
		base = val_reg(x, d, w);
		set_sum(x, d, w, (struct x86_mem){ .base = base, .index = base, .scale = c == 3 ? 1 : c == 5 ? 2 : 3 });
	} else {
		val_clear(x, nd, d);
		base = val_reg(x, d, w);
		x_imul(E, w, nd, base, k);
		val_in_reg(x, d);
		flags_unknown(x);
	}
}

static void mul(struct x86 *x, u8 d, u8 s, u8 w)
{
	u8 nd = x86_of[d], ns;
	s32 k;

	if (d != s && val_imm(x, s, w, &k)) {
		mul_const(x, d, w, k);
		return;
	}
	val_clear(x, nd, d);
	ns = d == s ? nd : val_reg(x, s, w);
	x_rr(E, X_IMUL, w, val_own(x, d), ns);
	val_in_reg(x, d);
	flags_unknown(x);
}

static void negate(struct x86 *x, u8 d, u8 w)
{
	val_clear(x, x86_of[d], d);
	x_unary(E, X_NEG, w, val_own(x, d));
	val_in_reg(x, d);
	flags_unknown(x);
}

/* ---- by operation ---- */
static void alu_const(struct x86 *x, enum alu_op op, u8 d, u8 w, s32 k)
{
	u8 n = (u8)((u32)k & (w - 1u));

	switch (op) {
	case ALU_ADD:
		if (!add_const(x, d, w, k))
			one_constant(x, X_ADD, d, w, k);
		break;
	case ALU_SUB:
		if (!add_const(x, d, w, -(s64)k))
			one_constant(x, X_SUB, d, w, k);
		break;
	case ALU_MUL:
		mul_const(x, d, w, k);
		break;
	case ALU_OR:
		one_constant(x, X_OR, d, w, k);
		break;
	case ALU_XOR:
		one_constant(x, X_XOR, d, w, k);
		break;
	case ALU_AND:
		x86_and_const(x, d, w, k);
		break;
	case ALU_LSH:
		shift_left(x, d, w, n);
		break;
	case ALU_RSH:
		x86_shift_right(x, d, w, n);
		break;
	case ALU_ARSH:
		shift_arith(x, d, w, n);
		break;
	case ALU_NEG:
		negate(x, d, w);
		break;
	case ALU_DIV: case ALU_SDIV: case ALU_MOD: case ALU_SMOD:
		break; /* x86_div.c */
	}
}

static void alu_regs(struct x86 *x, enum alu_op op, u8 d, u8 s, u8 w)
{
	switch (op) {
	case ALU_ADD:
		if (!join_bits(x, d, s, w) && !add_values(x, d, s, w))
			two_operands(x, X_ADD, d, s, w);
		break;
	case ALU_SUB:
		if (d == s)
			x86_set_const(x, d, 0);
		else
			two_operands(x, X_SUB, d, s, w);
		break;
	case ALU_OR:
		if (!join_bits(x, d, s, w))
			two_operands(x, X_OR, d, s, w);
		break;
	case ALU_XOR:
		if (d == s)
			x86_set_const(x, d, 0);
		else if (!join_bits(x, d, s, w))
			two_operands(x, X_XOR, d, s, w);
		break;
	case ALU_AND:
		two_operands(x, X_AND, d, s, w);
		break;
	case ALU_MUL:
		mul(x, d, s, w);
		break;
	case ALU_LSH:
		shift_by(x, X_SHL, d, s, w);
		break;
	case ALU_RSH:
		shift_by(x, X_SHR, d, s, w);
		break;
	case ALU_ARSH:
		shift_by(x, X_SAR, d, s, w);
		break;
	case ALU_NEG:
		negate(x, d, w);
		break;
	case ALU_DIV: case ALU_SDIV: case ALU_MOD: case ALU_SMOD:
		break;
	}
}

void x86_alu_op(struct x86 *x, const struct ins *i)
{
	const struct op_info *o = ins_info(i);

	if (o->sub == ALU_DIV || o->sub == ALU_SDIV || o->sub == ALU_MOD || o->sub == ALU_SMOD)
		x86_div_op(x, i);
	else if (o->has_imm || o->sub == ALU_NEG)
		alu_const(x, (enum alu_op)o->sub, i->dst, o->width, i->imm);
	else
		alu_regs(x, (enum alu_op)o->sub, i->dst, i->src, o->width);
}
