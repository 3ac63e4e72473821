/* SPDX-License-Identifier: BSD-2-Clause */
/* Telling observers; see debug.h. */
#include "verifier/debug.h"

void debug_pair(struct vf_env *e, enum vf_event_kind kind, u32 insn, u32 to, const struct vstate *other, bool whole)
{
	const struct vf_debug *d = e->in->debug;
	struct vf_event ev = { .kind = kind, .insn = insn, .to = to, .state = e->cur, .other = other, .whole = whole,
			       .speculative = e->cur && e->cur->speculative };

	if (d && d->event)
		d->event(d->cookie, e, &ev);
}

void debug_event(struct vf_env *e, enum vf_event_kind kind, u32 insn, u32 to)
{
	debug_pair(e, kind, insn, to, NULL, false);
}

void debug_state_text(struct vf_env *e, const struct vstate *s, struct str *out)
{
	struct log *real = e->log, log;

	log_init(&log, LOG_LEVEL2);
	e->log = &log;
	for (u32 i = s->curframe + 1; i-- > 0;)
		state_print(e, s, i, true);
	e->log = real;
	str_puts(out, str_text(&log.text));
	log_free(&log);
}
