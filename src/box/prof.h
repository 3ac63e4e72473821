/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Profiles: how often each user stack of a set of processes was found on a CPU. No program is involved: samples come from the
 * kernel's clock events on one's own processes.
 */
#ifndef SKEP_BOX_PROF_H
#define SKEP_BOX_PROF_H

#include <sys/types.h>

#include "base/types.h"

struct prof;
struct prof_stack {
	struct prof_stack *next;
	u32 pid;
	char comm[16];
	u64 count;
	u32 n;
	u64 ip[];        /* innermost first */
};

/* Sample `pid` and its threads and future children (0: all descendants of this process) `hz` times a second of CPU time. */
int prof_new(pid_t pid, u32 hz, struct prof **ret, const char **ret_why);
/* What the processes do to their address spaces, told as it comes. */
struct prof_events {
	void *ctx;
	void (*seen)(void *ctx, u32 pid); /* its first sample, while it is probably alive */
	void (*mapped)(void *ctx, u32 pid, u64 from, u64 size, u64 off, const char *path); /* code */
	void (*forked)(void *ctx, u32 pid, u32 parent);
};
/* Take in what has come; waits at most `ms`. */
void prof_poll(struct prof *p, int ms, const struct prof_events *ev);
/* All stacks, in no order; owned by the profile. */
const struct prof_stack *prof_stacks(const struct prof *p, u64 *ret_samples, u64 *ret_lost);
void prof_free(struct prof *p);

#endif
