/* SPDX-License-Identifier: BSD-2-Clause */
/* What jump.c, alu.c and precise.c share: sets of linked scalars, and paths of mistaken prediction. */
#ifndef SKEP_VERIFIER_JUMP_H
#define SKEP_VERIFIER_JUMP_H

#include "verifier/env.h"

#define LINKED_MAX 6
struct linked_at { u8 frame, index; bool is_reg; };
struct linked { u32 n; struct linked_at at[LINKED_MAX]; };
void linked_unpack(u64 v, struct linked *l);

/* A path that only a mistaken prediction takes, to `next`; `i`: its operands can be anything there. */
int push_speculative(struct vf_env *e, const struct ins *i, u32 next);

#endif
