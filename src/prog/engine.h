/* SPDX-License-Identifier: BSD-2-Clause */
/* From lowered operations to what engines run: the last step of a load, and what is left of it for the first use. */
#ifndef SKEP_PROG_ENGINE_H
#define SKEP_PROG_ENGINE_H

#include "prog/prog.h"

/*
 * Choose the engine and keep the operations. Nothing is compiled yet but where the load has to fail if that does: when constants
 * are hidden (no random numbers, no load), and when the caller insists on an engine that may not be there. 0 or -errno.
 */
int engine_make(struct prog *p, const struct prog_attr *a, bool hardened, const struct lowered *low);
void engine_free(struct prog *p); /* zeroed is fine */

#endif
