/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The path as values: each instruction's operands are numbered, so that copies through registers and the stack are one value and
 * a value computed from another knows it. Explanations ask it which check was made on what.
 *
 * Invariant: two operands with the same number held the same value on this path; different numbers say nothing.
 */
#ifndef SKEP_VERIFIER_EXPLAIN_TRACE_H
#define SKEP_VERIFIER_EXPLAIN_TRACE_H

#include "verifier/env.h"

enum tv_kind {
	TV_UNKNOWN,
	TV_ARG,   /* what a register held when the function was entered */
	TV_CONST, /* imm; a map's address too */
	TV_LOAD,  /* from memory: base `a`, off, size */
	TV_CALL,  /* what a call returned, or wrote into memory it was given */
	TV_ADD,   /* a + imm, or a + b */
	TV_CUT,   /* a with its upper bits cut off or filled with its sign */
	TV_OP,    /* computed from a, and from b or a constant */
	TV_LOST,  /* destroyed by a call */
};
struct tval {
	u8 kind, size, reg;
	s32 off;
	u32 step; /* index in the path of what made it */
	u32 a, b; /* values; 0: none */
	s64 imm;
	const struct ctx_field *field; /* TV_LOAD: of the context; NULL: another memory */
};
struct tstep { u32 dst, src; }; /* operands before the step; 0: none */
struct tcall { u32 step, arg[6]; };

struct trace {
	const struct vf_env *e;
	const u32 *path;     /* borrowed */
	u32 len;
	struct tstep *step;  /* len */
	struct tval *val;    /* [0] is unknown */
	u32 nvals, valcap;
	struct tcall *call;
	u32 ncalls, callcap;
	u32 now[11];         /* registers before the last step */
};

/* False: out of memory (what was built is released). */
bool trace_build(struct trace *t, const struct vf_env *e, const u32 *path, u32 len);
void trace_free(struct trace *t);

static inline const struct ins *trace_ins(const struct trace *t, u32 step) { return &t->e->ins[t->path[step]]; }
/* The helper a call at this step calls; NULL: it is no such call. */
const struct helper_spec *trace_helper(const struct trace *t, u32 step);
/* What it was computed from, through constants added, cuts and operations with constants. */
u32 trace_root(const struct trace *t, u32 v);
/* A pointer's parts: base value, constant offset, and the number added last (0: none) with the step that added it. */
struct tptr { u32 base, var, var_step; s64 off; };
struct tptr trace_pointer(const struct trace *t, u32 v);
/* The same memory read by two loads. */
bool trace_same_memory(const struct trace *t, u32 v, u32 u);
/* Was the jump at this step taken? */
static inline bool trace_taken(const struct trace *t, u32 step)
{
	return step + 1 < t->len && t->path[step + 1] == trace_ins(t, step)->target;
}

#endif
