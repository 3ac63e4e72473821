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

/*
 * Registers and slots that must be precise, as masks by frame. mark_precise_from() starts at state `s` and
 * goes back; *ret_changed (may be NULL) is set when any state above got a new mark.
 */
struct want { u32 frame, regs[MAX_FRAMES]; u64 slots[MAX_FRAMES]; };
struct want *precise_want(struct vf_env *e);  /* to be filled before precise_go() */
int precise_go(struct vf_env *e, struct vstate *s, bool *ret_changed);
void precise_all(struct vf_env *e, struct vstate *s); /* everything above s: when nothing better is known */

#endif
