/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Selection of arm64 instructions: three operands and plenty of registers, so each operation is a few instructions by itself.
 *
 * A frame, downwards: frame pointer and return address, saved registers, BPF's stack (x25 is its top), the counters of may_goto,
 * registers in memory for operations without a template.
 */
#include "jit/arm64.h"

#include <errno.h>
#if defined(__aarch64__)
#include <sys/auxv.h>
#endif

#define E (&x->enc)
#define HWCAP_LSE (1u << 8)

/* Atomic instructions are not in the first arm64s: without them, the C body. */
static bool has_atomics(void)
{
#if defined(__aarch64__)
	return getauxval(AT_HWCAP) & HWCAP_LSE;
#else
	return false;
#endif
}

static bool has_template(u16 op)
{
	switch ((enum ins_class)op_info[op].cls) {
	case IC_LDX:
		return !op_info[op].internal;
	case IC_ATOMIC:
		return has_atomics();
	case IC_CAST:
		return !op_info[op].internal;
	case IC_INTERNAL:
		return op == OP_NOP || op == OP_NOSPEC || op == OP_TAIL_CALL || op == OP_GET_CPU || op == OP_POLL;
	default:
		return true;
	}
}

/* ---- arithmetic ---- */
static void shift_const(struct a64 *x, enum alu_op op, u8 w, u8 d, u32 n)
{
	n &= w - 1u;
	if (op == ALU_LSH)
		a64_ubfm(E, w, d, d, (w - n) % w, w - 1u - n);
	else if (op == ALU_RSH)
		a64_ubfm(E, w, d, d, n, w - 1u);
	else
		a64_sbfm(E, w, d, d, n, w - 1u);
}

/* Immediate forms; false: the constant goes to a register. */
static bool alu_const(struct a64 *x, const struct op_info *o, u8 d, s32 imm)
{
	u64 k = o->width == 32 ? (u32)imm : imm_u64(imm), minus = o->width == 32 ? (u32)(0 - (u32)imm) : 0 - k;

	switch ((enum alu_op)o->sub) {
	case ALU_LSH: case ALU_RSH: case ALU_ARSH:
		shift_const(x, o->sub, o->width, d, (u32)imm);
		return true;
	case ALU_ADD:
		return !a64_hides(E) && (a64_addi(E, A_ADDI, o->width, d, d, k) || a64_addi(E, A_SUBI, o->width, d, d, minus));
	case ALU_SUB:
		return !a64_hides(E) && (a64_addi(E, A_SUBI, o->width, d, d, k) || a64_addi(E, A_ADDI, o->width, d, d, minus));
	case ALU_AND:
		return !a64_hides(E) && a64_logic(E, A_AND, o->width, d, d, k);
	case ALU_OR:
		return !a64_hides(E) && a64_logic(E, A_ORR, o->width, d, d, k);
	case ALU_XOR:
		return !a64_hides(E) && a64_logic(E, A_EOR, o->width, d, d, k);
	default:
		return false;
	}
}

static void modulo(struct a64 *x, u32 div, u8 w, u8 d, u8 s)
{
	a64_rrr(E, div, w, A_T1, d, s);
	a64_mul(E, A_MSUB, w, d, A_T1, s, d); /* by zero: the quotient is 0 */
}

static void alu(struct a64 *x, const struct ins *i)
{
	static const u32 plain[] = { [ALU_ADD] = A_ADD, [ALU_SUB] = A_SUB, [ALU_OR] = A_ORR, [ALU_AND] = A_AND,
				     [ALU_XOR] = A_EOR, [ALU_LSH] = A_LSL, [ALU_RSH] = A_LSR, [ALU_ARSH] = A_ASR,
				     [ALU_DIV] = A_UDIV, [ALU_SDIV] = A_SDIV };
	const struct op_info *o = ins_info(i);
	u8 d = a64_of[i->dst], s = a64_of[i->src], w = o->width;

	if (o->sub == ALU_NEG) {
		a64_rrr(E, A_SUB, w, d, A_ZR, d);
		return;
	}
	if (o->has_imm) {
		if (alu_const(x, o, d, i->imm))
			return;
		a64_const(E, A_T0, imm_u64(i->imm));
		s = A_T0;
	}
	if (o->sub == ALU_MUL)
		a64_mul(E, A_MADD, w, d, d, s, A_ZR);
	else if (o->sub == ALU_MOD || o->sub == ALU_SMOD)
		modulo(x, o->sub == ALU_MOD ? A_UDIV : A_SDIV, w, d, s);
	else
		a64_rrr(E, plain[o->sub], w, d, d, s);
}

