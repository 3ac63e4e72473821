/* SPDX-License-Identifier: BSD-2-Clause */
/* Between explain.c (the path), explain_trace.c (its values), explain_why.c (what went wrong) and explain_words.c (how it is said). */
#ifndef SKEP_VERIFIER_EXPLAIN_PRIV_H
#define SKEP_VERIFIER_EXPLAIN_PRIV_H

#include "verifier/explain.h"
#include "verifier/explain_trace.h"

#define NO_REG 11u

/* How much the walk had to do, and where. */
struct explain_work {
	u32 *visits;       /* by instruction; NULL: not counted */
	char differs[128]; /* what was different in the last two rounds at the busiest branch; "": nothing known */
};

/* An instruction in source terms; `text` stays empty. */
void report_place(const struct vf_env *e, struct report_place *p, u32 insn);
/* The register a refusal is about: named in Linux's message ("R2 ..."), else the instruction's pointer operand; NO_REG: none. */
u32 explain_culprit(const struct vf_env *e, u32 insn, const char *message);
/* What is known of the operands, in words. */
void explain_facts(struct vf_env *e, struct vf_report *r, u32 insn, u32 culprit);
/* "between 0 and 255" */
void explain_range(const struct reg *r, char *out, size_t size);
/* Evidence and fix, for the rejections that have a row in explain_why.def. `t` ends with the refused instruction. */
void explain_why(struct vf_env *e, struct vf_report *r, const struct trace *t, const struct explain_work *work, u32 insn,
		 u32 culprit);

#endif
