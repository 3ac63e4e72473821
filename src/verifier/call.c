/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Subprograms: calls, callbacks, returns, exits, and how much stack they take together.
 *
 * A static function is walked anew at each call, in a frame of its own; a global one is walked once by its declared arguments
 * and then believed. A callback is walked as if called 0, 1, ... times, until the states repeat.
 * Invariant: a frame's pointers never outlive it; what a program returns lies in the range its attach point takes.
 */
#include <stdio.h>

#include "verifier/kfunc.h"
#include "verifier/mem.h"

/* ---- calls ---- */

static void copy_args(const struct frame *caller, struct frame *callee)
{
	for (u32 i = 1; i <= 5; i++)
		callee->regs[i] = caller->regs[i];
}

static int check_depth(struct vf_env *e, const struct vstate *s)
{
	if (s->curframe + 1 >= MAX_FRAMES)
		return reject(e, REJ_FRAMES, s->curframe + 2);
	return 0;
}

static int call_global(struct vf_env *e, u32 sub)
{
	struct vstate *s = e->cur;
	struct subprog *sp = &e->subs[sub];
	struct reg *regs = cur_regs(e);
	int err = sub_args_check(e, sub, regs);

	if (err == -EFAULT)
		return err;
	if (s->active_locks)
		return reject(e, REJ_GLOBAL_IN_LOCK);
	if (sp->might_sleep && (s->active_rcu || s->active_preempt || s->active_irq_id || !in_sleepable(e)))
		return reject(e, REJ_GLOBAL_SLEEP);
	if (err) {
		reject(e, REJ_GLOBAL_ARGS, sub, sp->name ? sp->name : "");
		return err;
	}
	if (e->log->level & (LOG_LEVEL1 | LOG_LEVEL2))
		vf_log(e, "Func#%d ('%s') is global and assumed valid.\n", sub, sp->name ? sp->name : "");
	if (sp->changes_pkt)
		clear_pkt_pointers(e);
	sp->called = true;
	clear_caller_saved(e, regs);
	reg_mark_unknown(e, &regs[0]);
	return 0;
}

int step_call_sub(struct vf_env *e, const struct ins *i, u32 *insn)
{
	s32 sub = sub_starting(e, i->target);
	struct vstate *s = e->cur;
	struct frame *caller = cur_frame(e), *callee;
	int err;

	if (sub < 0)
		return vf_bug(e, "no program starts at insn %d", i->target);
	scratch_reg(e, 0);
	if (e->subs[sub].global)
		return call_global(e, (u32)sub);
	err = check_depth(e, s);
	if (err)
		return err;
	callee = frame_push(e, s, (u32)sub, e->insn);
	copy_args(caller, callee);
	clear_caller_saved(e, caller->regs);
	*insn = e->subs[sub].start;
	if (e->log->level & (LOG_LEVEL1 | LOG_LEVEL2)) {
		vf_log(e, "caller:\n");
		state_print(e, s, caller->frameno, true);
		vf_log(e, "callee:\n");
		state_print(e, s, callee->frameno, true);
	}
	return 0;
}

int push_callback(struct vf_env *e, const struct ins *i, u32 insn, u32 subprog, cb_args_fn set_args, bool async, bool sleepable)
{
	struct frame *caller = cur_frame(e), *callee;
	struct vstate *s;
	int err;

	(void)i;
	e->subs[subprog].is_cb = true;
	if (async) {
		e->subs[subprog].is_async_cb = true;
		s = push_async_callback(e, e->subs[subprog].start, insn, subprog, sleepable);
		if (!s)
			return -EFAULT;
		callee = s->frame[0];
		callee->async_entries = caller->async_entries + 1;
		return set_args(e, caller, callee, insn);
	}
	/* The walk goes on behind the call (no iteration); the callback itself waits on the branch stack. */
	s = push_branch(e, e->subs[subprog].start, insn, false);
	if (!s)
		return -EFAULT;
	err = check_depth(e, s);
	if (err)
		return err;
	callee = frame_push(e, s, subprog, insn);
	err = set_args(e, s->frame[s->curframe - 1], callee, insn);
	if (err)
		return err;
	s->callback_unroll_depth++;
	s->frame[s->curframe - 1]->callback_depth++;
	caller->callback_depth = 0;
	return 0;
}

