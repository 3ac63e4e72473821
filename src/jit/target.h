/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a processor gives the compiler, and what the compiler gives it.
 *
 * Invariant: jit.c and flow.c know no processor; a target's files know nothing of memory, sizes of branches and labels.
 */
#ifndef SKEP_JIT_TARGET_H
#define SKEP_JIT_TARGET_H

#include "jit/emit.h"
#include "jit/flow.h"
#include "jit/jit.h"

/* What a subprogram needs of its frame. */
struct jit_sub {
	u16 regs;         /* registers it names */
	bool frame;       /* r10 or a slot below it is used */
	bool calls;       /* the native stack must be aligned for calls */
	bool tail_calls;
	bool may_goto;
	bool outlines;    /* some operation has no template */
	u32 stack;        /* bytes, multiple of 16 */
};

struct jit {
	const struct lowered *l;
	const struct jit_opts *o;
	struct arena *a;
	struct flow flow;
	struct jit_emit e;
	struct jit_sub *sub;    /* l->nsubs */
	bool need_run;          /* some operation refers to the run */
	bool far;               /* calls may not reach: addresses are loaded */
	bool portable;          /* no addresses: slots of a table */
	u32 *ref_of;            /* portable: index + 1 into l->ref of what an operation refers to, 0: nothing; n */
	struct lower_ref *slot; /* portable: what the table is to hold */
	u32 nslots, slotcap;
	int err;                /* -EIO: no random numbers */
	u32 entry, call, hop;   /* labels: entry of the program, thunk for callbacks, where tail calls of compiled code arrive */
};

/* Labels: operation i is label i (n: the end), subprogram s label n + 1 + s; others are made as needed. */
static inline u32 jit_label_sub(const struct jit *j, u32 s) { return j->l->n + 1 + s; }

/* What operation `at` refers to, NULL: nothing, or addresses are as good. Only in portable images. */
static inline const struct lower_ref *jit_ref(const struct jit *j, u32 at)
{
	return j->portable && j->ref_of[at] ? &j->l->ref[j->ref_of[at] - 1] : NULL;
}
/* The slot that a TAIL_CALL goes to, NULL: where its registers say. */
static inline const struct lower_tail *jit_tail_slot(const struct jit *j, const struct ins *i)
{
	return i->imm && j->l->tail ? &j->l->tail[i->imm - 1] : NULL;
}
/* Where the program that is in the slot now goes on after a hop; 0: none is there. */
u64 jit_tail_goal(const struct lower_tail *t);
/* The slot that holds it. */
u32 jit_slot(struct jit *j, const struct lower_ref *r);

struct jit_target {
	const char *name;
	bool (*has_template)(u16 op);
	/* Emit everything; labels of all operations and subprograms are bound then. */
	void (*emit)(struct jit *j);
	/* Bytes that a branch needs whose start is `disp` before its label; FIX_ABS: of a call. */
	u8 (*fix_size)(const struct jit_fix *f, s64 disp);
	/* Final bytes of a branch; false: it does not reach. */
	bool (*fix_put)(u8 *p, const struct jit_fix *f, u64 at, u64 to);
	void (*pad)(u8 *p, u32 n); /* operations that do nothing */
	u8 fill;                   /* a byte that traps */
	void *hop;                 /* jit_hop() */
};

extern const struct jit_target jit_x86_64, jit_arm64;

#endif
