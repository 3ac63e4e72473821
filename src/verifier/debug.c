/* SPDX-License-Identifier: BSD-2-Clause */
/* Telling observers; see debug.h. */
#include "verifier/debug.h"

void debug_event(struct vf_env *e, enum vf_event_kind kind, u32 insn, u32 to)
{
	const struct vf_debug *d = e->in->debug;
	struct vf_event ev = { .kind = kind, .insn = insn, .to = to, .state = e->cur,
			       .speculative = e->cur && e->cur->speculative };

	if (d && d->event)
		d->event(d->cookie, e, &ev);
}
