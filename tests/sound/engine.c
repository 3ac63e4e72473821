/* SPDX-License-Identifier: BSD-2-Clause */
/* skep's interpreter with the follower's hook, in the place of the library's; and lowering that inlines no calls. */
#include "lower/seq.h"
#include "sound/hook.h"

#define VM_STEP(run, pc, r) follow_step(run, pc, r)
#include "vm/interp.c"

bool lower_inline(struct lowering *l, struct seq *s, u32 at)
{
	(void)l, (void)s, (void)at;
	return false;
}

bool lower_is_fused(const struct lowering *l, u32 at)
{
	(void)l, (void)at;
	return false;
}

u32 lower_inline_stack(const struct lowering *l, u32 sub)
{
	(void)l, (void)sub;
	return 0;
}
