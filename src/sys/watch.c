/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Watching verifications from outside: the verifier's events (verifier/debug.h) in the terms of the public header.
 *
 * Invariant: the two lists of events are one: each public kind is the verifier's, checked when compiled.
 */
#include <errno.h>
#include <stdlib.h>

#include "skep/skep.h"
#include "sys/sys.h"
#include "verifier/debug.h"

_Static_assert((int)SKEP_WALK_BEGIN == (int)VF_BEGIN && (int)SKEP_WALK_STEP == (int)VF_STEP &&
	      (int)SKEP_WALK_BRANCH == (int)VF_BRANCH && (int)SKEP_WALK_PRUNED == (int)VF_PRUNED &&
	      (int)SKEP_WALK_POPPED == (int)VF_POPPED && (int)SKEP_WALK_REJECTED == (int)VF_REJECTED, "same events");

static __thread struct str text; /* what the last skep_walk_*() of the thread returned */

struct watch {
	struct vf_debug debug; /* first: what struct skep has */
	void (*fn)(void *cookie, const struct skep_walk *w);
	void *cookie;
};

static void tell(void *cookie, struct vf_env *e, const struct vf_event *ev)
{
	const struct watch *to = cookie;
	const struct skep_walk w = {
		.kind = (u32)ev->kind, .insn = ev->insn, .to = ev->to, .insns = e->n, .speculative = ev->speculative,
		.frame = ev->state ? ev->state->curframe : 0, .name = e->in->name, .env = e, .state = ev->state,
	};

	to->fn(to->cookie, &w);
}

int skep_watch(struct skep *s, void (*fn)(void *cookie, const struct skep_walk *w), void *cookie)
{
	struct watch *w = NULL;

	if (fn) {
		w = malloc(sizeof(*w));
		if (!w)
			return -ENOMEM;
		*w = (struct watch){ { w, tell }, fn, cookie };
	}
	free(s->watch);
	s->watch = w ? &w->debug : NULL;
	return 0;
}

const char *skep_walk_state(const struct skep_walk *w)
{
	str_clear(&text);
	if (w->state)
		debug_state_text(w->env, w->state, &text);
	return str_text(&text);
}

const char *skep_walk_insn(const struct skep_walk *w, u32 insn)
{
	struct vf_env *e = w->env;

	str_clear(&text);
	if (e->ins && insn < e->n && ins_class(&e->ins[insn]) != IC_LDIMM64_HI)
		insn_text(e, insn, &text);
	return str_text(&text);
}

u32 skep_walk_target(const struct skep_walk *w, u32 insn)
{
	const struct vf_env *e = w->env;

	return e->ins && insn < e->n && (op_is_jump(e->ins[insn].op) || e->ins[insn].op == OP_CALL_SUB) ? e->ins[insn].target :
												   UINT32_MAX;
}

int skep_walk_line(const struct skep_walk *w, u32 insn, struct skep_line *ret_line)
{
	const struct vf_env *e = w->env;
	const struct btf_line *l = proof_line(e->proof, insn);

	if (!l)
		return -ENOENT;
	*ret_line = (struct skep_line){ l->file, l->text, l->line, l->col };
	return 0;
}
