/* SPDX-License-Identifier: BSD-2-Clause */
/* Selection of x86-64 instructions: the walk over operations, branches. See x86.h. */
#include "jit/x86.h"

#include <errno.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#define E (&x->enc)

static bool has_template(u16 op)
{
	switch ((enum ins_class)op_info[op].cls) {
	case IC_LDX:
		return !op_info[op].internal; /* guarded loads call the kernel: nothing to be won */
	case IC_INTERNAL:
		return op == OP_NOP || op == OP_NOSPEC || op == OP_TAIL_CALL || op == OP_GET_CPU || op == OP_POLL;
	default:
		return true;
	}
}

/* ---- branches ---- */
static const u8 cc_of[] = { [JC_EQ] = X_E,   [JC_GT] = X_A,   [JC_GE] = X_AE,  [JC_SET] = X_NE, [JC_NE] = X_NE, [JC_SGT] = X_G,
			    [JC_SGE] = X_GE, [JC_LT] = X_B,   [JC_LE] = X_BE,  [JC_SLT] = X_L,  [JC_SLE] = X_LE };

static bool is_signed(u8 cond)
{
	return cond == JC_SGT || cond == JC_SGE || cond == JC_SLT || cond == JC_SLE;
}

/* Compare a load that nobody else wants, where it is. */
static bool compare_in_memory(struct x86 *x, const struct op_info *o, u8 d, s32 k)
{
	const struct val *v = &x->v[d];

	if (!val_is_pending(x, d) || v->kind != V_LOAD || v->k || v->swap || v->sx || x->live & BIT(d) || o->sub == JC_SET)
		return false;
	if (v->size * 8 == o->width) {
		x_cmp_mi(E, v->size, v->mem, k);
		return true;
	}
	if (is_signed(o->sub) || k < 0 || (v->size != 1 && v->size != 4) || (v->size == 1 && k > 0xff))
		return false;
	x_cmp_mi(E, v->size, v->mem, v->size == 1 ? (s8)k : k);
	return true;
}

static void compare_const(struct x86 *x, const struct op_info *o, u8 d, s32 k)
{
	u8 w = o->width, n;

	if (compare_in_memory(x, o, d, k))
		return;
	n = val_reg(x, d, w);
	if (o->sub == JC_SET)
		x_test_ri(E, w, n, k);
	else if (k)
		x_ri(E, X_CMP, w, n, k);
	else if (x->flag_reg != n || x->flag_w != w || (o->sub != JC_EQ && o->sub != JC_NE))
		x_rr(E, X_TEST, w, n, n);
}

/* A load of just this width that nobody else wants. */
static bool is_operand(const struct x86 *x, u8 r, u8 w)
{
	const struct val *v = &x->v[r];

	return val_is_pending(x, r) && v->kind == V_LOAD && v->size * 8 == w && !v->k && !v->swap && !v->sx && !(x->live & BIT(r));
}

/* One of the two where it is; looking at the other may have moved it. */
static bool compare_with_memory(struct x86 *x, const struct op_info *o, u8 d, u8 s)
{
	u8 w = o->width, n;

	if (d == s || o->sub == JC_SET)
		return false;
	if (is_operand(x, d, w)) {
		n = val_reg(x, s, w);
		if (is_operand(x, d, w)) {
			x_rm(E, X_ALU_MR(X_CMP), w, n, x->v[d].mem);
			return true;
		}
	}
	if (is_operand(x, s, w)) {
		n = val_reg(x, d, w);
		if (is_operand(x, s, w)) {
			x_rm(E, X_ALU_RM(X_CMP), w, n, x->v[s].mem);
			return true;
		}
	}
	return false;
}

static void compare_regs(struct x86 *x, const struct op_info *o, u8 d, u8 s)
{
	u8 w = o->width, nd, ns;

	if (compare_with_memory(x, o, d, s))
		return;
	/* each may settle the other, then stays where it is */
	val_reg(x, d, w);
	val_reg(x, s, w);
	nd = val_reg(x, d, w);
	ns = val_reg(x, s, w);
	if (o->sub == JC_SET)
		x_rr(E, X_TEST, w, ns, nd);
	else
		x_rr(E, X_ALU_RM(X_CMP), w, nd, ns);
}

