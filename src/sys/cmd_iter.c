/* SPDX-License-Identifier: BSD-2-Clause */
/* Iterators: links to them, and BPF_ITER_CREATE. */
#include <errno.h>

#include "sys/attach.h"

int iter_link_create(struct call *c, struct prog *p, struct link **ret)
{
	(void)p, (void)ret;
	return call_fail(c, -EOPNOTSUPP, "iterators are a later part of skep");
}

