/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The current task of a run: the calling thread, or whoever's event it is (run_env.task). Invariant: all helpers on the current
 * task ask here.
 */
#ifndef SKEP_HELPER_CURRENT_H
#define SKEP_HELPER_CURRENT_H

#include "helper/run_env.h"

u32 current_tid(const struct run *run);
u32 current_tgid(const struct run *run);
/* Is this an address of the task, and not of the run (context, stack, what stands for kernel memory)? */
bool current_owns(const struct run *run, u64 addr);
/* Its memory: 0, or -EFAULT and zeros. */
u64 current_read(const struct run *run, void *dst, u64 size, u64 from);
/* Up to and with the terminator; the length with it, or -EFAULT. */
u64 current_read_string(const struct run *run, char *dst, u64 size, u64 from);

#endif
