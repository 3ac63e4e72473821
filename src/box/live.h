/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Event sources for a subsystem of this process, without a box: what `skep run -c` and `-P` attach to. A process is added, and its
 * functions, system calls, samples and life are seen; so are its children's samples and life.
 */
#ifndef SKEP_BOX_LIVE_H
#define SKEP_BOX_LIVE_H

#include <sys/types.h>

#include "base/str.h"
#include "skep/skep.h"

struct live;
/* all_calls: system calls of code that no file has are seen too. */
int live_new(struct skep *s, bool all_calls, struct live **ret, struct str *why);
void live_free(struct live *l);
/* A running process; or one that is about to call execve, stopped: its new image is then seen from the first instruction on. */
int live_add(struct live *l, pid_t pid, bool before_exec, struct str *why);
/* bpf_printk goes there: whole texts, from any thread. */
void live_printk(struct live *l, void (*fn)(void *ctx, const char *comm, u32 pid, const char *text, u32 len), void *ctx);
/* Id of a tracepoint for perf_event_open(2); 0: there is none. */
u32 live_tracepoint(struct live *l, const char *group, const char *name);
/* The type of perf events that are probes of kernel functions. */
u32 live_kprobe_type(void);
/* What could not be probed in processes as they came: lines, owned by the caller. */
void live_complaints(struct live *l, struct str *ret);
u64 live_lost(const struct live *l);

#endif