/* What the target reads, and if others come to the next operation too, what that reads, must be in place. */
static u16 wanted_after(const struct x86 *x, const struct ins *i)
{
	const struct flow *f = &x->j->flow;
	const struct flow_block *t = &f->block[f->block_at[i->target]];
	u32 next = x->at + 1 < x->j->l->n ? f->block_at[x->at + 1] : FLOW_NONE;

	return next == FLOW_NONE || f->block[next].joined ? (u16)(t->in | x->live) : t->in;
}

static void branch(struct x86 *x, const struct ins *i)
{
	const struct op_info *o = ins_info(i);
	u16 wanted = wanted_after(x, i);
	s32 k = i->imm;

	/* the register that is compared with zero comes last: its sum leaves the flags */
	val_settle_all(x, wanted & (u16)~BIT(i->dst));
	val_settle_all(x, wanted);
	if (o->has_imm || (i->dst != i->src && val_imm(x, i->src, o->width, &k)))
		compare_const(x, o, i->dst, k);
	else
		compare_regs(x, o, i->dst, i->src);
	flags_unknown(x);
	emit_fix(x->enc.e, FIX_JCC, cc_of[o->sub], i->target, 0);
}

static void outlined_branch(struct x86 *x, const struct ins *i)
{
	x86_outline(x, i);
	if (ins_class(i) != IC_JCC)
		return;
	x_rr(E, X_TEST, 64, X_TMP, X_TMP);
	emit_fix(x->enc.e, FIX_JCC, X_NE, i->target, 0);
}

/* dst = the low half of src, in the upper half what the arena's user addresses have; NULL stays. */
static void cast_to_user(struct x86 *x, const struct ins *i)
{
	u32 done = emit_new_label(x->enc.e);
	u8 d = x86_of[i->dst], s;

	val_clear(x, d, i->dst);
	s = val_reg(x, i->src, 32);
	x_mov(E, 32, d, s);
	x_rr(E, X_TEST, 32, d, d);
	emit_fix(x->enc.e, FIX_JCC, X_E, done, 0);
	x_address(E, X_TMP, i->imm64 & ~(u64)U32_MAX);
	x_alu(E, X_OR, 64, d, X_TMP);
	emit_bind(x->enc.e, done);
	val_in_reg(x, i->dst);
	flags_unknown(x);
}

/* The arena's bytes, or the places for what is outside of them: here, or as the table of a portable image says. */
static void arena_place(struct x86 *x, u64 base, u64 off)
{
	const struct lower_ref *r = jit_ref(x->j, x->at);
	struct lower_ref ref;

	if (!x->j->portable) {
		x_address(E, X_TMP, base + (off == LREF_ARENA_WRITES ? 16 : 0));
		return;
	}
	if (!r) {
		x->j->err = -EINVAL;
		return;
	}
	ref = *r;
	ref.off = off;
	x_rslot(E, X_MOV_LOAD, 64, X_TMP, jit_slot(x->j, &ref));
}

/* The bytes of an arena that the low half of src and the offset name, or the sink. */
static void arena_address(struct x86 *x, const struct ins *i)
{
	const struct ins_arena *a = (const struct ins_arena *)(uintptr_t)i->imm64;
	u32 inside = emit_new_label(x->enc.e), n = (u32)i->imm & 255;
	u8 d = x86_of[i->dst], s;

	val_clear(x, d, i->dst);
	s = val_reg(x, i->src, 32);
	x_mov(E, 32, d, s);
	x_fixed(E, X_ADD, 32, d, (s32)((u32)i->off - (u32)a->user_va));
	arena_place(x, a->data, 0);
	x_fixed(E, X_CMP, 32, d, (s32)(u32)(a->size - n));
	emit_fix(x->enc.e, FIX_JCC, X_BE, inside, 0);
	x_rr(E, X_ALU_RM(X_XOR), 32, d, d);
	arena_place(x, a->sink, (u32)i->imm & INS_ARENA_WRITE ? LREF_ARENA_WRITES : LREF_ARENA_READS);
	emit_bind(x->enc.e, inside);
	x_alu(E, X_ADD, 64, d, X_TMP);
	val_in_reg(x, i->dst);
	flags_unknown(x);
}

