/* SPDX-License-Identifier: BSD-2-Clause */
/* What equal.c, prune.c and precise.c share. */
#ifndef SKEP_VERIFIER_PRUNE_H
#define SKEP_VERIFIER_PRUNE_H

#include "verifier/env.h"

u32 frame_insn(const struct vstate *s, u32 i);
bool regs_identical(const struct reg *a, const struct reg *b);

/*
 * Where two states were found unlike: register `at` (or slot, from NREGS on) of `frame`, in which the old state has this cell.
 * NULL: nowhere in particular. The next state is likely to be unlike in the same place.
 */
bool still_unlike(const struct vf_env *e, const struct unlike *u, const struct vstate *cur, enum equal_mode mode);

/* The newest part of a path: from where to go back. */
struct path_end {
	struct trail *above;
	struct jmp_hist *hist; /* since then */
	u32 insn, first_insn, curframe;
};
static inline struct path_end path_end(const struct vstate *s)
{
	return (struct path_end){ s->parent ? s->parent->trail : NULL, s->hist, s->insn, s->first_insn, s->curframe };
}

/*
 * Registers and slots that must be precise, as masks by frame. precise_go() starts where the path stands and
 * goes back; *ret_changed (may be NULL) is set when any checkpoint above got a new mark.
 */
struct want { u32 frame, regs[MAX_FRAMES]; u64 slots[MAX_FRAMES]; };
struct want *precise_want(struct vf_env *e);  /* to be filled before precise_go() */
int precise_go(struct vf_env *e, const struct path_end *from, bool *ret_changed);
void precise_all(struct vf_env *e, const struct path_end *from); /* everything above: when nothing better is known */

#endif