/* ---- returns ---- */

static bool in_range(struct ret_range range, const struct reg *r, bool is32)
{
	if (is32)
		return range.min <= r->s32_min && r->s32_max <= range.max;
	return range.min <= r->smin && r->smax <= range.max;
}

static int bad_return(struct vf_env *e, const struct reg *r, struct ret_range range, const char *when, u32 regno)
{
	char text[80];
	size_t n = 0;

	text[0] = 0;
	if (r->smin > S64_MIN)
		n += (size_t)snprintf(text, sizeof(text), " smin=%lld", (long long)r->smin);
	if (r->smax < S64_MAX)
		n += (size_t)snprintf(text + n, sizeof(text) - n, " smax=%lld", (long long)r->smax);
	return reject(e, REJ_RETURN_RANGE, when, regno, n ? text : " unknown scalar value", range.min, range.max);
}

static int leave_callback(struct vf_env *e, const struct frame *callee)
{
	const struct reg *r0 = &callee->regs[0];
	int err;

	if (r0->type != T_SCALAR)
		return reject(e, REJ_CB_NOT_SCALAR);
	err = mark_precise(e, 0);
	if (err)
		return err;
	if (!in_range(callee->cb_ret, r0, false))
		return bad_return(e, r0, callee->cb_ret, "At callback return", 0);
	return 0;
}

static int leave_function(struct vf_env *e, u32 *insn)
{
	struct vstate *s = e->cur, *prev;
	struct frame *callee = cur_frame(e), *caller = s->frame[s->curframe - 1];
	bool cb = callee->in_callback;
	int err;

	/* Its stack ends here; a caller's could be returned, but is not worth the care. */
	if (callee->regs[0].type == T_STACK)
		return reject(e, REJ_RETURN_STACK);
	if (cb) {
		err = leave_callback(e, callee);
		if (err)
			return err;
	} else {
		caller->regs[0] = callee->regs[0];
	}
	/* After a callback the call is walked again: it may call it once more or go on. */
	*insn = cb ? callee->callsite : callee->callsite + 1;
	if (e->log->level & (LOG_LEVEL1 | LOG_LEVEL2)) {
		vf_log(e, "returning from callee:\n");
		state_print(e, s, callee->frameno, true);
		vf_log(e, "to caller at %d:\n", *insn);
		state_print(e, s, caller->frameno, true);
	}
	frame_pop(e, s);
	/* What a callback counts would make each iteration different: forget it unless it matters. */
	prev = cb ? prune_prev_entry(e, s, *insn) : NULL;
	if (prev)
		prune_widen(e, prev, s);
	return 0;
}

/*
 * A tail call that succeeds does not come back here but to the caller of this function, with any result and the packet moved;
 * one that fails did nothing.
 */
int tail_call_leaves(struct vf_env *e, u32 *insn)
{
	if (!e->cur->curframe)
		return 0;
	if (!push_branch(e, e->insn + 1, e->insn, false))
		return -EFAULT;
	clear_pkt_pointers(e);
	reg_mark_unknown(e, &cur_regs(e)[0]);
	return leave_function(e, insn);
}

/* Which values this program may return. False: any. */
static bool return_range(struct vf_env *e, struct ret_range *range, bool *is32)
{
	u32 type = e->in->prog_type, attach = e->in->attach_type;

	*is32 = false;
	if (e->in->own) {
		*range = (struct ret_range){ e->type->ret_min, e->type->ret_max };
		return e->type->ret_min <= e->type->ret_max;
	}
	if (type == BPF_PROG_TYPE_RAW_TRACEPOINT) {
		*range = (struct ret_range){ 0, 0 };
		return e->in->attach_btf_id;
	}
	if (type == BPF_PROG_TYPE_LSM && attach == BPF_LSM_CGROUP) {
		*range = attach_is_void(e) ? (struct ret_range){ 1, 1 } : (struct ret_range){ 0, 1 };
		return true;
	}
	if (type == BPF_PROG_TYPE_LSM) {
		*is32 = true;
		return lsm_return_range(e, range);
	}
	return progtype_ret_range(type, attach, &range->min, &range->max);
}

