/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the files of lower/ share: the operations that one instruction becomes.
 *
 * Invariant: a sequence's jumps are either to instructions of the program (`target` is an index of proof->ins) or local (`target`
 * counts operations of the sequence; its length means the instruction that follows).
 */
#ifndef SKEP_LOWER_SEQ_H
#define SKEP_LOWER_SEQ_H

#include "lower/lower.h"

#define MAX_SEQ 24
#define MAX_SEQ_REFS 2

struct seq {
	struct ins op[MAX_SEQ];
	u32 local; /* bit k: the jump op[k] is local */
	u32 n;
	struct lower_ref ref[MAX_SEQ_REFS]; /* of its operations */
	u32 nrefs;
};

struct lowering {
	const struct proof *p;
	const struct lower_opts *o;
	struct lowered *out;
	u8 *jumped;  /* instructions that are jumped to */
	int err;
};

static inline void seq_add(struct seq *s, struct ins i) { s->op[s->n++] = i; }
/* The operation that is added next refers to this. */
static inline void seq_ref(struct seq *s, struct lower_ref r)
{
	r.op = s->n;
	s->ref[s->nrefs++] = r;
}
u32 lower_sub_of(const struct proof *p, u32 insn);

/*
 * lower.c: an addition or subtraction of registers whose offset must lie within `limit`, whatever a mistaken prediction put there:
 * Linux's sequence, in r11. `state`: ALU_SAN_*.
 */
void lower_mask(struct seq *s, const struct ins *i, u8 state, u32 limit);
/* inline.c: true when the call at this instruction needs none: `s` has what it does instead. */
bool lower_inline(struct lowering *l, struct seq *s, u32 at);
/* Is this instruction the NULL check of an inlined lookup, which does it too? */
bool lower_is_fused(const struct lowering *l, u32 at);
/* Bytes of stack that a subprogram needs for its inlined calls. */
u32 lower_inline_stack(const struct lowering *l, u32 sub);

#endif
