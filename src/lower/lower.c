/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lowering: see lower.h.
 *
 * Two passes over the proof. The first says how many operations each instruction becomes (0 for what never runs), which fixes
 * every jump target; the second emits them. Invariant: both passes ask the same function, so counts cannot disagree.
 */
#include "lower/seq.h"

#include <errno.h>
#include <stdio.h>

static int missing(struct lowering *l, const char *kind, const char *name)
{
	snprintf(l->out->missing, sizeof(l->out->missing), "%s %s", kind, name);
	return -EOPNOTSUPP;
}

/* A context field seen by the program as UAPI shows it, stored natively: other offset, and 8 bytes wide if it is a pointer. */
static struct ins native_access(const struct ins *i, const struct insn_fact *f)
{
	struct ins r = *i;
	const struct ctx_field *fld = f->field;

	if (!fld)
		return r;
	r.off = (s16)(i->off + fld->native_off - fld->off);
	if (fld->native_size == 8 && fld->size == 4 && i->op == OP_LDX_W) {
		r.op = OP_LDX_DW;
		r.off = (s16)(i->off - fld->off % fld->size + fld->native_off - fld->off);
	}
	return r;
}

static u16 probe_op(const struct ins *i)
{
	const struct op_info *info = ins_info(i);

	switch (info->size) {
	case 1: return info->sx ? OP_PROBESX_B : OP_PROBE_B;
	case 2: return info->sx ? OP_PROBESX_H : OP_PROBE_H;
	case 4: return info->sx ? OP_PROBESX_W : OP_PROBE_W;
	default: return OP_PROBE_DW;
	}
}

/* ---- arenas ---- */
static const struct map_desc *arena_of(const struct lowering *l)
{
	for (u32 i = 0; i < l->p->nmaps; i++)
		if (l->p->maps[i]->type == UAPI_MAP_TYPE_ARENA)
			return l->p->maps[i];
	return NULL;
}

/* A register that the access does not name. */
static u8 spare(const struct ins *i)
{
	u8 r = BPF_REG_9;

	while (r == i->dst || r == i->src)
		r--;
	return r;
}

/*
 * A load goes through its own result register; whatever writes through a register that must stay as it is, which is kept below
 * the program's stack meanwhile.
 */
static int lower_arena(struct lowering *l, struct seq *s, const struct ins *i, u32 at)
{
	const struct map_desc *m = arena_of(l);
	bool load = ins_class(i) == IC_LDX || ins_class(i) == IC_LOAD_ACQ;
	u32 size = ins_info(i)->size ? ins_info(i)->size : ins_info(i)->width / 8u;
	struct ins r = *i, where = { .op = OP_ARENA, .off = i->off, .imm = (s32)size | (load ? 0 : INS_ARENA_WRITE) };
	struct ins keep = { .op = OP_STX_DW, .dst = BPF_REG_10 };
	struct lower_ref ref = { .kind = LREF_ARENA, .map = m ? l->o->map_addr(l->o->cookie, m) : 0 };

	where.imm64 = m && l->o->arena ? l->o->arena(l->o->cookie, m) : 0;
	if (!where.imm64)
		return missing(l, "access to", "arena memory");
	r.off = 0;
	if (load) {
		where.dst = r.src = i->dst;
		where.src = i->src;
		seq_ref(s, ref);
		seq_add(s, where);
		seq_add(s, r);
		return 0;
	}
	keep.src = where.dst = r.dst = spare(i);
	keep.off = (s16) - (s32)(ROUND_UP((u32)l->p->sub[lower_sub_of(l->p, at)].stack, 8u) +
				 lower_inline_stack(l, lower_sub_of(l->p, at)));
	where.src = i->dst;
	seq_add(s, keep);
	seq_ref(s, ref);
	seq_add(s, where);
	seq_add(s, r);
	seq_add(s, (struct ins){ .op = OP_LDX_DW, .dst = keep.src, .src = BPF_REG_10, .off = keep.off });
	return 0;
}

/* To user space's addresses, unless the arena says that its programs want none. */
static int lower_cast(struct lowering *l, struct seq *s, const struct ins *i)
{
	const struct map_desc *m = arena_of(l);
	struct ins r = *i;

	if (i->op == OP_CAST_TO_1 && m && !(m->flags & UAPI_F_NO_USER_CONV))
		r.imm64 = m->user_va;
	else
		r.op = OP_CAST_TO_0;
	seq_add(s, r);
	return 0;
}

