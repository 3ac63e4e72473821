/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The proof: what the walk found out, gathered for the rooms behind.
 *
 * Invariant: a fact holds on every path; what differed between paths was already dropped when it was noticed.
 */
#include "verifier/env.h"

static void fill_subs(struct vf_env *e)
{
	struct proof *p = e->proof;

	p->nsubs = e->nsubs;
	p->sub = ARENA_ARRAY(&p->arena, struct sub_fact, e->nsubs);
	for (u32 i = 0; i < e->nsubs; i++) {
		const struct subprog *s = &e->subs[i];

		p->sub[i] = (struct sub_fact){ .start = s->start,
					       .end = s[1].start,
					       .stack = (u16)s->used_depth,
					       .has_tail_call = s->has_tail_call,
					       .tail_call_reachable = s->tail_call_reachable,
					       .has_ld_abs = s->has_ld_abs,
					       .is_callback = s->is_cb,
					       .is_async_callback = s->is_async_cb,
					       .is_exception_cb = s->is_exception_cb,
					       .is_global = s->global,
					       .changes_pkt = s->changes_pkt,
					       .might_sleep = s->might_sleep,
					       .name = s->name ? arena_strdup(&p->arena, s->name) : NULL };
	}
}

static void fill_facts(struct vf_env *e)
{
	struct proof *p = e->proof;

	for (u32 i = 0; i < e->n; i++) {
		struct insn_fact *f = &p->fact[i];
		const struct ins *in = &e->ins[i];

		if (in->op == OP_CALL_SUB || in->op == OP_LDIMM64_FUNC)
			f->callee = (u32)sub_starting(e, in->target);
	}
}

/* What Linux finds when it rewrites the calls that are left. */
static int check_calls(struct vf_env *e)
{
	for (u32 i = 0; i < e->n; i++) {
		const struct ins *in = &e->ins[i];
		const struct helper_spec *h = in->op == OP_CALL ? helper_by_id((u32)in->imm) : NULL;

		if (!e->fact[i].walked)
			continue;
		if (in->op == OP_CALL_KFUNC && !in->imm)
			return reject(e, REJ_KFUNC_LEFT);
		if (h && (h->flags & HF_TAIL_CALL) && !e->bypass_v1 && e->aux[i].map_ptr_poison)
			return reject(e, REJ_TAIL_CALL_MAPS);
	}
	return 0;
}

/* Linux keeps the counters of may_goto and what an inlined bpf_loop needs on the stack; our engines do not: only the log says so. */
static void add_loop_counters(struct vf_env *e)
{
	for (u32 k = 0; k < e->nsubs; k++) {
		struct subprog *s = &e->subs[k];
		bool may_goto = false, loop = false;

		for (u32 i = s->start; i < s[1].start; i++) {
			may_goto |= ins_class(&e->ins[i]) == IC_MAY_GOTO && e->fact[i].walked;
			loop |= e->fact[i].loop_inline;
		}
		if (loop)
			s->stack_depth = (u32)ROUND_UP(s->stack_depth, 8) + 24;
		if (may_goto)
			s->stack_depth += 16;
	}
}

int pass_finish(struct vf_env *e)
{
	int err = check_calls(e);

	if (err)
		return err;
	fill_subs(e);
	fill_facts(e);
	add_loop_counters(e);
	e->proof->sleepable = e->sleepable_prog;
	e->proof->strict_spec = !e->bypass_v1;
	return 0;
}

const struct btf_line *proof_line(const struct proof *p, u32 insn)
{
	const struct btf_line *l = p->lines;
	u32 lo = 0, hi = p->nlines;

	if (!hi || l[0].insn_off > insn)
		return NULL;
	while (hi - lo > 1) {
		u32 mid = lo + (hi - lo) / 2;

		if (l[mid].insn_off <= insn)
			lo = mid;
		else
			hi = mid;
	}
	return &l[lo];
}
