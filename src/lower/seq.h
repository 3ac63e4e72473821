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

#define MAX_SEQ 128 /* inline_sub.c: a loop, and in it a body with two lookups */
#define MAX_SEQ_REFS 24

struct seq {
	struct ins op[MAX_SEQ];
	u64 local[MAX_SEQ / 64]; /* bit k: the jump op[k] is local */
	u32 n;
	struct lower_ref ref[MAX_SEQ_REFS]; /* of its operations */
	u32 nrefs;
	struct lower_tail tail; /* the tail call's slot */
	bool has_tail;
};

struct lowering {
	const struct proof *p;
	const struct lower_opts *o;
	struct lowered *out;
	u8 *jumped;  /* instructions that are jumped to */
	u8 *body;    /* of each subprogram, what inline_sub.c found */
	int err;
};

static inline void seq_init(struct seq *s)
{
	memset(s->local, 0, sizeof(s->local));
	s->n = s->nrefs = 0;
	s->has_tail = false;
}
static inline void seq_local(struct seq *s, u32 k) { s->local[k / 64] |= (u64)1 << k % 64; }
static inline void seq_not_local(struct seq *s, u32 k) { s->local[k / 64] &= ~((u64)1 << k % 64); }
static inline bool seq_is_local(const struct seq *s, u32 k) { return s->local[k / 64] >> k % 64 & 1; }
static inline void seq_add(struct seq *s, struct ins i) { s->op[s->n++] = i; }
/* The operation that is added next refers to this. */
static inline void seq_ref(struct seq *s, struct lower_ref r)
{
	r.op = s->n;
	s->ref[s->nrefs++] = r;
}
u32 lower_sub_of(const struct proof *p, u32 insn);

/* lower.c: what one instruction becomes, added to the sequence. 0, -EOPNOTSUPP. */
int lower_one(struct lowering *l, struct seq *s, u32 at);
/*
 * lower.c: an addition or subtraction of registers whose offset must lie within `limit`, whatever a mistaken prediction put there:
 * Linux's sequence, in r11. `state`: ALU_SAN_*.
 */
void lower_mask(struct seq *s, const struct ins *i, u8 state, u32 limit);
/* inline.c: true when the call at this instruction needs none: `s` has what it does instead. */
bool lower_inline(struct lowering *l, struct seq *s, u32 at);
/* inline_sub.c: may the subprogram's body stand where it is called? */
bool lower_has_body(const struct lowering *l, u32 sub);
/* The body; r0 to r5 are afterwards as after a call. 0, -EOPNOTSUPP. */
int lower_body(struct lowering *l, struct seq *s, u32 sub);
/* Is this instruction the NULL check of an inlined lookup, which does it too? */
bool lower_is_fused(const struct lowering *l, u32 at);
/* Bytes of stack that a subprogram needs for its inlined calls. */
u32 lower_inline_stack(const struct lowering *l, u32 sub);

#endif
