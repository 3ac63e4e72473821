/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Control flow: every instruction can be reached, loops only with CAP_BPF; where the walk compares states.
 *
 * Invariant: marks are complete afterwards: a prune point at each jump target, conditional jump, call that
 * calls back and instruction behind a call; a jump point wherever the previous instruction is not the one
 * before.
 */
#include <stdio.h>

#include "verifier/env.h"

enum { FRESH = 0, DISCOVERED = 0x10, EXPLORED = 0x20, EDGE_NEXT = 1, EDGE_BRANCH = 2 };
enum { DONE = 0, KEEP = 1 };

struct cfg {
	u8 *state;   /* per instruction; DISCOVERED | the last edge followed */
	u32 *stack, depth;
};

static void mark_target(struct vf_env *e, u32 i)
{
	e->aux[i].prune_point = true;
	e->aux[i].jmp_point = true;
}

static void log_line_of(struct vf_env *e, u32 i)
{
	char prefix[16];

	snprintf(prefix, sizeof(prefix), "%u: ", i);
	log_source_line(e, i, prefix);
}

static int push(struct vf_env *e, struct cfg *g, u32 from, u32 to, u8 edge)
{
	if (g->state[from] >= (DISCOVERED | edge))
		return DONE;
	if (to >= e->n) {
		log_line_of(e, from);
		return reject(e, REJ_JUMP_RANGE, from, (s32)to);
	}
	if (edge == EDGE_BRANCH) {
		mark_target(e, to);
		e->aux[to].jump_target = true;
	}
	if (g->state[to] == FRESH) {
		g->state[from] = DISCOVERED | edge;
		g->state[to] = DISCOVERED;
		g->stack[g->depth++] = to;
		return KEEP;
	}
	if ((g->state[to] & 0xf0) == DISCOVERED) {
		if (e->bpf_capable)
			return DONE;
		log_line_of(e, from);
		log_line_of(e, to);
		return reject(e, REJ_BACK_EDGE, from, to);
	}
	g->state[from] = DISCOVERED | edge;
	return DONE;
}

/* What a callee does to the packet or the scheduler, its callers do. */
static void merge_callee(struct vf_env *e, u32 call, u32 callee)
{
	struct subprog *caller = &e->subs[sub_containing(e, call)];
	const struct subprog *s = &e->subs[sub_containing(e, callee)];

	caller->changes_pkt |= s->changes_pkt;
	caller->might_sleep |= s->might_sleep;
}

static int visit_call(struct vf_env *e, struct cfg *g, u32 i, bool visit_callee)
{
	u32 next = i + ins_slots(&e->ins[i]), callee = e->ins[i].target;
	int ret = push(e, g, i, next, EDGE_NEXT);

	if (ret)
		return ret;
	mark_target(e, next);
	if (!visit_callee)
		return DONE;
	e->aux[i].prune_point = true;
	merge_callee(e, i, callee);
	return push(e, g, i, callee, EDGE_BRANCH);
}

static void mark_helper_or_kfunc(struct vf_env *e, u32 i)
{
	const struct ins *in = &e->ins[i];
	const struct helper_spec *h = in->op == OP_CALL ? helper_by_id((u32)in->imm) : NULL;
	bool kfunc = in->op == OP_CALL_KFUNC;
	struct subprog *s = &e->subs[sub_containing(e, i)];
	struct aux *a = &e->aux[i];

	if ((h && (h->flags & HF_ASYNC_CB)))
		a->prune_point = true;
	if ((h && (h->flags & HF_SYNC_CB)) || (kfunc && kfunc_is_callback_calling(e, in))) {
		a->calls_callback = true;
		a->force_checkpoint = true;
		mark_target(e, i);
	}
	/* what is called instead may do anything to the packet */
	if ((h && (h->flags & (HF_MOVES_PKT | HF_TAIL_CALL))) || (kfunc && kfunc_changes_pkt(e, in)))
		s->changes_pkt = true;
	/* a helper that this program may not call is refused where it stands, if anybody comes there */
	if ((h && (h->flags & HF_SLEEP) &&
	     !helper_allowed(h, e->in->prog_type, e->in->attach_type, e->in->caps, e->sleepable_prog)) ||
	    (kfunc && kfunc_might_sleep(e, in)))
		s->might_sleep = true;
	if (kfunc && kfunc_is_iter_next(e, in)) {
		a->is_iter_next = true;
		a->prune_point = true;
		a->force_checkpoint = true;
	}
}

static int visit(struct vf_env *e, struct cfg *g, u32 i)
{
	const struct ins *in = &e->ins[i];
	int ret;

	if (in->op == OP_LDIMM64_FUNC)
		return visit_call(e, g, i, true);
	switch (ins_class(in)) {
	case IC_EXIT:
		return DONE;
	case IC_CALL:
	case IC_CALL_KFUNC:
		mark_helper_or_kfunc(e, i);
		return visit_call(e, g, i, false);
	case IC_CALL_SUB:
		return visit_call(e, g, i, true);
	case IC_JA:
		ret = push(e, g, i, in->target, EDGE_NEXT);
		if (ret < 0)
			return ret;
		mark_target(e, in->target);
		e->aux[in->target].jump_target = true;
		return ret;
	case IC_JCC:
	case IC_MAY_GOTO:
		e->aux[i].prune_point = true;
		if (ins_class(in) == IC_MAY_GOTO)
			e->aux[i].force_checkpoint = true;
		ret = push(e, g, i, i + 1, EDGE_NEXT);
		return ret ? ret : push(e, g, i, in->target, EDGE_BRANCH);
	default:
		return push(e, g, i, i + ins_slots(in), EDGE_NEXT);
	}
}

static int explore(struct vf_env *e, struct cfg *g, u32 from)
{
	if (g->state[from] != FRESH)
		return 0;
	g->state[from] = DISCOVERED;
	g->stack[0] = from;
	g->depth = 1;
	while (g->depth) {
		u32 i = g->stack[g->depth - 1];
		int ret = visit(e, g, i);

		if (ret < 0)
			return ret;
		if (ret == KEEP)
			continue;
		g->state[i] = EXPLORED;
		g->depth--;
	}
	return 0;
}

int pass_cfg(struct vf_env *e)
{
	struct arena_mark mark = arena_mark(&e->arena);
	struct cfg g = { .state = ARENA_ARRAY(&e->arena, u8, e->n),
			 .stack = ARENA_ARRAY(&e->arena, u32, e->n + 1) };
	int err = explore(e, &g, 0);

	if (!err && e->exception_cb > 0)
		err = explore(e, &g, e->subs[e->exception_cb].start);
	for (u32 i = 0; !err && i < e->n; i++) {
		if (g.state[i] != EXPLORED)
			return reject(e, REJ_UNREACHABLE, i);
		if (!ins_is_ldimm64(&e->ins[i]))
			continue;
		if (g.state[++i] != FRESH)
			return reject(e, REJ_INTO_LDIMM64, i - 1);
	}
	arena_release(&e->arena, mark);
	return err;
}