static void internal(struct x86 *x, const struct ins *i)
{
	if (i->op == OP_TAIL_CALL) {
		x86_tail_call(x, i);
	} else if (i->op == OP_GET_CPU) {
		val_prepare(x, i->dst, i->dst);
		val_set(x, i->dst, (struct val){ .kind = V_LOAD, .size = 4, .w = 64,
						 .mem = x_at(X_RUN, (s32)offsetof(struct run, cpu)) });
	} else if (i->op == OP_POLL) {
		x86_poll(x);
	} else if (i->op == OP_NOSPEC) {
		val_settle_all(x, x->need);
		x_byte(E, 0x0f), x_byte(E, 0xae), x_byte(E, 0xe8);
	}
}

/* ---- the walk ---- */
static void select(struct x86 *x, const struct ins *i)
{
	if (!has_template(i->op)) {
		outlined_branch(x, i);
		return;
	}
	switch (ins_class(i)) {
	case IC_ALU:
		x86_alu_op(x, i);
		break;
	case IC_MOV:
		x86_mov_op(x, i);
		break;
	case IC_CAST:
		if (i->op == OP_CAST_TO_0)
			x86_mov_op(x, i);
		else if (i->op == OP_ARENA)
			arena_address(x, i);
		else
			cast_to_user(x, i);
		break;
	case IC_END:
		x86_end_op(x, i);
		break;
	case IC_LDX:
		x86_load(x, i);
		break;
	case IC_ST: case IC_STX: case IC_STORE_REL:
		x86_store(x, i);
		break;
	case IC_ATOMIC:
		x86_atomic(x, i);
		break;
	case IC_LOAD_ACQ:
		x86_load_acq(x, i);
		break;
	case IC_LDIMM64:
		if (jit_ref(x->j, x->at))
			x86_set_slot(x, i->dst, jit_slot(x->j, jit_ref(x->j, x->at)));
		else
			x86_set_const(x, i->dst, i->imm64);
		break;
	case IC_LDABS: case IC_LDIND:
		x86_packet_load(x, i);
		break;
	case IC_JA:
		val_settle_all(x, x->live);
		if (i->target != x->at + 1)
			emit_fix(x->enc.e, FIX_JMP, 0, i->target, 0);
		break;
	case IC_JCC:
		branch(x, i);
		break;
	case IC_MAY_GOTO:
		val_settle_all(x, wanted_after(x, i));
		x86_may_goto(x, i);
		break;
	case IC_CALL: case IC_CALL_KFUNC:
		x86_call_addr(x, i);
		break;
	case IC_CALL_SUB:
		x86_call_sub(x, i);
		break;
	case IC_EXIT:
		x86_exit(x);
		break;
	case IC_INTERNAL:
		internal(x, i);
		break;
	case IC_LDIMM64_HI:
		break;
	}
}

/* Where control flow meets everything is in place, before the label. */
static void at_block(struct x86 *x, const struct flow_block *b)
{
	if (b->joined) {
		x->need = x->live = b->in;
		val_settle_all(x, b->in);
		memset(x->v, 0, sizeof(x->v));
		x->pend = 0;
		memcpy(x->bits, b->bits, sizeof(x->bits));
		flags_unknown(x);
		stored_unknown(x);
	}
}

static bool falls_through(const struct ins *i)
{
	return i->op != OP_EXIT && ins_class(i) != IC_JA;
}

static void one_op(struct x86 *x, u32 at)
{
	const struct jit *j = x->j;
	const struct ins *i = &j->l->ops[at];
	u32 block = j->flow.block_at[at];

	emit_room(x->enc.e, 1024);
	if (block != FLOW_NONE) {
		const struct flow_block *b = &j->flow.block[block];

		if (at > j->l->sub[x->sub].start && !falls_through(i - 1)) {
			x->pend = 0;
			memcpy(x->bits, b->bits, sizeof(x->bits));
			flags_unknown(x);
			stored_unknown(x);
		}
		at_block(x, b);
	}
	if (block != FLOW_NONE && j->flow.block[block].loop)
		emit_fix(x->enc.e, FIX_LOOP, 0, j->flow.block[block].loop + 1, 64);
	emit_bind(x->enc.e, at);
	x->at = at;
	x->live = j->flow.live[at];
	x->need = (u16)(x->live | flow_uses(&j->flow, j->l, i));
	if (flow_is_pure(i) && !(flow_defs(i) & x->live)) {
		x->pend &= x->live;
		return;
	}
	select(x, i);
	flow_bits(i, x->bits);
	x->pend &= x->live;
}

