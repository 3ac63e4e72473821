/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Facts of the flow graph that need no walk: postorder, loops, and which registers may still be read.
 *
 * Loops are strongly connected components within a function; calls do not count as edges. Invariant:
 * aux[].scc is 0 exactly for instructions that are in no loop.
 */
#include "verifier/env.h"

u32 insn_successors(const struct vf_env *e, u32 i, u32 out[2])
{
	const struct ins *in = &e->ins[i];
	u32 n = 0;

	switch (ins_class(in)) {
	case IC_EXIT:
		return 0;
	case IC_JA:
		out[0] = in->target;
		return 1;
	case IC_JCC:
	case IC_MAY_GOTO:
		out[n++] = i + 1;
		out[n++] = in->target;
		return n;
	case IC_CALL:
	case IC_LDABS:
	case IC_LDIND:
		out[n++] = i + 1;
		if (e->aux[i].leaves_to)
			out[n++] = e->aux[i].leaves_to;
		return n;
	default:
		out[0] = i + ins_slots(in);
		return 1;
	}
}

enum { SEEN = 1, LEFT = 2 };

static void order_subprog(struct vf_env *e, u32 start, u8 *state, u32 *stack)
{
	u32 depth = 0, succ[2];

	stack[depth++] = start;
	do {
		u32 top = stack[depth - 1];

		if (state[top] & LEFT) {
			e->postorder[e->npostorder++] = top;
			depth--;
			continue;
		}
		for (u32 k = 0, n = insn_successors(e, top, succ); k < n; k++) {
			if (state[succ[k]])
				continue;
			stack[depth++] = succ[k];
			state[succ[k]] |= SEEN;
		}
		state[top] |= LEFT;
	} while (depth);
}

static void compute_postorder(struct vf_env *e)
{
	u8 *state = ARENA_ARRAY(&e->arena, u8, e->n);
	u32 *stack = ARENA_ARRAY(&e->arena, u32, e->n + 2);

	for (u32 i = 0; i < e->nsubs; i++) {
		e->subs[i].postorder = e->npostorder;
		order_subprog(e, e->subs[i].start, state, stack);
	}
	e->subs[e->nsubs].postorder = e->npostorder;
}

/* ---- loops: Tarjan's algorithm without recursion ---- */

#define OFF_STACK U32_MAX

struct tarjan {
	u32 *stack, *pre, *low, *dfs; /* pre: order of discovery, 0: not yet; low: earliest reachable */
	u32 nstack, ndfs, next_pre, next_scc;
};

/* One look at the top of the search: descend, or leave and close its component. */
static void tarjan_step(struct vf_env *e, struct tarjan *t)
{
	u32 w = t->dfs[t->ndfs - 1], succ[2], n = insn_successors(e, w, succ);
	bool loop;

	if (!t->pre[w]) {
		t->low[w] = t->pre[w] = t->next_pre++;
		t->stack[t->nstack++] = w;
	}
	for (u32 k = 0; k < n; k++) {
		if (t->pre[succ[k]]) {
			t->low[w] = MIN(t->low[w], t->low[succ[k]]);
		} else {
			t->dfs[t->ndfs++] = succ[k];
			return;
		}
	}
	if (t->low[w] >= t->pre[w]) {
		/* a call that calls back is a loop in itself */
		loop = t->stack[t->nstack - 1] != w || e->aux[w].calls_callback;
		for (u32 k = 0; k < n; k++)
			loop |= succ[k] == w;
		for (u32 m = OFF_STACK; m != w;) {
			m = t->stack[--t->nstack];
			t->low[m] = OFF_STACK;
			if (loop)
				e->aux[m].scc = t->next_scc;
		}
		t->next_scc += loop;
	}
	t->ndfs--;
}

/* Does anything lead back? Only a jump or a call that calls back can. */
static bool may_loop(const struct vf_env *e)
{
	for (u32 i = 0; i < e->n; i++) {
		enum ins_class c = ins_class(&e->ins[i]);

		if (e->aux[i].calls_callback || ((c == IC_JA || c == IC_JCC || c == IC_MAY_GOTO) && e->ins[i].target <= i))
			return true;
	}
	return false;
}

