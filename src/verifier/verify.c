/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Verification from beginning to end: the list of passes. Read this first.
 *
 * The order is Linux's, because the first pass that refuses decides the message: func_info, subprograms,
 * maps, control flow, attach target, then the walk over all paths of the main program and of each global
 * function that is called, then stack depth. Invariant: every path out frees the environment; a proof exists
 * only when everything passed.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "verifier/debug.h"
#include "verifier/env.h"

#define DEFAULT_WALK 1000000

static void unfold_privileges(struct vf_env *e)
{
	const struct vf_input *in = e->in;

	e->bpf_capable = caps_grant(in->caps, CAPB_BPF);
	e->allow_ptr_leaks = e->allow_uninit_stack = caps_grant(in->caps, CAPB_PERFMON);
	e->bypass_v1 = e->bypass_v4 =
		in->mitigations == MITIGATE_AUTO ? e->allow_ptr_leaks : in->mitigations == MITIGATE_NONE;
	e->strict_align =
		(in->prog_flags & BPF_F_STRICT_ALIGNMENT) && !(in->prog_flags & BPF_F_ANY_ALIGNMENT);
	e->test_state_freq = e->bpf_capable && (in->prog_flags & BPF_F_TEST_STATE_FREQ);
	e->test_reg_invariants = in->prog_flags & (1u << 7);
	e->sleepable_prog = in->prog_flags & BPF_F_SLEEPABLE;
	e->max_walk = in->max_walk ? in->max_walk : DEFAULT_WALK;
}

/* ---- the walk ---- */

/* A global function is verified for any arguments its types allow. */
static int set_up_args(struct vf_env *e, u32 sub, struct reg *regs)
{
	struct subprog *s = &e->subs[sub];

	for (u32 i = 0; i < s->nargs; i++) {
		const struct sub_arg *a = &s->args[i];
		struct reg *r = &regs[i + 1];

		switch (a->kind) {
		case ARG_CTX:
			reg_mark_known_zero(e, r);
			r->type = T_CTX;
			break;
		case ARG_MEM:
			reg_mark_known_zero(e, r);
			r->type = T_MEM | (a->flags & (TF_NULL | TF_UNTRUSTED | TF_RDONLY));
			r->mem_size = a->mem_size;
			if (a->flags & TF_NULL)
				r->id = new_id(e);
			break;
		case ARG_BTF:
			reg_mark_known_zero(e, r);
			r->type = T_BTF | (a->flags & (TF_NULL | TF_UNTRUSTED | TF_TRUSTED));
			r->btf = a->btf;
			r->btf_id = a->btf_id;
			r->id = new_id(e);
			break;
		case ARG_DYNPTR:
			reg_mark_known_zero(e, r);
			r->type = T_DYNPTR;
			r->dyn_kind = DYN_LOCAL;
			r->dyn_first = true;
			r->id = new_id(e);
			break;
		case ARG_ANYTHING:
		case SUB_ARG_ARENA:
			reg_mark_unknown(e, r);
			break;
		default:
			return vf_bug(e, "unhandled arg#%u type %u", i, a->kind);
		}
	}
	return 0;
}

static int prepare_args(struct vf_env *e, u32 sub, struct frame *f)
{
	struct subprog *s = &e->subs[sub];
	int err;

	if (!sub && e->in->prog_type != BPF_PROG_TYPE_EXT) {
		if (s->func_id)
			(void)sub_args_from_btf(e, 0); /* for what the log says of them */
		reg_mark_known_zero(e, &f->regs[1]);
		f->regs[1].type = T_CTX;
		return 0;
	}
	if (e->log->level & (LOG_LEVEL1 | LOG_LEVEL2))
		vf_log(e, "Validating %s() func#%u...\n", s->name ? s->name : "", sub);
	err = sub_args_from_btf(e, sub);
	if (err)
		return err;
	if (s->is_exception_cb) {
		f->in_exception_cb = true;
		if (s->nargs != 1 || s->args[0].kind != ARG_ANYTHING)
			return reject(e, REJ_EXC_CB_ARGS);
	}
	return set_up_args(e, sub, f->regs);
}

static int walk_function(struct vf_env *e, u32 sub)
{
	struct vstate *s = state_new(e);
	struct frame *f = s->frame[0];
	int err;

	prune_reset(e);
	e->prev_linfo = 0;
	e->cur = s;
	s->branches = 1;
	s->in_sleepable = e->sleepable_prog;
	s->first_insn = e->subs[sub].start;
	s->last_insn = U32_MAX;
	f->callsite = U32_MAX;
	f->subprog = sub;
	frame_init_regs(e, f);
	e->insn = e->subs[sub].start;
	e->prev_insn = U32_MAX;
	e->print_state = false;
	scratch_all(e);
	live_chain_changed(e);
	err = prepare_args(e, sub, f);
	if (!err && e->in->debug)
		debug_event(e, VF_BEGIN, e->insn, sub);
	err = err ? err : walk_program(e);
	if (err)
		return err;
	if (!(e->log->level & LOG_LEVEL2))
		log_reset(e->log, 0);
	state_free(e, e->cur);
	return 0;
}

