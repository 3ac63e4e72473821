/* SPDX-License-Identifier: BSD-2-Clause */
/* System calls of a process: their sites, rewritten while a program is attached to any of them, and the tables by number. */
#include <errno.h>
#include <stdlib.h>

#include "box/trace_priv.h"

int calls_plan(struct tracer *t, struct proc *p, bool *ret_any)
{
	(void)t, (void)p, (void)ret_any;
	return 0;
}

int calls_sync(struct tracer *t, struct proc *p, struct stop *s, struct str *why)
{
	(void)t, (void)p, (void)s, (void)why;
	return 0;
}