static int lower_load(struct lowering *l, struct seq *s, const struct ins *i, const struct insn_fact *f)
{
	struct ins r = *i;

	switch ((enum mem_fact)f->mem) {
	case MF_CTX:
	case MF_SOCK:
		r = native_access(i, f);
		break;
	case MF_OPAQUE:
		r = (struct ins){ .op = OP_MOV32_K, .dst = i->dst };
		break;
	case MF_PROBE:
		r.op = probe_op(i);
		break;
	case MF_ARENA:
		return lower_arena(l, s, i, (u32)(i - l->p->ins));
	case MF_NONE: case MF_STACK: case MF_PKT: case MF_MAP_VALUE: case MF_MEM:
		break;
	}
	seq_add(s, r);
	return 0;
}

static u8 arguments(const struct helper_spec *h)
{
	u8 n = 0;

	while (n < 5 && h->arg[n].kind)
		n++;
	return n;
}

/* The slot's place when both map and index are known. */
static bool known_slot(const struct lowering *l, u32 at, struct lower_tail *ret)
{
	const struct insn_fact *f = &l->p->fact[at];

	return f->walked && f->call_const_map && f->key_const && f->key < f->map->max_entries && l->o->tail_slot &&
	       !l->o->tail_slot(l->o->cookie, f->map, f->key, ret);
}

static int lower_call(struct lowering *l, struct seq *s, u32 at)
{
	const struct ins *i = &l->p->ins[at];
	const struct helper_spec *h = helper_by_id((u32)i->imm);
	struct ins r = *i;

	if (lower_inline(l, s, at))
		return l->err;
	/* printk's row has the arguments that are checked; it takes any behind them */
	r.dst = h && h->id != BPF_FUNC_trace_printk ? (u8)(arguments(h) + 1) : 0;
	if (h && (h->flags & HF_TAIL_CALL)) {
		r = (struct ins){ .op = OP_TAIL_CALL };
		l->out->may_tail_call = true;
		s->has_tail = known_slot(l, at, &s->tail);
	} else {
		r.imm64 = l->o->helper_addr(l->o->cookie, (u32)i->imm);
		if (!r.imm64)
			return missing(l, "helper", h ? h->name : "?");
		seq_ref(s, (struct lower_ref){ .kind = LREF_HELPER, .id = (u32)i->imm });
	}
	seq_add(s, r);
	return 0;
}

static int lower_kfunc(struct lowering *l, struct seq *s, const struct ins *i, const struct insn_fact *f)
{
	const char *name = f->kfunc_btf ? btf_type_name(f->kfunc_btf, f->kfunc_id) : "?";
	struct ins r = *i;

	if (lower_inline(l, s, (u32)(i - l->p->ins)))
		return 0;
	l->out->may_throw |= !strcmp(name, "bpf_throw");
	r.imm64 = f->kfunc_btf ? l->o->kfunc_addr(l->o->cookie, f->kfunc_btf, f->kfunc_id, name) : 0;
	if (!r.imm64)
		return missing(l, "kfunc", name);
	if (f->obj_size) {
		u64 layout = l->o->obj_layout ? l->o->obj_layout(l->o->cookie, f->obj_record, f->obj_size, f->obj_percpu) : 0;
		if (!layout)
			return missing(l, "kfunc", name);
		seq_ref(s, (struct lower_ref){ .kind = LREF_LAYOUT, .off = layout });
		seq_add(s, (struct ins){ .op = OP_LDIMM64, .dst = 2, .imm64 = layout });
	}
	seq_ref(s, (struct lower_ref){ .kind = LREF_KFUNC, .id = f->kfunc_id, .name = name });
	seq_add(s, r);
	return 0;
}

u32 lower_sub_of(const struct proof *p, u32 insn)
{
	u32 k = 0;

	while (k + 1 < p->nsubs && p->sub[k + 1].start <= insn)
		k++;
	return k;
}

static int lower_imm64(struct lowering *l, struct seq *s, const struct ins *i, const struct insn_fact *f)
{
	const struct lower_opts *o = l->o;
	struct ins r = *i;

	switch ((enum imm64_kind)ins_info(i)->sub) {
	case IMM64_CONST:
		break;
	case IMM64_MAP_FD:
	case IMM64_MAP_IDX:
		r.imm64 = f->map ? o->map_addr(o->cookie, f->map) : 0;
		seq_ref(s, (struct lower_ref){ .kind = LREF_MAP, .map = r.imm64 });
		break;
	case IMM64_MAP_VALUE:
	case IMM64_MAP_IDX_VALUE:
		r.imm64 = f->map ? o->map_value_addr(o->cookie, f->map, f->map_off) : 0;
		if (!r.imm64)
			return missing(l, "direct value of map", f->map ? f->map->name : "?");
		seq_ref(s,
			(struct lower_ref){ .kind = LREF_MAP_VALUE, .map = o->map_addr(o->cookie, f->map), .off = f->map_off });
		break;
	case IMM64_BTF_ID:
		/* a weak symbol that the kernel lacks is a plain 0 already: this one is there, and not here */
		r.imm64 = o->btf_addr(o->cookie, f->kfunc_btf, (u32)i->imm);
		if (!r.imm64)
			return missing(l, "kernel variable", f->kfunc_btf ? btf_type_name(f->kfunc_btf, (u32)i->imm) : "?");
		seq_ref(s, (struct lower_ref){ .kind = LREF_BTF, .id = (u32)i->imm,
					       .name = f->kfunc_btf ? btf_type_name(f->kfunc_btf, (u32)i->imm) : "" });
		break;
	case IMM64_FUNC:
		r.imm64 = lower_sub_of(l->p, i->target);
		break;
	}
	r.op = ins_info(i)->sub == IMM64_FUNC ? OP_LDIMM64_FUNC : OP_LDIMM64;
	seq_add(s, r);
	return 0;
}

