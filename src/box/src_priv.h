/* SPDX-License-Identifier: BSD-2-Clause */
/* Inside the event sources: perf events of the kernel on sets of threads, one ring a CPU. See src.h. */
#ifndef SKEP_BOX_SRC_PRIV_H
#define SKEP_BOX_SRC_PRIV_H

#include <linux/perf_event.h>
#include <pthread.h>

#include "box/src.h"

#define RING_PAGES 32u
#define STACK_MAX 127u

/* What a sample brought. */
struct sample {
	u32 pid, tid, cpu;
	u64 time, period;
	u64 regs[21];            /* struct pt_regs */
	u64 stack[STACK_MAX];
	u32 nstack;
};

/* Kernel events of one kind on all threads of the set, on one CPU, into one ring. */
struct tap {
	struct perf_event_attr attr;
	u32 cpu;
	int *fds;                /* fds[0] has the ring */
	u32 n, cap;
	u8 *ring;                /* NULL: no thread could be opened */
	u64 lost;
};

struct src_task {
	struct src_task *next;
	struct run_task t;
	u64 seen;
	bool told;               /* how it ends: it has said so */
	int pidfd;               /* of a process whose end somebody wants to see; -1: none */
};

struct clk;
struct src {
	struct hooks *hooks;
	struct hook_provider provider;
	pthread_t thread;
	pthread_mutex_t lock;    /* clocks, taps, tasks: the thread holds it while it works */
	bool running, stop;
	int wake, epoll;         /* eventfd: the set of what is waited for has changed */
	pid_t *given;            /* src_add() */
	u32 ngiven;
	struct clk *clocks;
	struct tap *life;        /* one a CPU; NULL: nothing attached */
	struct hook_point *life_pt[3]; /* FORK, EXEC, EXIT */
	struct life_rec *recs;   /* of life, read and not yet acted on */
	u32 nrecs, reccap;
	bool tells;              /* processes say with what they exit */
	struct src_task *tasks[64];
	u64 lost;
};

/* ---- src_tap.c ---- */
/* The threads of the set: malloc'ed. */
int src_threads(struct src *s, pid_t only, pid_t **ret, u32 *ret_n);
/* Open on these threads. 0 when at least one could be opened. */
int tap_open(struct tap *t, u32 cpu, const struct perf_event_attr *attr, const pid_t *tids, u32 n, struct str *why);
void tap_close(struct tap *t);
/* Each record in turn. */
typedef void (*tap_fn)(void *ctx, const struct perf_event_header *h, const u8 *body, u32 size);
void tap_drain(struct tap *t, tap_fn fn, void *ctx);
void sample_attr(struct perf_event_attr *a);
bool sample_parse(const struct perf_event_header *h, const u8 *body, struct sample *ret);
/* What is known of a thread; asked of /proc on first sight. */
struct run_task *task_seen(struct src *s, u32 tid, u32 tgid);
void task_named(struct src *s, u32 tid, const char *comm);
/* Its end will be asked for; and how it ended, as far as that can be known. */
void task_watch(struct src *s, u32 tid);
void task_told_end(struct src *s, u32 tid, u32 code);
void task_ended(struct src *s, u32 tid);
void task_gone(struct src *s, u32 tid);
void tasks_free(struct src *s);
u32 src_cpus(void);

/* ---- src_clock.c ---- */
int clock_update(struct src *s, struct hook_point *pt, bool on, struct str *why);
void clocks_work(struct src *s);  /* what is due */
void clocks_free(struct src *s);
int clock_check(const struct hook_place *at, struct str *why);

/* ---- src_life.c ---- */
int life_update(struct src *s, struct hook_point *pt, bool on, struct str *why);
void life_work(struct src *s);
void life_free(struct src *s);

#endif
