/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the tracer's parts: points, and bringing a process in step with them. */
#ifndef SKEP_BOX_TRACE_PRIV_H
#define SKEP_BOX_TRACE_PRIV_H

#include <pthread.h>

#include "box/trace.h"
#include "box/trace_proc.h"

/* What runs at a place, as the subsystem published it last. */
struct perf_event;

struct point {
	struct hook_point *id;
	struct hook_place place;
	struct hook_list *list;      /* owned copy; NULL: nothing any more */
	struct prog **progs;         /* owned array; list->n */
};

/* Objects that are referenced while anybody else does, too. */
struct keep { struct obj **v; u32 n, cap; };

struct tracer {
	struct hooks *hooks;
	struct hook_provider provider;
	struct blob blob;
	pthread_mutex_t lock;        /* all below */
	struct point *points;
	u32 npoints, pointcap;
	u32 *index, nindex;          /* numbers + 1 of points, hashed by id, while lists are exchanged; NULL: they are searched for */
	struct proc *procs;
	struct tracer_stats stats;
	struct str complaint;        /* what could not be done in processes when nobody waited for it, the first few */
	pid_t working;               /* the process that is stopped now; read without the lock */
	bool net;                    /* system calls of code that no file has are seen */
	pid_t family;                /* all its descendants are traced; 0: nobody's */
	u64 look_at;                 /* not before this time */
	void (*first)(void *ctx); /* tracer_at_first(); NULL: called, or nobody wants to know */
	void *first_ctx;
	bool look_again;
	struct keep rings, events;   /* maps and perf events that some process writes to, whose readers are to be woken */
	/* trace_serve.c */
	pthread_t server;
	bool ending, idle, leaving;        /* leaving: an agent is to go from some process as soon as it can */
	pthread_mutex_t queue;       /* jobs */
	pthread_cond_t finished;
	struct job *jobs;
	struct exec_job *execs;      /* execve calls under way */
	u32 nexecs, execcap;
};

/* trace_sync.c: make the process what the points say. 0 or -errno (as much as was possible is done) and why. */
int proc_sync(struct tracer *t, struct proc *p, struct str *why);
/* Its two parts: find what it should be; make it so, while it is stopped. */
int proc_plan(struct tracer *t, struct proc *p);
int proc_sync_stopped(struct tracer *t, struct proc *p, struct stop *s, struct str *why);
bool point_wanted(const struct point *pt, const struct proc *p);

int proc_put_list(struct tracer *t, struct proc *p, struct stop *s, const struct point *pt, struct proc_list *ret,
		  struct str *why);

/* Lists that were replaced, to be reused when no thread can be looking at them. */
struct old { u64 at; u32 n; };
struct olds { struct old *v; u32 n, cap; };
void olds_add(struct olds *o, u64 at, u32 n);

/* trace_calls.c: system calls. The sites to have; do the lists differ; make them so, before their sites are rewritten. */
int calls_plan(struct tracer *t, struct proc *p, struct maps *m);
bool calls_differ(const struct tracer *t, const struct proc *p);
int calls_sync(struct tracer *t, struct proc *p, struct stop *s, struct olds *olds, struct str *why);
void calls_hush(const struct tracer *t, const struct proc *p);

/* trace_serve.c */
void *tracer_thread(void *arg);
/* Have the tracer's thread do it; holding the lock. */
int tracer_do(struct tracer *t, int (*fn)(struct tracer *t, void *arg), void *arg);
int tracer_exec_begin(struct tracer *t, pid_t pid, pid_t tid);

/* trace_give.c: what programs ask for; false: it is none of that. The text they printed. Rings that are in the process. */
bool tracer_give(struct tracer *t, struct proc *p, struct agent_req *q);
void tracer_texts(struct tracer *t);
void proc_rings(struct tracer *t, struct proc *p);

/* trace.c; under the lock */
struct proc *tracer_proc(struct tracer *t, pid_t pid);     /* NULL: none, or another by now */
struct proc *tracer_new_proc(struct tracer *t, pid_t pid); /* NULL: no memory */
void tracer_ring(struct tracer *t, struct map *m);
void keep_add(struct keep *k, struct obj *o); /* without memory it is not kept: readers find out when they look */
void tracer_sync_all(struct tracer *t);
/* Keep a reason that nobody was told, once, for tracer_complaints(). t->lock is held. */
void tracer_complain(struct tracer *t, const struct str *why);
/* Children that nobody told of: true if there are any. Not as often as it is asked for: look_again says that it is to be later. */
bool tracer_look(struct tracer *t);
bool tracer_agent_in(struct tracer *t, pid_t pid); /* whoever put it there */

#endif