static void mov(struct a64 *x, const struct ins *i)
{
	const struct op_info *o = ins_info(i);
	u8 d = a64_of[i->dst], s = a64_of[i->src];

	if (o->has_imm)
		a64_const(E, d, o->width == 32 ? (u32)i->imm : imm_u64(i->imm));
	else if (o->sx)
		a64_sbfm(E, o->width, d, s, 0, o->sx - 1u);
	else if (o->width == 32 || d != s)
		a64_mov(E, o->width, d, s);
}

static void swap(struct a64 *x, const struct ins *i)
{
	u8 d = a64_of[i->dst], w = (u8)i->imm;

	if (ins_info(i)->sub != SWAP_TO_LE)
		a64_rrr(E, w == 16 ? A_REV16 : w == 32 ? A_REV32 : A_REV64, 32, d, d, 0);
	if (w == 16)
		a64_ubfm(E, 32, d, d, 0, 15);
	else if (w == 32)
		a64_mov(E, 32, d, d);
}

/* dst = the low half of src, in the upper half what the arena's user addresses have; NULL stays. */
static void cast(struct a64 *x, const struct ins *i)
{
	u8 d = a64_of[i->dst];
	u32 done;

	a64_mov(E, 32, d, a64_of[i->src]);
	if (i->op == OP_CAST_TO_0)
		return;
	done = emit_new_label(E->e);
	a64_cbz(E, A_CBZ, 32, d, done);
	a64_fixed(E, A_T0, i->imm64 & ~(u64)U32_MAX);
	a64_rrr(E, A_ORR, 64, d, d, A_T0);
	emit_bind(E->e, done);
}

/* ---- memory ---- */
static void store(struct a64 *x, const struct ins *i)
{
	const struct op_info *o = ins_info(i);
	u8 s = a64_of[i->src];

	if (o->cls == IC_ST) {
		s = A_T0;
		if (i->imm)
			a64_const(E, s, imm_u64(i->imm));
		else
			s = A_ZR;
	}
	a64_mem(E, A_STORE, o->size, s, a64_of[i->dst], i->off);
}

/* Where an operation without offsets goes. */
static u8 address(struct a64 *x, u8 reg, s16 off)
{
	u8 n = a64_of[reg];

	if (!off)
		return n;
	if (!a64_addi(E, off > 0 ? A_ADDI : A_SUBI, 64, A_T1, n, (u64)(off > 0 ? off : -off))) {
		a64_fixed(E, A_T1, (u64)(s64)off);
		a64_rrr(E, A_ADD, 64, A_T1, n, A_T1);
	}
	return A_T1;
}

static void ordered(struct a64 *x, const struct ins *i)
{
	bool load = ins_class(i) == IC_LOAD_ACQ;
	u32 size = (u32)__builtin_ctz(ins_info(i)->size) << 30;
	u8 at = address(x, load ? i->src : i->dst, i->off), t = a64_of[load ? i->dst : i->src];

	a64_word(E, size | (load ? 0x08dffc00u : 0x089ffc00u) | (u32)at << 5 | t);
}

