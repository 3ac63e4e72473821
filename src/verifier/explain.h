/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Why a program was refused, for people: in the terms of its source.
 *
 * The verification is done once more with an observer that keeps the path walked, so accepted programs pay nothing. What
 * is said: where (source line), what about (the registers of the refused instruction, in words), where that value came from, what
 * on the path looks like the cure and why it is none, the decisions on the path, and what to do.
 */
#ifndef SKEP_VERIFIER_EXPLAIN_H
#define SKEP_VERIFIER_EXPLAIN_H

#include "base/str.h"
#include "verifier/verify.h"

#define REPORT_ORIGINS 6
#define REPORT_BRANCHES 12
#define REPORT_NOTES 8

/* An instruction on the path, in source terms. Without line info file is NULL. */
struct report_place {
	u32 insn;
	const char *file, *source; /* the input's BTF's: valid as long as it */
	u32 line, col;
	char text[160];            /* what happens there */
};

struct vf_report {
	enum reject_id id;
	int err;
	char message[256];         /* Linux's line */
	char insn_text[96];        /* the refused instruction */
	bool walked;               /* on a path; else found before any path was walked */
	struct report_place at;
	char facts[4][200];        /* what is known of the operands */
	u32 nfacts;
	struct report_place origin[REPORT_ORIGINS]; /* newest first */
	u32 norigin;
	struct report_place branch[REPORT_BRANCHES]; /* oldest first: the last decisions */
	u32 nbranch, branches;     /* kept; on the whole path */
	struct report_place note[REPORT_NOTES]; /* evidence: checks that do not count, what was never written, ... */
	u32 nnotes;
	char fix[400];             /* what to change */
	const char *hint;          /* what the rejection means */
};

/* 0 and *ret_report (release with vf_report_free), -ENOENT when the program is accepted after all, -ENOMEM. */
int vf_explain(const struct vf_input *in, struct vf_report **ret_report);
void vf_report_free(struct vf_report *r); /* NULL is fine */
/* Lines for people, each ended by a newline; the first is the verdict. */
void vf_report_text(const struct vf_report *r, struct str *out);
/* One JSON object. */
void vf_report_json(const struct vf_report *r, struct str *out);

#endif