/* A branch of which one side never runs is none: what lies there may not even be lowerable. */
static void lower_branch(struct lowering *l, struct seq *s, const struct ins *i, u32 at)
{
	bool jump = l->p->fact[i->target].walked, fall = at + 1 < l->p->n && l->p->fact[at + 1].walked;

	if (jump && fall)
		seq_add(s, *i);
	else if (jump)
		seq_add(s, (struct ins){ .op = OP_JA, .target = i->target });
}

/*
 * Loops that the verifier has walked to their end are short: a run passes no state twice. What it has not walked turn by turn are
 * loops that may_goto or an iterator ends, what helpers call back, and global functions.
 */
static bool may_take_long(const struct lowering *l, const struct ins *i)
{
	enum ins_class c = ins_class(i);

	return c == IC_MAY_GOTO || c == IC_CALL || c == IC_CALL_KFUNC ||
	       (c == IC_CALL_SUB && l->p->sub[lower_sub_of(l->p, i->target)].is_global);
}

#define R_MASK 11

void lower_mask(struct seq *s, const struct ins *i, u8 state, u32 limit)
{
	bool in_src = state & ALU_SAN_SRC, neg = state & ALU_SAN_NEG, imm = state & ALU_SAN_IMM;
	bool add = (ins_info(i)->sub == ALU_ADD) != neg;
	u8 off = in_src ? i->src : i->dst;

	if (neg && !imm)
		seq_add(s, (struct ins){ .op = OP_NEG64, .dst = off });
	seq_add(s, (struct ins){ .op = OP_MOV32_K, .dst = R_MASK, .imm = (s32)limit });
	if (!imm) {
		seq_add(s, (struct ins){ .op = OP_SUB64_X, .dst = R_MASK, .src = off });
		seq_add(s, (struct ins){ .op = OP_OR64_X, .dst = R_MASK, .src = off });
		seq_add(s, (struct ins){ .op = OP_NEG64, .dst = R_MASK });
		seq_add(s, (struct ins){ .op = OP_ARSH64_K, .dst = R_MASK, .imm = 63 });
		seq_add(s, (struct ins){ .op = OP_AND64_X, .dst = R_MASK, .src = off });
	}
	if (!in_src)
		seq_add(s, (struct ins){ .op = OP_MOV64_X, .dst = i->dst, .src = i->src });
	seq_add(s, (struct ins){ .op = add ? OP_ADD64_X : OP_SUB64_X, .dst = i->dst, .src = R_MASK });
	if (in_src && neg && !imm && i->src != i->dst)
		seq_add(s, (struct ins){ .op = OP_NEG64, .dst = i->src });
}

int lower_one(struct lowering *l, struct seq *s, u32 at)
{
	const struct ins *i = &l->p->ins[at];
	const struct insn_fact *f = &l->p->fact[at];
	struct ins r = *i;
	int err = 0;

	if (l->o->budget && may_take_long(l, i))
		seq_add(s, (struct ins){ .op = OP_POLL });
	if (l->o->hardened && f->nospec)
		seq_add(s, (struct ins){ .op = OP_NOSPEC });
	switch (ins_class(i)) {
	case IC_LDX:
		err = lower_load(l, s, i, f);
		break;
	case IC_LDABS:
	case IC_LDIND:
		r.imm64 = l->o->helper_addr(l->o->cookie, LOWER_LD_ABS);
		if (!r.imm64)
			return missing(l, "instruction", "ld_abs");
		seq_ref(s, (struct lower_ref){ .kind = LREF_LD_ABS });
		seq_add(s, r);
		break;
	case IC_ST: case IC_STX: case IC_ATOMIC: case IC_LOAD_ACQ: case IC_STORE_REL:
		if (f->mem == MF_ARENA) {
			err = lower_arena(l, s, i, at);
			break;
		}
		seq_add(s, f->mem == MF_CTX || f->mem == MF_SOCK ? native_access(i, f) : r);
		break;
	case IC_LDIMM64:
		err = lower_imm64(l, s, i, f);
		break;
	case IC_LDIMM64_HI:
		break;
	case IC_JCC: case IC_MAY_GOTO:
		if (!lower_is_fused(l, at))
			lower_branch(l, s, i, at);
		break;
	case IC_CALL:
		err = lower_call(l, s, at);
		break;
	case IC_CALL_KFUNC:
		err = lower_kfunc(l, s, i, f);
		break;
	case IC_CAST:
		err = lower_cast(l, s, i);
		break;
	case IC_ALU:
		if (l->o->hardened && (f->alu_state & (ALU_SAN_SRC | ALU_SAN_DST)))
			lower_mask(s, i, f->alu_state, f->alu_limit);
		else
			seq_add(s, r);
		break;
	case IC_CALL_SUB:
		if (lower_inline(l, s, at))
			err = l->err;
		else
			seq_add(s, r);
		break;
	case IC_MOV: case IC_END: case IC_JA: case IC_EXIT: case IC_INTERNAL:
		seq_add(s, r);
		break;
	}
	if (l->o->hardened && f->nospec_result)
		seq_add(s, (struct ins){ .op = OP_NOSPEC });
	return err;
}

