/* SPDX-License-Identifier: BSD-2-Clause */
/* Programs attached to programs: see ext.h. */
#include "hook/ext.h"

#include <errno.h>

int ext_attach(struct link *l, struct prog *target, u32 btf_id, struct str *why)
{
	(void)target, (void)btf_id;
	str_printf(why, "programs of type %s do not attach to programs here", l->prog->spec->name);
	return -EOPNOTSUPP;
}

static void ext_release(struct link *l)
{
	(void)l;
}

const struct link_ops ext_link_ops = { .release = ext_release };
