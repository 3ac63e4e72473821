/* SPDX-License-Identifier: BSD-2-Clause */
/* A profile with names, and the formats it is written in. */
#ifndef SKEP_CLI_PROFILE_H
#define SKEP_CLI_PROFILE_H

#include <stdio.h>

#include "base/types.h"

/* One stack, outermost first: "comm;main;work", and how often. */
struct folded { char *stack; u64 count; };
struct profile {
	struct folded *row; /* sorted by stack */
	u32 n;
	u64 samples, lost, hz, wall_ns;
	char title[128];
};

/* Each writes the whole document: 0 or -1 when the file is full. */
int profile_folded(const struct profile *p, FILE *out);
int profile_table(const struct profile *p, FILE *out);
int profile_svg(const struct profile *p, FILE *out);
int profile_html(const struct profile *p, FILE *out);
int profile_pprof(const struct profile *p, FILE *out); /* protocol buffers of pprof, uncompressed */

#endif
