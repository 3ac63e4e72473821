/* SPDX-License-Identifier: BSD-2-Clause */
/* The running kernel's symbols: see ksym.h. */
#include "base/ksym.h"

#include <stdlib.h>

FILE *ksym_open(void) { return fopen("/proc/kallsyms", "re"); }

bool ksym_next(FILE *f, struct ksym *ret)
{
	char *at;

	if (!f || !fgets(ret->line, sizeof(ret->line), f))
		return false;
	/* ffffffff814d58f0 T bpf_prog_put	[module] */
	ret->addr = strtoull(ret->line, &at, 16);
	at = *at == ' ' ? strchr(at + 1, ' ') : NULL;
	snprintf(ret->name, sizeof(ret->name), "%.*s", at ? (int)strcspn(at + 1, "\t\n") : 0, at ? at + 1 : "");
	return true;
}
