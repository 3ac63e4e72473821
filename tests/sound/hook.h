/* SPDX-License-Identifier: BSD-2-Clause */
/* What the checking interpreter tells the follower: the operation that comes next, and the registers before it. */
#ifndef SKEP_SOUND_HOOK_H
#define SKEP_SOUND_HOOK_H

#include "vm/abi.h"

void follow_step(struct run *run, const struct ins *pc, u64 *r);

#endif