static void one_sub(struct x86 *x, u32 sub)
{
	const struct jit *j = x->j;
	const struct lowered_sub *s = &j->l->sub[sub];
	struct jit_emit *e = x->enc.e;

	x->sub = sub;
	x->pend = 0;
	x->exit = emit_new_label(e);
	x->exit_bound = false;
	memset(x->bits, 64, sizeof(x->bits));
	flags_unknown(x);
	stored_unknown(x);
	emit_room(e, 1024);
	emit_fix(e, FIX_ALIGN, 0, 0, 16);
	emit_bind(e, jit_label_sub(j, sub));
	x86_prologue(x);
	for (u32 at = s->start; at < s->end; at++)
		one_op(x, at);
	emit_room(e, 1024);
	x->live = x->need = 0;
	if (!x->exit_bound)
		x86_exit(x);
}

/* Asked once: in a virtual machine cpuid is an exit to the hypervisor, dearer than compiling a small program. */
enum { CPU_ASKED = 1, CPU_MOVBE = 2, CPU_BMI2 = 4 };

static u32 cpu_features(void)
{
	static u32 known;
	u32 has = __atomic_load_n(&known, __ATOMIC_RELAXED);
#if defined(__x86_64__)
	u32 a, b, c, d;

	if (has)
		return has;
	if (__get_cpuid(1, &a, &b, &c, &d))
		has |= c >> 22 & 1 ? CPU_MOVBE : 0;
	if (__get_cpuid_count(7, 0, &a, &b, &c, &d))
		has |= b >> 8 & 1 ? CPU_BMI2 : 0;
	__atomic_store_n(&known, has | CPU_ASKED, __ATOMIC_RELAXED);
#endif
	return has;
}

static void emit_program(struct jit *j)
{
	u32 cpu = j->o->baseline ? 0 : cpu_features();
	struct x86 x = { .j = j, .enc = { .e = &j->e, .blind = j->o->blind }, .movbe = cpu & CPU_MOVBE, .bmi2 = cpu & CPU_BMI2 };

	j->entry = jit_label_sub(j, 0);
	j->call = emit_new_label(&j->e);
	j->hop = emit_new_label(&j->e);
	for (u32 s = 0; s < j->l->nsubs; s++)
		one_sub(&x, s);
	emit_bind(&j->e, j->l->n);
	emit_room(&j->e, 1024);
	x86_thunks(&x);
	if (x.enc.failed)
		j->err = -EIO;
}

#if defined(__x86_64__)
/* mov %r12, %rsi; pop %r12; and on to run->image->tail. */
#define RUN_IMAGE 0
#define IMAGE_TAIL 56
_Static_assert(offsetof(struct run, image) == RUN_IMAGE && offsetof(struct image, tail) == IMAGE_TAIL, "see below");
#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)
__asm__(".pushsection .text\n.globl x86_hop\n.hidden x86_hop\n.type x86_hop, @function\nx86_hop:\n"
	"endbr64\nmov %r12, %rsi\npop %r12\nmov " TEXT(RUN_IMAGE) "(%rsi), %rax\njmp *" TEXT(IMAGE_TAIL) "(%rax)\n"
	".size x86_hop, . - x86_hop\n.popsection");
#endif

const struct jit_target jit_x86_64 = {
	.name = "x86-64",
	.has_template = has_template,
	.emit = emit_program,
	.fix_size = x86_fix_size,
	.fix_put = x86_fix_put,
	.pad = x86_pad,
	.fill = 0xcc,
#if defined(__x86_64__)
	.hop = x86_hop,
#endif
};
