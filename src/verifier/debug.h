/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Observers of a verification: tools that explain, count or draw get told what the walk does. None costs a
 * test per instruction.
 *
 * Invariant: observers see, they do not touch; what they are given is valid during the call only.
 */
#ifndef SKEP_VERIFIER_DEBUG_H
#define SKEP_VERIFIER_DEBUG_H

#include <stdio.h>

#include "verifier/env.h"

enum vf_event_kind {
	VF_BEGIN,   /* the walk of a function begins at `insn`: the program, or a global function by itself */
	VF_STEP,    /* `insn` is about to be walked; `state` is what is known before it */
	VF_BRANCH,  /* the other way of the jump at `insn` was pushed: it leads to `to` */
	VF_PRUNED,  /* the path ends at `insn`: what is known there was walked before */
	VF_POPPED,  /* another path begins at `insn`, from the jump at `to` */
	VF_REJECTED, /* by reject id `to`, at `insn` */
	VF_KEPT,    /* `other` is a checkpoint made of what is known before `insn` */
};

struct vf_event {
	enum vf_event_kind kind;
	u32 insn, to;
	bool speculative;
	const struct vstate *state;
	/* BRANCH: what was pushed as the last of e->branch, where POPPED finds it (maybe moved); PRUNED: the checkpoint that it ends in, all of it compared if `whole` */
	const struct vstate *other;
	bool whole;
};

struct vf_debug {
	void *cookie;
	void (*event)(void *cookie, struct vf_env *e, const struct vf_event *ev);
};

void debug_event(struct vf_env *e, enum vf_event_kind kind, u32 insn, u32 to);
void debug_pair(struct vf_env *e, enum vf_event_kind kind, u32 insn, u32 to, const struct vstate *other, bool whole);
static inline void debug_step(struct vf_env *e) { debug_event(e, VF_STEP, e->insn, 0); }

/* What is known in all frames (the current one first), as the verifier's log writes it: a line a frame. */
void debug_state_text(struct vf_env *e, const struct vstate *s, struct str *out);

#endif
