/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the compiler knows of the operations around one: basic blocks, which registers are read later, how many low bits of
 * each may be set.
 *
 * Invariant: facts err to the safe side: a register that may be read is live, a bit that may be set is counted.
 */
#ifndef SKEP_JIT_FLOW_H
#define SKEP_JIT_FLOW_H

#include "lower/lower.h"

#define FLOW_REGS 12 /* r11 is lowered code's own */
#define FLOW_NONE (~0u)

struct flow_block {
	u32 start, end;    /* operations */
	u32 target, next;  /* blocks that may follow; FLOW_NONE */
	u16 use, def, in;  /* registers read first, written, live at the start */
	bool joined;       /* jumped to: more than the operation before leads here */
	u32 loop;          /* the first operation that jumps here from below, 0: none does */
	u8 bits[FLOW_REGS];/* at the start: the value is below 2^bits */
	u8 rounds;
};

struct flow {
	struct flow_block *block;
	u32 nblocks;
	u32 *block_at;     /* n + 1: the block that starts at an operation, FLOW_NONE: none */
	u16 *live;         /* n: registers read after the operation */
	u16 *sub_args;     /* argument registers that each subprogram reads */
};

void flow_analyse(const struct lowered *l, struct arena *a, struct flow *ret);
u16 flow_uses(const struct flow *f, const struct lowered *l, const struct ins *i);
u16 flow_defs(const struct ins *i);
/* Does it do nothing but compute its destination? */
bool flow_is_pure(const struct ins *i);
/* Brings bits[] of the values from before the operation to after it. */
void flow_bits(const struct ins *i, u8 bits[FLOW_REGS]);
/* The subprogram that starts at an operation, or ~0. */
u32 flow_sub_at(const struct lowered *l, u32 start);

#endif