static void atomic(struct a64 *x, const struct ins *i)
{
	/* add, clear, exclusive or, set; with acquire and release */
	static const u32 op_of[] = { [AT_ADD] = 0x38e00000, [AT_AND] = 0x38e01000, [AT_XOR] = 0x38e02000, [AT_OR] = 0x38e03000,
				     [AT_FETCH_ADD] = 0x38e00000, [AT_FETCH_AND] = 0x38e01000, [AT_FETCH_XOR] = 0x38e02000,
				     [AT_FETCH_OR] = 0x38e03000, [AT_XCHG] = 0x38e08000 };
	const struct op_info *o = ins_info(i);
	u32 size = (u32)__builtin_ctz(o->size) << 30;
	u8 at = address(x, i->dst, i->off), s = a64_of[i->src], t = s, w = o->size == 8 ? 64 : 32;

	if (o->sub == AT_CMPXCHG) {
		a64_word(E, size | 0x08e0fc00u | A_R0 << 16 | (u32)at << 5 | s);
		if (w == 32)
			a64_mov(E, 32, A_R0, A_R0);
		return;
	}
	if (o->sub == AT_ADD || o->sub == AT_AND || o->sub == AT_XOR || o->sub == AT_OR)
		t = A_T2;
	if (o->sub == AT_AND || o->sub == AT_FETCH_AND) {
		a64_rrr(E, A_ORN, w, A_T0, A_ZR, s);
		s = A_T0;
	}
	a64_word(E, size | op_of[o->sub] | (u32)s << 16 | (u32)at << 5 | t);
}

/* ---- branches ---- */
static void branch(struct a64 *x, const struct ins *i)
{
	static const u8 cc_of[] = {
		[JC_EQ] = A_EQ,	 [JC_GT] = A_HI, [JC_GE] = A_HS, [JC_SET] = A_NE, [JC_NE] = A_NE, [JC_SGT] = A_GT,
		[JC_SGE] = A_GE, [JC_LT] = A_LO, [JC_LE] = A_LS, [JC_SLT] = A_LT, [JC_SLE] = A_LE
	};
	const struct op_info *o = ins_info(i);
	u64 k = o->width == 32 ? (u32)i->imm : imm_u64(i->imm), minus = o->width == 32 ? (u32)(0 - (u32)i->imm) : 0 - k;
	u8 d = a64_of[i->dst], s = a64_of[i->src], w = o->width;

	if (o->has_imm && !i->imm && (o->sub == JC_EQ || o->sub == JC_NE)) {
		a64_cbz(E, o->sub == JC_EQ ? A_CBZ : A_CBNZ, w, d, i->target);
		return;
	}
	if (o->has_imm && !a64_hides(E)) {
		if (o->sub == JC_SET
			    ? a64_logic(E, A_ANDS, w, A_ZR, d, k)
			    : a64_addi(E, A_SUBSI, w, A_ZR, d, k) || (minus && a64_addi(E, A_ADDSI, w, A_ZR, d, minus))) {
			a64_bcond(E, cc_of[o->sub], i->target);
			return;
		}
	}
	if (o->has_imm) {
		s = A_T0;
		a64_const(E, s, imm_u64(i->imm));
	}
	a64_rrr(E, o->sub == JC_SET ? A_ANDS : A_SUBS, w, A_ZR, d, s);
	a64_bcond(E, cc_of[o->sub], i->target);
}

static void constant(struct a64 *x, const struct ins *i)
{
	const struct lower_ref *ref = jit_ref(x->j, x->at);

	if (ref)
		emit_fix(E->e, FIX_SLOT, a64_of[i->dst], 0, jit_slot(x->j, ref));
	else
		a64_const(E, a64_of[i->dst], i->imm64);
}

static void internal(struct a64 *x, const struct ins *i)
{
	if (i->op == OP_TAIL_CALL) {
		a64_tail_call(x, i);
	} else if (i->op == OP_GET_CPU) {
		a64_mem(E, A_LOAD, 4, a64_of[i->dst], A_RUN, (s64)offsetof(struct run, cpu));
	} else if (i->op == OP_POLL) {
		a64_poll(x);
	} else if (i->op == OP_NOSPEC) {
		a64_word(E, A_DSB);
		a64_word(E, A_ISB);
	}
}