/* Targets were instruction indices until here. */
static void retarget(struct ins *op, const u32 *to)
{
	enum ins_class c = ins_class(op);

	if (c == IC_JA || c == IC_JCC || c == IC_MAY_GOTO || c == IC_CALL_SUB)
		op->target = to[op->target];
}

static int emit(struct lowering *l, const u32 *to)
{
	struct lowered *out = l->out;
	u32 n = 0;

	for (u32 at = 0; at < l->p->n; at++) {
		struct seq s;
		int err;

		seq_init(&s);
		err = l->p->fact[at].walked ? lower_one(l, &s, at) : 0;
		if (err)
			return err;
		for (u32 k = 0; k < s.n; k++) {
			struct ins *op = &out->ops[n + k];
			*op = s.op[k];
			out->from[n + k] = at;
			if (seq_is_local(&s, k))
				op->target += n;
			else
				retarget(op, to);
		}
		if (s.has_tail) {
			out->tail[out->ntails++] = s.tail;
			out->ops[n + s.n - 1].imm = (s32)out->ntails;
		}
		for (u32 k = 0; k < s.nrefs; k++) {
			s.ref[k].op += n;
			out->ref[out->nrefs++] = s.ref[k];
		}
		n += s.n;
	}
	return 0;
}

static void make_subs(struct lowering *l, struct arena *a)
{
	const struct proof *p = l->p;
	struct lowered *out = l->out;

	out->nsubs = p->nsubs;
	out->sub = ARENA_ARRAY(a, struct lowered_sub, p->nsubs);
	out->exception_sub = ~0u;
	for (u32 i = 0; i < p->nsubs; i++) {
		const struct sub_fact *s = &p->sub[i];
		out->sub[i] = (struct lowered_sub){ .start = out->to[s->start], .end = out->to[s->end],
						    .stack = ROUND_UP((u32)s->stack, 8u) + lower_inline_stack(l, i),
						    .callback = s->is_callback || s->is_async_callback,
						    .exception_cb = s->is_exception_cb,
						    .tail_call_reachable = s->tail_call_reachable };
		if (s->is_exception_cb)
			out->exception_sub = i;
	}
}

int lower(const struct proof *p, const struct lower_opts *o, struct arena *a, struct lowered *ret)
{
	struct lowering l = { .p = p, .o = o, .out = ret };
	u32 n = 0, refs = 0, tails = 0;
	int err;

	*ret = (struct lowered){ 0 };
	l.jumped = ARENA_ARRAY(a, u8, p->n + 1);
	l.body = ARENA_ARRAY(a, u8, p->nsubs);
	for (u32 at = 0; at < p->n; at++)
		if (op_is_jump(p->ins[at].op))
			l.jumped[p->ins[at].target] = 1;
	ret->to = ARENA_ARRAY(a, u32, p->n + 1);
	for (u32 at = 0; at < p->n; at++) {
		struct seq s;

		seq_init(&s);
		ret->to[at] = n;
		err = p->fact[at].walked ? lower_one(&l, &s, at) : 0;
		if (err)
			return err;
		n += s.n;
		refs += s.nrefs;
		tails += s.has_tail;
	}
	ret->to[p->n] = ret->n = n;
	ret->ops = ARENA_ARRAY(a, struct ins, n);
	ret->from = ARENA_ARRAY(a, u32, n);
	ret->ref = ARENA_ARRAY(a, struct lower_ref, refs);
	ret->tail = ARENA_ARRAY(a, struct lower_tail, tails);
	err = emit(&l, ret->to);
	if (!err)
		make_subs(&l, a);
	return err;
}
