/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a verification claimed: the tree of its walk, a node an instruction of a path, with all that was known before it.
 *
 * Where a path ended in a checkpoint there is a node that says which one, and what of that checkpoint the path was compared with
 * (dead registers and slots forgotten, scalars that nothing depends on marked imprecise): a run goes on from there.
 * Invariant: records are immutable after the walk, and share what did not change from node to node.
 */
#ifndef SKEP_SOUND_TREE_H
#define SKEP_SOUND_TREE_H

#include "base/arena.h"
#include "verifier/debug.h"

struct claim_stack { u32 n; const struct slot *s[]; };
struct claim_frame {
	const struct reg *reg[11];
	const struct claim_stack *stack;
	u32 callsite, subprog;
	bool in_callback;
};

struct node {
	u32 insn;
	u8 nframes;
	bool whole;               /* a jump to a checkpoint in a loop: everything was compared by range */
	u16 nrefs, nlocks;        /* references and locks held */
	const struct claim_frame **frame; /* nframes, the outermost first */
	struct node *child, *next, *last;
	struct node *to;          /* the path ended here: it goes on at this node; `frame` is the checkpoint's */
	u16 live[MAX_FRAMES];     /* registers that were compared then */
};

struct root { u32 insn; struct node *node; bool async; };

struct record {
	struct arena arena;
	struct ins *ins;
	u32 n, nsubs;
	struct sub_fact *sub;
	struct root *root;
	u32 nroots, rootcap;
	u64 nodes;
	bool incomplete;          /* too large, or something was not understood: no claims */
	const char *why;
	char name[64];
};

/* The record of the last program that was verified and accepted by this thread, taken over by the caller; NULL: none. */
struct record *record_take(void);
void record_free(struct record *r);
extern u64 record_limit;          /* nodes */
extern bool record_off;

#endif
