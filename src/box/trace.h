/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tracing: the provider of events that happen inside processes (functions, their returns, system calls, process life).
 *
 * A tracer has a set of processes and the lists of all points it was told of; each process is kept in step with these. Invariant:
 * a process is touched only while something is attached to a point in it: the agent goes in with the first and out with the last.
 */
#ifndef SKEP_BOX_TRACE_H
#define SKEP_BOX_TRACE_H

#include <sys/types.h>

#include "hook/source.h"

struct tracer;

/* Becomes a provider of `h`. 0 or -errno and why. */
int tracer_new(struct hooks *h, struct tracer **ret, struct str *why);
/* Leaves all processes as they were. */
void tracer_free(struct tracer *t);

/* Call it before the first attachment ever is looked at: until then nobody needs to tell of processes. */
void tracer_at_first(struct tracer *t, void (*fn)(void *ctx), void *ctx);
/* A process whose events are wanted: 0, -ESRCH, -EPERM... Once more is fine. */
int tracer_add(struct tracer *t, pid_t pid, struct str *why);
/* All descendants of a process: those that are there when something is attached, and later ones. */
void tracer_family(struct tracer *t, pid_t pid);
/* From now on where programs are attached to system calls, those of code that no file has are seen too; each call costs 30 ns then. */
void tracer_net(struct tracer *t, bool on);
/* Its events are not wanted any more: its code becomes what it was. */
void tracer_del(struct tracer *t, pid_t pid);
/* It has exited. */
void tracer_gone(struct tracer *t, pid_t pid);
/* It is about to call execve, in this thread: its new image is to be traced from the first instruction on. */
void tracer_exec(struct tracer *t, pid_t pid, pid_t tid);

/* Of a box (trace_box.c): 0 or -errno. */
struct box;
int trace_open(struct box *b);
void trace_close(struct box *b);
void trace_tell(struct box *b); /* what could not be probed goes to the log, and to b->unprobed */
/* A process that is no client: its events, and those of its children to come, are the box's too. 0, -ESRCH, -EPERM... and why. */
int trace_join(struct box *b, pid_t pid, struct str *why);

struct tracer_stats { u64 processes, sites, stops, stop_ns, longest_ns; };
void tracer_stats(struct tracer *t, struct tracer_stats *ret);
/* What could not be probed in processes that came later, one a line, and is forgotten then; owned by the caller. */
void tracer_complaints(struct tracer *t, struct str *ret);

#endif