/* Only what is called, from the main program or from functions already walked. */
static int walk_global_functions(struct vf_env *e)
{
	bool again;
	int err;

	if (!e->nfunc_info)
		return 0;
	if (e->exception_cb > 0)
		e->subs[e->exception_cb].called = true;
	do {
		again = false;
		for (u32 i = 1; i < e->nsubs; i++) {
			struct subprog *s = &e->subs[i];

			if (!s->global || !s->called || s->verified)
				continue;
			err = walk_function(e, i);
			if (err)
				return err;
			if (e->log->level & (LOG_LEVEL1 | LOG_LEVEL2))
				vf_log(e, "Func#%u ('%s') is safe for any args that match its prototype\n", i,
				       s->name);
			s->verified = true;
			again = true;
		}
	} while (again);
	return 0;
}

/* ---- all of it ---- */

static int run_passes(struct vf_env *e)
{
	int err = pass_decode(e);

	err = err ? err : funcinfo_early(e);
	err = err ? err : pass_subprogs(e);
	err = err ? err : pass_funcinfo(e);
	err = err ? err : pass_ldimm64(e);
	err = err ? err : pass_cfg(e);
	err = err ? err : live_compute(e);
	err = err ? err : pass_attach(e);
	err = err ? err : pass_order(e);
	err = err ? err : pass_fastcall(e);
	err = err ? err : walk_function(e, 0);
	err = err ? err : walk_global_functions(e);
	if (!err)
		drop_fastcall_slots(e);
	err = err ? err : check_stack_depth(e);
	return err ? err : pass_finish(e);
}

static void fill_stats(struct vf_env *e, u64 start, struct vf_stats *st)
{
	*st = (struct vf_stats){ .walked = e->walked,
				 .max_states = e->max_states_per_insn,
				 .total_states = e->total_states,
				 .peak_states = e->peak_states,
				 .time_ns = clock_ns(CLOCK_MONOTONIC) - start,
				 .memory = e->arena.used,
				 .nsubs = MIN(e->nsubs, (u32)MAX_SUBPROGS) };
	for (u32 i = 0; i < st->nsubs; i++)
		st->stack_depth[i] = e->subs[i].stack_depth;
}

/* Of an accepted program Linux has already dropped the functions that no path calls. */
static void log_stats(struct vf_env *e, const struct vf_stats *st, bool accepted)
{
	if (e->log->level & LOG_STATS) {
		vf_log(e, "verification time %llu usec\nstack depth ",
		       (unsigned long long)(st->time_ns / 1000));
		for (u32 i = 0; i < st->nsubs; i++)
			if (!i || !accepted || !e->bpf_capable || e->fact[e->subs[i].start].walked)
				vf_log(e, "%s%u", i ? "+" : "", st->stack_depth[i]);
		vf_log(e, "\n");
	}
	vf_log(e,
	       "processed %u insns (limit %u) max_states_per_insn %u total_states %u peak_states %u "
	       "mark_read 0\n",
	       (u32)st->walked, DEFAULT_WALK, st->max_states, st->total_states, st->peak_states);
}

void vf_proof_free(struct proof *p)
{
	if (!p)
		return;
	arena_free(&p->arena);
	free(p);
}

int vf_verify(const struct vf_input *in, struct log *log, struct proof **ret_proof,
	      struct vf_stats *ret_stats)
{
	struct vf_env *e = calloc(1, sizeof(*e));
	struct proof *p = calloc(1, sizeof(*p));
	struct vf_stats st;
	u64 start = clock_ns(CLOCK_MONOTONIC);
	jmp_buf oom;
	int err = -ENOMEM;

	if (!e || !p) {
		free(e);
		free(p);
		return -ENOMEM;
	}
	e->in = in;
	e->log = log;
	e->proof = p;
	e->type = in->own ? in->own->type : progtype_by_id(in->prog_type);
	e->arena.limit = in->max_memory;
	e->arena.oom = p->arena.oom = &oom;
	unfold_privileges(e);
	if (in->refused) {
		err = in->refused;
	} else if (!e->type || !in->insn_cnt) {
		err = -EINVAL;
	} else if (!setjmp(oom)) {
		err = run_passes(e);
		if (err && in->debug)
			debug_event(e, VF_REJECTED, e->insn, e->rejected);
	} else {
		err = -ENOMEM; /* only e and p were touched, and they are memory */
	}
	fill_stats(e, start, &st);
	log_stats(e, &st, !err);
	p->stats = st;
	p->arena.oom = NULL;
	if (ret_stats)
		*ret_stats = st;
	arena_free(&e->arena);
	free(e);
	if (err) {
		vf_proof_free(p);
		return err;
	}
	*ret_proof = p;
	return 0;
}