static void compute_scc(struct vf_env *e)
{
	struct tarjan t = { .stack = ARENA_ARRAY(&e->arena, u32, e->n),
			    .pre = ARENA_ARRAY(&e->arena, u32, e->n),
			    .low = ARENA_ARRAY(&e->arena, u32, e->n),
			    .dfs = ARENA_ARRAY(&e->arena, u32, e->n + 1),
			    .next_pre = 1,
			    .next_scc = 1 };

	for (u32 i = 0; i < e->n; i += ins_slots(&e->ins[i])) {
		if (t.pre[i])
			continue;
		t.nstack = 0;
		t.dfs[0] = i;
		t.ndfs = 1;
		while (t.ndfs)
			tarjan_step(e, &t);
	}
	e->nscc = t.next_scc;
}

/* ---- live registers ---- */

#define CALL_ARGS 0x3eu  /* r1-r5 */
#define CALL_CLOBBERS 0x3fu

/* Registers a call reads: as many as it has arguments, when that is known. */
static u16 call_reads(struct vf_env *e, const struct ins *in)
{
	const struct helper_spec *h = in->op == OP_CALL ? helper_by_id((u32)in->imm) : NULL;
	s32 n = -1;

	if (in->op == OP_CALL_KFUNC)
		n = kfunc_nargs(e, in);
	else if (h && !helper_allowed(h, e->in->prog_type, e->in->attach_type, e->in->caps, true))
		for (n = 0; n < 5 && h->arg[n].kind != ARG_NONE; n++)
			;
	return n < 0 ? CALL_ARGS : (u16)(CALL_ARGS & ((2u << n) - 1));
}

static void uses_and_defs(struct vf_env *e, const struct ins *in, u16 *use, u16 *def)
{
	switch (ins_class(in)) {
	case IC_CALL:
	case IC_CALL_SUB:
	case IC_CALL_KFUNC:
		*use = call_reads(e, in);
		*def = CALL_CLOBBERS;
		break;
	default:
		*use = isa_reads(in);
		*def = isa_writes(in);
	}
}

static void log_live_regs(struct vf_env *e)
{
	vf_log(e, "Live regs before insn:\n");
	for (u32 i = 0; i < e->n; i += ins_slots(&e->ins[i])) {
		if (e->aux[i].scc)
			vf_log(e, "%3u ", e->aux[i].scc);
		else
			vf_log(e, "    ");
		vf_log(e, "%3u: ", i);
		for (u32 r = 0; r < 10; r++)
			vf_log(e, "%c", e->aux[i].live_regs & 1u << r ? '0' + (int)r : '.');
		vf_log(e, " ");
		log_insn(e, i);
	}
}

static void compute_live_regs(struct vf_env *e)
{
	u16 *use = e->touched, *def = ARENA_ARRAY(&e->arena, u16, e->n);
	u16 *live = ARENA_ARRAY(&e->arena, u16, e->n);
	u32 succ[2];
	bool changed;

	for (u32 i = 0; i < e->n; i++)
		uses_and_defs(e, &e->ins[i], &use[i], &def[i]);
	do {
		changed = false;
		for (u32 k = 0; k < e->npostorder; k++) {
			u32 i = e->postorder[k], n = insn_successors(e, i, succ);
			u16 out = 0, in;

			for (u32 s = 0; s < n; s++)
				out |= live[succ[s]];
			in = (u16)((out & ~def[i]) | use[i]);
			changed |= in != live[i];
			live[i] = in;
		}
	} while (changed);
	for (u32 i = 0; i < e->n; i++) {
		enum ins_class c = ins_class(&e->ins[i]);

		e->aux[i].live_regs = live[i];
		use[i] |= def[i];
		if (c == IC_CALL || c == IC_CALL_SUB || c == IC_CALL_KFUNC || c == IC_EXIT || c == IC_LDABS || c == IC_LDIND)
			use[i] |= RETRACE;
	}
	if (e->log->level & LOG_LEVEL2)
		log_live_regs(e);
}

int pass_order(struct vf_env *e)
{
	struct arena_mark mark;

	e->postorder = arena_alloc_raw(&e->arena, e->n * sizeof(*e->postorder));
	e->touched = arena_alloc_raw(&e->arena, e->n * sizeof(*e->touched));
	mark = arena_mark(&e->arena);
	compute_postorder(e);
	e->nscc = 1;
	if (may_loop(e))
		compute_scc(e);
	compute_live_regs(e);
	arena_release(&e->arena, mark);
	return 0;
}
