/* SPDX-License-Identifier: BSD-2-Clause */
/* Selection of arm64 instructions: what its files share. */
#ifndef SKEP_JIT_ARM64_H
#define SKEP_JIT_ARM64_H

#include "jit/arm64_enc.h"
#include "jit/target.h"

struct a64 {
	struct jit *j;
	struct a64_enc enc; /* first argument of all a64_ functions of the encoder */
	u16 need, live;     /* registers that this operation reads or that are read later; that are read later */
	u32 at, sub;        /* operation, subprogram */
	u32 exit;           /* label of the subprogram's epilogue, bound at its first EXIT */
	bool exit_bound;
	u32 keeper[2];      /* labels of the thunks that call run_poll and run_may_goto and change no register; 0: not used */
	u32 npool, poolcap;
	struct a64_const { u32 label; struct ins ins; } *pool; /* outlined operations */
};

/* ---- arm64_call.c: frames, calls and what leaves the straight path ---- */
void a64_prologue(struct a64 *x);
void a64_exit(struct a64 *x);
void a64_call_addr(struct a64 *x, const struct ins *i);
void a64_call_sub(struct a64 *x, const struct ins *i);
void a64_tail_call(struct a64 *x, const struct ins *i);
void a64_packet_load(struct a64 *x, const struct ins *i);
void a64_may_goto(struct a64 *x, const struct ins *i);
void a64_poll(struct a64 *x);
/* The C body of an operation; what a conditional jump says is left in A_T0. */
void a64_outline(struct a64 *x, const struct ins *i);
void a64_thunks(struct a64 *x);

#endif
