/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the tracer's parts: points, and bringing a process in step with them. */
#ifndef SKEP_BOX_TRACE_PRIV_H
#define SKEP_BOX_TRACE_PRIV_H

#include <pthread.h>

#include "box/trace.h"
#include "box/trace_proc.h"

/* What runs at a place, as the subsystem published it last. */
struct point {
	struct hook_point *id;
	struct hook_place place;
	struct hook_list *list;      /* owned copy; NULL: nothing any more */
	struct prog **progs;         /* owned array; list->n */
};

struct tracer {
	struct hooks *hooks;
	struct hook_provider provider;
	struct blob blob;
	pthread_mutex_t lock;        /* all below */
	struct point *points;
	u32 npoints, pointcap;
	struct proc *procs;
	struct tracer_stats stats;
	pthread_t bell, execs;       /* threads: rings to wake readers of; execve to wait for */
	bool ending;
	struct exec_job *jobs;       /* trace_exec.c */
	u32 njobs;
};

/* trace_sync.c: make the process what the points say. 0 or -errno (as much as was possible is done) and why. */
int proc_sync(struct tracer *t, struct proc *p, struct str *why);
/* Its two parts: find what it should be; make it so, while it is stopped. */
int proc_plan(struct tracer *t, struct proc *p);
int proc_sync_stopped(struct tracer *t, struct proc *p, struct stop *s, struct str *why);
bool point_wanted(const struct point *pt, const struct proc *p);

struct proc_site *proc_new_site(struct proc *p, u64 addr, u32 kind);
int proc_put_list(struct tracer *t, struct proc *p, struct stop *s, const struct point *pt, u64 *ret, struct str *why);

/* Lists that were replaced, to be reused when no thread can be looking at them. */
struct old { u64 at; u32 n; };
struct olds { struct old *v; u32 n, cap; };
void olds_add(struct olds *o, u64 at, u32 n);

/* trace_calls.c: system calls. The sites to have; do the lists differ; make them so, before their sites are rewritten. */
int calls_plan(struct tracer *t, struct proc *p);
bool calls_differ(const struct tracer *t, const struct proc *p);
int calls_sync(struct tracer *t, struct proc *p, struct stop *s, struct olds *olds, struct str *why);

u64 proc_start_time(pid_t pid);      /* 0: no such process */

#endif
