/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The one exit for a rejection, and the log.
 *
 * Invariant: nothing is formatted while the log is off; the first cause is remembered in any case.
 */
#include <stdio.h>

#include "verifier/env.h"

int reject(struct vf_env *e, enum reject_id id, ...)
{
	const struct reject_spec *spec = &reject_spec[id];
	va_list ap;

	if (!e->rejected) {
		e->rejected = id;
		e->rejected_errno = spec->err;
	}
	if (e->in->debug) {
		va_start(ap, id);
		vsnprintf(e->reject_text, sizeof(e->reject_text), spec->text, ap);
		va_end(ap);
	}
	if (log_on(e->log)) {
		va_start(ap, id);
		log_vprintf(e->log, spec->text, ap);
		va_end(ap);
		log_printf(e->log, "\n");
	}
	return -spec->err;
}

int vf_bug(struct vf_env *e, const char *fmt, ...)
{
	va_list ap;

	if (log_on(e->log)) {
		log_printf(e->log, "verifier bug: ");
		va_start(ap, fmt);
		log_vprintf(e->log, fmt, ap);
		va_end(ap);
		log_printf(e->log, "\n");
	}
	return -EFAULT;
}

void vf_log(struct vf_env *e, const char *fmt, ...)
{
	va_list ap;

	if (!log_on(e->log))
		return;
	va_start(ap, fmt);
	log_vprintf(e->log, fmt, ap);
	va_end(ap);
}
