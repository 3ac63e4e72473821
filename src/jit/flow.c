/* SPDX-License-Identifier: BSD-2-Clause */
/* Dataflow over lowered operations: see flow.h. */
#include "jit/flow.h"

#define ARGS 0x3eu    /* r1-r5 */
#define CLOBBER 0x3fu /* r0-r5: what a call leaves behind */
#define ROUNDS 4      /* after so many changes a width is as wide as can be */

u32 flow_sub_at(const struct lowered *l, u32 start)
{
	for (u32 i = 0; i < l->nsubs; i++)
		if (l->sub[i].start == start && (l->sub[i].end > start || i + 1 == l->nsubs))
			return i;
	return FLOW_NONE;
}

static u16 call_args(const struct ins *i)
{
	u32 args = i->dst ? ((1u << i->dst) - 1) & ~1u : ARGS;

	return (u16)args;
}

u16 flow_uses(const struct flow *f, const struct lowered *l, const struct ins *i)
{
	u32 sub;

	switch (ins_class(i)) {
	case IC_CALL:
	case IC_CALL_KFUNC:
		return call_args(i);
	case IC_CALL_SUB:
		sub = flow_sub_at(l, i->target);
		return sub == FLOW_NONE ? (u16)ARGS : f->sub_args[sub];
	case IC_INTERNAL:
		if (i->op == OP_TAIL_CALL)
			return i->imm && l->tail ? 0x02 : 0x0e;
		return isa_reads(i);
	default:
		return isa_reads(i);
	}
}

u16 flow_defs(const struct ins *i)
{
	switch (ins_class(i)) {
	case IC_CALL:
	case IC_CALL_KFUNC:
	case IC_CALL_SUB:
		return CLOBBER;
	case IC_INTERNAL:
		if (i->op == OP_TAIL_CALL)
			return CLOBBER;
		return isa_writes(i);
	default:
		return isa_writes(i);
	}
}

bool flow_is_pure(const struct ins *i)
{
	switch (ins_class(i)) {
	case IC_ALU:
	case IC_MOV:
	case IC_END:
	case IC_CAST:
	case IC_LDX:
	case IC_LDIMM64:
		return true;
	default:
		return false;
	}
}

/* ---- widths ---- */
static u8 width_of(u64 v)
{
	return v ? (u8)(64 - __builtin_clzll(v)) : 0;
}

static u8 alu_bits(const struct ins *i, const struct op_info *x, u8 d, u8 s)
{
	u64 k = x->width == 32 ? (u32)i->imm : imm_u64(i->imm);
	u8 w = x->width;
	u8 n = x->has_imm ? (u8)((u64)i->imm & (w - 1u)) : 0;

	if (x->has_imm)
		s = width_of(k);
	d = MIN(d, w);
	s = MIN(s, w);
	switch ((enum alu_op)x->sub) {
	case ALU_AND:
		return MIN(d, s);
	case ALU_OR:
	case ALU_XOR:
		return MAX(d, s);
	case ALU_MUL:
		return (u8)MIN(d + s, w);
	case ALU_DIV:
		return d;
	case ALU_MOD:
		return x->has_imm && k ? MIN(d, width_of(k - 1)) : d;
	case ALU_RSH:
		return (u8)(d > n ? d - n : 0);
	case ALU_LSH:
		return x->has_imm ? (u8)MIN(d + n, w) : w;
	case ALU_ARSH:
		return d < w ? (u8)(d > n ? d - n : 0) : w;
	default:
		return w;
	}
}

void flow_bits(const struct ins *i, u8 b[FLOW_REGS])
{
	const struct op_info *x = ins_info(i);
	u16 defs;

	switch (ins_class(i)) {
	case IC_ALU:
		b[i->dst] = alu_bits(i, x, b[i->dst], b[i->src]);
		return;
	case IC_MOV:
		if (x->sx)
			b[i->dst] = x->width;
		else if (x->has_imm)
			b[i->dst] = width_of(x->width == 32 ? (u32)i->imm : imm_u64(i->imm));
		else
			b[i->dst] = MIN(b[i->src], x->width);
		return;
	case IC_END:
		b[i->dst] = (u8)i->imm;
		return;
	case IC_CAST:
		b[i->dst] = i->op == OP_CAST_TO_0 ? 32 : 64;
		return;
	case IC_LDX:
		b[i->dst] = x->sx ? 64 : (u8)(x->size * 8);
		return;
	case IC_LOAD_ACQ:
		b[i->dst] = (u8)(x->size * 8);
		return;
	case IC_LDIMM64:
		b[i->dst] = width_of(i->imm64);
		return;
	default:
		defs = flow_defs(i);
		if (i->op == OP_GET_CPU) {
			b[i->dst] = 32;
			return;
		}
		for (u32 r = 0; r < FLOW_REGS; r++)
			if (defs >> r & 1)
				b[r] = x->cls == IC_ATOMIC ? (u8)(x->size * 8) : 64;
	}
}

/* ---- blocks ---- */
static bool ends_block(const struct ins *i)
{
	return op_is_jump(i->op) || i->op == OP_EXIT;
}

