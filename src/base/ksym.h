/* SPDX-License-Identifier: BSD-2-Clause */
/* The running kernel's symbols, as far as /proc/kallsyms shows them to this process. */
#ifndef SKEP_BASE_KSYM_H
#define SKEP_BASE_KSYM_H

#include <stdio.h>

#include "base/types.h"

struct ksym {
	u64 addr;       /* 0: hidden */
	char line[512]; /* as it stands in the file */
	char name[256]; /* "" for a line that is none of its kind */
};

/* The list, for ksym_next(), to be closed by fclose(); NULL: there is none. */
FILE *ksym_open(void);
/* The next one; false: it was the last. `f` NULL: an empty list. */
bool ksym_next(FILE *f, struct ksym *ret);

#endif
