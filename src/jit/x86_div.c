/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Division: by constants with multiplications and shifts, else with the processor's own, whose registers are r0's and r3's.
 * See x86.h.
 */
#include "jit/x86.h"

#define E (&x->enc)

typedef unsigned __int128 u128;

struct division {
	u8 d, w;
	bool is_signed, mod;
};

/* ---- by a constant ---- */
/*
 * x / c for x below 2^bits is x * m >> p, when m = ceil(2^p / c) is not too far off. 0 < m; `wide`: m has one bit more than
 * a register of w bits, and that bit is left out.
 */
struct magic {
	u64 m;
	u8 p;
	bool wide;
};

static struct magic find_magic(u64 c, u8 bits, u8 w)
{
	for (u8 p = w; p < 2 * w; p++) {
		u128 two = (u128)1 << p, m = (two + c - 1) / c;

		if (m * c - two > (u128)1 << (p - bits))
			continue;
		if (m >> w > 1)
			break;
		return (struct magic){ .m = (u64)m & (w == 64 ? U64_MAX : U32_MAX), .p = p, .wide = m >> w };
	}
	return (struct magic){ 0 };
}

/* n (64 bits holding 32) -> its quotient in X_TMP */
static void quotient_32(struct x86 *x, u8 n, struct magic g)
{
	if (g.m <= S32_MAX) {
		x_imul(E, 64, X_TMP, n, (s32)g.m);
	} else {
		x_mov_ri(E, X_TMP, g.m);
		x_rr(E, X_IMUL, 64, X_TMP, n);
	}
	if (!g.wide) {
		x_shift(E, X_SHR, 64, X_TMP, g.p);
		return;
	}
	x_shift(E, X_SHR, 64, X_TMP, 32);
	x_mov(E, 32, X_TMP2, n);
	x_alu(E, X_SUB, 32, X_TMP2, X_TMP);
	x_shift(E, X_SHR, 32, X_TMP2, 1);
	x_alu(E, X_ADD, 32, X_TMP, X_TMP2);
	if (g.p > 33)
		x_shift(E, X_SHR, 32, X_TMP, (u8)(g.p - 33));
}

static void quotient_64(struct x86 *x, u8 n, struct magic g)
{
	if (n == X_RDX) {
		x_mov_ri(E, X_TMP, g.m);
		x_vex_rr(E, 2, 3, 64, 0xf6, X_TMP, X_TMP2, X_TMP); /* mulx tmp, tmp2, tmp */
	} else {
		bool save = val_native_used(x, X_RDX);

		stored_unknown(x);
		if (save)
			x_mov(E, 64, X_TMP2, X_RDX);
		x_mov_ri(E, X_RDX, g.m);
		x_vex_rr(E, 2, 3, 64, 0xf6, X_TMP, X_RDX, n);
		if (save)
			x_mov(E, 64, X_RDX, X_TMP2);
	}
	if (g.wide) {
		x_mov(E, 64, X_TMP2, n);
		x_alu(E, X_SUB, 64, X_TMP2, X_TMP);
		x_shift(E, X_SHR, 64, X_TMP2, 1);
		x_alu(E, X_ADD, 64, X_TMP, X_TMP2);
		if (g.p > 65)
			x_shift(E, X_SHR, 64, X_TMP, (u8)(g.p - 65));
	} else if (g.p > 64) {
		x_shift(E, X_SHR, 64, X_TMP, (u8)(g.p - 64));
	}
}

/* Not 0, 1 or a power of two. */
static bool by_magic(struct x86 *x, const struct division *v, u64 c)
{
	u8 bits = MIN(x->bits[v->d], v->w), n = x86_of[v->d];
	struct magic g;

	if ((v->w == 64 && !x->bmi2) || c >> (v->w - 1) || (v->w == 64 && c > S32_MAX))
		return false;
	g = find_magic(c, bits, v->w);
	if (!g.m && !g.wide)
		return false;
	val_clear(x, n, v->d);
	val_own(x, v->d);
	if (v->w == 32 && x->bits[v->d] > 32)
		x_mov(E, 32, n, n);
	if (v->w == 32 && !v->mod && !g.wide) {
		if (g.m <= S32_MAX) {
			x_imul(E, 64, n, n, (s32)g.m);
		} else {
			x_mov_ri(E, X_TMP, g.m);
			x_rr(E, X_IMUL, 64, n, X_TMP);
		}
		x_shift(E, X_SHR, 64, n, g.p);
	} else {
		if (v->w == 32)
			quotient_32(x, n, g);
		else
			quotient_64(x, n, g);
		if (v->mod) {
			x_imul(E, v->w, X_TMP, X_TMP, (s32)c);
			x_alu(E, X_SUB, v->w, n, X_TMP);
		} else {
			x_mov(E, v->w, n, X_TMP);
		}
	}
	val_in_reg(x, v->d);
	flags_unknown(x);
	return true;
}

/* ---- by a register ---- */
static void fix_jump(struct x86 *x, u8 cc, u32 label)
{
	emit_fix(x->enc.e, FIX_JCC, cc, label, 0);
}

