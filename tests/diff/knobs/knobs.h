/* SPDX-License-Identifier: BSD-2-Clause */
/* What the random test turns inside the library, between it and its parts: the linker wraps the calls. */
#ifndef SKEP_DIFF_KNOBS_H
#define SKEP_DIFF_KNOBS_H

#include "base/types.h"

extern u32 knob_walk_limit; /* instructions the verifier may walk, 0: Linux's limit */
extern bool knob_hard;      /* what is compiled is blinded and hardened, whoever loads it */
extern bool knob_portable;  /* what is compiled becomes a portable image, mapped here */
struct skep;
void knob_caps(struct skep *s, u32 caps); /* what callers of this subsystem may do from now on */

#endif