int check_return_code(struct vf_env *e, u32 regno)
{
	const struct frame *f = e->cur->frame[0];
	bool is_sub = f->subprog != 0, is32 = false, void_hook;
	const char *when = "At program exit";
	struct ret_range range = { 0, 1 };
	const struct reg *r;
	int err;

	void_hook = (e->in->prog_type == BPF_PROG_TYPE_LSM || e->in->prog_type == BPF_PROG_TYPE_STRUCT_OPS) &&
		    attach_is_void(e);
	if ((!is_sub || f->in_exception_cb) && void_hook && e->in->attach_type != BPF_LSM_CGROUP)
		return 0;
	err = reg_check(e, regno, USE_SRC);
	if (err)
		return err;
	if (leaks_pointer(e, regno))
		return reject(e, REJ_LEAK_RETURN, regno);
	r = &cur_regs(e)[regno];
	if (f->in_async_callback) {
		when = "At async callback return";
		range = f->cb_ret;
	} else if (is_sub && !f->in_exception_cb) {
		if (r->type != T_SCALAR)
			return reject(e, REJ_SUB_RETURN, regno, reg_type_name(e, r->type));
		return 0;
	} else if (!return_range(e, &range, &is32)) {
		return 0;
	}
	if (r->type != T_SCALAR)
		return reject(e, REJ_RETURN_UNKNOWN, when, regno, reg_type_name(e, r->type));
	err = mark_precise(e, regno);
	if (err)
		return err;
	if (!in_range(range, r, is32)) {
		err = bad_return(e, r, range, when, regno);
		if (!is_sub && void_hook && e->in->attach_type == BPF_LSM_CGROUP)
			vf_log(e, "Note, BPF_LSM_CGROUP that attach to void LSM hooks can't modify return value!\n");
		return err;
	}
	return 0;
}

int step_exit(struct vf_env *e, u32 *insn, bool *ret_path_done)
{
	int err = check_resource_leak(e, false, !e->cur->curframe, "BPF_EXIT instruction in main prog");

	if (err)
		return err;
	if (e->cur->curframe) {
		err = leave_function(e, insn);
		if (err)
			return err;
		e->print_state = true;
		*ret_path_done = false;
		return 0;
	}
	err = check_return_code(e, 0);
	if (err)
		return err;
	*ret_path_done = true;
	return 0;
}

/* ---- classic packet loads ---- */

int step_ldabs(struct vf_env *e, const struct ins *i)
{
	struct reg *regs = cur_regs(e);
	struct vstate *other;
	int err;

	if (!e->type->ld_abs)
		return reject(e, REJ_LDABS_TYPE);
	for (u32 f = e->cur->curframe; f; f--)
		if (e->cur->frame[f]->in_callback)
			return reject(e, REJ_LDABS_CALLBACK);
	err = reg_check(e, 6, USE_SRC);
	if (!err)
		/* It may end the program, whatever is held. */
		err = check_resource_leak(e, false, true, "BPF_LD_[ABS|IND]");
	if (err)
		return err;
	if (regs[6].type != T_CTX)
		return reject(e, REJ_LDABS_R6);
	if (ins_class(i) == IC_LDIND) {
		err = reg_check(e, i->src, USE_SRC);
		if (err)
			return err;
	}
	err = ptr_offset_fixed(e, &regs[6], 6, false);
	if (err)
		return err;
	mem_note(e, e->insn, MF_CTX);
	clear_caller_saved(e, regs);
	reg_mark_unknown(e, &regs[0]);
	if (!e->cur->curframe)
		return 0;
	/* Beyond the packet it leaves the function with 0: the caller must be ready for that. */
	scratch_reg(e, 0);
	other = push_branch(e, e->insn + 1, e->insn, false);
	if (!other)
		return -EFAULT;
	reg_make_zero(e, &regs[0]);
	return leave_function(e, &e->next);
}

/* ---- 64-bit immediates ---- */

static int load_func(struct vf_env *e, const struct ins *i, struct reg *r)
{
	s32 sub = sub_starting(e, i->target);

	if (!e->in->func_info_cnt)
		return reject(e, REJ_FUNC_NO_INFO);
	if (sub < 0)
		return vf_bug(e, "no program starts at insn %d", i->target);
	if (e->subs[sub].global)
		return reject(e, REJ_FUNC_NOT_STATIC);
	if (sub == 0)
		return reject(e, REJ_FUNC_MAIN);
	r->type = T_FUNC;
	r->subprog = (u32)sub;
	e->fact[e->insn].callee = (u32)sub;
	return 0;
}