/* What BPF defines and x86 does not: divisors 0 and -1. */
static void odd_results(struct x86 *x, const struct division *v, u32 zero, u32 minus, u32 done)
{
	u8 n = x86_of[v->d];

	emit_fix(x->enc.e, FIX_JMP, 0, done, 0);
	emit_bind(x->enc.e, zero);
	if (!v->mod)
		x_alu(E, X_XOR, 32, n, n);
	else if (v->w == 32)
		x_mov(E, 32, n, n);
	if (!v->is_signed)
		return;
	emit_fix(x->enc.e, FIX_JMP, 0, done, 0);
	emit_bind(x->enc.e, minus);
	if (v->mod)
		x_alu(E, X_XOR, 32, n, n);
	else
		x_unary(E, X_NEG, v->w, n);
}

/* n /= the register, which is neither rax nor rdx; `checked`: it is known to be neither 0 nor -1. */
static void divide(struct x86 *x, const struct division *v, u8 by, bool checked)
{
	struct jit_emit *e = x->enc.e;
	u8 n = x86_of[v->d];
	bool save_a = n != X_RAX && val_native_used(x, X_RAX), save_d = n != X_RDX && val_native_used(x, X_RDX);
	u32 zero = 0, minus = 0, done = 0;

	stored_unknown(x); /* what is not used later is not kept */
	if (!checked) {
		zero = emit_new_label(e);
		minus = emit_new_label(e);
		done = emit_new_label(e);
	}
	if (save_d)
		x_push(E, X_RDX);
	if (save_a)
		x_mov(E, 64, X_TMP2, X_RAX);
	if (!checked) {
		x_rr(E, X_TEST, v->w, by, by);
		fix_jump(x, X_E, zero);
		if (v->is_signed) {
			x_fixed(E, X_CMP, v->w, by, -1);
			fix_jump(x, X_E, minus);
		}
	}
	if (n != X_RAX)
		x_mov(E, v->w, X_RAX, n);
	if (v->is_signed) {
		if (v->w == 64)
			x_byte(E, 0x48);
		x_byte(E, 0x99); /* cdq, cqo */
	} else {
		x_alu(E, X_XOR, 32, X_RDX, X_RDX);
	}
	x_unary(E, v->is_signed ? X_IDIV : X_DIV, v->w, by);
	if (n != (v->mod ? X_RDX : X_RAX))
		x_mov(E, v->w, n, v->mod ? X_RDX : X_RAX);
	if (!checked) {
		odd_results(x, v, zero, minus, done);
		emit_bind(e, done);
	}
	if (save_a)
		x_mov(E, 64, X_RAX, X_TMP2);
	if (save_d)
		x_pop(E, X_RDX);
}

static void by_const(struct x86 *x, struct division *v, s32 k)
{
	u64 c = v->w == 32 ? (u32)k : imm_u64(k);
	u8 n = x86_of[v->d];

	if (!c && v->mod) {
		x86_move(x, v->d, v->d, v->w);
		return;
	}
	if (!c || (v->mod && (c == 1 || (v->is_signed && k == -1)))) {
		x86_set_const(x, v->d, 0);
		return;
	}
	if (c == 1) {
		x86_move(x, v->d, v->d, v->w);
		return;
	}
	if (v->is_signed && x->bits[v->d] < v->w && k > 0)
		v->is_signed = false;
	if (!v->is_signed && !(c & (c - 1)) && c - 1 <= S32_MAX) {
		if (v->mod)
			x86_and_const(x, v->d, v->w, (s32)(c - 1));
		else
			x86_shift_right(x, v->d, v->w, (u8)__builtin_ctzll(c));
		return;
	}
	if (!v->is_signed && by_magic(x, v, c))
		return;
	val_clear(x, n, v->d);
	val_own(x, v->d);
	if (v->is_signed && k == -1) {
		x_unary(E, X_NEG, v->w, n);
	} else {
		x_mov_ri(E, X_TMP, v->w == 32 ? (u32)k : imm_u64(k));
		divide(x, v, X_TMP, true);
	}
	val_in_reg(x, v->d);
	flags_unknown(x);
}

void x86_div_op(struct x86 *x, const struct ins *i)
{
	const struct op_info *o = ins_info(i);
	struct division v = { .d = i->dst, .w = o->width, .is_signed = o->sub == ALU_SDIV || o->sub == ALU_SMOD,
			      .mod = o->sub == ALU_MOD || o->sub == ALU_SMOD };
	s32 k = i->imm;
	u8 by;

	if (o->has_imm || (i->src != i->dst && val_imm(x, i->src, v.w, &k))) {
		if (x->bits[v.d] <= 32 && v.w == 64 && k > 0 && (!v.is_signed || x->bits[v.d] < 32)) {
			v.w = 32; /* the same numbers */
			v.is_signed = false;
		}
		by_const(x, &v, k);
		return;
	}
	if (v.w == 64 && !v.is_signed && x->bits[v.d] <= 32 && x->bits[i->src] <= 32)
		v.w = 32;
	val_clear(x, x86_of[v.d], v.d);
	by = val_reg(x, i->src, v.w);
	val_own(x, v.d);
	if (i->src == v.d)
		by = x86_of[v.d];
	if (by == X_RAX || by == X_RDX || by == x86_of[v.d]) {
		x_mov(E, v.w, X_TMP, by);
		by = X_TMP;
	}
	divide(x, &v, by, false);
	val_in_reg(x, v.d);
	flags_unknown(x);
}