static void make_blocks(const struct lowered *l, struct arena *a, struct flow *f)
{
	u8 *lead = ARENA_ARRAY(a, u8, l->n + 1); /* 1: starts a block, 2: is jumped to */
	u32 n = 0;

	for (u32 s = 0; s < l->nsubs; s++)
		lead[l->sub[s].start] |= 1;
	for (u32 i = 0; i < l->n; i++) {
		if (op_is_jump(l->ops[i].op))
			lead[l->ops[i].target] |= 3;
		if (ends_block(&l->ops[i]))
			lead[i + 1] |= 1;
	}
	for (u32 i = 0; i < l->n; i++)
		n += lead[i] & 1;
	f->block = ARENA_ARRAY(a, struct flow_block, n + 1);
	f->block_at = ARENA_ARRAY(a, u32, l->n + 1);
	for (u32 i = 0; i <= l->n; i++) {
		f->block_at[i] = FLOW_NONE;
		if (i == l->n || !(lead[i] & 1))
			continue;
		if (f->nblocks)
			f->block[f->nblocks - 1].end = i;
		f->block_at[i] = f->nblocks;
		f->block[f->nblocks++] = (struct flow_block){ .start = i, .end = l->n, .joined = lead[i] & 2,
							      .target = FLOW_NONE, .next = FLOW_NONE };
	}
}

static void link_blocks(const struct lowered *l, struct flow *f)
{
	for (u32 s = 0; s < l->nsubs; s++)
		if (l->sub[s].start < l->n)
			f->block[f->block_at[l->sub[s].start]].rounds = 1; /* entry: marked for the next lines */
	for (u32 b = 0; b < f->nblocks; b++) {
		struct flow_block *k = &f->block[b];
		const struct ins *last = &l->ops[k->end - 1];

		if (op_is_jump(last->op))
			k->target = f->block_at[last->target];
		if (k->target <= b && !f->block[k->target].loop)
			f->block[k->target].loop = k->end - 1;
		if (last->op != OP_EXIT && ins_class(last) != IC_JA && b + 1 < f->nblocks && !f->block[b + 1].rounds)
			k->next = b + 1;
	}
	for (u32 b = 0; b < f->nblocks; b++)
		f->block[b].rounds = 0;
}

/* ---- liveness ---- */
static void block_use_def(const struct lowered *l, struct flow *f)
{
	for (u32 b = 0; b < f->nblocks; b++) {
		struct flow_block *k = &f->block[b];

		k->use = k->def = 0;
		for (u32 i = k->start; i < k->end; i++) {
			k->use |= (u16)(flow_uses(f, l, &l->ops[i]) & ~k->def);
			k->def |= flow_defs(&l->ops[i]);
		}
	}
}

static u16 block_out(const struct flow *f, const struct flow_block *k)
{
	return (u16)((k->target == FLOW_NONE ? 0 : f->block[k->target].in) | (k->next == FLOW_NONE ? 0 : f->block[k->next].in));
}

static void settle_live(struct flow *f)
{
	bool changed = true;

	while (changed) {
		changed = false;
		for (u32 b = f->nblocks; b-- > 0;) {
			struct flow_block *k = &f->block[b];
			u16 in = (u16)(k->use | (block_out(f, k) & ~k->def));

			changed |= in != k->in;
			k->in = in;
		}
	}
}

/* A call reads what its callee reads, which may call on: until nothing is new. */
static void live_arguments(const struct lowered *l, struct flow *f)
{
	bool changed = true;

	while (changed) {
		changed = false;
		block_use_def(l, f);
		settle_live(f);
		for (u32 s = 0; s < l->nsubs; s++) {
			u32 b = f->block_at[l->sub[s].start];
			u16 args = b == FLOW_NONE ? 0 : (u16)(f->block[b].in & ARGS);

			changed |= args != f->sub_args[s];
			f->sub_args[s] = args;
		}
	}
}

static void live_everywhere(const struct lowered *l, struct arena *a, struct flow *f)
{
	f->live = ARENA_ARRAY(a, u16, l->n + 1);
	for (u32 b = 0; b < f->nblocks; b++) {
		const struct flow_block *k = &f->block[b];
		u16 live = block_out(f, k);

		for (u32 i = k->end; i-- > k->start;) {
			f->live[i] = live;
			live = (u16)((live & ~flow_defs(&l->ops[i])) | flow_uses(f, l, &l->ops[i]));
		}
	}
}

/* ---- widths over blocks ---- */
static bool widen(struct flow *f, u32 b, const u8 *bits)
{
	struct flow_block *k;
	bool changed = false;

	if (b == FLOW_NONE)
		return false;
	k = &f->block[b];
	for (u32 r = 0; r < FLOW_REGS; r++) {
		if (bits[r] <= k->bits[r])
			continue;
		k->bits[r] = k->rounds > ROUNDS ? 64 : bits[r];
		changed = true;
	}
	k->rounds = (u8)(k->rounds + (changed && k->rounds <= ROUNDS));
	return changed;
}

static void settle_bits(const struct lowered *l, struct flow *f)
{
	bool changed = true;

	for (u32 s = 0; s < l->nsubs; s++)
		if (f->block_at[l->sub[s].start] != FLOW_NONE)
			memset(f->block[f->block_at[l->sub[s].start]].bits, 64, FLOW_REGS);
	while (changed) {
		changed = false;
		for (u32 b = 0; b < f->nblocks; b++) {
			const struct flow_block *k = &f->block[b];
			u8 bits[FLOW_REGS];

			memcpy(bits, k->bits, sizeof(bits));
			for (u32 i = k->start; i < k->end; i++)
				flow_bits(&l->ops[i], bits);
			changed |= widen(f, k->target, bits);
			changed |= widen(f, k->next, bits);
		}
	}
}

void flow_analyse(const struct lowered *l, struct arena *a, struct flow *ret)
{
	*ret = (struct flow){ 0 };
	ret->sub_args = ARENA_ARRAY(a, u16, l->nsubs);
	make_blocks(l, a, ret);
	link_blocks(l, ret);
	live_arguments(l, ret);
	live_everywhere(l, a, ret);
	settle_bits(l, ret);
}