static void outlined(struct a64 *x, const struct ins *i)
{
	a64_outline(x, i);
	if (ins_class(i) == IC_JCC)
		a64_cbz(E, A_CBNZ, 64, A_T0, i->target);
}

/* ---- the walk ---- */
static void select_op(struct a64 *x, const struct ins *i)
{
	const struct op_info *o = ins_info(i);

	if (!has_template(i->op)) {
		outlined(x, i);
		return;
	}
	switch (ins_class(i)) {
	case IC_ALU:
		alu(x, i);
		break;
	case IC_MOV:
		mov(x, i);
		break;
	case IC_CAST:
		cast(x, i);
		break;
	case IC_END:
		swap(x, i);
		break;
	case IC_LDX:
		a64_mem(E, o->sx ? A_LOAD_SX : A_LOAD, o->size, a64_of[i->dst], a64_of[i->src], i->off);
		break;
	case IC_ST: case IC_STX:
		store(x, i);
		break;
	case IC_LOAD_ACQ: case IC_STORE_REL:
		ordered(x, i);
		break;
	case IC_ATOMIC:
		atomic(x, i);
		break;
	case IC_LDIMM64:
		constant(x, i);
		break;
	case IC_LDABS: case IC_LDIND:
		a64_packet_load(x, i);
		break;
	case IC_JA:
		if (i->target != x->at + 1)
			emit_fix(E->e, FIX_JMP, 0, i->target, 0);
		break;
	case IC_JCC:
		branch(x, i);
		break;
	case IC_MAY_GOTO:
		a64_may_goto(x, i);
		break;
	case IC_CALL: case IC_CALL_KFUNC:
		a64_call_addr(x, i);
		break;
	case IC_CALL_SUB:
		a64_call_sub(x, i);
		break;
	case IC_EXIT:
		a64_exit(x);
		break;
	case IC_INTERNAL:
		internal(x, i);
		break;
	case IC_LDIMM64_HI:
		break;
	}
}

static void one_op(struct a64 *x, u32 at)
{
	const struct jit *j = x->j;
	const struct ins *i = &j->l->ops[at];

	emit_room(E->e, 512);
	emit_bind(E->e, at);
	x->at = at;
	x->live = j->flow.live[at];
	x->need = (u16)(x->live | flow_uses(&j->flow, j->l, i));
	if (flow_is_pure(i) && !(flow_defs(i) & x->live))
		return;
	select_op(x, i);
}

static void one_sub(struct a64 *x, u32 sub)
{
	const struct lowered_sub *s = &x->j->l->sub[sub];
	struct jit_emit *e = E->e;

	x->sub = sub;
	x->exit = emit_new_label(e);
	x->exit_bound = false;
	emit_room(e, 512);
	emit_fix(e, FIX_ALIGN, 0, 0, 16);
	emit_bind(e, jit_label_sub(x->j, sub));
	a64_prologue(x);
	for (u32 at = s->start; at < s->end; at++)
		one_op(x, at);
	emit_room(e, 512);
	if (!x->exit_bound)
		a64_exit(x);
}

static void emit_program(struct jit *j)
{
	struct a64 x = { .j = j, .enc = { .e = &j->e, .blind = j->o->blind } };

	j->entry = j->hop = jit_label_sub(j, 0);
	j->call = emit_new_label(&j->e);
	for (u32 s = 0; s < j->l->nsubs; s++)
		one_sub(&x, s);
	emit_bind(&j->e, j->l->n);
	emit_room(&j->e, 1024);
	a64_thunks(&x);
	if (x.enc.failed)
		j->err = -EIO;
}

const struct jit_target jit_arm64 = {
	.name = "arm64",
	.has_template = has_template,
	.emit = emit_program,
	.fix_size = a64_fix_size,
	.fix_put = a64_fix_put,
	.pad = a64_pad,
	.fill = 0, /* an instruction that never is one */
};