int step_ldimm64(struct vf_env *e, const struct ins *i)
{
	const struct aux *a = &e->aux[e->insn];
	const struct insn_fact *fact = &e->fact[e->insn];
	struct reg *r = &cur_regs(e)[i->dst];
	int err = reg_check(e, i->dst, USE_DST);

	if (err)
		return err;
	reg_make_ptr(r, T_SCALAR);
	switch ((enum imm64_kind)ins_info(i)->sub) {
	case IMM64_CONST:
		reg_set_known(r, i->imm64);
		return 0;
	case IMM64_BTF_ID:
		r->type = a->var_type;
		if (T_BASE(r->type) == T_MEM) {
			r->mem_size = a->var_mem_size;
		} else {
			r->btf = fact->kfunc_btf;
			r->btf_id = a->var_btf_id;
		}
		return 0;
	case IMM64_FUNC:
		return load_func(e, i, r);
	case IMM64_MAP_FD:
	case IMM64_MAP_IDX:
		r->type = T_MAP;
		r->map = fact->map;
		return 0;
	case IMM64_MAP_VALUE:
	case IMM64_MAP_IDX_VALUE:
		if (fact->map->user_va || fact->map->type == MTYPE_ARENA) {
			reg_mark_unknown(e, r);
			return 0;
		}
		r->type = T_MAP_VALUE;
		r->map = fact->map;
		r->off = (s32)fact->map_off;
		return 0;
	}
	return vf_bug(e, "unknown kind of immediate");
}

/* ---- stack depth ---- */

enum priv_stack { PRIV_UNKNOWN, PRIV_NONE, PRIV_OWN };
/* From this size on a function gets a stack of its own, where the program type allows that. */
#define PRIV_STACK_MIN 64

static u32 rounded_depth(const struct subprog *s) { return (u32)ROUND_UP(s->stack_depth, 16); }

/* Programs that cannot run twice at once on a CPU may keep their stack apart. */
static bool own_stack_ok(const struct vf_env *e)
{
	switch (e->in->prog_type) {
	case BPF_PROG_TYPE_KPROBE:
	case BPF_PROG_TYPE_TRACEPOINT:
	case BPF_PROG_TYPE_PERF_EVENT:
	case BPF_PROG_TYPE_RAW_TRACEPOINT:
		return true;
	case BPF_PROG_TYPE_TRACING:
		return e->in->attach_type != BPF_TRACE_ITER;
	default:
		return false;
	}
}

struct depth_walk {
	u8 mode[MAX_SUBPROGS + 2]; /* enum priv_stack */
	u32 ret_insn[MAX_FRAMES], ret_sub[MAX_FRAMES];
	u32 frame, depth;
	bool own_ok, tail_reachable;
};

static bool within_callback(const struct vf_env *e, const struct depth_walk *w, u32 sub)
{
	bool cb = e->subs[sub].is_cb || e->subs[sub].is_exception_cb;

	for (u32 j = 0; j < w->frame && !cb; j++)
		cb = e->subs[w->ret_sub[j]].is_cb || e->subs[w->ret_sub[j]].is_exception_cb;
	return cb;
}

static int enter_function(struct vf_env *e, struct depth_walk *w, u32 sub)
{
	struct subprog *s = &e->subs[sub];
	u32 size = rounded_depth(s);

	if (s->has_ld_abs && within_callback(e, w, sub))
		return reject(e, REJ_LDABS_CALLBACK);
	/* A tail call keeps the callers' frames: 33 of them must still fit. */
	if (sub && s->has_tail_call && w->depth >= 256)
		return reject(e, REJ_TAIL_CALL_STACK, w->depth);
	if (w->own_ok && w->mode[sub] == PRIV_UNKNOWN && size >= PRIV_STACK_MIN)
		w->mode[sub] = PRIV_OWN;
	if (w->mode[sub] == PRIV_OWN) {
		if (size > MAX_STACK)
			return reject(e, REJ_STACK_SIZE, sub, size);
		return 0;
	}
	w->depth += size;
	if (w->depth > MAX_STACK)
		return reject(e, REJ_STACK_SUM, w->frame + 1, w->depth);
	return 0;
}

