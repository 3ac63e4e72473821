/* SPDX-License-Identifier: BSD-2-Clause */
/* Between explain.c (the path) and explain_words.c (what is said of it). */
#ifndef SKEP_VERIFIER_EXPLAIN_PRIV_H
#define SKEP_VERIFIER_EXPLAIN_PRIV_H

#include "verifier/env.h"
#include "verifier/explain.h"

/* The register a refusal is about: named in Linux's message ("R2 ..."), else the instruction's pointer operand; 11: none. */
u32 explain_culprit(const struct vf_env *e, u32 insn, const char *message);
/* What is known of the operands, in words. */
void explain_facts(struct vf_env *e, struct vf_report *r, u32 insn, u32 culprit);
/* What to change, as concretely as the refusal allows. `path` ends with the refused instruction. */
void explain_fix(struct vf_env *e, struct vf_report *r, u32 insn, u32 culprit, const u32 *path, u32 len);

#endif
