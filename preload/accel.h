/* SPDX-License-Identifier: BSD-2-Clause */
/* The accelerator of a box: map operations on the maps' shared memory, in the client itself; and calls with paths that need not stop. */
#ifndef SKEP_PRELOAD_ACCEL_H
#define SKEP_PRELOAD_ACCEL_H

#include "base/types.h"

/* Is this process in a box? Asked once, at the start. */
int accel_init(void);
/* bpf(2): 1 and the result (-errno) when it could be done here; 0: ask the supervisor. */
int accel_bpf(long cmd, const void *attr, unsigned long size, long *ret);
/* These descriptors are about to mean something else. */
void accel_closed(unsigned from, unsigned to);

/* ---- paths.c ---- */
void paths_init(void);                              /* in a box */
long path_argument(long nr, const long a[6]);       /* of a call that may be marked; 0: it is none */
u64 path_mark(long path);                           /* what its sixth argument should be */

#endif
