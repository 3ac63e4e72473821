/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Event sources of the supervisor that need no code in the processes: samples of clocks, and the life of processes. The kernel's perf
 * events on one's own processes tell of both; programs run here, on a thread of the source, on behalf of the process.
 *
 * A source has a set of processes: all descendants of this process, and those it is given; children follow their parents into it.
 * Invariant: nothing is opened in the kernel while no program is attached.
 */
#ifndef SKEP_BOX_SRC_H
#define SKEP_BOX_SRC_H

#include <sys/types.h>

#include "hook/source.h"

struct src;

/* Becomes the provider of HOOK_SAMPLE, HOOK_FORK, HOOK_EXEC and HOOK_EXIT. 0 or -errno. */
int src_new(struct hooks *h, struct src **ret);
void src_free(struct src *s); /* NULL is fine */
/* A process beside the descendants, with its threads and future children. 0 or -errno: -EACCES, -ESRCH. */
int src_add(struct src *s, pid_t pid);
/* Events that were lost because they came too fast. */
/* The process is about to end with this status, as wait(2) has it. */
void src_told_end(struct src *s, pid_t pid, u32 code);
u64 src_lost(const struct src *s);

#endif