/* The function that the instruction calls or names as a callback; -1: none to follow, below that: error. */
static s32 callee_of(struct vf_env *e, u32 insn)
{
	const struct ins *i = &e->ins[insn];
	bool call = ins_class(i) == IC_CALL_SUB;
	s32 sub;

	if (!call && !(ins_is_ldimm64(i) && ins_info(i)->sub == IMM64_FUNC))
		return -1;
	sub = sub_starting(e, i->target);
	if (sub < 0)
		return vf_bug(e, "no program starts at insn %d", i->target) - 1;
	if (!e->subs[sub].is_async_cb && !e->subs[sub].is_exception_cb)
		return sub;
	/* Asynchronous callbacks run on a stack of their own unless called directly. */
	if (!call)
		return -1;
	if (e->subs[sub].is_exception_cb)
		return reject(e, REJ_EXCEPTION_CB_CALL, insn) - 1;
	return sub;
}

/* An exception ends the program, which a callback's caller is not ready for. */
static int check_throw(struct vf_env *e, const struct depth_walk *w, u32 sub, u32 insn)
{
	const struct kfunc *k;

	if (ins_class(&e->ins[insn]) != IC_CALL_KFUNC)
		return 0;
	k = kfunc_at(e, insn);
	if (!k || k->special != KFS_throw || !within_callback(e, w, sub))
		return 0;
	return reject(e, REJ_THROW_IN_CALLBACK, insn, sub);
}

/* Instructions from *i on, up to a call to follow. -1: there is none. */
static s32 next_callee(struct vf_env *e, const struct depth_walk *w, u32 sub, u32 *i)
{
	s32 callee = -1;

	while (*i < e->subs[sub + 1].start && callee == -1) {
		int err = check_throw(e, w, sub, *i);

		if (err)
			return err - 1;
		callee = callee_of(e, (*i)++);
	}
	return callee;
}

static int depth_from(struct vf_env *e, struct depth_walk *w, u32 sub)
{
	u32 i = e->subs[sub].start;
	int err = enter_function(e, w, sub);

	if (err)
		return err;
	for (;;) {
		s32 callee = next_callee(e, w, sub, &i);

		if (callee < -1)
			return callee + 1;
		if (callee >= 0) {
			w->ret_insn[w->frame] = i;
			w->ret_sub[w->frame] = sub;
			sub = (u32)callee;
			i = e->subs[sub].start;
			if (!w->own_ok)
				w->mode[sub] = PRIV_NONE;
			w->tail_reachable |= e->subs[sub].has_tail_call;
			if (++w->frame >= MAX_FRAMES)
				return reject(e, REJ_FRAMES_STATIC, w->frame);
			err = enter_function(e, w, sub);
			if (err)
				return err;
			continue;
		}
		for (u32 j = 0; w->tail_reachable && j < w->frame; j++) {
			if (e->subs[w->ret_sub[j]].is_exception_cb)
				return reject(e, REJ_TAIL_CALL_EXCEPTION);
			e->subs[w->ret_sub[j]].tail_call_reachable = true;
		}
		if (!w->frame)
			return 0;
		if (w->mode[sub] != PRIV_OWN)
			w->depth -= rounded_depth(&e->subs[sub]);
		w->frame--;
		i = w->ret_insn[w->frame];
		sub = w->ret_sub[w->frame];
	}
}

int check_stack_depth(struct vf_env *e)
{
	bool own = own_stack_ok(e);
	struct depth_walk w = { 0 };

	for (u32 i = 0; i < e->nsubs; i++)
		if (e->subs[i].has_tail_call)
			own = false;
	/* Asynchronous callbacks first: what they share with the main program must not keep its stack apart. */
	for (u32 i = e->nsubs; i-- > 0;) {
		int err;

		if (i && !e->subs[i].is_async_cb && !e->subs[i].is_exception_cb)
			continue;
		w.own_ok = !i && own;
		w.frame = w.depth = 0;
		w.tail_reachable = false;
		if (!w.own_ok)
			w.mode[i] = PRIV_NONE;
		err = depth_from(e, &w, i);
		if (err)
			return err;
	}
	return 0;
}
